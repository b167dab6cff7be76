//! Which change counts: pure functions that every store follows.
//!
//! A change counts when its sequence is above the newest one of that person, removed persons
//! included, and above the floor of the audience. A replace obeys the same rule person by
//! person; then the floor rises to its sequence, so that whoever it left out needs no row.

use crate::payload::{Change, PersonId};

/// Where a person stands in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// In the segment.
    Member,
    /// Will be in the segment as soon as the host knows the person.
    Pending,
    /// Was removed; kept so that an older add cannot bring the person back.
    Removed,
}

/// What is kept of one person in one segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The newest sequence that was applied.
    pub sequence: u64,
    /// What it led to.
    pub standing: Standing,
}

/// The row after an add or a remove, or `None` when the change is stale.
///
/// `floor` is the sequence of the newest replace; `known` says whether the host knows the
/// person. For a replace use [`decide_replace`].
#[must_use]
pub fn decide(
    change: &Change,
    row: Option<Member>,
    floor: Option<u64>,
    known: bool,
) -> Option<Member> {
    let sequence = change.sequence();
    let newest = row.map(|row| row.sequence).max(floor);
    if Some(sequence) <= newest {
        return None;
    }
    let standing = match change {
        Change::Remove { .. } => Standing::Removed,
        Change::Add { .. } | Change::Replace { .. } => joined(known),
    };
    Some(Member { sequence, standing })
}

/// What a replace does to one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The row stays as it is.
    Keep,
    /// The row goes; the new floor says the same.
    Drop,
    /// The row becomes this one.
    Become(Member),
}

/// What a replace with this sequence, itself above the floor, does to one row.
#[must_use]
pub fn decide_replace(sequence: u64, row: Option<Member>, listed: bool, known: bool) -> Fate {
    match row {
        Some(row) if row.sequence >= sequence => Fate::Keep,
        Some(row) if listed && row.standing == Standing::Member => Fate::Keep,
        Some(_) | None if listed => Fate::Become(Member {
            sequence,
            standing: joined(known),
        }),
        Some(_) => Fate::Drop,
        None => Fate::Keep,
    }
}

const fn joined(known: bool) -> Standing {
    if known {
        Standing::Member
    } else {
        Standing::Pending
    }
}

/// Whether a change of the audience's name is newer than what gave it its present one.
pub(super) const fn renames(sequence: u64, newest: u64) -> bool {
    sequence > newest
}

/// The persons of a change that have to be known for it to count at once.
pub(crate) fn joining(change: &Change) -> &[PersonId] {
    match change {
        Change::Remove { .. } => &[],
        Change::Add { .. } | Change::Replace { .. } => change.persons(),
    }
}
