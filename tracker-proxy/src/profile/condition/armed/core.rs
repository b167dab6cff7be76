//! The starts that still matter, after events that came in order.

use serde::{Deserialize, Serialize};

use super::chains::Chains;
use super::{ARMED_KEYS_MAX, Arming};
use crate::clock::TimeMs;

/// The starts of one key that still matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Arms {
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

/// All keys of one leaf. At equal times the awaited event comes before the start: it can only end
/// what began before it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Core {
    /// Sorted by key.
    keys: Vec<Arms>,
    /// How far each key has come in a sequence of steps.
    chains: Chains,
    /// How many keys were given up.
    dropped: u32,
}

impl Core {
    /// Folds a step, which is a start if it is the last of all that it takes.
    pub(super) fn step(&mut self, left: u8, key: &str, at: TimeMs, rules: Arming) {
        if rules.steps < 2 || self.chains.step(left, key, at, rules) {
            self.start(key, at, rules);
        }
    }

    fn start(&mut self, key: &str, at: TimeMs, rules: Arming) {
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
    }

    /// Folds the awaited event, which undoes every earlier start.
    pub(super) fn awaited(&mut self, key: &str, at: TimeMs) {
        self.undo(key, |start| start >= at);
    }

    /// Folds an event that ends what holds, and leaves alone what still runs.
    pub(super) fn end(&mut self, key: &str, at: TimeMs, rules: Arming) {
        self.undo(key, |start| rules.episode(start).0 > at);
    }

    fn undo(&mut self, key: &str, keep: impl Fn(TimeMs) -> bool) {
        if let Ok(place) = self
            .keys
            .binary_search_by(|arms| arms.key.as_ref().cmp(key))
            && !self.keys[place].retain(keep)
        {
            self.keys.remove(place);
        }
    }

    fn make_room(&mut self, now: TimeMs, rules: Arming) {
        // What is over is over for good: the events that could change that are folded already.
        self.keys.retain(|arms| rules.episode(arms.newest).1 > now);
        while self.keys.len() > ARMED_KEYS_MAX {
            let oldest = (0..self.keys.len()).min_by_key(|place| self.keys[*place].newest);
            let Some(oldest) = oldest else { break };
            self.keys.remove(oldest);
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    /// The keys that hold at `now`.
    pub(super) fn holding(&self, now: TimeMs, rules: Arming) -> impl Iterator<Item = &str> {
        let holding = move |arms: &&Arms| arms.starts().any(|at| rules.holds(at, now));
        self.keys
            .iter()
            .filter(holding)
            .map(|arms| arms.key.as_ref())
    }

    /// The first instant after `from` at which a key begins or ceases to hold by itself.
    pub(super) fn changes_at(&self, from: TimeMs, rules: Arming) -> Option<TimeMs> {
        let starts = self.keys.iter().flat_map(Arms::starts);
        starts
            .flat_map(|at| <[TimeMs; 2]>::from(rules.episode(at)))
            .filter(|instant| *instant > from && *instant < TimeMs::MAX)
            .min()
    }

    /// How many keys ran out after `told` and hold at `now`, and when the last of them did.
    pub(super) fn fresh(
        &self,
        told: Option<TimeMs>,
        now: TimeMs,
        rules: Arming,
    ) -> (u32, Option<TimeMs>) {
        let (mut count, mut newest) = (0, None);
        for at in self.keys.iter().flat_map(Arms::starts) {
            let start = rules.episode(at).0;
            if told.is_none_or(|told| start > told) && rules.holds(at, now) {
                count += 1;
                newest = newest.max(Some(start));
            }
        }
        (count, newest)
    }

    /// How many keys were given up for want of room.
    pub(super) fn dropped(&self) -> u32 {
        self.dropped.saturating_add(self.chains.dropped())
    }
}
