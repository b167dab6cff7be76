//! A commit between the moment at which it is given to the store and the moment at which its
//! result is known.
//!
//! What was folded goes first, and whoever sent it is answered as soon as it is durable; the
//! profiles that are written back follow, which takes longer and which nobody waits for.
//!
//! Meanwhile the next commit is folded, on top of profiles of which the store will have what they
//! were before: so it is noted of each written profile how far it was. A flight that fails takes
//! everything down that was folded on top of it.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, TryRecvError};

use super::Pipeline;
use super::cache::Snapshot;
use super::inputs::Reply;
use super::results::Followup;
use super::writer::{self, Tried};
use crate::clock::TimeMs;
use crate::ingest::Verdict;
use crate::keys::{AccountNo, AudienceNo, JournalSeq, ProfileId};
use crate::store::{Apply, StoreError};

/// What is on its way to the disk, in this order.
#[derive(Debug, Default)]
pub(super) struct Flight {
    pub(super) appending: Option<Appending>,
    pub(super) writing: Option<Writing>,
    /// No commit, but work that commits left behind.
    pub(super) tending: Option<Receiver<Result<(), StoreError>>>,
}

/// What was folded, and what it led to.
#[derive(Debug)]
pub(super) struct Appending {
    pub(super) tried: Receiver<Tried>,
    pub(super) growth: HashMap<(AccountNo, AudienceNo), i64>,
    /// Who waits for it.
    pub(super) replies: Vec<(Reply, Vec<Verdict>)>,
    pub(super) followup: Followup,
}

/// What is written back.
#[derive(Debug)]
pub(super) struct Writing {
    pub(super) tried: Receiver<Tried>,
    /// The newest journal row when it began, and the time then.
    pub(super) journal: JournalSeq,
    pub(super) began: TimeMs,
    /// The profiles, in the order of the commit's rows.
    pub(super) written: Vec<Snapshot>,
}

/// Takes a result: at once, if it is there, or waiting for it.
fn take<T>(result: &Receiver<T>, wait: bool) -> Result<Option<T>, StoreError> {
    let taken = if wait {
        result.recv().map_err(|_| TryRecvError::Disconnected)
    } else {
        result.try_recv()
    };
    match taken {
        Ok(taken) => Ok(Some(taken)),
        Err(TryRecvError::Empty) => Ok(None),
        Err(TryRecvError::Disconnected) => Err(writer::gone()),
    }
}

impl Pipeline {
    /// Makes sure that what the store says of a profile is what memory thinks that it says, by
    /// waiting where the profile is being written.
    ///
    /// # Errors
    ///
    /// As for [`Self::land`].
    pub(super) fn settle_for(&mut self, id: ProfileId) -> Result<(), StoreError> {
        if self.cache.get(id).is_some_and(|cached| cached.in_flight) {
            self.settle()?;
            self.store.hold()?;
        }
        Ok(())
    }

    /// Takes the results of what is under way, as far as they are there.
    ///
    /// # Errors
    ///
    /// A commit failed: everything in memory is to be thrown away.
    pub(super) fn land(&mut self) -> Result<(), StoreError> {
        self.take_results(false)
    }

    /// Waits for what is under way.
    ///
    /// # Errors
    ///
    /// As for [`Self::land`].
    pub(super) fn settle(&mut self) -> Result<(), StoreError> {
        self.take_results(true)
    }

    fn take_results(&mut self, wait: bool) -> Result<(), StoreError> {
        let Some(mut flight) = self.flight.take() else {
            return Ok(());
        };
        if let Some(appending) = &flight.appending {
            let Some(tried) = take(&appending.tried, wait)? else {
                self.flight = Some(flight);
                return Ok(());
            };
            if let Some(appending) = flight.appending.take()
                && let Err(error) = self.appended(appending, tried)
            {
                // Whatever becomes of it, memory is read again only after it.
                let writing = flight.writing.as_ref();
                drop(writing.map(|writing| take(&writing.tried, true)));
                return Err(error);
            }
        }
        if let Some(writing) = &flight.writing {
            let Some(tried) = take(&writing.tried, wait)? else {
                self.flight = Some(flight);
                return Ok(());
            };
            self.written(writing, tried)?;
            flight.writing = None;
        }
        if let Some(tending) = &flight.tending {
            let Some(done) = take(tending, wait)? else {
                self.flight = Some(flight);
                return Ok(());
            };
            self.store.release()?;
            // The log goes on growing, and the next commit says so if the disk is full.
            if let Err(error) = done {
                tracing::warn!(%error, "the store's log could not be copied into its file");
            }
        }
        Ok(())
    }

    /// What was folded is durable: whoever waits hears of it.
    fn appended(&mut self, flight: Appending, tried: Tried) -> Result<(), StoreError> {
        self.store.release()?;
        self.wants_tending |= tried.wants_tending;
        if let Err(error) = tried.written {
            self.waiting.extend(flight.replies);
            return Err(error);
        }
        if let Some(row) = &tried.commit.append {
            self.tail.push(row.seq, row.body.len() as u64);
        }
        self.shared.grow(flight.growth);
        for (reply, verdicts) in flight.replies {
            // A client that went away meanwhile will send again, and it is a repeat then.
            drop(reply.send(Ok(verdicts)));
        }
        let Apply { deliveries, .. } = tried.commit.apply;
        self.outbound.extend(deliveries);
        self.followup.extend(flight.followup);
        Ok(())
    }

    /// Memory follows the store.
    fn written(&mut self, flight: &Writing, tried: Tried) -> Result<(), StoreError> {
        self.store.release()?;
        self.wants_tending |= tried.wants_tending;
        let written = tried.written?;
        let write_back = tried.commit.write_back;
        self.tail.fold_through(write_back.folded);
        self.tail.drop_through(write_back.drop_through);
        let next = (JournalSeq(flight.journal.0 + 1), flight.began);
        let states = write_back.profiles.iter().map(|row| row.state.as_slice());
        for ((snapshot, written), state) in flight.written.iter().zip(written).zip(states) {
            self.cache.written(snapshot, written, next, state);
        }
        Ok(())
    }
}
