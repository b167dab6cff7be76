//! What behavioural conditions remember of one person: one small state per leaf.
//!
//! A state is a function of the events that were folded into it and, but for [`Armed`], not of
//! their order. Thresholds are not in it: all conditions that ask the same thing with different
//! bounds share one. The `audience` stage knows what each state is for; here it is only kept
//! small, bounded and true.

mod armed;
mod distinct;
mod groups;
mod late;
mod panes;
mod sum;
mod tally;
mod times;
mod totals;

pub use armed::{ARMED_KEYS_MAX, Armed, Arming, KEY_BYTES_MAX, Part, RECENT_MAX, STEPS_MAX};
pub use distinct::{DISTINCT_MAX, Distinct};
pub use groups::{GROUPS_MAX, Groups};
pub use late::{Late, REFOLD_EVENTS_MAX};
pub use panes::Panes;
pub use sum::Sum;
pub use tally::{PanedTally, TALLY_CELLS_MAX, TALLY_VALUES_MAX, Tally};
pub use times::{TIMES_MAX, Times};
pub use totals::{Summand, Totals, Window};

use serde::{Deserialize, Serialize};

use super::Dated;
use super::sorted::Sorted;
use crate::keys::LeafNo;

/// The memory of one leaf. Stored by position: append, never reorder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum LeafState {
    /// The newest matching event times.
    Newest(Times),
    /// The oldest matching event times.
    Oldest(Times),
    /// How many events matched.
    Count(u64),
    /// The sum of a property.
    Sum(Sum),
    /// The least or the greatest value of a property; the leaf knows which.
    Extreme(f64),
    /// Matching events per pane of time.
    CountPanes(Totals<u64>),
    /// Sums per pane of time.
    SumPanes(Totals<Sum>),
    /// Least or greatest values per pane of time.
    ExtremePanes(Panes<f64>),
    /// How often which value was seen.
    Tally(Tally),
    /// How often which value was seen, per pane of time.
    PanedTally(PanedTally),
    /// The first or the last value of a property.
    Edge(Dated),
    /// What was started and awaits its end, or follows one step after the other.
    Armed(Box<Armed>),
    /// When different values were seen last.
    Distinct(Distinct),
    /// One memory per value of a property.
    Groups(Groups),
}

/// The memories of all leaves that were ever touched.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Conditions {
    leaves: Sorted<LeafNo, LeafState>,
    /// Which leaves wait to be folded from history again.
    late: Late,
}

impl Conditions {
    /// The memory of `leaf`, if an event ever touched it.
    #[must_use]
    pub fn get(&self, leaf: LeafNo) -> Option<&LeafState> {
        self.leaves.get(leaf)
    }

    /// The memory of `leaf` to be changed, if there is one.
    pub fn get_mut(&mut self, leaf: LeafNo) -> Option<&mut LeafState> {
        self.leaves.get_mut(leaf)
    }

    /// The memory of `leaf` to be changed; where there is none, `fresh` makes one, or none either.
    pub fn get_or_put(
        &mut self,
        leaf: LeafNo,
        fresh: impl FnOnce() -> Option<LeafState>,
    ) -> Option<&mut LeafState> {
        let place = match self.leaves.place(leaf) {
            Ok(place) => place,
            Err(place) => {
                self.leaves.insert(place, leaf, fresh()?);
                place
            }
        };
        Some(self.leaves.at_mut(place))
    }

    /// Puts `state` in the place of what `leaf` remembered.
    pub fn put(&mut self, leaf: LeafNo, state: LeafState) {
        match self.leaves.place(leaf) {
            Ok(place) => *self.leaves.at_mut(place) = state,
            Err(place) => self.leaves.insert(place, leaf, state),
        }
    }

    /// Forgets what `leaf` remembered and returns it.
    pub fn take(&mut self, leaf: LeafNo) -> Option<LeafState> {
        self.leaves.remove(leaf)
    }

    /// Notes which keys another profile, which becomes part of this one, has told already: a
    /// basket that was left is told once, by whichever of the two. What is remembered of both is
    /// for a fold from both histories.
    pub fn keep_told(&mut self, other: &Self) {
        for (leaf, state) in other.leaves.iter() {
            let LeafState::Armed(theirs) = state else {
                continue;
            };
            match self.get_mut(leaf) {
                Some(LeafState::Armed(ours)) => ours.told_like(theirs),
                Some(_) => {}
                None => self.put(leaf, state.clone()),
            }
        }
    }

    /// Everything that is remembered, in the order of leaf numbers.
    pub fn iter(&self) -> impl Iterator<Item = (LeafNo, &LeafState)> {
        self.leaves.iter()
    }

    /// Forgets leaves that are no more.
    pub fn retain(&mut self, keep: impl Fn(LeafNo) -> bool) {
        self.leaves.retain(&keep);
        self.late.retain(keep);
    }

    /// Which leaves an event came too late for.
    #[must_use]
    pub fn late(&self) -> &Late {
        &self.late
    }

    /// The same, to be changed.
    pub fn late_mut(&mut self) -> &mut Late {
        &mut self.late
    }

    /// How many leaves are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.leaves.len()
    }

    /// True if nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.leaves.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::TimeMs;

    #[test]
    fn a_state_survives_storing_and_broken_bytes_are_an_error() {
        let mut conditions = Conditions::default();
        let mut times = Times::default();
        for at in [1_700_000_000_000, 1_700_000_500_000, 1_600_000_000_000] {
            times.keep_newest(TimeMs(at), 3);
        }
        conditions.put(LeafNo(7), LeafState::Newest(times));
        conditions.put(LeafNo(3), LeafState::Sum(Sum::of(19.99)));
        let bytes = postcard::to_stdvec(&conditions).unwrap();
        assert_eq!(
            postcard::from_bytes::<Conditions>(&bytes).unwrap(),
            conditions
        );
        assert!(bytes.len() < 34, "{} bytes", bytes.len());
        for end in 0..bytes.len() {
            assert!(postcard::from_bytes::<Conditions>(&bytes[..end]).is_err());
        }
    }
}
