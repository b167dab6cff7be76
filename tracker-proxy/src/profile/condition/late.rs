//! Events that came too late for the order to be known, and what may be spent on them.
//!
//! Such an event is right again once the leaf is folded from the person's whole history. Whoever
//! sends nothing but late events would have the history read for each of them: what is read for
//! late events is therefore bounded by what the person did at all. What cannot be paid for yet
//! waits, and is folded with a later event of the person.

use serde::{Deserialize, Serialize};

use crate::keys::LeafNo;

/// The longest history that is read again for events that came late, in events.
pub const REFOLD_EVENTS_MAX: u64 = 10_000;
/// How many events of history may be read for nothing.
const FREE_EVENTS: u64 = 10_000;
/// How many more may be read for each event of the person.
const EVENTS_PER_EVENT: u64 = 32;

/// The leaves that wait for a fold from history.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Late {
    leaves: Vec<LeafNo>,
    /// Events of history that were read for late ones so far.
    spent: u64,
}

impl Late {
    /// An event came too late for `leaf`.
    pub fn mark(&mut self, leaf: LeafNo) {
        if !self.leaves.contains(&leaf) {
            self.leaves.push(leaf);
        }
    }

    /// The leaves that wait.
    #[must_use]
    pub fn waiting(&self) -> &[LeafNo] {
        &self.leaves
    }

    /// True if a history of `events` events may be read now; it is paid for then.
    pub fn pay(&mut self, events: u64) -> bool {
        let spent = self.spent.saturating_add(events);
        let granted = FREE_EVENTS.saturating_add(events.saturating_mul(EVENTS_PER_EVENT));
        let pays = events <= REFOLD_EVENTS_MAX && spent <= granted;
        if pays {
            self.spent = spent;
        }
        pays
    }

    /// `leaf` was folded from history.
    pub fn done(&mut self, leaf: LeafNo) {
        self.leaves.retain(|waiting| *waiting != leaf);
    }

    pub(super) fn retain(&mut self, keep: impl Fn(LeafNo) -> bool) {
        self.leaves.retain(|leaf| keep(*leaf));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_for_late_events_is_bounded_by_what_the_person_did() {
        let mut late = Late::default();
        let mut read = 0;
        for events in 1..=5_000_u64 {
            // Every single event comes late.
            if late.pay(events) {
                read += events;
            }
        }
        assert!(read <= 10_000 + 32 * 5_000, "{read} events were read");
        assert!(read > 100_000, "and most of the allowance is used: {read}");
    }

    #[test]
    fn short_lives_are_folded_again_at_once() {
        let mut late = Late::default();
        assert!((1..=140).all(|events| late.pay(events)));
    }
}
