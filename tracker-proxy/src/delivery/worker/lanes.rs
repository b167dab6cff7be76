//! All lanes, whose turn it is, and what is in memory in all.

use std::collections::{BTreeSet, HashMap, VecDeque};

use super::Limits;
use super::attempt::Finished;
use super::lane::{Lane, Start, Step};
use super::report::{Delivery, Report};
use crate::clock::TimeMs;
use crate::delivery::directory::DestinationMap;
use crate::keys::AccountNo;

/// All lanes.
#[derive(Debug)]
pub(super) struct Lanes {
    limits: Limits,
    lanes: HashMap<u64, Lane>,
    by_name: HashMap<AccountNo, HashMap<String, u64>>,
    lanes_made: u64,
    /// Lanes that may have something to start, in turn.
    ready: VecDeque<u64>,
    /// Lanes that wait for a time.
    wakes: BTreeSet<(TimeMs, u64)>,
    queued: usize,
    bytes: usize,
}

impl Lanes {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            lanes: HashMap::new(),
            by_name: HashMap::new(),
            lanes_made: 0,
            ready: VecDeque::new(),
            wakes: BTreeSet::new(),
            queued: 0,
            bytes: 0,
        }
    }

    /// How many deliveries are in memory and not under way.
    pub(super) fn queued(&self) -> usize {
        self.queued
    }

    /// The next time at which a lane is to be looked at.
    pub(super) fn next_wake(&self) -> Option<TimeMs> {
        self.wakes.first().map(|(at, _)| *at)
    }

    /// Takes a delivery in, and gives others back where there are too many.
    pub(super) fn put(&mut self, delivery: Delivery, reports: &mut VecDeque<Report>) {
        let no = self.lane_of(&delivery);
        self.change(no, |lane| lane.put(delivery));
        let per_lane_max = self.limits.queued_per_destination_max;
        if self.lanes.get(&no).is_some_and(|l| l.len() > per_lane_max) {
            self.overflow(no, reports);
        }
        while self.bytes > self.limits.queued_bytes_max {
            // The largest lane pays, so that a destination that hangs costs the others nothing.
            let largest = self.lanes.iter().max_by_key(|(_, lane)| lane.bytes());
            let Some((&largest, _)) = largest.filter(|(_, lane)| lane.len() > 1) else {
                break;
            };
            self.overflow(largest, reports);
        }
        self.make_ready(no);
    }

    fn overflow(&mut self, no: u64, reports: &mut VecDeque<Report>) {
        let mut last = None;
        self.change(no, |lane| last = lane.overflow());
        if let Some(delivery) = last {
            reports.push_back(Report::GivenBack {
                account: delivery.account,
                destination: delivery.destination,
                id: delivery.id,
                due: delivery.next,
            });
        }
    }

    fn lane_of(&mut self, delivery: &Delivery) -> u64 {
        let names = self.by_name.entry(delivery.account).or_default();
        if let Some(no) = names.get(&delivery.destination) {
            return *no;
        }
        let no = self.lanes_made;
        self.lanes_made += 1;
        let key = (delivery.account, delivery.destination.clone());
        names.insert(key.1.clone(), no);
        self.lanes.insert(no, Lane::new(no, key));
        no
    }

    /// Changes a lane and keeps the sums right.
    fn change(&mut self, no: u64, change: impl FnOnce(&mut Lane)) {
        if let Some(lane) = self.lanes.get_mut(&no) {
            let (len, bytes) = (lane.len(), lane.bytes());
            change(lane);
            self.queued = self.queued - len + lane.len();
            self.bytes = self.bytes - bytes + lane.bytes();
        }
    }

    fn make_ready(&mut self, no: u64) {
        if let Some(lane) = self.lanes.get_mut(&no)
            && !lane.ready
        {
            lane.ready = true;
            self.ready.push_back(no);
        }
    }

    /// Puts those into the line whose time has come.
    pub(super) fn wake(&mut self, now: TimeMs) {
        while let Some(&(at, no)) = self.wakes.first()
            && at <= now
        {
            self.wakes.pop_first();
            if let Some(lane) = self.lanes.get_mut(&no) {
                lane.wake = None;
            }
            self.make_ready(no);
        }
    }

    /// Puts all into the line, because destinations have changed.
    pub(super) fn look_again(&mut self) {
        let all: Vec<u64> = self.lanes.keys().copied().collect();
        for no in all {
            self.make_ready(no);
        }
    }

    /// The next attempt to begin, if any may. Each lane begins one and goes to the end of the
    /// line.
    pub(super) fn next(
        &mut self,
        now: TimeMs,
        destinations: &DestinationMap,
        crowded: bool,
        reports: &mut VecDeque<Report>,
    ) -> Option<Start> {
        // Each lane is asked once at the most: those that find it crowded stay in the line.
        for _ in 0..self.ready.len() {
            let no = self.ready.pop_front()?;
            let mut step = Step::Empty;
            self.change(no, |lane| {
                lane.ready = false;
                step = lane.step(now, destinations, crowded);
            });
            match step {
                Step::Start(start) => {
                    self.make_ready(no);
                    self.report_room(no, reports);
                    return Some(*start);
                }
                Step::Crowded => self.make_ready(no),
                Step::WaitUntil(at) => self.wake_at(no, at),
                Step::WaitForAttempt => {}
                Step::Empty => self.remove_spent(no),
            }
        }
        None
    }

    fn report_room(&mut self, no: u64, reports: &mut VecDeque<Report>) {
        if let Some(lane) = self.lanes.get_mut(&no)
            && lane.take_room()
        {
            let (account, destination) = lane.key.clone();
            reports.push_back(Report::Room {
                account,
                destination,
            });
        }
    }

    fn wake_at(&mut self, no: u64, at: TimeMs) {
        if let Some(lane) = self.lanes.get_mut(&no) {
            if let Some(before) = lane.wake.replace(at) {
                self.wakes.remove(&(before, no));
            }
            self.wakes.insert((at, no));
        }
    }

    fn remove_spent(&mut self, no: u64) {
        // `step` has reset the breaker of a lane whose destination is gone.
        if self.lanes.get(&no).is_some_and(Lane::is_spent)
            && let Some(lane) = self.lanes.remove(&no)
        {
            if let Some(at) = lane.wake {
                self.wakes.remove(&(at, no));
            }
            let (account, destination) = lane.key;
            if let Some(names) = self.by_name.get_mut(&account) {
                names.remove(&destination);
                if names.is_empty() {
                    self.by_name.remove(&account);
                }
            }
        }
    }

    /// An attempt has ended: its lane, and everybody who found it crowded, may go on.
    pub(super) fn finish(&mut self, finished: &Finished, now: TimeMs) {
        self.change(finished.lane, |lane| lane.finish(finished, now));
        self.make_ready(finished.lane);
    }
}
