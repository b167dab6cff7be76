//! What waits to be sent, and the ledger of what became of everything.
//!
//! In: single events, from any thread. Out: sealed chunks, to the worker, one lane for each
//! priority. One mutex guards lanes and ledger (`state`), so that every report adds up; it is held
//! for one copy of one event, never while foreign code runs. What happens when there is no room is
//! decided in `room`. With a spool that writes through, the mutex is held while an event is handed
//! to the operating system, because the order on disk is the order in the chunk.

mod lane;
mod room;
mod state;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::OverflowPolicy;
use super::chunk::{Chunk, Evicted, Stored};
use super::fate::{Fate, NotDelivered};
use super::report::{DropReason, Report};
use super::spool::{Found, NotStored, Place, Store};
use crate::clock;
use crate::priority::Priority;
pub(super) use lane::{Content, Sealed};
pub(super) use state::Turn;
use state::{Admission, Phase, State, Waiter};

/// The bounds of the queue and its batches, in the units of their names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) batch_events_max: usize,
    pub(super) batch_bytes_max: usize,
    /// Bytes of a body that are not events.
    pub(super) envelope_bytes: usize,
    pub(super) batch_interval: Duration,
    pub(super) event_bytes_max: usize,
    pub(super) queue_events_max: usize,
    pub(super) queue_bytes_max: usize,
}

#[derive(Debug)]
pub(super) struct Queue {
    bounds: Bounds,
    overflow: OverflowPolicy,
    store: Option<Store>,
    state: Mutex<State>,
    /// Tells the worker to look again.
    wake: Arc<Notify>,
    /// Tells sleeping retries that time is running out.
    drain: Notify,
    /// Tells blocked callers that there may be room.
    room: Condvar,
}

pub(super) type Answer = Box<dyn FnOnce(Report) + Send>;

/// An event that was taken, and where to ask what became of it.
#[derive(Clone, Debug)]
pub(super) struct Ticket {
    pub(super) fate: Arc<Fate>,
    pub(super) index: u32,
    pub(super) is_spooled: bool,
}

/// What a caller may do to get its event in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller {
    pub(super) priority: Priority,
    /// Not on the worker's own thread, which would wait for itself.
    pub(super) may_block: bool,
    /// Whether somebody wants to see the events that are let go.
    pub(super) keep_evicted: bool,
}

impl Queue {
    pub(super) fn new(bounds: Bounds, overflow: OverflowPolicy, store: Option<Store>) -> Self {
        let wake = Arc::default();
        Self {
            bounds,
            overflow,
            store,
            state: Mutex::new(State::new(&wake)),
            wake,
            drain: Notify::new(),
            room: Condvar::new(),
        }
    }

    /// The state is consistent whenever the lock is free, even after a panic.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }

    /// Takes one event's JSON, or counts it as dropped. Also returns what had to go for it.
    pub(super) fn push(
        &self,
        event: &[u8],
        caller: Caller,
    ) -> (Result<Ticket, DropReason>, Vec<Evicted>) {
        let mut evicted = Vec::new();
        let state = self.state();
        let (state, admitted) = self.make_room(state, event.len(), caller, &mut evicted);
        let taken = match admitted {
            Ok(()) => Ok(self.take(state, event, caller.priority)),
            Err(reason) => {
                drop(state);
                Err(self.refuse(reason))
            }
        };
        for event in &evicted {
            event.settle(&Err(NotDelivered::Dropped(DropReason::QueueFull)));
        }
        (taken, evicted)
    }

    fn take(&self, mut state: MutexGuard<'_, State>, event: &[u8], priority: Priority) -> Ticket {
        let mut wake = state.open_for(&self.bounds, priority, event.len(), &self.wake);
        let stored = match &self.store {
            Some(store) if store.writes_through() => {
                Some(state.store_through(store, priority, event, &self.wake))
            }
            _ => None,
        };
        // The worker starts the clock for the first event of a chunk.
        wake |= state.lane(priority).open.is_empty();
        let is_spooled = matches!(stored, Some(Ok(())));
        let (fate, index) = state.add(event, priority, is_spooled);
        wake |= state.seal_if_full(&self.bounds, priority, &self.wake);
        let failure = stored.and_then(Result::err);
        let first_failure = failure.filter(|_| state.count_unspooled(1));
        drop(state);
        if let Some(error) = first_failure {
            warn_unspooled(&error);
        }
        if wake {
            self.wake.notify_one();
        }
        Ticket {
            fate,
            index,
            is_spooled,
        }
    }

    /// Counts one event that never got into the queue.
    pub(super) fn refuse(&self, reason: DropReason) -> DropReason {
        if reason == DropReason::QueueFull && self.overflow == OverflowPolicy::Refuse {
            self.state().report.refused += 1;
            return reason;
        }
        let first = {
            let mut state = self.state();
            state.report.tracked += 1;
            state.report.dropped.add(reason, 1)
        };
        if first {
            tracing::warn!(%reason, "events are dropped; the report counts them");
        }
        reason
    }

    /// Counts a request that is about to be made.
    pub(super) fn count_request(&self, attempt: u32, bytes: usize) {
        let mut state = self.state();
        state.report.requests += 1;
        state.report.retries += u64::from(attempt > 0);
        state.report.request_bytes += bytes as u64;
    }

    /// Counts events that were answered.
    pub(super) fn settle(&self, part: &Chunk, rejected: usize) {
        let mut state = self.state();
        state.report.delivered += (part.len() - rejected) as u64;
        state.report.rejected += rejected as u64;
        state.release(part.len(), part.event_bytes(), part.place().is_some());
        drop(state);
        self.room.notify_all();
    }

    /// Counts events that are given up after they were queued and taken out for sending.
    pub(super) fn give_up(&self, reason: DropReason, events: usize, bytes: usize, stored: bool) {
        let first = {
            let mut state = self.state();
            state.release(events, bytes, stored);
            state.report.dropped.add(reason, events as u64)
        };
        self.room.notify_all();
        if first {
            tracing::warn!(%reason, events, "events are dropped; the report counts them");
        }
    }

    /// Events that were on disk alone are in memory again, to be sent.
    pub(super) fn loaded(&self, events: usize, bytes: usize) {
        self.state().hold(events, bytes);
    }

    /// The worker has written a chunk to disk, or has failed to.
    pub(super) fn written(
        &self,
        priority: Priority,
        number: u64,
        mut chunk: Chunk,
        place: Result<Place, NotStored>,
    ) {
        let events = chunk.len();
        let mut state = self.state();
        let failure = match place {
            Ok(place) => {
                *chunk.place_mut() = Some(place);
                state.report.spooled += events as u64;
                state.put_back(priority, number, Content::Memory(chunk));
                None
            }
            Err(error) => {
                state.put_back(priority, number, Content::Unspooled(chunk));
                Some(error).filter(|_| state.count_unspooled(events))
            }
        };
        drop(state);
        self.room.notify_all();
        if let Some(error) = failure {
            warn_unspooled(&error);
        }
    }

    /// Queues events that another client left behind on disk.
    pub(super) fn adopt(&self, found: Vec<Found>) {
        let mut state = self.state();
        for found in found {
            let (priority, context) = (found.priority, found.context);
            let stored = Stored::found(
                &self.wake,
                found.place,
                found.events,
                found.event_bytes,
                context,
            );
            state.adopt(priority, stored);
        }
    }

    /// Whether events that another client left behind may come in: one segment at a time, so that
    /// neither they nor the client's own have to wait for all of the others.
    pub(super) fn is_hungry(&self) -> bool {
        let state = self.state();
        let adopted = state.adopted;
        let is_settled = adopted.is_none_or(|number| !state.outstanding.contains(&number));
        state.phase == Phase::Running && is_settled
    }

    /// Ends a chunk's flight; what it held is counted already.
    pub(super) fn finish(&self, number: u64) {
        self.state().outstanding.remove(&number);
        self.wake.notify_one();
    }

    pub(super) fn report(&self) -> Report {
        self.state().report.clone()
    }

    pub(super) fn is_running(&self) -> bool {
        self.state().phase == Phase::Running
    }

    /// Sends what is queued now, and answers when all of it is settled or time is up.
    pub(super) fn flush(&self, timeout: Duration, answer: Answer) {
        let mut state = self.state();
        if state.phase == Phase::Closed {
            let report = state.report.clone();
            drop(state);
            return answer(report);
        }
        state.seal_all(&self.wake);
        let below = Some(state.next);
        let deadline = clock::after(clock::instant(), timeout);
        state.waiters.push(Waiter {
            below,
            deadline,
            answer,
        });
        drop(state);
        self.wake.notify_one();
    }

    /// Takes no more events, and answers when the worker has ended: drained, or time was up.
    pub(super) fn shutdown(&self, timeout: Duration, answer: Answer) {
        let mut state = self.state();
        let mut deadline = clock::after(clock::instant(), timeout);
        match state.phase {
            Phase::Running => {}
            Phase::Draining { deadline: earlier } => deadline = deadline.min(earlier),
            Phase::Closed => {
                let report = state.report.clone();
                drop(state);
                return answer(report);
            }
        }
        state.phase = Phase::Draining { deadline };
        state.waiters.push(Waiter {
            below: None,
            deadline,
            answer,
        });
        drop(state);
        self.wake.notify_one();
        self.drain.notify_waiters();
        self.room.notify_all();
    }

    /// Returns when shutdown begins, or at once when it has begun.
    pub(super) async fn draining(&self) {
        // Register before looking, so that a shutdown in between is not slept through.
        let begun = self.drain.notified();
        if self.is_running() {
            begun.await;
        }
    }

    /// Returns when there is something new to look at.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Decides what the worker does next; `room` says whether one more request may fly.
    pub(super) fn turn(&self, now: Instant, room: bool) -> Turn {
        let store = self.store.as_ref();
        let writes_behind = store.is_some_and(|store| !store.writes_through());
        let mut state = self.state();
        let done = state.take_done(now);
        let turn = state.turn(
            now,
            room,
            writes_behind,
            self.bounds.batch_interval,
            &self.wake,
        );
        let report = state.report.clone();
        drop(state);
        for waiter in done {
            (waiter.answer)(report.clone());
        }
        turn
    }

    /// The worker has ended: nothing more is taken, and whoever waits is answered.
    pub(super) fn close(&self) {
        if let Some(store) = &self.store {
            store.close();
        }
        let mut state = self.state();
        state.phase = Phase::Closed;
        let lanes = state.empty_lanes(&self.wake);
        let waiters = std::mem::take(&mut state.waiters);
        let report = state.report.clone();
        drop(state);
        // Whoever waits for an event hears the end from its chunk, which must not be locked then.
        drop(lanes);
        self.room.notify_all();
        for waiter in waiters {
            (waiter.answer)(report.clone());
        }
    }
}

fn warn_unspooled(error: &NotStored) {
    let cause = std::error::Error::source(error);
    tracing::error!(%error, cause, "events are held in memory alone; the report counts them");
}

#[cfg(test)]
mod tests;
