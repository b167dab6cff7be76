//! The loop itself: the only place that waits, and the only one that reads the clock.

use tokio::sync::{mpsc, oneshot};

use super::Pipeline;
use super::commit::Urgency;
use super::failure::refuse;
use super::feed::Feed;
use super::handle::{Progress, Question};
use super::results::Followup;
use crate::clock::{Clock, TimeMs};
use crate::delivery::{Delivery, Destinations, Report};
use crate::ingest::{Submission, Unavailable};
use crate::keys::{AccountNo, ActivationNo};

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
        let (mut submissions, mut reports) = (Vec::new(), Vec::new());
        let mut feed = Feed::from_store();
        let (mut intake_open, mut stopping) = (true, false);
        while !stopping {
            let wake = self.next_wake(&feed, clock.now());
            let mut question = None;
            tokio::select! {
                biased;
                _ = &mut stop => stopping = true,
                asked = asked.recv() => question = asked,
                count = channels.submissions.recv_many(&mut submissions, SUBMISSIONS_PER_COMMIT),
                    if intake_open => intake_open = count > 0,
                Some(report) = channels.reports.recv() => reports.push(report),
                () = clock.sleep_until(wake) => {}
            }
            // Whatever came in besides goes into the same commit.
            while reports.len() < REPORTS_PER_COMMIT
                && let Ok(report) = channels.reports.try_recv()
            {
                reports.push(report);
            }
            self.doubt(clock.is_doubtful());
            self.try_again_when_due(self.now(clock.now()));
            // While commits fail memory is empty: a question would answer, and write, nonsense.
            // Dropped, it tells its asker to come again.
            if let Some(question) = question
                && self.refusing_until.is_none()
            {
                question(&mut self);
            }
            self.turn(
                clock.now(),
                &mut submissions,
                &mut reports,
                &mut feed,
                &channels,
            );
        }
        while let Ok(submission) = channels.submissions.try_recv() {
            submissions.push(submission);
        }
        while let Ok(report) = channels.reports.try_recv() {
            reports.push(report);
        }
        self.turn(
            clock.now(),
            &mut submissions,
            &mut reports,
            &mut feed,
            &channels,
        );
        if let Err(error) = self.commit(self.now(clock.now()), Urgency::All, None) {
            tracing::error!(%error, "the last write-back failed: the next start folds the journal");
        }
        self.shared.set_working(false);
    }

    /// The pipeline's time: the machine's, but it never goes back.
    pub(super) fn now(&self, clock: TimeMs) -> TimeMs {
        clock.max(self.head.clock)
    }

    fn next_wake(&self, feed: &Feed, clock: TimeMs) -> TimeMs {
        if let Some(until) = self.refusing_until {
            return until;
        }
        if self.warm_until.is_some() {
            return clock;
        }
        let feeding = if feed.is_behind() {
            clock.plus(FEED_PAUSE_MS)
        } else {
            TimeMs::MAX
        };
        let next = self.write_back_due().min(feeding).min(self.retention.due);
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

    /// One turn: fold everything that is there, commit once, then answer.
    fn turn(
        &mut self,
        clock: TimeMs,
        submissions: &mut Vec<Submission>,
        reports: &mut Vec<Report>,
        feed: &mut Feed,
        channels: &Channels,
    ) {
        let now = self.now(clock);
        if self.refusing_until.is_some() {
            refuse(submissions.drain(..));
            return;
        }
        let mut replies = Vec::with_capacity(submissions.len());
        let folded = self.fold_turn(now, submissions, &mut replies);
        let followup = self.take_reports(reports, feed);
        let folded = folded.and_then(|()| self.prune_slice(now));
        match folded.and_then(|()| self.commit(now, Urgency::Calm, None)) {
            Ok(fresh) => {
                for (reply, verdicts) in replies {
                    // A client that went away meanwhile will send again, and it is a repeat then.
                    drop(reply.send(Ok(verdicts)));
                }
                let fresh = std::mem::take(&mut self.outbound)
                    .into_iter()
                    .chain(fresh)
                    .collect();
                let Followup { retries, gone } = followup;
                self.send_on(fresh, retries, feed, &channels.deliveries);
                for mirror in self.mirrors.take_due() {
                    // Without anybody to do it, the next start finds it to be done.
                    channels.resyncs.send(mirror).unwrap_or_default();
                }
                for (account, destination) in gone {
                    self.disable(account, &destination, now);
                }
            }
            Err(error) => {
                for (reply, _) in replies {
                    drop(reply.send(Err(Unavailable)));
                }
                // The attempts happened all the same: they are made again, under the same ids.
                feed.start_over();
                self.give_up(now, &error);
            }
        }
        let progress = Progress {
            done: self.head.warmed_row,
            until: self.warm_until.unwrap_or(0),
        };
        self.shared.show(progress, self.stats.profiles);
        if let Err(error) = self.store.rest() {
            tracing::error!(%error, "the store cannot be read");
        }
        self.gauges();
    }

    fn gauges(&self) {
        #[expect(clippy::cast_precision_loss, reason = "gauges are floats")]
        let set = |name: &'static str, value: usize| metrics::gauge!(name).set(value as f64);
        set("segue_cache_bytes", self.cache.bytes());
        set("segue_cache_profiles", self.cache.len());
        set("segue_dirty_profiles", self.cache.dirty_len());
    }
}
