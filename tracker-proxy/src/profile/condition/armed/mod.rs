//! What was started and awaits its end: the memory of "did this, then not that, within T", where
//! "this" may be several steps in their order.
//!
//! Unlike the other states this one depends on the order of events. Events of busy people pass
//! each other on the way by milliseconds, so the newest few are kept: one that comes late is put
//! into its place among them, and they are folded again. Whoever folds is told only when an event
//! comes later than that, and folds the leaf from history.

mod chains;
mod core;

use serde::{Deserialize, Serialize};

use self::core::Core;
use crate::clock::TimeMs;

/// How many keys (baskets, products) of one leaf are watched at once; beyond it the one that was
/// started longest ago is given up and counted.
pub const ARMED_KEYS_MAX: usize = 64;
/// How much of a key is kept.
pub const KEY_BYTES_MAX: usize = 64;
/// How many steps may follow one another.
pub const STEPS_MAX: usize = 8;

/// The rules of one leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arming {
    /// How long the awaited event may take.
    pub within_ms: i64,
    /// How long a membership lasts; for good where there is nothing.
    pub stay_ms: Option<i64>,
    /// Whether a second start begins the wait anew, or leaves the running one alone.
    pub restart: bool,
    /// How many steps in their order make a start; one where a single event does.
    pub steps: u8,
    /// How long all steps may take together.
    pub span_ms: Option<i64>,
}

impl Arming {
    /// From when and until when what was started at `at` holds if nothing ends it.
    pub(super) fn episode(self, at: TimeMs) -> (TimeMs, TimeMs) {
        let start = at.plus(self.within_ms);
        let end = self.stay_ms.map_or(TimeMs::MAX, |stay| start.plus(stay));
        (start, end)
    }

    pub(super) fn holds(self, at: TimeMs, now: TimeMs) -> bool {
        let (start, end) = self.episode(at);
        start <= now && now < end
    }
}

/// How many of the newest events are kept to be folded again.
pub const RECENT_MAX: usize = 8;

/// The part that an event plays for a leaf. At equal times they come in this order: what is awaited
/// can only end what began before it, and a step has to come after the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Part {
    /// It is awaited, and undoes every earlier start.
    Awaited,
    /// It ends what holds, and leaves alone what still runs.
    End,
    /// It is a step, with so many steps to come after it. The last one is a start.
    Step(u8),
}

/// One of the newest events.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Recent {
    at: TimeMs,
    part: Part,
    key: Box<str>,
}

/// All keys of one leaf.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Armed {
    /// After everything.
    now: Core,
    /// Before the newest few events; nothing while those are all there are.
    base: Option<Core>,
    /// The newest few events, in order.
    recent: Vec<Recent>,
    /// Keys that ran out until then were told as joins or renewals.
    told: Option<TimeMs>,
}

impl Armed {
    /// Folds an event. False if it came too late for that.
    #[must_use]
    pub fn take(&mut self, part: Part, key: &str, at: TimeMs, rules: Arming) -> bool {
        let event = Recent {
            at,
            part,
            key: key.into(),
        };
        let place = self.recent.partition_point(|known| *known <= event);
        if place == self.recent.len() {
            // Nothing newer is known: the way of nearly every event.
            play(&mut self.now, &event, rules);
            self.recent.push(event);
        } else {
            // At one instant keys do not depend on each other, so any order of theirs is right.
            let first = (self.recent[0].at, self.recent[0].part);
            if (at, part) < first && self.base.is_some() {
                return false;
            }
            self.recent.insert(place, event);
            let mut again = self.base.clone().unwrap_or_default();
            self.recent
                .iter()
                .for_each(|event| play(&mut again, event, rules));
            self.now = again;
        }
        if self.recent.len() > RECENT_MAX {
            let oldest = self.recent.remove(0);
            play(self.base.get_or_insert_default(), &oldest, rules);
        }
        true
    }

    /// The keys that hold at `now`.
    pub fn holding(&self, now: TimeMs, rules: Arming) -> impl Iterator<Item = &str> {
        self.now.holding(now, rules)
    }

    /// The first instant after `from` at which a key begins or ceases to hold by itself.
    #[must_use]
    pub fn changes_at(&self, from: TimeMs, rules: Arming) -> Option<TimeMs> {
        self.now.changes_at(from, rules)
    }

    /// How many keys ran out since this was asked last, and hold at `now`.
    pub fn tell(&mut self, now: TimeMs, rules: Arming) -> u32 {
        let (count, newest) = self.now.fresh(self.told, now, rules);
        self.told = self.told.max(newest);
        count
    }

    /// Takes over what another state, which becomes part of this one, has told already.
    pub fn told_like(&mut self, other: &Self) {
        self.told = self.told.max(other.told);
    }

    /// How many keys were given up for want of room.
    #[must_use]
    pub fn dropped(&self) -> u32 {
        self.now.dropped()
    }
}

/// Folds one event that is not older than any before it.
fn play(core: &mut Core, event: &Recent, rules: Arming) {
    match event.part {
        Part::Awaited => core.awaited(&event.key, event.at),
        Part::End => core.end(&event.key, event.at, rules),
        Part::Step(left) => core.step(left, &event.key, event.at, rules),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Arming = Arming {
        within_ms: 10,
        stay_ms: Some(10),
        restart: false,
        steps: 1,
        span_ms: None,
    };
    const START: Part = Part::Step(0);

    fn holds(armed: &Armed, now: i64) -> bool {
        armed.holding(TimeMs(now), RULES).next().is_some()
    }

    #[test]
    fn a_key_holds_from_the_deadline_until_its_stay_is_over() {
        let mut armed = Armed::default();
        assert!(armed.take(START, "a", TimeMs(0), RULES));
        let held: Vec<i64> = (0..30).filter(|now| holds(&armed, *now)).collect();
        assert_eq!(held, (10..20).collect::<Vec<_>>());
        assert_eq!(armed.changes_at(TimeMs(0), RULES), Some(TimeMs(10)));
        assert_eq!(armed.changes_at(TimeMs(10), RULES), Some(TimeMs(20)));
    }

    #[test]
    fn the_awaited_event_counts_up_to_the_deadline_itself_but_not_at_the_start() {
        for (awaited, saved) in [(0, false), (1, true), (10, true)] {
            let mut armed = Armed::default();
            if awaited == 0 {
                assert!(armed.take(Part::Awaited, "a", TimeMs(0), RULES));
                assert!(armed.take(START, "a", TimeMs(0), RULES));
            } else {
                assert!(armed.take(START, "a", TimeMs(0), RULES));
                assert!(armed.take(Part::Awaited, "a", TimeMs(awaited), RULES));
            }
            assert_eq!(holds(&armed, 10), !saved, "awaited at {awaited}");
        }
    }

    #[test]
    fn a_second_start_leaves_the_running_wait_alone_unless_it_restarts() {
        let (mut first, mut last) = (Armed::default(), Armed::default());
        let restart = Arming {
            restart: true,
            ..RULES
        };
        for at in [0, 5] {
            assert!(first.take(START, "a", TimeMs(at), RULES));
            assert!(last.take(START, "a", TimeMs(at), restart));
        }
        assert!(holds(&first, 10) && !holds(&last, 10));
        assert!(holds(&last, 15));
    }

    #[test]
    fn a_late_event_takes_its_place_among_the_newest_few() {
        let mut armed = Armed::default();
        assert!(armed.take(START, "a", TimeMs(5), RULES));
        assert!(
            armed.take(START, "a", TimeMs(8), RULES),
            "it waits for nothing: 5 runs"
        );
        assert!(armed.take(Part::Awaited, "a", TimeMs(6), RULES));
        assert!(
            !holds(&armed, 15) && holds(&armed, 18),
            "5 is undone, and 8 begins a wait"
        );
    }

    #[test]
    fn what_comes_later_than_that_is_left_to_a_fold_from_history() {
        let mut armed = Armed::default();
        for at in 10..20 {
            assert!(armed.take(START, "a", TimeMs(at), RULES));
        }
        assert!(armed.take(START, "a", TimeMs(15), RULES));
        assert!(!armed.take(Part::Awaited, "a", TimeMs(3), RULES));
    }

    #[test]
    fn steps_make_a_start_in_their_order_only_and_within_their_span() {
        let rules = Arming {
            within_ms: 0,
            stay_ms: None,
            restart: true,
            steps: 3,
            span_ms: Some(10),
        };
        let holds = |events: &[(u8, i64)]| {
            let mut armed = Armed::default();
            for (left, at) in events {
                assert!(armed.take(Part::Step(*left), "", TimeMs(*at), rules));
            }
            armed.holding(TimeMs(100), rules).next().is_some()
        };
        assert!(holds(&[(2, 0), (1, 5), (0, 10)]));
        assert!(!holds(&[(2, 0), (1, 5), (0, 11)]), "too slow");
        assert!(!holds(&[(1, 0), (2, 5), (0, 10)]), "another order");
        assert!(!holds(&[(2, 0), (1, 0), (0, 5)]), "at once is not after");
        assert!(
            holds(&[(2, 0), (1, 5), (2, 6), (1, 7), (0, 15)]),
            "the latest beginning counts"
        );
        assert!(holds(&[(0, 10), (1, 5), (2, 0)]), "heard in another order");
    }

    #[test]
    fn each_key_is_told_once() {
        let mut armed = Armed::default();
        assert!(armed.take(START, "a", TimeMs(0), RULES));
        assert!(armed.take(START, "b", TimeMs(3), RULES));
        assert_eq!(armed.tell(TimeMs(10), RULES), 1);
        assert_eq!(armed.tell(TimeMs(12), RULES), 0);
        assert_eq!(armed.tell(TimeMs(13), RULES), 1);
    }

    #[test]
    fn hostile_numbers_of_keys_stay_bounded() {
        let mut armed = Armed::default();
        for n in 0..1_000 {
            assert!(armed.take(START, &n.to_string(), TimeMs(n / 200), RULES));
        }
        let held = armed.holding(TimeMs(14), RULES).count();
        assert!(held <= ARMED_KEYS_MAX);
        assert_eq!(armed.dropped(), 1_000 - 64);
    }
}
