//! Stops sending to a destination that fails, and finds out when it is well again.
//!
//! Waiting behind an open breaker costs a delivery none of its attempts.

use crate::clock::TimeMs;

/// So many failures in a row open the breaker.
pub const FAILURES_TO_OPEN: u32 = 5;
/// How long the breaker stays open at first, in milliseconds.
pub const OPEN_MS_MIN: i64 = 5_000;
/// Each failed probe doubles the time, up to this many milliseconds.
pub const OPEN_MS_MAX: i64 = 5 * 60 * 1_000;
/// A destination that asks for fewer requests is left alone for this long at the most, in
/// milliseconds, whatever the delivery that was refused has to wait.
pub const PAUSE_MS_MAX: i64 = 60_000;

/// Whether a request may go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It may.
    Go,
    /// It may, alone: its end decides over all others.
    Probe,
    /// Not before this time.
    Wait(TimeMs),
    /// Not before the probe under way has ended.
    Probing,
}

/// The state of one destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// Requests go out.
    #[default]
    Closed,
    /// No requests until then.
    Open { until: TimeMs },
    /// One request is out.
    HalfOpen,
}

/// The breaker of one destination.
#[derive(Debug, Clone, Default)]
pub struct Breaker {
    state: State,
    /// Failures in a row while closed.
    failures: u32,
    /// How often it opened without a success in between.
    opened: u32,
    /// Requested by the destination.
    paused_until: Option<TimeMs>,
}

impl Breaker {
    /// Asks for one request; `Probe` must be followed by one of the other methods.
    pub fn admit(&mut self, now: TimeMs) -> Admission {
        if let Some(until) = self.paused_until {
            if now < until {
                return Admission::Wait(until);
            }
            self.paused_until = None;
        }
        match self.state {
            State::Closed => Admission::Go,
            State::Open { until } if now < until => Admission::Wait(until),
            State::Open { .. } => {
                self.state = State::HalfOpen;
                Admission::Probe
            }
            State::HalfOpen => Admission::Probing,
        }
    }

    /// The destination answered as one that works.
    pub fn succeed(&mut self) {
        *self = Self {
            paused_until: self.paused_until,
            ..Self::default()
        };
    }

    /// A request failed.
    pub fn fail(&mut self, now: TimeMs) {
        match self.state {
            State::Closed => {
                self.failures += 1;
                if self.failures >= FAILURES_TO_OPEN {
                    self.open(now);
                }
            }
            State::HalfOpen => self.open(now),
            // It was under way when the breaker opened, and says nothing new.
            State::Open { .. } => {}
        }
    }

    /// A request failed in a way that all will.
    pub fn trip(&mut self, now: TimeMs) {
        if !matches!(self.state, State::Open { .. }) {
            self.open(now);
        }
    }

    /// The destination asked to be left alone. That is no failure; a probe has found it alive.
    pub fn pause(&mut self, now: TimeMs, ms: i64) {
        self.succeed();
        let until = now.plus(ms.clamp(0, PAUSE_MS_MAX));
        self.paused_until = self.paused_until.max(Some(until));
    }

    /// The probe was not sent after all; the next request is the probe.
    pub fn release(&mut self, now: TimeMs) {
        if self.state == State::HalfOpen {
            self.state = State::Open { until: now };
        }
    }

    /// True if there is nothing to remember.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.state == State::Closed && self.failures == 0 && self.paused_until.is_none()
    }

    /// True if the last request did not fail.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.state == State::Closed && self.failures == 0
    }

    /// True while requests are held back because earlier ones failed.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state != State::Closed
    }

    fn open(&mut self, now: TimeMs) {
        let ms = OPEN_MS_MIN.saturating_mul(1 << self.opened.min(16));
        self.opened += 1;
        self.failures = 0;
        self.state = State::Open {
            until: now.plus(ms.min(OPEN_MS_MAX)),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: TimeMs = TimeMs(1_000_000);

    fn opened() -> Breaker {
        let mut breaker = Breaker::default();
        breaker.trip(NOW);
        breaker
    }

    #[test]
    fn failures_in_a_row_open_it_and_a_success_between_them_does_not() {
        let mut breaker = Breaker::default();
        for _ in 0..10 {
            for _ in 1..FAILURES_TO_OPEN {
                breaker.fail(NOW);
            }
            assert_eq!(breaker.admit(NOW), Admission::Go);
            breaker.succeed();
        }
        for _ in 0..FAILURES_TO_OPEN {
            breaker.fail(NOW);
        }
        assert_eq!(breaker.admit(NOW), Admission::Wait(NOW.plus(OPEN_MS_MIN)));
    }

    #[test]
    fn one_probe_goes_out_and_decides() {
        let later = NOW.plus(OPEN_MS_MIN);
        let mut well = opened();
        assert_eq!(well.admit(later), Admission::Probe);
        assert_eq!(well.admit(later), Admission::Probing);
        well.succeed();
        assert_eq!(well.admit(later), Admission::Go);
        assert!(well.is_fresh());

        let mut ill = opened();
        assert_eq!(ill.admit(later), Admission::Probe);
        ill.fail(later);
        assert_eq!(
            ill.admit(later),
            Admission::Wait(later.plus(2 * OPEN_MS_MIN))
        );
    }

    #[test]
    fn a_probe_that_was_not_sent_leaves_room_for_the_next() {
        let later = NOW.plus(OPEN_MS_MIN);
        let mut breaker = opened();
        assert_eq!(breaker.admit(later), Admission::Probe);
        breaker.release(later);
        assert_eq!(breaker.admit(later), Admission::Probe);
    }

    #[test]
    fn failures_that_were_under_way_do_not_lengthen_it() {
        let mut breaker = opened();
        for _ in 0..100 {
            breaker.fail(NOW.plus(1));
            breaker.trip(NOW.plus(1));
        }
        assert_eq!(breaker.admit(NOW), Admission::Wait(NOW.plus(OPEN_MS_MIN)));
    }

    #[test]
    fn it_stays_open_for_a_bounded_time() {
        let (mut breaker, mut now) = (opened(), NOW);
        for _ in 0..100 {
            let Admission::Wait(until) = breaker.admit(now) else {
                panic!("an open breaker waits");
            };
            assert!(until.since(now) <= OPEN_MS_MAX);
            now = until;
            assert_eq!(breaker.admit(now), Admission::Probe);
            breaker.fail(now);
        }
        assert_eq!(breaker.admit(now), Admission::Wait(now.plus(OPEN_MS_MAX)));
    }

    #[test]
    fn a_pause_is_kept_up_to_its_bound() {
        let mut breaker = Breaker::default();
        breaker.pause(NOW, 2_000);
        breaker.pause(NOW, 1_000);
        breaker.succeed();
        assert_eq!(breaker.admit(NOW), Admission::Wait(NOW.plus(2_000)));
        assert_eq!(breaker.admit(NOW.plus(2_000)), Admission::Go);
        breaker.pause(NOW, i64::MAX);
        assert_eq!(breaker.admit(NOW), Admission::Wait(NOW.plus(PAUSE_MS_MAX)));
    }
}
