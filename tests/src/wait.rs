//! Waiting for something to become true.

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// How long anything may take before a test calls it broken. Generous: machines that build and
/// test at once are slow, and a test that passes never waits so long.
pub const PATIENCE: Duration = Duration::from_secs(60);

const PAUSE: Duration = Duration::from_millis(20);

/// Looks at the time while something is tried again and again.
#[derive(Debug)]
pub struct Patience {
    what: String,
    patience: Duration,
    started: Instant,
}

impl Patience {
    /// Waiting until `what` begins now.
    #[must_use]
    pub fn until(what: &str) -> Self {
        Self {
            what: what.to_owned(),
            patience: PATIENCE,
            started: Instant::now(),
        }
    }

    fn is_over(&self) -> bool {
        self.started.elapsed() >= self.patience
    }

    /// Returns when it is time for another try, and fails when there was time enough.
    pub async fn again(&self) {
        let Self { what, patience, .. } = self;
        assert!(!self.is_over(), "waited {patience:?} in vain until {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Asks until there is an answer, and fails with `what` when there is none in time.
pub async fn until<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let patience = Patience::until(what);
    loop {
        if let Some(answer) = probe().await {
            return answer;
        }
        patience.again().await;
    }
}

/// Asks until there is nothing to complain of, and fails with what there still is in the end.
pub async fn until_none<T: Debug>(what: &str, mut complaints: impl AsyncFnMut() -> Vec<T>) {
    let patience = Patience::until(what);
    loop {
        let found = complaints().await;
        if found.is_empty() {
            return;
        }
        assert!(!patience.is_over(), "in vain until {what}: {found:?}");
        tokio::time::sleep(PAUSE).await;
    }
}
