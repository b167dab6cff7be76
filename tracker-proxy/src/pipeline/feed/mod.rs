//! Feeding the delivery worker: what was just committed directly, what waits in the store in
//! its turn.
//!
//! The worker's memory is bounded, the store's is not. When the queue of a destination is over
//! the bound, the worker gives back what is due last; that, and whatever is due later, is fed
//! from the store once there is room.
//!
//! A delivery is the worker's from the moment at which it is handed over until it is given back
//! or its attempt is reported. Its row waits all that time, and for a while longer than the
//! worker knows of it: until the report is committed. So it is noted here who has what, and no
//! row is handed over twice, however the two pass each other.

use std::collections::{HashMap, HashSet, VecDeque};

use tokio::sync::mpsc;

use super::results::to_delivery;
use crate::clock::TimeMs;
use crate::delivery::Delivery;
use crate::keys::AccountNo;
use crate::store::{Reader, StoreError};

/// How many deliveries are read from the store at once.
const READ_MAX: u32 = 256;

/// A destination of an account.
pub(super) type Lane = (AccountNo, String);

/// One pass over the deliveries of a destination that wait in the store, in the order in which
/// they are due.
#[derive(Debug)]
struct Pass {
    lane: Lane,
    /// Everything up to this due time and row was handed over.
    after: (TimeMs, i64),
    /// Something waits that this pass has passed already.
    again: bool,
}

impl Pass {
    fn from(lane: Lane, first: TimeMs) -> Self {
        Self {
            lane,
            after: (first.plus(-1), i64::MAX),
            again: false,
        }
    }

    /// True if the pass will come by what is due then.
    fn reaches(&self, due: TimeMs) -> bool {
        self.after.0 < due
    }
}

/// What is on its way to the worker.
#[derive(Debug, Default)]
pub(super) struct Feed {
    passes: VecDeque<Pass>,
    /// Destinations whose queues are full, each with the due time of what was given back first:
    /// what is due later need not be handed over.
    full: HashMap<Lane, TimeMs>,
    /// What the worker has.
    handed: HashSet<String>,
    /// Nobody has looked yet which destinations have something waiting.
    unread: bool,
    /// How many rows were read so far, to see that a long queue is read once and not each time
    /// that it moves.
    rows_read: u64,
}

impl Feed {
    /// Begins with everything that waits in the store.
    pub(super) fn from_store() -> Self {
        Self {
            unread: true,
            ..Self::default()
        }
    }

    /// Looks through the store again for all that the worker does not have.
    pub(super) fn start_over(&mut self) {
        self.passes.clear();
        self.unread = true;
    }

    /// An attempt at it has ended; what follows is in the next commit.
    pub(super) fn reported(&mut self, id: &str) {
        self.handed.remove(id);
    }

    /// The worker gave a delivery back that is due then.
    pub(super) fn given_back(&mut self, lane: Lane, id: &str, due: TimeMs) {
        self.handed.remove(id);
        let bound = self.full.entry(lane).or_insert(due);
        *bound = due.min(*bound);
    }

    /// The worker has room for this destination again.
    pub(super) fn room(&mut self, lane: Lane) {
        // What is due before the first that was given back was handed over.
        if let Some(first) = self.full.remove(&lane) {
            self.pass(lane, first);
        }
    }

    fn pass(&mut self, lane: Lane, first: TimeMs) {
        match self.passes.iter_mut().find(|pass| pass.lane == lane) {
            None => self.passes.push_back(Pass::from(lane, first)),
            Some(pass) if pass.reaches(first) => {}
            Some(pass) => pass.again = true,
        }
    }

    /// True if there is something to feed.
    pub(super) fn is_behind(&self) -> bool {
        self.unread || !self.passes.is_empty()
    }

    /// Hands a delivery over whose row is committed, unless a pass will come by it or it has to
    /// wait for room.
    pub(super) fn send(&mut self, delivery: Delivery, worker: &mpsc::Sender<Delivery>) {
        let lane = (delivery.account, delivery.destination.clone());
        let due = delivery.next;
        let reached = |pass: &Pass| pass.lane == lane && pass.reaches(due);
        if self.unread || self.has_to_wait(&lane, due) || self.passes.iter().any(reached) {
            return;
        }
        if !self.hand_over(delivery, worker) {
            self.pass(lane, due);
        }
    }

    fn has_to_wait(&self, lane: &Lane, due: TimeMs) -> bool {
        self.full.get(lane).is_some_and(|first| due >= *first)
    }

    /// False if the worker's channel is full.
    fn hand_over(&mut self, delivery: Delivery, worker: &mpsc::Sender<Delivery>) -> bool {
        let id = delivery.id.clone();
        let taken = worker.try_send(delivery).is_ok();
        if taken {
            self.handed.insert(id);
        }
        taken
    }

    /// Feeds what the worker's channel takes right now.
    pub(super) fn advance(
        &mut self,
        store: &(dyn Reader + Send),
        worker: &mpsc::Sender<Delivery>,
    ) -> Result<(), StoreError> {
        if self.unread {
            for lane in store.waiting_destinations()? {
                self.pass(lane, TimeMs(i64::MIN).plus(1));
            }
            self.unread = false;
        }
        while let Some(mut pass) = self.passes.pop_front() {
            let done = self.advance_pass(&mut pass, store, worker);
            if matches!(done, Ok(true)) {
                if pass.again {
                    self.passes
                        .push_back(Pass::from(pass.lane, TimeMs(i64::MIN).plus(1)));
                }
                continue;
            }
            self.passes.push_front(pass);
            return done.map(|_| ());
        }
        Ok(())
    }

    /// True when the pass is at its end, false when the worker's channel is full.
    fn advance_pass(
        &mut self,
        pass: &mut Pass,
        store: &(dyn Reader + Send),
        worker: &mpsc::Sender<Delivery>,
    ) -> Result<bool, StoreError> {
        loop {
            // What does not fit is not read: it would be read again for each time that it waits.
            let limit =
                u32::try_from(worker.capacity()).map_or(READ_MAX, |room| room.min(READ_MAX));
            if limit == 0 {
                return Ok(false);
            }
            let (account, name) = (pass.lane.0, pass.lane.1.as_str());
            let rows = store.waiting_deliveries(account, name, pass.after, limit)?;
            self.rows_read += rows.len() as u64;
            if rows.is_empty() {
                return Ok(true);
            }
            for row in rows {
                let place = (row.next, row.row);
                if self.has_to_wait(&pass.lane, row.next) {
                    return Ok(true);
                }
                let has_it = self.handed.contains(&row.id);
                if !has_it && !self.hand_over(to_delivery(row), worker) {
                    return Ok(false);
                }
                pass.after = place;
            }
        }
    }
}

#[cfg(test)]
mod tests;
