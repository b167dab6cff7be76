//! The loop itself: the only place that waits, and the only one that reads the clock.

use std::collections::VecDeque;

use tokio::sync::{mpsc, oneshot};

use super::Pipeline;
use super::commit::Urgency;
use super::failure::refuse;
use super::flight::Flight;
use super::handle::{Progress, Question};
use super::results::Followup;
use crate::clock::{Clock, TimeMs};
use crate::delivery::{Delivery, Destinations, Report};
use crate::ingest::Submission;
use crate::keys::{AccountNo, ActivationNo};
use crate::store::StoreError;

/// How many submissions go into one commit.
const SUBMISSIONS_PER_COMMIT: usize = 256;
/// How many reports of the delivery worker go into one commit.
const REPORTS_PER_COMMIT: usize = 1_024;
/// How long to wait before a clock that is not believed is looked at again, in milliseconds.
const DOUBT_PAUSE_MS: i64 = 1_000;
/// How long to wait before the worker's channel is looked at again, in milliseconds.
const FEED_PAUSE_MS: i64 = 20;

/// What goes into the pipeline and comes out of it.
#[derive(Debug)]
pub struct Channels {
    /// From ingest.
    pub submissions: mpsc::Receiver<Submission>,
    /// From the delivery worker.
    pub reports: mpsc::Receiver<Report>,
    /// To the delivery worker.
    pub deliveries: mpsc::Sender<Delivery>,
    /// Mirrors that have to be told everything.
    pub resyncs: mpsc::UnboundedSender<(AccountNo, ActivationNo)>,
    /// Where the worker looks destinations up.
    pub destinations: Destinations,
}

impl Pipeline {
    pub(super) async fn run(
        mut self,
        clock: &Clock,
        mut channels: Channels,
        mut asked: mpsc::Receiver<Question>,
        mut stop: oneshot::Receiver<()>,
    ) {
        let (mut submissions, mut reports) = (VecDeque::new(), Vec::new());
        let mut arrived = Vec::new();
        let (mut intake_open, mut stopping) = (true, false);
        let landed = self.writer.landed();
        while !stopping {
            let wake = self.next_wake(clock.now());
            let flying = self.flight.is_some();
            let taken = self.waiting.len() + submissions.len();
            let room = SUBMISSIONS_PER_COMMIT.saturating_sub(taken);
            let mut question = None;
            tokio::select! {
                biased;
                _ = &mut stop => stopping = true,
                asked = asked.recv() => question = asked,
                () = landed.notified(), if flying => {}
                () = std::future::ready(()), if !submissions.is_empty() => {}
                count = channels.submissions.recv_many(&mut arrived, room),
                    if intake_open && room > 0 => intake_open = count > 0,
                Some(report) = channels.reports.recv(), if reports.len() < REPORTS_PER_COMMIT => {
                    reports.push(report);
                }
                () = clock.sleep_until(wake), if !flying => {}
            }
            submissions.extend(arrived.drain(..));
            // Whatever came in besides goes into the same commit.
            while reports.len() < REPORTS_PER_COMMIT
                && let Ok(report) = channels.reports.try_recv()
            {
                reports.push(report);
            }
            self.doubt(clock.is_doubtful());
            self.try_again_when_due(self.now(clock.now()));
            if let Some(question) = question {
                self.answer(question, clock.now());
            }
            self.turn(clock.now(), &mut submissions, &mut reports, &channels);
        }
        while let Ok(submission) = channels.submissions.try_recv() {
            submissions.push_back(submission);
        }
        while let Ok(report) = channels.reports.try_recv() {
            reports.push(report);
        }
        loop {
            let ended = self.settle();
            self.or_give_up(clock.now(), ended);
            self.turn(clock.now(), &mut submissions, &mut reports, &channels);
            if submissions.is_empty() {
                break;
            }
        }
        if let Err(error) = self.commit(self.now(clock.now()), Urgency::All, None) {
            self.give_up(self.now(clock.now()), &error);
            tracing::error!(%error, "the last write-back failed: the next start folds the journal");
        }
        self.shared.set_working(false);
    }

    /// The pipeline's time: the machine's, but it never goes back.
    pub(super) fn now(&self, clock: TimeMs) -> TimeMs {
        clock.max(self.head.clock).max(self.packed_at)
    }

    fn next_wake(&self, clock: TimeMs) -> TimeMs {
        if let Some(until) = self.refusing_until {
            return until;
        }
        if self.warm_until.is_some() {
            return clock;
        }
        let feeding = if self.feed.is_behind() {
            clock.plus(FEED_PAUSE_MS)
        } else {
            TimeMs::MAX
        };
        let next = self.write_back_due().min(feeding).min(self.retention.due);
        let next = next.min(self.mirrors.next());
        if self.shared.is_doubtful() {
            // The clock may be set right, or be believed, at any time.
            return next.min(clock.plus(DOUBT_PAUSE_MS));
        }
        next.min(self.timers.next())
    }

    /// While nobody knows what time it is no timer fires, and nobody need send events here.
    fn doubt(&self, doubtful: bool) {
        if self.shared.set_doubtful(doubtful) {
            if doubtful {
                tracing::error!(
                    "the wall clock jumped ahead and the boot clock did not: timers wait until it \
                     is set right, or has stood by it for a while"
                );
            } else {
                tracing::warn!("the clock is believed again: timers go on");
            }
        }
    }

    /// Answers a question. While commits fail memory is empty: it would answer, and write,
    /// nonsense. Dropped, it tells its asker to come again.
    fn answer(&mut self, question: Question, clock: TimeMs) {
        if question.sees_only_durable {
            let now = self.now(clock);
            let durable = self.commit(now, Urgency::Calm, None);
            self.or_give_up(clock, durable);
            // Whatever the question commits is of now, also where nothing was to be committed.
            self.head.clock = self.head.clock.max(now);
        }
        if self.refusing_until.is_none() {
            (question.run)(self);
        }
    }

    /// One turn: see what became durable, fold what is there, and commit it unless a commit is
    /// under way; then it goes into the one after that.
    fn turn(
        &mut self,
        clock: TimeMs,
        submissions: &mut VecDeque<Submission>,
        reports: &mut Vec<Report>,
        channels: &Channels,
    ) {
        let landed = self.land();
        self.or_give_up(clock, landed);
        let now = self.now(clock);
        if self.refusing_until.is_some() {
            refuse(submissions.drain(..));
            return;
        }
        let folded = self.fold_submissions(now, submissions);
        self.or_give_up(clock, folded);
        if self.flight.is_some() && self.refusing_until.is_none() {
            let fired = self.fire_meanwhile(now);
            self.or_give_up(clock, fired);
        }
        if self.flight.is_none() && self.refusing_until.is_none() {
            self.follow_up(now, channels);
            let begun = self.begin(now, reports);
            self.or_give_up(clock, begun);
        }
        let progress = Progress {
            done: self.head.warmed_row,
            until: self.warm_until.unwrap_or(0),
        };
        self.shared.show(progress, self.stats.profiles);
        self.gauges();
    }

    /// Does what became possible with the commits that have landed.
    fn follow_up(&mut self, now: TimeMs, channels: &Channels) {
        // The aliases of what is folded and not committed are nowhere but in memory.
        self.cache.evict(self.outputs.apply.aliases.is_empty());
        let Followup { retries, gone } = std::mem::take(&mut self.followup);
        self.send_on(retries, &channels.deliveries);
        self.mirrors_waited(now);
        for mirror in self.mirrors.take_due() {
            // Without anybody to do it, the next start finds it to be done.
            channels.resyncs.send(mirror).unwrap_or_default();
        }
        for (account, destination) in gone {
            self.disable(account, &destination, now);
        }
    }

    /// Begins the next commit, or work that the last ones left behind.
    fn begin(&mut self, now: TimeMs, reports: &mut Vec<Report>) -> Result<(), StoreError> {
        if self.refusing_until.is_some() {
            return Ok(());
        }
        if std::mem::take(&mut self.wants_tending) {
            self.store.release()?;
            self.flight = Some(Flight {
                tending: Some(self.writer.tend()),
                ..Flight::default()
            });
            return Ok(());
        }
        let followup = self.take_reports(reports);
        self.fold_due(now)?;
        self.prune_slice(now)?;
        // What is read from now on, is read with the commit before this one.
        self.store.release()?;
        self.take_off(now, Urgency::Calm, None, followup);
        Ok(())
    }

    /// Throws memory away where something failed, after what is under way has landed.
    fn or_give_up(&mut self, clock: TimeMs, done: Result<(), StoreError>) {
        let Err(error) = done else {
            return;
        };
        if let Err(error) = self.settle() {
            tracing::error!(%error, "a commit failed as well");
        }
        self.give_up(self.now(clock), &error);
    }

    fn gauges(&self) {
        #[expect(clippy::cast_precision_loss, reason = "gauges are floats")]
        let set = |name: &'static str, value: usize| metrics::gauge!(name).set(value as f64);
        set("segue_cache_bytes", self.cache.bytes());
        set("segue_cache_profiles", self.cache.len());
        set("segue_dirty_profiles", self.cache.dirty_len());
    }
}
