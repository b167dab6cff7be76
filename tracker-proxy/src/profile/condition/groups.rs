//! One memory per value of a property: "three times the same product".

use serde::{Deserialize, Serialize};

use super::LeafState;
use crate::clock::TimeMs;

/// How many groups one leaf keeps at once; beyond it the one that was touched longest ago is
/// given up and counted.
pub const GROUPS_MAX: usize = 64;

/// The memory of one group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Group {
    key: Box<str>,
    /// The newest event of the group.
    newest: TimeMs,
    state: LeafState,
}

/// The memories of all groups of one leaf.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Groups {
    /// Sorted by key.
    groups: Vec<Group>,
    dropped: u32,
}

impl Groups {
    /// The memory of the group `key`, which an event at `at` touches. `fresh` makes a new one, or
    /// none where the event says nothing. Groups without an event since `floor` before the newest
    /// event are out of every window for good.
    pub fn touch(
        &mut self,
        key: &str,
        at: TimeMs,
        window_ms: Option<i64>,
        fresh: impl FnOnce() -> Option<LeafState>,
    ) -> Option<&mut LeafState> {
        let find = |groups: &[Group]| groups.binary_search_by(|one| one.key.as_ref().cmp(key));
        match find(&self.groups) {
            Ok(place) => {
                let newest = self.groups[place].newest.max(at);
                self.groups[place].newest = newest;
            }
            Err(place) => {
                let group = Group {
                    key: key.into(),
                    newest: at,
                    state: fresh()?,
                };
                self.groups.insert(place, group);
                self.make_room(window_ms);
            }
        }
        let place = find(&self.groups).ok()?;
        Some(&mut self.groups[place].state)
    }

    fn make_room(&mut self, window_ms: Option<i64>) {
        if self.groups.len() <= GROUPS_MAX {
            return;
        }
        if let Some(window_ms) = window_ms
            && let Some(newest) = self.groups.iter().map(|one| one.newest).max()
        {
            let floor = newest.plus(-window_ms);
            self.groups.retain(|one| one.newest > floor);
        }
        while self.groups.len() > GROUPS_MAX {
            let oldest = (0..self.groups.len()).min_by_key(|place| self.groups[*place].newest);
            let Some(oldest) = oldest else { break };
            self.groups.remove(oldest);
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    /// All groups, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &LeafState)> {
        self.groups.iter().map(|one| (one.key.as_ref(), &one.state))
    }

    /// How many groups were given up for want of room.
    #[must_use]
    pub fn dropped(&self) -> u32 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_that_are_out_of_the_window_make_room_and_others_are_counted() {
        let mut groups = Groups::default();
        let fresh = || Some(LeafState::Count(0));
        for n in 0..100_i64 {
            assert!(
                groups
                    .touch(&n.to_string(), TimeMs(n), Some(50), fresh)
                    .is_some()
            );
        }
        assert_eq!(groups.dropped(), 0, "fifty are in the window at a time");
        for n in 0..100_i64 {
            assert!(
                groups
                    .touch(&format!("k{n}"), TimeMs(200 + n), Some(500), fresh)
                    .is_some()
            );
        }
        assert!(groups.dropped() > 0);
        assert_eq!(groups.iter().count(), GROUPS_MAX);
    }
}
