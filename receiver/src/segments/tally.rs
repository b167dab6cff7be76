//! What a store notes down while it applies changes one after the other.

use std::collections::HashSet;

use super::{Moved, SegmentChange, Skipped, Standing, Summary};
use crate::payload::PersonId;

/// Counts what is applied, skipped and pending, and notes who joins and leaves.
#[derive(Debug, Default)]
pub struct Tally {
    applied: usize,
    skipped: Vec<Skipped>,
    pending: HashSet<PersonId>,
    /// Ordered by segment; their group is told at the end.
    moved: Vec<SegmentChange>,
}

impl Tally {
    /// Starts with what was refused before.
    #[must_use]
    pub fn new(skipped: Vec<Skipped>) -> Self {
        Self {
            skipped,
            ..Self::default()
        }
    }

    /// A change was applied.
    pub const fn applied(&mut self) {
        self.applied += 1;
    }

    /// A change was overtaken by a newer one.
    pub fn stale(&mut self, index: usize) {
        self.skipped.push(Skipped::stale(index));
    }

    /// A person would be a member, but the host does not know them yet.
    pub fn pending(&mut self, person: &PersonId) {
        self.pending.insert(person.clone());
    }

    /// A person's row in a segment changed; says so to those who listen when it matters to them.
    ///
    /// `before` is none when there was no row, `after` is none when the row went.
    pub fn moved(
        &mut self,
        segment: &str,
        person: &PersonId,
        sequence: u64,
        before: Option<Standing>,
        after: Option<Standing>,
    ) {
        let (was, is) = (
            before == Some(Standing::Member),
            after == Some(Standing::Member),
        );
        if was == is {
            return;
        }
        let moved = Moved {
            person: person.clone(),
            sequence,
        };
        let by_segment = |change: &SegmentChange| (*change.segment).cmp(segment);
        let at = self
            .moved
            .binary_search_by(by_segment)
            .unwrap_or_else(|at| {
                let change = SegmentChange {
                    group: String::new(),
                    segment: segment.to_owned(),
                    joined: Vec::new(),
                    left: Vec::new(),
                };
                self.moved.insert(at, change);
                at
            });
        let SegmentChange { joined, left, .. } = &mut self.moved[at];
        if is { joined } else { left }.push(moved);
    }

    /// The sums, with the skipped items in their order, and who moved in this group.
    #[must_use]
    pub fn finish(mut self, group: &str) -> (Summary, Vec<SegmentChange>) {
        self.skipped.sort_by_key(|skipped| skipped.index);
        let summary = Summary {
            applied: self.applied,
            skipped: self.skipped,
            pending: self.pending.len(),
        };
        for change in &mut self.moved {
            group.clone_into(&mut change.group);
        }
        (summary, self.moved)
    }
}
