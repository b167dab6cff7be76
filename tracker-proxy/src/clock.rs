//! The one place that reads the wall clock, and does not believe everything that it says.
//!
//! Everything that decides takes a [`TimeMs`]; the loops get it from a [`Clock`], which tests
//! replace by one that they move by hand.
//!
//! A wall clock that jumps ahead would let all windows pass at once: members leave, reminders go
//! out, and the pipeline's time never goes back. So it is compared with the clock that counts
//! since the machine was started, also while it slept. A jump that this one does not confirm is
//! not believed until the wall clock has stood by it for a while; meanwhile time goes on from
//! where it was.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
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

/// How far ahead of the boot clock the wall clock may get at once, in milliseconds: what a clock
/// that is set right moves by, and far less than any window.
const AHEAD_MS_MAX: i64 = 60_000;
/// For how long the wall clock has to stand by a jump before it is believed, in milliseconds: long
/// enough to notice and mend a clock that was set wrong.
const CONFIRMED_MS: i64 = 10 * 60 * 1_000;

/// Both clocks of a machine at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// What the machine says that the time is.
    pub wall: TimeMs,
    /// Milliseconds since it was started.
    pub boot_ms: i64,
}

/// A jump that is not believed yet.
#[derive(Debug, Clone, Copy)]
struct Jump {
    since_boot_ms: i64,
    /// By how much the wall clock is ahead of the boot clock now.
    offset: i64,
}

/// What is believed of the wall clock.
#[derive(Debug)]
struct Belief {
    /// By how much the wall clock was ahead of the boot clock when it was believed last.
    offset: i64,
    jump: Option<Jump>,
}

impl Belief {
    fn begin(reading: Reading) -> Self {
        Self {
            offset: reading.wall.since(TimeMs(reading.boot_ms)),
            jump: None,
        }
    }

    /// The time that is believed.
    fn look(&mut self, reading: Reading) -> TimeMs {
        let offset = reading.wall.since(TimeMs(reading.boot_ms));
        let near = |other: i64| offset.saturating_sub(other).abs() <= AHEAD_MS_MAX;
        if offset.saturating_sub(self.offset) > AHEAD_MS_MAX {
            let jump = self.jump.filter(|jump| near(jump.offset)).unwrap_or(Jump {
                since_boot_ms: reading.boot_ms,
                offset,
            });
            if reading.boot_ms.saturating_sub(jump.since_boot_ms) < CONFIRMED_MS {
                self.jump = Some(jump);
                return TimeMs(reading.boot_ms).plus(self.offset);
            }
        }
        *self = Self { offset, jump: None };
        reading.wall
    }
}

/// Tells the time, and waits. Clones share what they believe.
#[derive(Debug, Clone)]
pub struct Clock {
    source: Source,
    belief: Arc<Mutex<Belief>>,
}

#[derive(Debug, Clone)]
enum Source {
    /// The machine's clocks.
    Machine,
    /// Clocks that stand still until a test moves them.
    Manual(Arc<watch::Sender<Reading>>),
}

impl Source {
    fn read(&self) -> Reading {
        match self {
            Self::Machine => Reading {
                wall: TimeMs(jiff::Timestamp::now().as_millisecond()),
                boot_ms: boot_ms(),
            },
            Self::Manual(sender) => *sender.borrow(),
        }
    }
}

/// Milliseconds since the machine was started, those in which it slept included.
fn boot_ms() -> i64 {
    #[cfg(target_os = "linux")]
    let clock = rustix::time::ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    let clock = rustix::time::ClockId::Monotonic;
    let since = rustix::time::clock_gettime(clock);
    since.tv_sec.saturating_mul(1_000) + since.tv_nsec / 1_000_000
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::of(Source::Machine)
    }

    /// A clock for tests that starts at `now`.
    #[must_use]
    pub fn manual(now: TimeMs) -> Self {
        let reading = Reading {
            wall: now,
            boot_ms: 0,
        };
        Self::of(Source::Manual(Arc::new(watch::Sender::new(reading))))
    }

    fn of(source: Source) -> Self {
        let belief = Arc::new(Mutex::new(Belief::begin(source.read())));
        Self { source, belief }
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> TimeMs {
        let reading = self.source.read();
        self.belief.lock().look(reading)
    }

    /// True while the wall clock says something that is not believed.
    #[must_use]
    pub fn is_doubtful(&self) -> bool {
        let reading = self.source.read();
        let mut belief = self.belief.lock();
        belief.look(reading);
        belief.jump.is_some()
    }

    /// Lets time pass on a manual clock; a system clock cannot be moved and stays as it is.
    pub fn advance(&self, by: Duration) {
        let ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.set(|now| Reading {
            wall: now.wall.plus(ms),
            boot_ms: now.boot_ms.saturating_add(ms),
        });
    }

    /// Sets a manual clock's wall clock ahead, or back, without any time passing.
    pub fn set_ahead_ms(&self, ms: i64) {
        self.set(|now| Reading {
            wall: now.wall.plus(ms),
            ..now
        });
    }

    fn set(&self, to: impl FnOnce(Reading) -> Reading) {
        if let Source::Manual(sender) = &self.source {
            sender.send_modify(|now| *now = to(*now));
        }
    }

    /// Returns once the time is `due` or later.
    pub async fn sleep_until(&self, due: TimeMs) {
        match &self.source {
            Source::Machine => {
                let ms = u64::try_from(due.since(self.now())).unwrap_or(0);
                tokio::time::sleep(Duration::from_millis(ms)).await;
            }
            Source::Manual(sender) => {
                let mut moved = sender.subscribe();
                let is_due = |now: &Reading| self.belief.lock().look(*now) >= due;
                // The sender lives in `self`, so the wait cannot end by its being dropped.
                drop(moved.wait_for(is_due).await);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: TimeMs = TimeMs(1_800_000_000_000);
    const YEAR_MS: i64 = 365 * 24 * 60 * 60 * 1_000;

    #[test]
    fn time_that_passes_is_believed_however_much_it_is() {
        let clock = Clock::manual(NOON);
        clock.advance(Duration::from_hours(24 * 365));
        assert_eq!(clock.now(), NOON.plus(YEAR_MS));
        assert!(!clock.is_doubtful());
    }

    #[test]
    fn a_clock_that_is_set_right_or_back_is_believed() {
        let clock = Clock::manual(NOON);
        clock.set_ahead_ms(AHEAD_MS_MAX);
        assert_eq!(clock.now(), NOON.plus(AHEAD_MS_MAX));
        clock.set_ahead_ms(-YEAR_MS);
        assert_eq!(clock.now(), NOON.plus(AHEAD_MS_MAX - YEAR_MS));
        assert!(!clock.is_doubtful());
    }

    #[test]
    fn during_a_jump_time_goes_on_from_where_it_was_until_the_jump_is_gone() {
        let clock = Clock::manual(NOON);
        clock.set_ahead_ms(YEAR_MS);
        assert!(clock.is_doubtful());
        clock.advance(Duration::from_secs(5));
        assert_eq!(clock.now(), NOON.plus(5_000));
        clock.set_ahead_ms(-YEAR_MS);
        assert!(!clock.is_doubtful());
        assert_eq!(clock.now(), NOON.plus(5_000));
    }

    #[test]
    fn a_jump_that_stays_is_believed_after_a_while() {
        let clock = Clock::manual(NOON);
        clock.set_ahead_ms(YEAR_MS);
        assert!(clock.is_doubtful());
        let while_ms = u64::try_from(CONFIRMED_MS).unwrap();
        clock.advance(Duration::from_millis(while_ms - 1));
        assert!(clock.is_doubtful());
        clock.advance(Duration::from_millis(1));
        assert_eq!(clock.now(), NOON.plus(YEAR_MS + CONFIRMED_MS));
        assert!(!clock.is_doubtful());
    }

    #[test]
    fn a_clock_that_jumps_on_has_to_stand_by_the_last_jump() {
        let clock = Clock::manual(NOON);
        clock.set_ahead_ms(YEAR_MS);
        assert!(clock.is_doubtful());
        clock.advance(Duration::from_mins(9));
        clock.set_ahead_ms(YEAR_MS);
        assert!(clock.is_doubtful());
        clock.advance(Duration::from_mins(9));
        assert_eq!(clock.now(), NOON.plus(18 * 60_000));
    }
}
