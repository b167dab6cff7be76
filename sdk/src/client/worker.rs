//! The loop on the SDK's own thread: it waits, and starts a flight for each chunk.

use std::sync::Arc;
use std::time::Instant;

use tokio::task::JoinSet;
use tokio::time::sleep_until;

use super::deliver::{Route, deliver};
use super::queue::{Queue, Turn};
use crate::clock;
use crate::transport::Transport;

pub(super) struct Worker<T> {
    pub(super) route: Arc<Route<T>>,
    pub(super) in_flight_max: usize,
}

impl<T: Transport> Worker<T> {
    /// Runs until the queue is drained or the time for draining is over.
    pub(super) async fn run(self) {
        let queue = &self.route.queue;
        let mut flights = JoinSet::new();
        loop {
            let room = flights.len() < self.in_flight_max;
            let until = match queue.turn(clock::instant(), room) {
                Turn::Stop => return,
                Turn::Wait(until) => until,
                Turn::Send(sealed) => {
                    flights.spawn(deliver(Arc::clone(&self.route), sealed));
                    continue;
                }
            };
            tokio::select! {
                () = queue.woken() => {}
                Some(ended) = flights.join_next() => {
                    if let Err(error) = ended {
                        tracing::error!(%error, "a transport or callback panicked");
                    }
                }
                () = reached(until) => {}
            }
        }
    }
}

/// Returns at this instant, or never without one.
async fn reached(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until.into()).await,
        None => std::future::pending().await,
    }
}

/// Closes the queue when the thread ends, however it ends.
pub(super) struct Closing(pub(super) Arc<Queue>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}
