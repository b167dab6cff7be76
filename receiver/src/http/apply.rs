//! Carrying out membership changes, whoever sent them.

use std::collections::HashSet;
use std::sync::Arc;

use super::Sender;
use super::metered::Outcome;
use crate::claims::ClaimKey;
use crate::clock;
use crate::payload::Change;
use crate::receiver::{Entry, Receiver};
use crate::segments::{
    Answer, Delivery, DeliveryOutcome, DirectoryError, JobId, NumberedChange, Plan, Skipped,
    StoreError,
};

/// Changes of one delivery, and what is known of it.
pub(super) struct Work {
    pub(super) claim: Option<ClaimKey>,
    pub(super) group: String,
    pub(super) changes: Vec<NumberedChange>,
    pub(super) skipped: Vec<Skipped>,
    /// Whether it is only tried.
    pub(super) test: bool,
}

impl Receiver {
    /// Carries out membership changes of a verified sender, in its own segment group: what a
    /// [`Mapping`](crate::senders::Mapping) made of another system's payload.
    ///
    /// At or above the threshold it becomes a job. With a signed id a repeat gets the first
    /// answer again.
    ///
    /// # Errors
    ///
    /// When the group is missing, or the store or the directory does not answer; nothing was
    /// changed then.
    pub async fn apply(&self, sender: &Sender, changes: Vec<Change>) -> Result<Answer, ApplyError> {
        let entry = &self.inner.activations[sender.activation];
        let numbered = changes.into_iter().enumerate();
        let numbered = numbered.map(|(index, change)| NumberedChange { index, change });
        let (changes, skipped) = allowed(entry, numbered);
        let work = Work {
            claim: sender.claim_key(),
            group: entry.group.clone(),
            changes,
            skipped,
            test: false,
        };
        let (answer, _) = self.carry_out(entry, work, clock::now()).await?;
        Ok(answer)
    }

    /// Says the answer, and what was done.
    pub(super) async fn carry_out(
        &self,
        entry: &Entry,
        work: Work,
        now: jiff::Timestamp,
    ) -> Result<(Answer, Outcome), ApplyError> {
        let plan = self.plan(&work).await?;
        let outcome = match plan {
            Plan::Apply => Outcome::Applied,
            Plan::Try => Outcome::Tested,
            Plan::Store(_) => Outcome::Stored,
        };
        let unknown = match plan {
            // A job asks when it is worked off.
            Plan::Store(_) => HashSet::new(),
            Plan::Apply | Plan::Try => self.unknown(&work.changes).await?,
        };
        let delivery = Delivery {
            claim: work.claim,
            claimed_until: self.kept_until(now),
            activation: Arc::clone(&entry.client_id),
            group: work.group,
            changes: work.changes,
            skipped: work.skipped,
            unknown,
            plan,
            now,
        };
        match self.inner.segments.deliver(delivery).await? {
            DeliveryOutcome::Answered(answer) => {
                if outcome == Outcome::Stored {
                    self.resume();
                }
                self.recheck_sometimes(now);
                Ok((answer, outcome))
            }
            DeliveryOutcome::Repeated(answer) => Ok((answer, Outcome::Repeated)),
            DeliveryOutcome::UnknownGroup => Err(ApplyError::UnknownGroup),
        }
    }

    async fn plan(&self, work: &Work) -> Result<Plan, StoreError> {
        if work.test {
            return Ok(Plan::Try);
        }
        let changes = work.changes.iter().map(|numbered| &numbered.change);
        let persons: usize = changes.clone().map(|change| change.persons().len()).sum();
        let replaces = changes
            .clone()
            .any(|change| matches!(change, Change::Replace { .. }));
        let is_bulk = persons >= self.inner.bulk_async_threshold;
        // A replace must not overtake the jobs whose persons it would drop until they are done.
        let waits = !is_bulk
            && replaces
            && self
                .inner
                .segments
                .store()
                .has_open_job(&work.group)
                .await?;
        Ok(if is_bulk || waits {
            Plan::Store(JobId::random())
        } else {
            Plan::Apply
        })
    }
}

/// Parts the changes that this activation includes from those that it does not.
pub(super) fn allowed(
    entry: &Entry,
    changes: impl Iterator<Item = NumberedChange>,
) -> (Vec<NumberedChange>, Vec<Skipped>) {
    let (allowed, others): (Vec<_>, Vec<_>) =
        changes.partition(|numbered| entry.allows(&numbered.change.audience().id));
    let skipped = others.iter().map(|numbered| {
        Skipped::new(
            numbered.index,
            "audience_not_allowed",
            "this activation does not include the audience",
        )
    });
    (allowed, skipped.collect())
}

/// Why changes are not carried out; none of them was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// Create the segment group of the activation.
    #[error("unknown segment group")]
    UnknownGroup,
    /// The store failed; try again.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The directory could not tell; try again.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}
