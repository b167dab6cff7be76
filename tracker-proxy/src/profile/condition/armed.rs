//! What was started and awaits its end: the memory of "did this, then not that, within T".

use serde::{Deserialize, Serialize};

use crate::clock::TimeMs;

/// How many keys (baskets, products) of one leaf are watched at once; beyond it the one that was
/// started longest ago is given up and counted.
pub const ARMED_KEYS_MAX: usize = 64;
/// How much of a key is kept.
pub const KEY_BYTES_MAX: usize = 64;

/// The rules of one leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arming {
    /// How long the awaited event may take.
    pub within_ms: i64,
    /// How long a membership lasts; for good where there is nothing.
    pub stay_ms: Option<i64>,
    /// Whether a second start begins the wait anew, or leaves the running one alone.
    pub restart: bool,
}

impl Arming {
    /// From when and until when what was started at `at` holds if nothing ends it.
    fn episode(self, at: TimeMs) -> (TimeMs, TimeMs) {
        let start = at.plus(self.within_ms);
        let end = self.stay_ms.map_or(TimeMs::MAX, |stay| start.plus(stay));
        (start, end)
    }

    fn holds(self, at: TimeMs, now: TimeMs) -> bool {
        let (start, end) = self.episode(at);
        start <= now && now < end
    }
}

/// The starts of one key that still matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arms {
    key: Box<str>,
    /// The newest start that counts.
    newest: TimeMs,
    /// The start before it, which had run out when the newest came and may hold still.
    earlier: Option<TimeMs>,
}

impl Arms {
    fn starts(&self) -> impl Iterator<Item = TimeMs> {
        self.earlier.into_iter().chain([self.newest])
    }

    /// Keeps the starts for which `keep` says so; false if none is left.
    fn retain(&mut self, keep: impl Fn(TimeMs) -> bool) -> bool {
        self.earlier = self.earlier.filter(|at| keep(*at));
        if keep(self.newest) {
            return true;
        }
        if let Some(earlier) = self.earlier.take() {
            self.newest = earlier;
            return true;
        }
        false
    }
}

/// All keys of one leaf.
///
/// Unlike the other states this one depends on the order of events. Whoever folds is told when an
/// event comes too late, and folds the leaf again from history. At equal times the awaited event
/// comes before the start: it can only end what began before it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Armed {
    /// Sorted by key.
    keys: Vec<Arms>,
    /// The newest event that was folded.
    newest: Option<TimeMs>,
    /// The newest start that was folded.
    newest_start: Option<TimeMs>,
    /// Keys that ran out until then were told as joins or renewals.
    told: Option<TimeMs>,
    /// How many keys were given up.
    dropped: u32,
}

impl Armed {
    /// Folds a start. False if it came too late for that.
    #[must_use]
    pub fn start(&mut self, key: &str, at: TimeMs, rules: Arming) -> bool {
        if self.newest.is_some_and(|newest| at < newest) {
            return false;
        }
        self.newest = Some(at);
        self.newest_start = Some(at);
        match self
            .keys
            .binary_search_by(|arms| arms.key.as_ref().cmp(key))
        {
            Ok(place) => {
                let arms = &mut self.keys[place];
                if at.since(arms.newest) >= rules.within_ms {
                    arms.earlier =
                        Some(arms.newest).filter(|earlier| rules.episode(*earlier).1 > at);
                    arms.newest = at;
                } else if rules.restart {
                    arms.newest = at;
                }
            }
            Err(place) => {
                let arms = Arms {
                    key: key.into(),
                    newest: at,
                    earlier: None,
                };
                self.keys.insert(place, arms);
                self.make_room(at, rules);
            }
        }
        true
    }

    /// Folds the awaited event, which undoes every earlier start. False if it came too late.
    #[must_use]
    pub fn awaited(&mut self, key: &str, at: TimeMs) -> bool {
        // A start of the same instant was folded as if this had not happened.
        if self.newest_start == Some(at) {
            return false;
        }
        self.undo(key, at, |start| start >= at)
    }

    /// Folds an event that ends what holds, and leaves alone what still runs. False if it came
    /// too late.
    #[must_use]
    pub fn end(&mut self, key: &str, at: TimeMs, rules: Arming) -> bool {
        self.undo(key, at, |start| rules.episode(start).0 > at)
    }

    fn undo(&mut self, key: &str, at: TimeMs, keep: impl Fn(TimeMs) -> bool) -> bool {
        if self.newest.is_some_and(|newest| at < newest) {
            return false;
        }
        self.newest = Some(at);
        if let Ok(place) = self
            .keys
            .binary_search_by(|arms| arms.key.as_ref().cmp(key))
            && !self.keys[place].retain(keep)
        {
            self.keys.remove(place);
        }
        true
    }

    fn make_room(&mut self, now: TimeMs, rules: Arming) {
        // What is over is over for good: whatever would change that comes too late and is folded
        // from history.
        self.keys.retain(|arms| rules.episode(arms.newest).1 > now);
        while self.keys.len() > ARMED_KEYS_MAX {
            let oldest = (0..self.keys.len()).min_by_key(|place| self.keys[*place].newest);
            let Some(oldest) = oldest else { break };
            self.keys.remove(oldest);
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    /// The keys that hold at `now`.
    pub fn holding(&self, now: TimeMs, rules: Arming) -> impl Iterator<Item = &str> {
        let holding = move |arms: &&Arms| arms.starts().any(|at| rules.holds(at, now));
        self.keys
            .iter()
            .filter(holding)
            .map(|arms| arms.key.as_ref())
    }

    /// The first instant after `from` at which a key begins or ceases to hold by itself.
    #[must_use]
    pub fn changes_at(&self, from: TimeMs, rules: Arming) -> Option<TimeMs> {
        let starts = self.keys.iter().flat_map(Arms::starts);
        starts
            .flat_map(|at| <[TimeMs; 2]>::from(rules.episode(at)))
            .filter(|instant| *instant > from && *instant < TimeMs::MAX)
            .min()
    }

    /// How many keys ran out since this was asked last, and hold at `now`.
    pub fn tell(&mut self, now: TimeMs, rules: Arming) -> u32 {
        let told = self.told;
        let fresh = |start: &TimeMs| told.is_none_or(|told| *start > told);
        let (mut count, mut newest) = (0, None);
        for at in self.keys.iter().flat_map(Arms::starts) {
            let start = rules.episode(at).0;
            if fresh(&start) && rules.holds(at, now) {
                count += 1;
                newest = newest.max(Some(start));
            }
        }
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
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Arming = Arming {
        within_ms: 10,
        stay_ms: Some(10),
        restart: false,
    };

    fn holds(armed: &Armed, now: i64) -> bool {
        armed.holding(TimeMs(now), RULES).next().is_some()
    }

    #[test]
    fn a_key_holds_from_the_deadline_until_its_stay_is_over() {
        let mut armed = Armed::default();
        assert!(armed.start("a", TimeMs(0), RULES));
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
                assert!(armed.awaited("a", TimeMs(0)));
                assert!(armed.start("a", TimeMs(0), RULES));
            } else {
                assert!(armed.start("a", TimeMs(0), RULES));
                assert!(armed.awaited("a", TimeMs(awaited)));
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
            assert!(first.start("a", TimeMs(at), RULES));
            assert!(last.start("a", TimeMs(at), restart));
        }
        assert!(holds(&first, 10) && !holds(&last, 10));
        assert!(holds(&last, 15));
    }

    #[test]
    fn what_comes_too_late_is_left_to_a_fold_from_history() {
        let mut armed = Armed::default();
        assert!(armed.start("a", TimeMs(5), RULES));
        assert!(!armed.start("b", TimeMs(4), RULES));
        assert!(!armed.awaited("a", TimeMs(4)));
        assert!(
            !armed.awaited("a", TimeMs(5)),
            "it should have come before the start"
        );
    }

    #[test]
    fn each_key_is_told_once() {
        let mut armed = Armed::default();
        assert!(armed.start("a", TimeMs(0), RULES));
        assert!(armed.start("b", TimeMs(3), RULES));
        assert_eq!(armed.tell(TimeMs(10), RULES), 1);
        assert_eq!(armed.tell(TimeMs(12), RULES), 0);
        assert_eq!(armed.tell(TimeMs(13), RULES), 1);
    }

    #[test]
    fn hostile_numbers_of_keys_stay_bounded() {
        let mut armed = Armed::default();
        for n in 0..1_000 {
            assert!(armed.start(&n.to_string(), TimeMs(n / 200), RULES));
        }
        assert_eq!(armed.keys.len(), ARMED_KEYS_MAX);
        assert_eq!(armed.dropped(), 1_000 - 64);
    }
}
