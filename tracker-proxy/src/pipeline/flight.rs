//! A commit between the moment at which it is given to the store and the moment at which its
//! result is known.
//!
//! Meanwhile the next one is folded, on top of profiles of which the store will have what they
//! were before: so it is noted of each written profile how far it was. A flight that fails takes
//! everything down that was folded on top of it.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, TryRecvError};

use super::Pipeline;
use super::cache::Snapshot;
use super::inputs::Reply;
use super::results::Followup;
use super::writer::{self, Tried};
use crate::ingest::Verdict;
use crate::keys::{AccountNo, AudienceNo, JournalSeq, ProfileId};
use crate::store::{Apply, StoreError};

/// What is on its way to the disk.
#[derive(Debug)]
pub(super) enum Flight {
    Commit(Box<Committing>),
    /// No commit, but work that commits left behind.
    Tending(Receiver<Result<(), StoreError>>),
}

#[derive(Debug)]
pub(super) struct Committing {
    pub(super) tried: Receiver<Tried>,
    /// The newest journal row when it began.
    pub(super) journal: JournalSeq,
    /// The profiles that it writes back, in the order of its rows.
    pub(super) written: Vec<(ProfileId, Snapshot)>,
    pub(super) growth: HashMap<(AccountNo, AudienceNo), i64>,
    /// Who waits for it.
    pub(super) replies: Vec<(Reply, Vec<Verdict>)>,
    pub(super) followup: Followup,
}

enum Landed {
    Commit(Box<Committing>, Box<Tried>),
    Tended(Result<(), StoreError>),
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

    /// Takes the result of what is under way, if it is there.
    ///
    /// # Errors
    ///
    /// The commit failed: everything in memory is to be thrown away.
    pub(super) fn land(&mut self) -> Result<(), StoreError> {
        let landed = match self.flight.take() {
            None => return Ok(()),
            Some(Flight::Commit(flight)) => match flight.tried.try_recv() {
                Ok(tried) => Landed::Commit(flight, Box::new(tried)),
                Err(TryRecvError::Empty) => {
                    self.flight = Some(Flight::Commit(flight));
                    return Ok(());
                }
                Err(TryRecvError::Disconnected) => return Err(writer::gone()),
            },
            Some(Flight::Tending(done)) => match done.try_recv() {
                Ok(done) => Landed::Tended(done),
                Err(TryRecvError::Empty) => {
                    self.flight = Some(Flight::Tending(done));
                    return Ok(());
                }
                Err(TryRecvError::Disconnected) => return Err(writer::gone()),
            },
        };
        self.landed(landed)
    }

    /// Waits for what is under way.
    ///
    /// # Errors
    ///
    /// As for [`Self::land`].
    pub(super) fn settle(&mut self) -> Result<(), StoreError> {
        let landed = match self.flight.take() {
            None => return Ok(()),
            Some(Flight::Commit(flight)) => {
                let tried = flight.tried.recv().map_err(|_| writer::gone())?;
                Landed::Commit(flight, Box::new(tried))
            }
            Some(Flight::Tending(done)) => Landed::Tended(done.recv().map_err(|_| writer::gone())?),
        };
        self.landed(landed)
    }

    fn landed(&mut self, landed: Landed) -> Result<(), StoreError> {
        self.store.release()?;
        match landed {
            Landed::Commit(flight, tried) => self.committed(*flight, *tried),
            Landed::Tended(done) => {
                // The log goes on growing, and the next commit says so if the disk is full.
                if let Err(error) = done {
                    tracing::warn!(%error, "the store's log could not be copied into its file");
                }
                Ok(())
            }
        }
    }

    /// Memory follows the store.
    fn committed(&mut self, flight: Committing, tried: Tried) -> Result<(), StoreError> {
        let Tried {
            commit,
            written,
            wants_tending,
        } = tried;
        self.wants_tending = wants_tending;
        let written = match written {
            Ok(written) => written,
            Err(error) => {
                self.waiting.extend(flight.replies);
                return Err(error);
            }
        };
        if let Some(row) = &commit.append {
            self.tail.push(row.seq, row.body.len() as u64);
        }
        self.tail.fold_through(commit.write_back.folded);
        self.tail.drop_through(commit.write_back.drop_through);
        let next = JournalSeq(flight.journal.0 + 1);
        let states = commit.write_back.profiles.iter().map(|row| row.state.len());
        for (((id, snapshot), written), state_bytes) in
            flight.written.into_iter().zip(written).zip(states)
        {
            self.cache
                .written(id, &snapshot, written, (next, commit.clock), state_bytes);
        }
        self.shared.grow(flight.growth);
        for (reply, verdicts) in flight.replies {
            // A client that went away meanwhile will send again, and it is a repeat then.
            drop(reply.send(Ok(verdicts)));
        }
        let Apply { deliveries, .. } = commit.apply;
        self.outbound.extend(deliveries);
        self.followup.extend(flight.followup);
        Ok(())
    }
}
