//! The loop on the SDK's own thread: it waits, writes to disk, and starts a flight for each chunk.

use std::sync::Arc;
use std::time::Instant;

use tokio::task::JoinSet;
use tokio::time::sleep_until;
use tracing::Instrument;

use super::chunk::Chunk;
use super::deliver::{Route, deliver};
use super::fate::NotDelivered;
use super::queue::{Content, Queue, Sealed, Turn};
use super::report::DropReason;
use crate::clock;
use crate::limits::SPOOL_LOOK_INTERVAL;
use crate::transport::Transport;

pub(super) struct Worker<T> {
    pub(super) route: Arc<Route<T>>,
    pub(super) in_flight_max: usize,
    pub(super) batch_events_max: usize,
    /// Most bytes of events in a batch, envelope left out.
    pub(super) batch_bytes_max: usize,
}

impl<T: Transport> Worker<T> {
    /// Runs until the queue is drained or the time for draining is over.
    pub(super) async fn run(self) {
        let queue = &self.route.queue;
        let mut flights = JoinSet::new();
        let mut look_at = queue.store().map(|_| clock::instant());
        loop {
            let now = clock::instant();
            if look_at.is_some_and(|at| now >= at) {
                look_at = Some(clock::after(now, SPOOL_LOOK_INTERVAL));
                self.look_around();
            }
            self.adopt();
            let room = flights.len() < self.in_flight_max;
            let until = match queue.turn(now, room) {
                Turn::Stop => return,
                Turn::Wait(until) => until.into_iter().chain(look_at).min(),
                Turn::Write(priority, number, chunk) => {
                    let store = queue.store().expect("only with a store chunks are written");
                    let place = store.persist(priority, &chunk);
                    queue.written(priority, number, chunk, place);
                    continue;
                }
                Turn::Send(sealed) => {
                    let priority = sealed.priority.as_str();
                    if let Some((number, chunk)) = load(queue, sealed) {
                        let events = chunk.len();
                        let span = tracing::debug_span!("segue.deliver", number, priority, events);
                        let flight = deliver(Arc::clone(&self.route), number, chunk);
                        flights.spawn(flight.instrument(span));
                    }
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

    fn look_around(&self) {
        if let Some(store) = self.route.queue.store() {
            store.look_around();
        }
    }

    /// Takes a segment that was left behind, when the one before it is settled.
    fn adopt(&self) {
        let queue = &self.route.queue;
        if let Some(store) = queue.store()
            && store.has_found()
            && queue.is_hungry()
        {
            let found = store.take_found(self.batch_events_max, self.batch_bytes_max);
            let events: usize = found.iter().map(|found| found.events).sum();
            tracing::info!(events, "events were left behind in the spool");
            queue.adopt(found);
        }
    }
}

/// The events of a chunk, read back from disk where memory has let go of them.
fn load(queue: &Queue, sealed: Sealed) -> Option<(u64, Chunk)> {
    let stored = match sealed.content {
        Content::Memory(chunk) | Content::Unspooled(chunk) => return Some((sealed.number, chunk)),
        Content::Stored(stored) => stored,
        Content::Away => return None,
    };
    let (events, bytes) = (stored.len(), stored.event_bytes());
    queue.loaded(events, bytes);
    match stored.load() {
        Ok(chunk) => Some((sealed.number, chunk)),
        Err((stored, error)) => {
            tracing::error!(%error, events, "events in the spool cannot be read back");
            stored.give_up(&Err(NotDelivered::Dropped(DropReason::SpoolDamaged)));
            queue.give_up(DropReason::SpoolDamaged, events, bytes, true);
            queue.finish(sealed.number);
            None
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
