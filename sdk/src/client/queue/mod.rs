//! What waits to be sent, and the ledger of what became of everything.
//!
//! In: single events, from any thread. Out: sealed chunks, to the worker. One mutex guards queue
//! and ledger, so that every report adds up; it is held for one copy of one event, never while
//! foreign code runs. Nothing survives a crash.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::chunk::{Chunk, ENVELOPE_BYTES};
use super::report::{DropReason, Report};
use crate::clock;

/// The bounds of the queue and its batches, in the units of their names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) batch_events_max: usize,
    pub(super) batch_bytes_max: usize,
    pub(super) batch_interval: Duration,
    pub(super) event_bytes_max: usize,
    pub(super) queue_events_max: u64,
    pub(super) queue_bytes_max: usize,
}

#[derive(Debug)]
pub(super) struct Queue {
    bounds: Bounds,
    state: Mutex<State>,
    /// Tells the worker to look again.
    wake: Notify,
    /// Tells sleeping retries that time is running out.
    drain: Notify,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    open: Chunk,
    /// When the open chunk is sent although it is not full.
    due: Option<Instant>,
    sealed: VecDeque<Sealed>,
    /// The number that the open chunk will get.
    next: u64,
    /// The numbers of chunks that are sealed or in flight.
    outstanding: BTreeSet<u64>,
    held_bytes: usize,
    report: Report,
    waiters: Vec<Waiter>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Running,
    Draining { deadline: Instant },
    Closed,
}

/// A chunk that takes no more events, with its number in order.
#[derive(Debug)]
pub(super) struct Sealed {
    pub(super) number: u64,
    pub(super) chunk: Chunk,
}

/// Somebody who waits for a report.
struct Waiter {
    /// Satisfied when no chunk below this number is outstanding; `None` waits for the end.
    below: Option<u64>,
    deadline: Instant,
    answer: Answer,
}

pub(super) type Answer = Box<dyn FnOnce(Report) + Send>;

impl std::fmt::Debug for Waiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waiter")
            .field("below", &self.below)
            .finish_non_exhaustive()
    }
}

/// What the worker does next.
#[derive(Debug)]
pub(super) enum Turn {
    Send(Sealed),
    Wait(Option<Instant>),
    Stop,
}

impl Queue {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            state: Mutex::new(State {
                phase: Phase::Running,
                open: Chunk::default(),
                due: None,
                sealed: VecDeque::new(),
                next: 0,
                outstanding: BTreeSet::new(),
                held_bytes: 0,
                report: Report::default(),
                waiters: Vec::new(),
            }),
            wake: Notify::new(),
            drain: Notify::new(),
        }
    }

    /// The state is consistent whenever the lock is free, even after a panic.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one event's JSON, or counts it as dropped.
    pub(super) fn push(&self, event: &[u8]) -> Result<(), DropReason> {
        let mut state = self.state();
        if let Err(reason) = state.admit(&self.bounds, event.len()) {
            drop(state);
            return self.refuse(reason);
        }
        let mut wake = false;
        if !state.open.fits(&self.bounds, event.len()) {
            state.seal();
            wake = true;
        }
        // The worker starts the clock for the first event of a chunk.
        wake |= state.open.is_empty();
        state.open.push(event);
        state.report.tracked += 1;
        state.report.pending += 1;
        state.held_bytes += event.len();
        if state.open.len() == self.bounds.batch_events_max {
            state.seal();
            wake = true;
        }
        drop(state);
        if wake {
            self.wake.notify_one();
        }
        Ok(())
    }

    /// Counts one event that never got into the queue.
    pub(super) fn refuse(&self, reason: DropReason) -> Result<(), DropReason> {
        let first = {
            let mut state = self.state();
            state.report.tracked += 1;
            state.report.dropped.add(reason, 1)
        };
        if first {
            tracing::warn!(%reason, "events are dropped; the report counts them");
        }
        Err(reason)
    }

    /// Counts events that were answered.
    pub(super) fn settle(&self, delivered: u64, rejected: u64, bytes: usize) {
        let mut state = self.state();
        state.report.delivered += delivered;
        state.report.rejected += rejected;
        state.release(delivered + rejected, bytes);
    }

    /// Counts events that are given up after they were queued.
    pub(super) fn give_up(&self, reason: DropReason, events: u64, bytes: usize) {
        let first = {
            let mut state = self.state();
            state.release(events, bytes);
            state.report.dropped.add(reason, events)
        };
        if first {
            tracing::warn!(%reason, events, "events are dropped; the report counts them");
        }
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
        state.seal();
        let deadline = clock::after(clock::instant(), timeout);
        let below = Some(state.next);
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
        let mut state = self.state();
        let done = state.take_done(now);
        let turn = state.turn(now, room, self.bounds.batch_interval);
        let report = state.report.clone();
        drop(state);
        for waiter in done {
            (waiter.answer)(report.clone());
        }
        turn
    }

    /// The worker has ended: nothing more is taken, and whoever waits is answered.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.phase = Phase::Closed;
        state.sealed.clear();
        state.open = Chunk::default();
        let waiters = std::mem::take(&mut state.waiters);
        let report = state.report.clone();
        drop(state);
        for waiter in waiters {
            (waiter.answer)(report.clone());
        }
    }
}

impl State {
    fn admit(&self, bounds: &Bounds, bytes: usize) -> Result<(), DropReason> {
        if self.phase != Phase::Running {
            return Err(DropReason::Closed);
        }
        if bytes > bounds.event_bytes_max {
            return Err(DropReason::TooLarge);
        }
        let full = self.report.pending >= bounds.queue_events_max
            || self.held_bytes + bytes > bounds.queue_bytes_max;
        if full {
            Err(DropReason::QueueFull)
        } else {
            Ok(())
        }
    }

    fn seal(&mut self) {
        if self.open.is_empty() {
            return;
        }
        let successor = Chunk::with_capacity(self.open.bytes());
        let chunk = std::mem::replace(&mut self.open, successor);
        self.outstanding.insert(self.next);
        self.sealed.push_back(Sealed {
            number: self.next,
            chunk,
        });
        self.next += 1;
        self.due = None;
    }

    fn release(&mut self, events: u64, bytes: usize) {
        self.report.pending -= events;
        self.held_bytes -= bytes;
    }

    fn turn(&mut self, now: Instant, room: bool, interval: Duration) -> Turn {
        let mut until = self.waiters.iter().map(|waiter| waiter.deadline).min();
        if let Phase::Draining { deadline } = self.phase {
            if self.report.pending == 0 || now >= deadline {
                return Turn::Stop;
            }
            self.seal();
        }
        if !self.open.is_empty() {
            self.due.get_or_insert_with(|| clock::after(now, interval));
        }
        if room {
            match self.due {
                Some(due) if now >= due => self.seal(),
                Some(due) => until = Some(until.map_or(due, |until| until.min(due))),
                None => {}
            }
            if let Some(sealed) = self.sealed.pop_front() {
                return Turn::Send(sealed);
            }
        }
        Turn::Wait(until)
    }

    /// Removes the waiters that are satisfied or out of time.
    fn take_done(&mut self, now: Instant) -> Vec<Waiter> {
        let oldest = self.outstanding.first().copied().unwrap_or(self.next);
        let done = |waiter: &mut Waiter| {
            waiter
                .below
                .is_some_and(|below| oldest >= below || now >= waiter.deadline)
        };
        self.waiters.extract_if(.., done).collect()
    }
}

impl Chunk {
    fn fits(&self, bounds: &Bounds, bytes: usize) -> bool {
        self.is_empty() || self.bytes() + 1 + bytes + ENVELOPE_BYTES <= bounds.batch_bytes_max
    }
}

#[cfg(test)]
mod tests;
