//! Deliveries that are worked off in the background.

use std::collections::HashSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{NumberedChange, SegmentChange, Skipped};
use crate::payload::PersonId;

/// The id of a job.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(String);

impl JobId {
    /// A new random id.
    pub(crate) fn random() -> Self {
        Self(uuid::Uuid::new_v4().simple().to_string())
    }

    /// Takes an id as it came; it may name no job.
    #[must_use]
    pub const fn new(id: String) -> Self {
        Self(id)
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How far a job is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Job {
    /// Its id.
    #[serde(rename = "job")]
    pub id: JobId,
    /// The client id of the receiver's activation that sent it; only that one may ask.
    #[serde(skip)]
    pub activation: String,
    /// The segment group that it writes.
    pub segment_group: String,
    /// Where it stands.
    pub state: JobState,
    /// How many changes it has.
    pub changes: usize,
    /// How many of them are worked off.
    pub done: usize,
    /// How many of those were applied.
    pub applied: usize,
    /// Which ones were not, and why.
    pub skipped: Vec<Skipped>,
    /// How many persons the host did not know yet.
    pub pending: usize,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// Stored, not begun.
    Queued,
    /// Some changes are worked off.
    Running,
    /// All changes are worked off.
    Done,
}

impl JobState {
    /// The state after `done` of `changes`.
    #[must_use]
    pub const fn of(done: usize, changes: usize) -> Self {
        match done {
            _ if done >= changes => Self::Done,
            0 => Self::Queued,
            _ => Self::Running,
        }
    }
}

/// A job with its changes, for the one who works it off.
#[derive(Clone, Debug)]
pub struct JobWork {
    /// How far it is.
    pub job: Job,
    /// All its changes; `job.done` of them are worked off.
    pub changes: Vec<NumberedChange>,
}

/// The next piece of a job: applied and recorded in one transaction.
#[derive(Clone, Debug)]
pub struct JobStep {
    /// Which job.
    pub job: JobId,
    /// How many changes were worked off before.
    pub from: usize,
    /// The changes of this piece.
    pub changes: Vec<NumberedChange>,
    /// The persons that the host does not know yet.
    pub unknown: HashSet<PersonId>,
    /// Until when the status of a finished job is kept.
    pub kept_until: jiff::Timestamp,
}

/// What became of a piece of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Advance {
    /// It is applied; these joined and left.
    Applied(Vec<SegmentChange>),
    /// Somebody else has worked on this job, or it is gone; nothing was changed.
    Lost,
}
