//! The only place that reads clocks.

use std::time::{Duration, Instant};

pub(crate) fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// Measures how long a request takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
