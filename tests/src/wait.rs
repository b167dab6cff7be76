//! Waiting for something to become true.

use std::time::{Duration, Instant};

/// How long anything may take before a test calls it broken. Generous: machines that build and
/// test at once are slow, and a test that passes never waits so long.
pub const PATIENCE: Duration = Duration::from_secs(60);

const PAUSE: Duration = Duration::from_millis(20);

/// Asks until there is an answer, and fails with `what` when there is none in time.
pub async fn until<T>(what: &str, probe: impl AsyncFnMut() -> Option<T>) -> T {
    until_within(PATIENCE, what, probe).await
}

/// [`until`] with a time of its own.
pub async fn until_within<T>(
    patience: Duration,
    what: &str,
    mut probe: impl AsyncFnMut() -> Option<T>,
) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = probe().await {
            return answer;
        }
        assert!(
            started.elapsed() < patience,
            "waited {patience:?} in vain until {what}"
        );
        tokio::time::sleep(PAUSE).await;
    }
}
