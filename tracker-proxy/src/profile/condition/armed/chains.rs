//! How far each key has come in a sequence of steps.

use serde::{Deserialize, Serialize};

use super::{ARMED_KEYS_MAX, Arming};
use crate::clock::TimeMs;

/// One key's chains. Of all chains that have come as far as a step only the one that began last
/// matters: it is the one that has most time left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Chain {
    key: Box<str>,
    /// Per step but the last: when the chain that has taken it began.
    begun: Vec<Option<TimeMs>>,
}

impl Chain {
    fn newest(&self) -> Option<TimeMs> {
        self.begun.iter().copied().flatten().max()
    }
}

/// The chains of all keys of one leaf.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Chains {
    /// Sorted by key.
    keys: Vec<Chain>,
    dropped: u32,
}

impl Chains {
    /// Folds a step with `left` steps to come; true if it completes a chain. Steps come in the
    /// order of their times, at one time the later ones of the sequence first.
    pub(super) fn step(&mut self, left: u8, key: &str, at: TimeMs, rules: Arming) -> bool {
        let steps = usize::from(rules.steps);
        let step = steps.saturating_sub(1 + usize::from(left));
        let place = self.keys.binary_search_by(|one| one.key.as_ref().cmp(key));
        if step == 0 {
            let place = place.unwrap_or_else(|place| {
                let begun = vec![None; steps - 1];
                let key = key.into();
                self.keys.insert(place, Chain { key, begun });
                place
            });
            self.keys[place].begun[0] = Some(at);
            self.make_room(at, rules);
            return false;
        }
        let Ok(place) = place else { return false };
        let begun = &mut self.keys[place].begun;
        let in_time = |from: TimeMs| rules.span_ms.is_none_or(|span| at.since(from) <= span);
        let Some(from) = begun[step - 1].filter(|from| in_time(*from)) else {
            return false;
        };
        if left == 0 {
            return true;
        }
        begun[step] = begun[step].max(Some(from));
        false
    }

    fn make_room(&mut self, now: TimeMs, rules: Arming) {
        if self.keys.len() <= ARMED_KEYS_MAX {
            return;
        }
        if let Some(span) = rules.span_ms {
            let floor = now.plus(-span);
            self.keys.retain(|one| one.newest() >= Some(floor));
        }
        while self.keys.len() > ARMED_KEYS_MAX {
            let oldest = (0..self.keys.len()).min_by_key(|place| self.keys[*place].newest());
            let Some(oldest) = oldest else { break };
            self.keys.remove(oldest);
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    /// How many keys were given up for want of room.
    pub(super) fn dropped(&self) -> u32 {
        self.dropped
    }
}
