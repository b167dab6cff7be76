//! Feeding the delivery worker: what was just committed directly, what waits in the store in
//! its turn.
//!
//! The worker's memory is bounded, the store's is not. A destination whose queue is over the
//! bound gets nothing directly until there is room; then it is fed from the store. While a feed
//! runs, what it will reach is not sent directly as well: nothing is sent twice on the way.

use std::collections::HashSet;
use std::collections::VecDeque;

use tokio::sync::mpsc;

use crate::delivery::Delivery;
use crate::keys::AccountNo;
use crate::store::{Store, StoreError};

/// How many deliveries are read from the store at once.
const READ_MAX: u32 = 256;

/// A destination of an account.
type Lane = (AccountNo, String);

/// One pass over the deliveries that wait in the store.
#[derive(Debug)]
struct Pass {
    /// Only this destination's, or everybody's.
    lane: Option<Lane>,
    /// Everything up to this row was fed.
    after: i64,
}

/// What is on its way to the worker.
#[derive(Debug, Default)]
pub(super) struct Feed {
    passes: VecDeque<Pass>,
    /// Destinations whose queues in memory are full.
    full: HashSet<Lane>,
}

impl Feed {
    /// Begins with everything that waits in the store.
    pub(super) fn from_store() -> Self {
        let all = Pass {
            lane: None,
            after: 0,
        };
        Self {
            passes: VecDeque::from([all]),
            full: HashSet::new(),
        }
    }

    /// The worker forgot deliveries of this destination.
    pub(super) fn overflow(&mut self, lane: Lane) {
        self.passes.retain(|pass| pass.lane.as_ref() != Some(&lane));
        self.full.insert(lane);
    }

    /// The worker has room for this destination again.
    pub(super) fn room(&mut self, lane: Lane) {
        self.full.remove(&lane);
        self.again(lane);
    }

    fn again(&mut self, lane: Lane) {
        self.passes.retain(|pass| pass.lane.as_ref() != Some(&lane));
        self.passes.push_back(Pass {
            lane: Some(lane),
            after: 0,
        });
    }

    /// True if there is something to feed.
    pub(super) fn is_behind(&self) -> bool {
        !self.passes.is_empty()
    }

    /// Sends a delivery directly, unless a feed will come by it or the worker is not to have it.
    pub(super) fn send(&mut self, delivery: Delivery, worker: &mpsc::Sender<Delivery>) {
        let lane = (delivery.account, delivery.destination.clone());
        let reached = |pass: &Pass| pass.lane.as_ref().is_none_or(|other| *other == lane);
        if self.full.contains(&lane) || self.passes.iter().any(reached) {
            return;
        }
        if worker.try_send(delivery).is_err() {
            self.again(lane);
        }
    }

    /// Feeds what the worker's channel takes right now.
    pub(super) fn advance(
        &mut self,
        store: &(dyn Store + Send),
        worker: &mpsc::Sender<Delivery>,
    ) -> Result<(), StoreError> {
        while let Some(pass) = self.passes.front_mut() {
            if worker.capacity() == 0 {
                return Ok(());
            }
            let lane = pass
                .lane
                .as_ref()
                .map(|(account, name)| (*account, name.as_str()));
            let rows = store.waiting_deliveries(lane, pass.after, READ_MAX)?;
            if rows.is_empty() {
                self.passes.pop_front();
                continue;
            }
            for row in rows {
                let number = row.row;
                let delivery = super::results::to_delivery(row);
                let lane = (delivery.account, delivery.destination.clone());
                if !self.full.contains(&lane) && worker.try_send(delivery).is_err() {
                    return Ok(());
                }
                pass.after = number;
            }
        }
        Ok(())
    }
}
