//! What the memory store holds, and how changes are applied to it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Bound;

use super::claims::Claims;
use crate::payload::{AudienceRef, Change, PersonId};
use crate::segments::decide::renames;
use crate::segments::{
    Fate, Group, JobWork, Member, NumberedChange, Segment, Standing, Tally, Unlock, decide,
    decide_replace,
};

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) groups: BTreeMap<String, GroupState>,
    /// By group; kept when the group is deleted.
    pub(super) unlocks: BTreeMap<String, Vec<Unlock>>,
    pub(super) claims: Claims,
    pub(super) jobs: Vec<StoredJob>,
    /// Whoever was pending somewhere; some may have been removed since.
    pub(super) pending: BTreeSet<PersonId>,
}

#[derive(Debug)]
pub(super) struct StoredJob {
    pub(super) work: JobWork,
    /// Set when it is done.
    pub(super) kept_until: Option<jiff::Timestamp>,
}

#[derive(Debug)]
pub(super) struct GroupState {
    pub(super) name: String,
    pub(super) locked: bool,
    pub(super) segments: BTreeMap<String, SegmentState>,
}

#[derive(Debug)]
pub(super) struct SegmentState {
    name: String,
    /// The newest sequence of all, which decides about the name.
    newest: u64,
    floor: Option<u64>,
    pub(super) rows: BTreeMap<PersonId, Member>,
}

impl GroupState {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            locked: false,
            segments: BTreeMap::new(),
        }
    }

    pub(super) fn describe(&self, identifier: &str) -> Group {
        Group {
            identifier: identifier.to_owned(),
            name: self.name.clone(),
            locked: self.locked,
        }
    }

    /// A copy that holds no more than what these changes look at.
    pub(super) fn scratch(&self, changes: &[NumberedChange]) -> Self {
        let mut scratch = Self::new(&self.name);
        for NumberedChange { change, .. } in changes {
            let Some(source) = self.segments.get(&change.audience().id) else {
                continue;
            };
            let id = change.audience().id.clone();
            let copy = scratch.segments.entry(id).or_insert_with(|| SegmentState {
                name: source.name.clone(),
                newest: source.newest,
                floor: source.floor,
                rows: BTreeMap::new(),
            });
            for person in change.persons() {
                if let Some(row) = source.rows.get(person) {
                    copy.rows.insert(person.clone(), *row);
                }
            }
        }
        scratch
    }

    pub(super) fn apply(
        &mut self,
        changes: &[NumberedChange],
        unknown: &HashSet<PersonId>,
        tally: &mut Tally,
    ) {
        for NumberedChange { index, change } in changes {
            let segment = self.segment(change.audience(), change.sequence());
            let applied = match change {
                Change::Add { person, .. } | Change::Remove { person, .. } => {
                    segment.change(change, person, unknown, tally)
                }
                Change::Replace { .. } => segment.replace(change, unknown, tally),
            };
            if applied {
                tally.applied()
            } else {
                tally.stale(*index)
            }
        }
    }

    /// The segment of an audience: created when it is new, renamed when its name is newer.
    fn segment(&mut self, audience: &AudienceRef, sequence: u64) -> &mut SegmentState {
        if !self.segments.contains_key(&audience.id) {
            let segment = SegmentState {
                name: audience.name.clone(),
                newest: sequence,
                floor: None,
                rows: BTreeMap::new(),
            };
            self.segments.insert(audience.id.clone(), segment);
        }
        let segment = self
            .segments
            .get_mut(&audience.id)
            .expect("a missing segment was just inserted");
        if renames(sequence, segment.newest) {
            segment.newest = sequence;
            if segment.name != audience.name {
                segment.name.clone_from(&audience.name);
            }
        }
        segment
    }
}

impl SegmentState {
    pub(super) fn describe(&self, identifier: &str) -> Segment {
        Segment {
            identifier: identifier.to_owned(),
            name: self.name.clone(),
        }
    }

    pub(super) fn members(&self, after: Option<&PersonId>, limit: usize) -> Vec<PersonId> {
        let rows = self.rows.range::<PersonId, _>(above(after));
        let members = rows.filter(|(_, row)| row.standing == Standing::Member);
        members
            .map(|(person, _)| person.clone())
            .take(limit)
            .collect()
    }

    fn change(
        &mut self,
        change: &Change,
        person: &PersonId,
        unknown: &HashSet<PersonId>,
        tally: &mut Tally,
    ) -> bool {
        let entry = self.rows.entry(person.clone());
        let before = match &entry {
            Entry::Occupied(row) => Some(*row.get()),
            Entry::Vacant(_) => None,
        };
        let known = unknown.is_empty() || !unknown.contains(person);
        let Some(row) = decide(change, before, self.floor, known) else {
            return false;
        };
        entry.insert_entry(row);
        if row.standing == Standing::Pending {
            tally.pending(person);
        }
        let before = before.map(|row| row.standing);
        let (sequence, after) = (row.sequence, Some(row.standing));
        tally.moved(&change.audience().id, person, sequence, before, after);
        true
    }

    fn replace(&mut self, change: &Change, unknown: &HashSet<PersonId>, tally: &mut Tally) -> bool {
        let (segment, sequence) = (&change.audience().id, change.sequence());
        if Some(sequence) <= self.floor {
            return false;
        }
        let listed: HashSet<&PersonId> = change.persons().iter().collect();
        self.rows.retain(|person, row| {
            let known = !unknown.contains(person);
            let before = Some(row.standing);
            match decide_replace(sequence, Some(*row), listed.contains(person), known) {
                Fate::Keep => true,
                Fate::Drop => {
                    tally.moved(segment, person, sequence, before, None);
                    false
                }
                Fate::Become(new) => {
                    tally.moved(segment, person, sequence, before, Some(new.standing));
                    *row = new;
                    true
                }
            }
        });
        for person in listed {
            if !self.rows.contains_key(person)
                && let known = !unknown.contains(person)
                && let Fate::Become(row) = decide_replace(sequence, None, true, known)
            {
                tally.moved(segment, person, sequence, None, Some(row.standing));
                self.rows.insert(person.clone(), row);
            }
            if self
                .rows
                .get(person)
                .is_some_and(|row| row.standing == Standing::Pending)
            {
                tally.pending(person);
            }
        }
        self.floor = Some(sequence);
        true
    }
}

/// The range of ids above `after`.
pub(super) fn above(after: Option<&PersonId>) -> (Bound<&PersonId>, Bound<&PersonId>) {
    (
        after.map_or(Bound::Unbounded, Bound::Excluded),
        Bound::Unbounded,
    )
}
