//! One change of one audience.

use serde::{Deserialize, Serialize};

use super::person::{InvalidPersonId, PersonId, RawPersonId};
use crate::limits::{IDENTIFIER_BYTES_MAX, NAME_BYTES_MAX, SEQUENCE_MAX};

/// An audience of the sender: its id never changes, its name may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudienceRef {
    /// The stable id; the receiver's segment has the same.
    pub id: String,
    /// The name that people see.
    pub name: String,
}

/// A change of who is in an audience.
///
/// `sequence` belongs to one audience and person and only grows; a change counts only when it
/// is above the newest one that the receiver knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase", try_from = "RawChange")]
#[non_exhaustive]
pub enum Change {
    /// The person is a member from now on.
    Add {
        /// Who joined.
        person: PersonId,
        /// Which audience.
        audience: AudienceRef,
        /// The order of this change.
        sequence: u64,
        /// When it happened.
        at: jiff::Timestamp,
    },
    /// The person is no member any more.
    Remove {
        /// Who left.
        person: PersonId,
        /// Which audience.
        audience: AudienceRef,
        /// The order of this change.
        sequence: u64,
        /// When it happened.
        at: jiff::Timestamp,
    },
    /// These persons, and nobody else, are members.
    Replace {
        /// All members.
        persons: Vec<PersonId>,
        /// Which audience.
        audience: AudienceRef,
        /// The lowest clock at which the list was read.
        sequence: u64,
        /// When it happened.
        at: jiff::Timestamp,
    },
}

impl Change {
    /// The audience that changes.
    #[must_use]
    pub const fn audience(&self) -> &AudienceRef {
        match self {
            Self::Add { audience, .. }
            | Self::Remove { audience, .. }
            | Self::Replace { audience, .. } => audience,
        }
    }

    /// The order of this change among those of the same audience and person.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        match self {
            Self::Add { sequence, .. }
            | Self::Remove { sequence, .. }
            | Self::Replace { sequence, .. } => *sequence,
        }
    }

    /// The persons that are named: one, or a whole list.
    #[must_use]
    pub fn persons(&self) -> &[PersonId] {
        match self {
            Self::Add { person, .. } | Self::Remove { person, .. } => std::slice::from_ref(person),
            Self::Replace { persons, .. } => persons,
        }
    }
}

/// Why a change of the right shape is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidChange {
    /// A person id cannot be used.
    #[error(transparent)]
    Person(#[from] InvalidPersonId),
    /// The audience has no usable id or name.
    #[error("the audience needs an id of 1 to {IDENTIFIER_BYTES_MAX} bytes and a short name")]
    Audience,
    /// The sequence does not fit a signed 64-bit integer.
    #[error("the sequence is above {SEQUENCE_MAX}")]
    Sequence,
}

impl InvalidChange {
    /// The code under which an answer lists the change as skipped.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Person(_) => "invalid_person",
            Self::Audience => "invalid_audience",
            Self::Sequence => "invalid_sequence",
        }
    }
}

/// The JSON of a change before its values are looked at.
#[derive(Debug, Deserialize)]
pub(super) struct RawChange {
    op: Op,
    person: Option<RawPersonId>,
    persons: Option<Vec<RawPersonId>>,
    audience: AudienceRef,
    sequence: u64,
    at: jiff::Timestamp,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Op {
    Add,
    Remove,
    Replace,
}

/// Why JSON is no change at all, or not one that can be used.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(super) enum NoChange {
    #[error("missing field `person`")]
    Person,
    #[error("missing field `persons`")]
    Persons,
    #[error(transparent)]
    Invalid(#[from] InvalidChange),
}

impl RawChange {
    fn check(&self) -> Result<(), InvalidChange> {
        let AudienceRef { id, name } = &self.audience;
        let id_fits = (1..=IDENTIFIER_BYTES_MAX).contains(&id.len());
        if !id_fits || name.len() > NAME_BYTES_MAX || id.chars().any(char::is_control) {
            Err(InvalidChange::Audience)
        } else if self.sequence > SEQUENCE_MAX {
            Err(InvalidChange::Sequence)
        } else {
            Ok(())
        }
    }

    /// Builds the change; ids of a list that cannot be used go to `refused`.
    fn build(self, refused: &mut Vec<InvalidPersonId>) -> Result<Change, NoChange> {
        let valid = self.check();
        let Self {
            op,
            person,
            persons,
            audience,
            sequence,
            at,
        } = self;
        Ok(match op {
            Op::Add => {
                let person = person.ok_or(NoChange::Person)?.0;
                valid?;
                let person = person.map_err(InvalidChange::Person)?;
                Change::Add {
                    person,
                    audience,
                    sequence,
                    at,
                }
            }
            Op::Remove => {
                let person = person.ok_or(NoChange::Person)?.0;
                valid?;
                let person = person.map_err(InvalidChange::Person)?;
                Change::Remove {
                    person,
                    audience,
                    sequence,
                    at,
                }
            }
            Op::Replace => {
                let persons = persons.ok_or(NoChange::Persons)?;
                valid?;
                let keep = |person: RawPersonId| person.0.map_err(|why| refused.push(why)).ok();
                let persons = persons.into_iter().filter_map(keep).collect();
                Change::Replace {
                    persons,
                    audience,
                    sequence,
                    at,
                }
            }
        })
    }
}

impl TryFrom<RawChange> for Change {
    type Error = NoChange;

    fn try_from(raw: RawChange) -> Result<Self, NoChange> {
        let mut refused = Vec::new();
        let change = raw.build(&mut refused)?;
        match refused.first() {
            Some(why) => Err(InvalidChange::Person(*why).into()),
            None => Ok(change),
        }
    }
}

/// A change as a receiver reads it: what cannot be used costs this item, not the delivery.
#[cfg(feature = "http")]
#[derive(Debug, Deserialize)]
#[serde(try_from = "RawChange")]
pub(crate) struct Item {
    /// The change, without the persons that cannot be used.
    pub(crate) change: Option<Change>,
    /// What was left out, if anything.
    pub(crate) refused: Option<InvalidChange>,
}

#[cfg(feature = "http")]
impl TryFrom<RawChange> for Item {
    type Error = NoChange;

    fn try_from(raw: RawChange) -> Result<Self, NoChange> {
        let mut refused = Vec::new();
        match raw.build(&mut refused) {
            Ok(change) => {
                let refused = refused.first().copied().map(InvalidChange::Person);
                Ok(Self {
                    change: Some(change),
                    refused,
                })
            }
            Err(NoChange::Invalid(why)) => Ok(Self {
                change: None,
                refused: Some(why),
            }),
            Err(shape) => Err(shape),
        }
    }
}
