//! The one place that reads the wall clock.
//!
//! Everything that decides takes a [`TimeMs`]; the loops get it from a [`Clock`], which tests
//! replace by one that they move by hand.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(transparent)]
pub struct TimeMs(pub i64);

impl TimeMs {
    /// Later than everything.
    pub const MAX: Self = Self(i64::MAX);

    /// This instant and `ms` milliseconds more.
    #[must_use]
    pub const fn plus(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this instant; negative when it is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// RFC 3339 with milliseconds, in UTC.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        jiff::Timestamp::from_millisecond(self.0)
            .map_or_else(|_| self.0.to_string(), |at| format!("{at:.3}"))
    }
}

/// Tells the time, and waits.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that stands still until a test moves it.
    Manual(Arc<watch::Sender<TimeMs>>),
}

impl Clock {
    /// A clock for tests that starts at `now`.
    #[must_use]
    pub fn manual(now: TimeMs) -> Self {
        Self::Manual(Arc::new(watch::Sender::new(now)))
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> TimeMs {
        match self {
            Self::System => TimeMs(jiff::Timestamp::now().as_millisecond()),
            Self::Manual(sender) => *sender.borrow(),
        }
    }

    /// Moves a manual clock forward; a system clock cannot be moved and stays as it is.
    pub fn advance(&self, by: Duration) {
        if let Self::Manual(sender) = self {
            let ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
            sender.send_modify(|now| *now = now.plus(ms));
        }
    }

    /// Returns once the time is `due` or later.
    pub async fn sleep_until(&self, due: TimeMs) {
        match self {
            Self::System => {
                let ms = u64::try_from(due.since(self.now())).unwrap_or(0);
                tokio::time::sleep(Duration::from_millis(ms)).await;
            }
            Self::Manual(sender) => {
                let mut moved = sender.subscribe();
                // The sender lives in `self`, so the wait cannot end by its being dropped.
                drop(moved.wait_for(|now| *now >= due).await);
            }
        }
    }
}
