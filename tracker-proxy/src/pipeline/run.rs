//! The loop itself: the only place that waits, and the only one that reads the clock.

use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use super::catalog::{Catalog, StoredCatalog};
use super::commit::Urgency;
use super::feed::Feed;
use super::handle::{Handle, Progress, Question, Shared};
use super::journal::Entry;
use super::results::Followup;
use super::switch::{Compile, SwitchError};
use super::{Bounds, Cache, Pipeline};
use crate::clock::{Clock, TimeMs};
use crate::delivery::{Delivery, Destinations, Report};
use crate::ingest::{Submission, Unavailable, Verdict};
use crate::keys::{AccountNo, ActivationNo};
use crate::store::{Commit, Store, StoreError};

/// How many submissions go into one commit.
const SUBMISSIONS_PER_COMMIT: usize = 256;
/// How many timers fire in one commit, so that a wave of them does not hold up live events.
const TIMERS_PER_COMMIT: usize = 256;
/// How many profiles are warmed in one commit.
const WARMED_PER_COMMIT: u32 = 256;
/// How many reports of the delivery worker go into one commit.
const REPORTS_PER_COMMIT: usize = 1_024;
/// How long to wait before the worker's channel is looked at again, in milliseconds.
const FEED_PAUSE_MS: i64 = 20;
/// How long nothing is taken after a commit failed, in milliseconds.
const REFUSE_MS: i64 = 500;
/// How many questions may wait.
const QUESTIONS_MAX: usize = 64;

/// Where verdicts go.
type Reply = oneshot::Sender<Result<Vec<Verdict>, Unavailable>>;

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

/// What a pipeline is started with.
#[derive(Debug)]
pub struct Start {
    /// The store; nobody else writes to it.
    pub store: Box<dyn Store + Send>,
    /// Bounds.
    pub bounds: Bounds,
    /// Tells the time.
    pub clock: Clock,
    /// Ways in and out.
    pub channels: Channels,
    /// Ends the thread, after everything is written back.
    pub stop: oneshot::Receiver<()>,
    /// The time of the start.
    pub now: TimeMs,
}

/// Opens the pipeline on a store, folds what a crash left over with the definitions of then,
/// changes the definitions to those of now, and starts its thread.
///
/// # Errors
///
/// The store cannot be read, its journal cannot be folded, or the definitions do not compile.
pub fn start(
    start: Start,
    compile: Compile<'_>,
    change: impl FnOnce(&mut StoredCatalog),
) -> Result<(Handle, JoinHandle<()>), SwitchError> {
    let Start {
        store,
        bounds,
        clock,
        channels,
        stop,
        now,
    } = start;
    let known = match store.newest_catalog()? {
        Some(row) => serde_json::from_str(&row.body)
            .map_err(|error| StoreError::Damaged(format!("the definitions: {error}")))?,
        None => StoredCatalog::default(),
    };
    let mut wanted = known.clone();
    change(&mut wanted);
    // Unchanged definitions are compiled with today's environment; others as they were.
    let catalog = if wanted == known {
        compile(known)
    } else {
        known.compile_as_of_then()
    };
    let catalog = Arc::new(catalog.map_err(SwitchError::Mistakes)?);
    let shared = Arc::new(Shared::new(catalog.clone()));
    let (questions, asked) = mpsc::channel(QUESTIONS_MAX);
    let mut pipeline = Pipeline::new(store, catalog, shared.clone(), bounds)?;
    pipeline.destinations = channels.destinations.clone();
    pipeline.recover()?;
    pipeline.show_destinations(None);
    pipeline.switch(now, compile, |stored| *stored = wanted)?;
    pipeline.find_unsynced_mirrors()?;
    shared.set_ready(true);
    let broken = |what: &str, error: std::io::Error| {
        SwitchError::Store(StoreError::Damaged(format!("no {what}: {error}")))
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|error| broken("runtime", error))?;
    let thread = std::thread::Builder::new()
        .name("pipeline".to_owned())
        .spawn(move || runtime.block_on(pipeline.run(&clock, channels, asked, stop)))
        .map_err(|error| broken("thread", error))?;
    Ok((Handle { questions, shared }, thread))
}

impl Pipeline {
    fn new(
        store: Box<dyn Store + Send>,
        catalog: Arc<Catalog>,
        shared: Arc<Shared>,
        bounds: Bounds,
    ) -> Result<Self, StoreError> {
        let head = store.head()?;
        Ok(Self {
            store,
            catalog,
            shared,
            bounds,
            head,
            destinations: Destinations::new(std::collections::HashMap::new()),
            cache: Cache::new(bounds.cache_bytes),
            timers: super::Timers::default(),
            packer: super::Packer::default(),
            outputs: super::Outputs::default(),
            scratch: super::Scratch::default(),
            aliases: super::Filter::default(),
            has_tombstones: false,
            forgotten: super::Forgotten::default(),
            stats: super::Stats::default(),
            rows: std::collections::VecDeque::new(),
            rows_bytes: 0,
            warm_until: None,
            refusing_until: None,
            outbound: Vec::new(),
            resync: Vec::new(),
            broken_mirrors: std::collections::HashSet::new(),
        })
    }

    async fn run(
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
        self.shared.set_ready(false);
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
        self.timers.next().min(self.write_back_due()).min(feeding)
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
        if let Some(until) = self.refusing_until {
            refuse(submissions.drain(..));
            if now < until || !self.try_again(now) {
                return;
            }
        }
        let mut replies = Vec::with_capacity(submissions.len());
        let folded = self.fold_turn(now, submissions, &mut replies);
        let followup = self.take_reports(reports, feed);
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
                let Followup {
                    retries,
                    resync,
                    gone,
                } = followup;
                self.send_on(fresh, retries, feed, &channels.deliveries);
                for mirror in resync.into_iter().chain(std::mem::take(&mut self.resync)) {
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
                *feed = Feed::from_store();
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

    fn fold_turn(
        &mut self,
        now: TimeMs,
        submissions: &mut Vec<Submission>,
        replies: &mut Vec<(Reply, Vec<Verdict>)>,
    ) -> Result<(), StoreError> {
        let overloaded = self.unfolded_bytes() > self.bounds.tail_bytes;
        for submission in submissions.drain(..) {
            if overloaded {
                refuse(std::iter::once(submission));
                continue;
            }
            let verdicts = self.take_all(&submission, now);
            let error = verdicts.as_ref().err().map(ToString::to_string);
            replies.push((submission.reply, verdicts.unwrap_or_default()));
            if let Some(error) = error {
                return Err(StoreError::Damaged(error));
            }
        }
        self.fire_timers(now)?;
        self.warm_slice(now)
    }

    fn take_all(
        &mut self,
        submission: &Submission,
        now: TimeMs,
    ) -> Result<Vec<Verdict>, StoreError> {
        let at = self.position(now);
        let mut verdicts = Vec::with_capacity(submission.count);
        let mut rest = submission.events.as_slice();
        while !rest.is_empty() {
            let (event, after) = crate::ingest::Event::decode(rest)
                .map_err(|error| StoreError::Damaged(error.to_string()))?;
            let bytes = &rest[..rest.len() - after.len()];
            let verdict = self.take(submission.account, &event, bytes, at);
            verdicts.push(verdict.inspect_err(|error| {
                tracing::error!(%error, "an event could not be folded");
            })?);
            rest = after;
        }
        Ok(verdicts)
    }

    fn fire_timers(&mut self, now: TimeMs) -> Result<(), StoreError> {
        if self.timers.wants_reading(now) {
            let unwritten: Vec<_> = self
                .cache
                .dirty()
                .filter_map(|(_, id)| {
                    let cached = self.cache.get(id)?;
                    Some((cached.due()?, id, cached.account))
                })
                .collect();
            self.timers
                .read(self.store.as_ref(), now, unwritten.into_iter())?;
        }
        let at = self.position(now);
        for (profile, account) in self.timers.take(now, TIMERS_PER_COMMIT) {
            if !self.load_living(account, profile)? {
                continue;
            }
            let due = self.cache.get(profile).and_then(super::cache::Cached::due);
            match due {
                Some(due) if due <= now => {}
                Some(due) => {
                    self.timers.arm(due, profile, account);
                    continue;
                }
                None => continue,
            }
            let entry = Entry::Fire { account, profile };
            self.packer.push(&entry);
            self.fold(&entry, at)?;
        }
        Ok(())
    }

    /// Warms the next profiles for the newest definitions, some with every commit.
    fn warm_slice(&mut self, now: TimeMs) -> Result<(), StoreError> {
        let Some(until) = self.warm_until else {
            return Ok(());
        };
        let at = self.position(now);
        let slice = self
            .store
            .profiles_after(self.head.warmed_row, WARMED_PER_COMMIT)?;
        for stored in &slice {
            if self.follow(stored.account, stored.id)? != stored.id {
                continue;
            }
            if self.cache.get(stored.id).is_none() {
                let cached = super::codec::decode(stored)?;
                self.cache.insert(stored.id, cached, stored.state.len());
            }
            let wanted = self.wanted(stored.account);
            if self
                .cache
                .get(stored.id)
                .is_some_and(|cached| cached.profile.warm < wanted)
            {
                let entry = Entry::Warm {
                    account: stored.account,
                    profile: stored.id,
                };
                self.packer.push(&entry);
                self.fold(&entry, at)?;
            }
        }
        self.head.warmed_row = slice.last().map_or(until, |stored| stored.row);
        if self.head.warmed_row >= until {
            self.warm_until = None;
        }
        Ok(())
    }

    /// A commit failed: nothing of the turn is durable, or nobody knows. Memory is thrown away,
    /// and until it can be read again and something be written, everything is refused.
    pub(super) fn give_up(&mut self, now: TimeMs, error: &StoreError) {
        tracing::error!(%error, "a commit failed: events are refused until the store works");
        self.shared.set_ready(false);
        self.refusing_until = Some(now.plus(REFUSE_MS));
        self.cache.clear();
        self.outputs.discard();
        drop(self.packer.take());
    }

    /// Recovers from a failed commit, if the store lets it.
    fn try_again(&mut self, now: TimeMs) -> bool {
        match self.recover().and_then(|()| self.probe(now)) {
            Ok(()) => {
                tracing::info!("the store takes commits again");
                self.refusing_until = None;
                self.shared.set_ready(true);
                true
            }
            Err(error) => {
                tracing::warn!(%error, "the store cannot be used yet");
                self.refusing_until = Some(now.plus(REFUSE_MS));
                self.cache.clear();
                false
            }
        }
    }

    /// Commits nothing but the clock, to see whether commits work.
    fn probe(&mut self, now: TimeMs) -> Result<(), StoreError> {
        let commit = Commit {
            follows: self.head.commits,
            clock: now,
            sequence: self.outputs.sequence,
            warmed_row: self.head.warmed_row,
            ..Commit::default()
        };
        self.store.commit(&commit)?;
        self.head.commits += 1;
        self.head.clock = now;
        Ok(())
    }
}

fn refuse(submissions: impl Iterator<Item = Submission>) {
    for submission in submissions {
        drop(submission.reply.send(Err(Unavailable)));
    }
}
