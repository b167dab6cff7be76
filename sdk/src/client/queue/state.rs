//! Lanes and ledger: what the mutex of the queue guards.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::lane::{Content, Lane, Sealed};
use super::{Answer, Bounds};
use crate::client::chunk::{Chunk, Evicted, Stored};
use crate::client::fate::Fate;
use crate::client::report::{DropReason, Report};
use crate::client::spool::{NotStored, Store};
use crate::clock;
use crate::priority::Priority;

/// After so many chunks of the first lanes, the last lane gets a turn.
const TURNS_PER_LAST_LANE: u32 = 8;

#[derive(Debug)]
pub(super) struct State {
    pub(super) phase: Phase,
    /// By priority, the lowest first.
    lanes: [Lane; Priority::ALL.len()],
    /// The number that the next sealed chunk gets.
    pub(super) next: u64,
    /// The numbers of chunks that are sealed or in flight.
    pub(super) outstanding: BTreeSet<u64>,
    /// The number of the chunk that was found on disk last.
    pub(super) adopted: Option<u64>,
    /// Events in memory, in flight included.
    held_events: usize,
    held_bytes: usize,
    turns: u32,
    pub(super) report: Report,
    pub(super) waiters: Vec<Waiter>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Running,
    Draining { deadline: Instant },
    Closed,
}

/// Somebody who waits for a report.
pub(super) struct Waiter {
    /// Satisfied when no chunk below this number is outstanding; `None` waits for the end.
    pub(super) below: Option<u64>,
    pub(super) deadline: Instant,
    pub(super) answer: Answer,
}

impl std::fmt::Debug for Waiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waiter")
            .field("below", &self.below)
            .finish_non_exhaustive()
    }
}

/// What the worker does next.
#[derive(Debug)]
pub(in crate::client) enum Turn {
    Send(Sealed),
    /// Write a chunk to disk and give it back.
    Write(Priority, u64, Chunk),
    Wait(Option<Instant>),
    Stop,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Admission {
    Taken,
    Full,
    Never(DropReason),
}

impl State {
    pub(super) fn new(wake: &Arc<Notify>) -> Self {
        Self {
            phase: Phase::Running,
            lanes: Priority::ALL.map(|_| Lane::new(wake)),
            next: 0,
            outstanding: BTreeSet::new(),
            adopted: None,
            held_events: 0,
            held_bytes: 0,
            turns: 0,
            report: Report::default(),
            waiters: Vec::new(),
        }
    }

    pub(super) fn lane(&mut self, priority: Priority) -> &mut Lane {
        &mut self.lanes[priority as usize]
    }

    pub(super) fn admit(&self, bounds: &Bounds, bytes: usize) -> Admission {
        if self.phase != Phase::Running {
            return Admission::Never(DropReason::Closed);
        }
        if bytes > bounds.event_bytes_max {
            return Admission::Never(DropReason::TooLarge);
        }
        let full = self.held_events >= bounds.queue_events_max
            || self.held_bytes + bytes > bounds.queue_bytes_max;
        if full {
            Admission::Full
        } else {
            Admission::Taken
        }
    }

    /// Frees the memory of a chunk that is on disk too, the least important first.
    pub(super) fn spill(&mut self) -> bool {
        let freed = self.lanes.iter_mut().find_map(Lane::spill);
        let Some((events, bytes)) = freed else {
            return false;
        };
        self.held_events -= events;
        self.held_bytes -= bytes;
        true
    }

    /// Lets go of the oldest event of the lowest lane that `may_go`.
    pub(super) fn evict(
        &mut self,
        keep: bool,
        may_go: impl Fn(Priority) -> bool,
    ) -> Option<Evicted> {
        for priority in Priority::ALL.into_iter().filter(|one| may_go(*one)) {
            let lane = &mut self.lanes[priority as usize];
            for at in 0..lane.sealed.len() {
                let sealed = &mut lane.sealed[at];
                let (Content::Memory(chunk) | Content::Unspooled(chunk)) = &mut sealed.content
                else {
                    continue;
                };
                let evicted = chunk.evict_front(keep);
                if chunk.is_empty() {
                    self.outstanding.remove(&sealed.number);
                    lane.sealed.remove(at);
                }
                return evicted.map(|evicted| self.let_go(evicted));
            }
            if let Some(evicted) = lane.open.evict_front(keep) {
                return Some(self.let_go(evicted));
            }
        }
        None
    }

    fn let_go(&mut self, evicted: Evicted) -> Evicted {
        self.release(1, evicted.bytes, evicted.was_stored());
        self.report.dropped.add(DropReason::QueueFull, 1);
        evicted
    }

    /// Makes the open chunk one with room for so many bytes. True if one was sealed for it.
    pub(super) fn open_for(
        &mut self,
        bounds: &Bounds,
        priority: Priority,
        bytes: usize,
        wake: &Arc<Notify>,
    ) -> bool {
        let open = &self.lane(priority).open;
        let fits = open.bytes() + 1 + bytes + bounds.envelope_bytes <= bounds.batch_bytes_max;
        !fits && self.seal(priority, wake)
    }

    pub(super) fn seal_if_full(
        &mut self,
        bounds: &Bounds,
        priority: Priority,
        wake: &Arc<Notify>,
    ) -> bool {
        self.lane(priority).open.len() >= bounds.batch_events_max && self.seal(priority, wake)
    }

    /// Writes an event to disk, as the next of the open chunk.
    ///
    /// A chunk is wholly on disk or not at all; where that changes, another one begins.
    pub(super) fn store_through(
        &mut self,
        store: &Store,
        priority: Priority,
        event: &[u8],
        wake: &Arc<Notify>,
    ) -> Result<(), NotStored> {
        let open = &mut self.lane(priority).open;
        let unwritten = !open.is_empty() && open.place().is_none();
        let mut place = open.place_mut().take();
        let written = store.append(priority, &mut place, event);
        if unwritten && written.is_ok() {
            self.seal(priority, wake);
            *self.lane(priority).open.place_mut() = place;
        } else {
            let was_written = place.is_some();
            *self.lane(priority).open.place_mut() = place;
            if was_written && written.is_err() {
                self.seal(priority, wake);
            }
        }
        written
    }

    /// Adds an event to its open chunk, which has room.
    pub(super) fn add(
        &mut self,
        event: &[u8],
        priority: Priority,
        stored: bool,
    ) -> (Arc<Fate>, u32) {
        self.report.tracked += 1;
        self.report.pending += 1;
        self.report.spooled += u64::from(stored);
        self.hold(1, event.len());
        self.lane(priority).open.push(event)
    }

    /// Counts events that should be on disk and are not; true when they are the first.
    pub(super) fn count_unspooled(&mut self, events: usize) -> bool {
        self.report.unspooled += events as u64;
        self.report.unspooled == events as u64
    }

    pub(super) fn put_back(&mut self, priority: Priority, number: u64, content: Content) {
        self.lane(priority).put_back(number, content);
    }

    pub(super) fn adopt(&mut self, priority: Priority, stored: Stored) {
        let events = stored.len() as u64;
        self.report.recovered += events;
        self.report.pending += events;
        self.report.spooled += events;
        let number = self.number();
        self.adopted = Some(number);
        self.lane(priority).sealed.push_back(Sealed {
            number,
            priority,
            content: Content::Stored(stored),
        });
    }

    fn seal(&mut self, priority: Priority, wake: &Arc<Notify>) -> bool {
        let next = self.next;
        let sealed = self.lane(priority).seal(next, priority, wake);
        if sealed {
            self.number();
        }
        sealed
    }

    /// Hands out the next number.
    fn number(&mut self) -> u64 {
        let number = self.next;
        self.outstanding.insert(number);
        self.next += 1;
        number
    }

    pub(super) fn seal_all(&mut self, wake: &Arc<Notify>) {
        for priority in Priority::ALL {
            self.seal(priority, wake);
        }
    }

    pub(super) fn hold(&mut self, events: usize, bytes: usize) {
        self.held_events += events;
        self.held_bytes += bytes;
    }

    /// Settled events leave memory and the count of what is pending.
    pub(super) fn release(&mut self, events: usize, bytes: usize, stored: bool) {
        self.held_events -= events;
        self.held_bytes -= bytes;
        self.report.pending -= events as u64;
        if stored {
            self.report.spooled -= events as u64;
        }
    }

    pub(super) fn turn(
        &mut self,
        now: Instant,
        room: bool,
        writes_behind: bool,
        interval: Duration,
        wake: &Arc<Notify>,
    ) -> Turn {
        let mut until = self.waiters.iter().map(|waiter| waiter.deadline).min();
        let deadline = match self.phase {
            Phase::Draining { deadline } => {
                self.seal_all(wake);
                Some(deadline)
            }
            Phase::Running | Phase::Closed => None,
        };
        // What has to be on disk does not wait for a request to come back.
        if room || writes_behind {
            let due = self.seal_due(now, interval, wake);
            until = until.into_iter().chain(due).min();
        }
        if writes_behind {
            for priority in Priority::ALL.into_iter().rev() {
                if let Some((number, chunk)) = self.lane(priority).take_unwritten() {
                    return Turn::Write(priority, number, chunk);
                }
            }
        }
        if deadline.is_some_and(|deadline| self.report.pending == 0 || now >= deadline) {
            return Turn::Stop;
        }
        match room.then(|| self.pop()).flatten() {
            Some(sealed) => Turn::Send(sealed),
            None => Turn::Wait(until),
        }
    }

    /// Seals what is due; returns when the next chunk will be.
    fn seal_due(
        &mut self,
        now: Instant,
        interval: Duration,
        wake: &Arc<Notify>,
    ) -> Option<Instant> {
        let mut next: Option<Instant> = None;
        for priority in Priority::ALL {
            let lane = self.lane(priority);
            if lane.open.is_empty() {
                continue;
            }
            let due = *lane.due.get_or_insert_with(|| clock::after(now, interval));
            if now >= due || lane.open.is_urgent() {
                self.seal(priority, wake);
            } else {
                next = next.into_iter().chain([due]).min();
            }
        }
        next
    }

    /// The next chunk to send: by priority, but the last lane is never forgotten.
    fn pop(&mut self) -> Option<Sealed> {
        self.turns = (self.turns + 1) % TURNS_PER_LAST_LANE;
        let mut lanes = self.lanes.iter_mut();
        if self.turns == 0 {
            return lanes.find_map(|lane| lane.sealed.pop_front());
        }
        lanes.rev().find_map(|lane| lane.sealed.pop_front())
    }

    /// Removes the waiters that are satisfied or out of time.
    pub(super) fn take_done(&mut self, now: Instant) -> Vec<Waiter> {
        let oldest = self.outstanding.first().copied().unwrap_or(self.next);
        let done = |waiter: &mut Waiter| {
            waiter
                .below
                .is_some_and(|below| oldest >= below || now >= waiter.deadline)
        };
        self.waiters.extract_if(.., done).collect()
    }

    pub(super) fn empty_lanes(&mut self, wake: &Arc<Notify>) -> impl Sized + use<> {
        std::mem::replace(&mut self.lanes, Priority::ALL.map(|_| Lane::new(wake)))
    }
}
