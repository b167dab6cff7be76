//! A verified delivery on its way into a store, and the answer to it.

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{JobId, SegmentChange};
use crate::claims::ClaimKey;
use crate::payload::{Change, PersonId};

/// A verified, planned delivery: what a store has to carry out in one transaction.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The key under which the answer is kept; without a signed id there is none.
    pub claim: Option<ClaimKey>,
    /// Until when a repeat gets the same answer again.
    pub claimed_until: jiff::Timestamp,
    /// The client id of the receiver's activation.
    pub activation: Arc<str>,
    /// The segment group to write.
    pub group: String,
    /// The changes that can be applied.
    pub changes: Vec<NumberedChange>,
    /// The items that were refused before.
    pub skipped: Vec<Skipped>,
    /// The persons that the host does not know yet.
    pub unknown: HashSet<PersonId>,
    /// Whether to apply, only to try, or to store for later.
    pub plan: Plan,
    /// The time of the request.
    pub now: jiff::Timestamp,
}

/// A change and its place in the delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberedChange {
    /// The place in `changes`, from 0.
    pub index: usize,
    /// The change.
    pub change: Change,
}

/// How a delivery is carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Apply the changes now.
    Apply,
    /// Say what would happen and change nothing, not even a claim or a lock.
    Try,
    /// Store the changes under this id, to be worked off later.
    Store(JobId),
}

/// What a store did with a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// What the sender is told.
    pub outcome: DeliveryOutcome,
    /// Who joined and left, for those who listen; empty unless something was applied.
    pub changes: Vec<SegmentChange>,
}

impl From<DeliveryOutcome> for Delivered {
    /// An outcome that moved nobody.
    fn from(outcome: DeliveryOutcome) -> Self {
        Self {
            outcome,
            changes: Vec::new(),
        }
    }
}

/// What became of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// It was carried out.
    Answered(Answer),
    /// It had been carried out before; this is the answer of then.
    Repeated(Answer),
    /// There is no such segment group; nothing was changed.
    UnknownGroup,
}

/// The answer to a delivery, as it goes over the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// 200: done.
    Applied(Summary),
    /// 202: stored, to be worked off in the background.
    Accepted {
        /// Under which id to ask.
        job: JobId,
    },
}

/// What a delivery did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// How many changes were applied.
    pub applied: usize,
    /// Which ones were not, or not in full, and why.
    pub skipped: Vec<Skipped>,
    /// How many persons the host does not know yet.
    pub pending: usize,
}

/// One change that was not applied, or not in full.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// The place in `changes`, from 0.
    pub index: usize,
    /// A stable code: `stale`, `audience_not_allowed`, `invalid_person`, …
    pub code: String,
    /// The same in words.
    pub message: String,
}

impl Skipped {
    /// A change that a newer one has overtaken.
    #[must_use]
    pub fn stale(index: usize) -> Self {
        Self::new(index, "stale", "a newer change of this audience is known")
    }

    pub(crate) fn new(index: usize, code: &str, message: &str) -> Self {
        Self {
            index,
            code: code.to_owned(),
            message: message.to_owned(),
        }
    }
}
