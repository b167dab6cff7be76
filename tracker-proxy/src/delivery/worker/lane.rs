//! The queue of one destination.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::attempt::{Finished, News};
use super::report::{AttemptResult, Delivery};
use crate::clock::TimeMs;
use crate::delivery::breaker::{Admission, Breaker};
use crate::delivery::destination::Destination;
use crate::delivery::directory::{DestinationKey, DestinationMap};

/// An attempt that may begin.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) lane: u64,
    pub(super) delivery: Delivery,
    /// Nothing: it was deleted.
    pub(super) destination: Option<Arc<Destination>>,
    pub(super) probe: bool,
}

/// What a lane can do now.
#[derive(Debug)]
pub(super) enum Step {
    /// Begin an attempt.
    Start(Box<Start>),
    /// Nothing before this time.
    WaitUntil(TimeMs),
    /// Nothing before one of its attempts has ended.
    WaitForAttempt,
    /// Nothing before any attempt has ended.
    Crowded,
    /// Nothing: the queue is empty.
    Empty,
}

/// Where a delivery is.
#[derive(Debug, Clone, Copy)]
enum Place {
    Queued(TimeMs, u64),
    Running,
}

/// The queue of one destination.
#[derive(Debug)]
pub(super) struct Lane {
    no: u64,
    pub(super) key: DestinationKey,
    /// In the order of due times; the number tells apart what is due together.
    queue: BTreeMap<(TimeMs, u64), Delivery>,
    /// Every delivery that is queued or under way, so that none is in twice.
    places: HashMap<String, Place>,
    bytes: usize,
    arrivals: u64,
    running: usize,
    breaker: Breaker,
    /// The destination as it was when its breaker was looked at last.
    known: Option<Arc<Destination>>,
    /// When the lane is to be looked at again.
    pub(super) wake: Option<TimeMs>,
    /// Whether the lane is in the line of those to be looked at.
    pub(super) ready: bool,
    /// Deliveries were given back; there is room again once no more than so many are left.
    room_below: Option<usize>,
}

impl Lane {
    pub(super) fn new(no: u64, key: DestinationKey) -> Self {
        Self {
            no,
            key,
            queue: BTreeMap::new(),
            places: HashMap::new(),
            bytes: 0,
            arrivals: 0,
            running: 0,
            breaker: Breaker::default(),
            known: None,
            wake: None,
            ready: false,
            room_below: None,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes a delivery in. One that is queued already is replaced, because the pipeline may have
    /// brought it forward; one that is under way is left to its attempt.
    pub(super) fn put(&mut self, delivery: Delivery) {
        match self.places.get(&delivery.id) {
            Some(Place::Running) => return,
            Some(&Place::Queued(due, number)) => drop(self.take_out(due, number)),
            None => {}
        }
        let (due, number) = (delivery.next, self.arrivals);
        self.arrivals += 1;
        self.bytes += delivery.body.len();
        let place = Place::Queued(due, number);
        self.places.insert(delivery.id.clone(), place);
        self.queue.insert((due, number), delivery);
    }

    fn take_out(&mut self, due: TimeMs, number: u64) -> Option<Delivery> {
        let delivery = self.queue.remove(&(due, number))?;
        self.bytes -= delivery.body.len();
        self.places.remove(&delivery.id);
        Some(delivery)
    }

    /// Takes out what is due last.
    pub(super) fn overflow(&mut self) -> Option<Delivery> {
        let (&(due, number), _) = self.queue.last_key_value()?;
        let delivery = self.take_out(due, number);
        // Half, so that the store is not read again for each delivery that goes out.
        self.room_below = Some(self.queue.len() / 2);
        delivery
    }

    /// True once when enough has gone out after an overflow.
    pub(super) fn take_room(&mut self) -> bool {
        let room = self
            .room_below
            .is_some_and(|bound| self.queue.len() <= bound);
        if room {
            self.room_below = None;
        }
        room
    }

    /// What can be done now.
    pub(super) fn step(
        &mut self,
        now: TimeMs,
        destinations: &DestinationMap,
        crowded: bool,
    ) -> Step {
        let destination = destinations.get(&self.key);
        let changed = match (destination, &self.known) {
            (Some(now), Some(before)) => !Arc::ptr_eq(now, before),
            (None, None) => false,
            (Some(_), None) | (None, Some(_)) => true,
        };
        if changed {
            // What the breaker has learned was about another URL or another password.
            self.breaker = Breaker::default();
            self.known = destination.cloned();
        }
        let Some((&(due, _), _)) = self.queue.first_key_value() else {
            return Step::Empty;
        };
        if due > now {
            return Step::WaitUntil(due);
        }
        let concurrency = destination.map_or(1, |known| usize::from(known.concurrency.max(1)));
        if self.running >= concurrency {
            return Step::WaitForAttempt;
        }
        if crowded && self.running > 0 {
            return Step::Crowded;
        }
        let admission = match destination {
            Some(_) => self.breaker.admit(now),
            None => Admission::Go,
        };
        match admission {
            Admission::Go => self.start(destination.cloned(), false),
            Admission::Probe => self.start(destination.cloned(), true),
            Admission::Wait(until) => Step::WaitUntil(until),
            Admission::Probing => Step::WaitForAttempt,
        }
    }

    fn start(&mut self, destination: Option<Arc<Destination>>, probe: bool) -> Step {
        let Some((_, delivery)) = self.queue.pop_first() else {
            return Step::Empty;
        };
        self.bytes -= delivery.body.len();
        if let Some(place) = self.places.get_mut(&delivery.id) {
            *place = Place::Running;
        }
        self.running += 1;
        Step::Start(Box::new(Start {
            lane: self.no,
            delivery,
            destination,
            probe,
        }))
    }

    /// Frees the slot and learns from the attempt.
    pub(super) fn finish(&mut self, finished: &Finished, now: TimeMs) {
        self.running -= 1;
        self.places.remove(&finished.result.delivery.id);
        let was_well = self.breaker.is_well();
        match finished.news {
            News::Well => self.breaker.succeed(),
            News::Struggling => self.breaker.fail(now),
            News::Misconfigured => self.breaker.trip(now),
            News::Overloaded(ms) => self.breaker.pause(now, ms),
            News::None if finished.probe => self.breaker.release(now),
            News::None => {}
        }
        match (was_well, self.breaker.is_well()) {
            (true, false) => log_trouble(&finished.result),
            (false, true) => {
                let destination = &finished.result.delivery.destination;
                tracing::info!(destination, "the destination takes deliveries again");
            }
            _ => {}
        }
    }

    /// True if nothing would be lost with the lane.
    pub(super) fn is_spent(&self) -> bool {
        self.queue.is_empty() && self.running == 0 && self.breaker.is_fresh()
    }
}

/// Says once that a destination fails, and not for each of its deliveries.
fn log_trouble(result: &AttemptResult) {
    tracing::warn!(
        destination = result.delivery.destination,
        status = result.status,
        error = result.error,
        "the destination does not take deliveries; GET /admin/v1/deliveries says what becomes of them"
    );
}
