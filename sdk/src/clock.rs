//! The only place that reads the clocks.

use std::time::{Duration, Instant};

use jiff::Timestamp;

/// The wall clock, for times on the wire.
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// The steady clock, for waiting.
pub(crate) fn instant() -> Instant {
    Instant::now()
}

/// The instant after `wait`, or one so far away that nobody sees it.
pub(crate) fn after(now: Instant, wait: Duration) -> Instant {
    const FAR: Duration = Duration::from_hours(24 * 365);
    now.checked_add(wait.min(FAR)).unwrap_or(now)
}
