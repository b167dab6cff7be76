//! Persons that the host does not know yet.

use std::collections::HashSet;
use std::sync::atomic::{AtomicI64, Ordering};

use super::Receiver;
use crate::limits::{DIRECTORY_PERSONS_MAX, RECHECK_S};
use crate::payload::PersonId;
use crate::segments::{DirectoryError, NumberedChange, StoreError, joining};

/// When pending persons were last looked up by themselves, in seconds since 1970.
#[derive(Debug, Default)]
pub(super) struct RecheckClock(AtomicI64);

impl Receiver {
    /// Asks the directory again about everyone who is pending; says how many memberships begin.
    ///
    /// It happens by itself about once a minute while deliveries come in. When the host knows
    /// who is new, [`Segments::settle`](crate::segments::Segments::settle) is cheaper.
    ///
    /// # Errors
    ///
    /// When the store or the directory fails; whoever was settled before stays settled.
    pub async fn recheck_pending(&self) -> Result<usize, PendingError> {
        let store = self.inner.segments.store();
        let mut settled = 0;
        let mut after = None;
        loop {
            let persons = store.pending(after.as_ref(), DIRECTORY_PERSONS_MAX).await?;
            let Some(last) = persons.last().cloned() else {
                return Ok(settled);
            };
            let known = self.known(&persons).await?;
            let known = persons.into_iter().zip(known).filter(|(_, known)| *known);
            let known: Vec<_> = known.map(|(person, _)| person).collect();
            if !known.is_empty() {
                settled += self.inner.segments.settle(known).await?;
            }
            after = Some(last);
        }
    }

    /// Looks pending persons up in the background, when it is time.
    pub(crate) fn recheck_sometimes(&self, now: jiff::Timestamp) {
        let clock = &self.inner.recheck.0;
        let (last, now) = (clock.load(Ordering::Relaxed), now.as_second());
        if self.inner.directory.is_none() || now - last < RECHECK_S {
            return;
        }
        let mine = clock
            .compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok();
        // The first delivery only starts the clock.
        if mine && last != 0 {
            let receiver = self.clone();
            drop(tokio::spawn(async move {
                if let Err(error) = receiver.recheck_pending().await {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(target: "cdp::webhook", error, "pending persons stay pending");
                }
            }));
        }
    }

    /// Those who would join by these changes and whom the host does not know.
    pub(crate) async fn unknown(
        &self,
        changes: &[NumberedChange],
    ) -> Result<HashSet<PersonId>, DirectoryError> {
        if self.inner.directory.is_none() {
            return Ok(HashSet::new());
        }
        let persons = changes
            .iter()
            .flat_map(|numbered| joining(&numbered.change));
        let persons: HashSet<_> = persons.cloned().collect();
        let persons: Vec<_> = persons.into_iter().collect();
        let mut unknown = HashSet::new();
        for chunk in persons.chunks(DIRECTORY_PERSONS_MAX) {
            let known = self.known(chunk).await?;
            let missing = chunk.iter().zip(known).filter(|(_, known)| !known);
            unknown.extend(missing.map(|(person, _)| person.clone()));
        }
        Ok(unknown)
    }

    async fn known(&self, persons: &[PersonId]) -> Result<Vec<bool>, DirectoryError> {
        let Some(directory) = &self.inner.directory else {
            return Ok(vec![true; persons.len()]);
        };
        let known = directory.known(persons).await?;
        if known.len() == persons.len() {
            Ok(known)
        } else {
            Err(DirectoryError::new(
                "the directory gave fewer or more answers than questions",
            ))
        }
    }
}

/// Why pending persons could not be looked up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PendingError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The host's directory failed.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}
