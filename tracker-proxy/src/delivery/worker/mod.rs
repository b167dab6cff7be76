//! The delivery loop.
//!
//! In: deliveries, new ones and those whose next attempt the pipeline has committed. Out: a
//! [`Report`] on each attempt. The worker decides when an attempt is made and by how many at
//! once; what an attempt means for the store is the pipeline's business. Nothing here survives a
//! crash: the pipeline feeds what the store holds again, and an attempt whose report was lost is
//! made again under the same id.
//!
//! Each destination has a lane of its own: a queue in the order of due times, a bound on how many
//! requests are under way, and a breaker. Lanes take turns, so that no destination delays another.

mod attempt;
mod lane;
mod lanes;
mod report;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

pub use report::{AttemptResult, Delivery, Outcome, Report};

use super::client::Client;
use super::directory::{DestinationMap, Destinations};
use super::schedule::ATTEMPTS_MAX;
use crate::clock::{Clock, TimeMs};
use attempt::{Finished, Sender};
use lanes::Lanes;

/// So many deliveries are taken from the channel at once.
const INTAKE_MAX: usize = 256;
/// So many reports wait for the pipeline before no further attempt is made.
const REPORTS_WAITING_MAX: usize = 1_024;
/// The clock is looked at this often at least, in milliseconds, because it may be set.
const CLOCK_CHECK_MS: i64 = 60_000;

/// Bounds of the worker.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Attempts per delivery.
    pub attempts_max: u32,
    /// Requests under way in all. Beyond it each destination still has one.
    pub running_max: usize,
    /// Deliveries in memory per destination; what is due last stays in the store.
    pub queued_per_destination_max: usize,
    /// Bodies in memory in all, in bytes.
    pub queued_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attempts_max: ATTEMPTS_MAX,
            running_max: 512,
            queued_per_destination_max: 10_000,
            queued_bytes_max: 64 * 1024 * 1024,
        }
    }
}

/// What the pipeline says right before an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precheck {
    /// Send it.
    Go,
    /// Do not send it, now or later (`no_consent`, `inactive`, …).
    Skip(&'static str),
}

/// Asked before each attempt. It has to be cheap: the destination's slot is held meanwhile.
pub type PrecheckFn = Arc<dyn Fn(&Delivery) -> BoxFuture<'static, Precheck> + Send + Sync>;

/// A hook that lets everything through.
#[must_use]
pub fn always_go() -> PrecheckFn {
    Arc::new(|_| Box::pin(std::future::ready(Precheck::Go)))
}

/// What the worker is made of.
#[expect(
    missing_debug_implementations,
    reason = "the hook is a function, which has nothing to show"
)]
pub struct Parts {
    /// Sends requests.
    pub client: Client,
    /// Tells the time.
    pub clock: Clock,
    /// Looked up for each attempt.
    pub destinations: Destinations,
    /// Asked before each attempt.
    pub precheck: PrecheckFn,
    /// Bounds.
    pub limits: Limits,
}

/// The delivery loop.
#[expect(
    missing_debug_implementations,
    reason = "the hook is a function, which has nothing to show"
)]
pub struct Worker {
    sender: Arc<Sender>,
    limits: Limits,
    destinations: watch::Receiver<Arc<DestinationMap>>,
    /// Keeps the destinations' channel open, so that waiting for a change cannot fail.
    _destinations: Destinations,
    incoming: mpsc::Receiver<Delivery>,
    /// Taken from `incoming` and not yet put into lanes.
    arrived: Vec<Delivery>,
    reports: mpsc::Sender<Report>,
    lanes: Lanes,
    running: JoinSet<Finished>,
    /// Reports that the pipeline has no room for yet. It is written to by the loop and not by
    /// the attempts, so that a lane has forgotten a delivery before the pipeline can send it
    /// again.
    backlog: VecDeque<Report>,
}

/// What the loop wakes up for.
enum Happening {
    End,
    Arrived,
    Finished(Result<Finished, JoinError>),
    ReportsFit,
    DestinationsChanged,
    TimePassed,
}

impl Worker {
    /// A worker that takes deliveries from `incoming` and answers on `reports`.
    ///
    /// It takes everything from `incoming` even while nobody takes reports, so the pipeline may
    /// wait for either channel without the two waiting for each other.
    #[must_use]
    pub fn new(
        parts: Parts,
        incoming: mpsc::Receiver<Delivery>,
        reports: mpsc::Sender<Report>,
    ) -> Self {
        Self {
            destinations: parts.destinations.subscribe(),
            _destinations: parts.destinations,
            limits: parts.limits,
            lanes: Lanes::new(parts.limits),
            sender: Arc::new(Sender {
                client: parts.client,
                clock: parts.clock,
                precheck: parts.precheck,
                attempts_max: parts.limits.attempts_max,
            }),
            incoming,
            arrived: Vec::with_capacity(INTAKE_MAX),
            reports,
            running: JoinSet::new(),
            backlog: VecDeque::new(),
        }
    }

    /// Works until `shutdown` is cancelled or the pipeline is gone. Then nothing new is begun,
    /// and what is under way has `grace` to end and to be reported.
    pub async fn run(mut self, shutdown: CancellationToken, grace: Duration) {
        while !shutdown.is_cancelled() && self.turn(&shutdown).await {}
        if tokio::time::timeout(grace, self.drain()).await.is_err() {
            let left = self.running.len();
            tracing::warn!(
                left,
                "attempts were still under way at the end of the grace period"
            );
        }
    }

    /// Starts what can be started, then waits for one thing to happen. False: nobody is there
    /// any more to work for.
    async fn turn(&mut self, shutdown: &CancellationToken) -> bool {
        let now = self.sender.clock.now();
        self.lanes.wake(now);
        self.start(now);
        let wake = self.lanes.next_wake().unwrap_or(TimeMs::MAX);
        let wake = wake.min(now.plus(CLOCK_CHECK_MS));
        let happening = tokio::select! {
            () = shutdown.cancelled() => Happening::End,
            count = self.incoming.recv_many(&mut self.arrived, INTAKE_MAX) => match count {
                0 => Happening::End,
                _ => Happening::Arrived,
            },
            Some(finished) = self.running.join_next() => Happening::Finished(finished),
            // The place itself is given back; `flush` takes all that there are.
            room = self.reports.reserve(), if !self.backlog.is_empty() => match room {
                Ok(_) => Happening::ReportsFit,
                Err(_) => Happening::End,
            },
            changed = self.destinations.changed() => {
                changed.expect("the worker holds the sending side itself");
                Happening::DestinationsChanged
            }
            () = self.sender.clock.sleep_until(wake) => Happening::TimePassed,
        };
        self.handle(happening)
    }

    fn handle(&mut self, happening: Happening) -> bool {
        match happening {
            Happening::End => return false,
            Happening::Arrived => {
                for delivery in self.arrived.drain(..) {
                    self.lanes.put(delivery, &mut self.backlog);
                }
            }
            Happening::Finished(finished) => {
                self.finish(finished);
                while let Some(finished) = self.running.try_join_next() {
                    self.finish(finished);
                }
            }
            Happening::DestinationsChanged => self.lanes.look_again(),
            Happening::ReportsFit | Happening::TimePassed => {}
        }
        self.flush();
        true
    }

    fn start(&mut self, now: TimeMs) {
        let destinations = self.destinations.borrow().clone();
        while self.backlog.len() < REPORTS_WAITING_MAX {
            let crowded = self.running.len() >= self.limits.running_max;
            let next = self
                .lanes
                .next(now, &destinations, crowded, &mut self.backlog);
            let Some(start) = next else { break };
            let sender = self.sender.clone();
            self.running.spawn(sender.attempt(start));
        }
        // Saturating, because a gauge is a float and a length is not.
        let queued = u32::try_from(self.lanes.queued()).unwrap_or(u32::MAX);
        metrics::gauge!("segue_delivery_queue_length").set(queued);
    }

    fn finish(&mut self, finished: Result<Finished, JoinError>) {
        // An attempt catches its own panics, and none is aborted while the loop runs.
        let finished = finished.expect("an attempt ends by itself");
        let now = self.sender.clock.now();
        self.lanes.finish(&finished, now);
        self.backlog.push_back(Report::Attempt(finished.result));
    }

    /// Hands over as many reports as there is room for.
    fn flush(&mut self) {
        while !self.backlog.is_empty() {
            let Ok(room) = self.reports.try_reserve() else {
                return;
            };
            if let Some(report) = self.backlog.pop_front() {
                room.send(report);
            }
        }
    }

    /// Waits for what is under way and for its reports to be taken.
    async fn drain(&mut self) {
        // Whoever waits for room in it is told now, and can take reports instead.
        self.incoming.close();
        while let Some(finished) = self.running.join_next().await {
            self.finish(finished);
        }
        for report in self.backlog.drain(..) {
            if self.reports.send(report).await.is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
