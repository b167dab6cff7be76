//! In which order profiles are let go of.
//!
//! Most people who come into memory do one thing and do not come again for long. They pass through
//! a short queue, so that they do not push out those who come again and again: whoever did so
//! before the end of the short queue is reached goes to the long one. Over people drawn with a zipf
//! distribution, of whom a tenth fit, one in five events misses with two queues, and one in four with
//! one.

use std::collections::VecDeque;

use crate::keys::ProfileId;

/// How much of everything in memory may be new: one part in so many.
const YOUNG_PART: usize = 10;

/// Every id in memory, and maybe ids that are there no more.
#[derive(Debug, Default)]
pub(super) struct Queues {
    /// In the order in which they came.
    young: VecDeque<ProfileId>,
    /// In the order in which they were looked at.
    proven: VecDeque<ProfileId>,
}

impl Queues {
    pub(super) fn arrived(&mut self, id: ProfileId) {
        self.young.push_back(id);
    }

    /// Puts an id that was looked at behind all others that stay.
    pub(super) fn stays(&mut self, id: ProfileId) {
        self.proven.push_back(id);
    }

    /// Takes the id that is to be looked at next.
    pub(super) fn next(&mut self) -> Option<ProfileId> {
        let young_max = (self.young.len() + self.proven.len()) / YOUNG_PART;
        if self.young.len() > young_max {
            self.young.pop_front()
        } else {
            self.proven.pop_front()
        }
    }

    pub(super) fn retain(&mut self, keep: impl Fn(ProfileId) -> bool) {
        self.young.retain(|id| keep(*id));
        self.proven.retain(|id| keep(*id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(count: u8) -> impl Iterator<Item = ProfileId> {
        (0..count).map(|n| ProfileId([n; 16]))
    }

    #[test]
    fn those_that_came_lately_go_before_those_that_proved_to_come_again() {
        let mut queues = Queues::default();
        ids(50).for_each(|id| queues.stays(id));
        ids(60).skip(50).for_each(|id| queues.arrived(id));
        let next: Vec<_> = std::iter::from_fn(|| queues.next()).take(6).collect();
        let young = ids(60).skip(50).take(5);
        assert_eq!(next, young.chain(ids(1)).collect::<Vec<_>>());
    }

    #[test]
    fn every_id_gets_its_turn() {
        let mut queues = Queues::default();
        ids(25).for_each(|id| queues.arrived(id));
        ids(20).for_each(|id| queues.stays(id));
        assert_eq!(std::iter::from_fn(|| queues.next()).count(), 45);
    }
}
