//! A real pipeline on a real file, with a clock that tests move and faults that they inject.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, TimeMs};
use crate::delivery::{Client, Delivery, Destinations, Limits, Parts, Report, Worker, always_go};
use crate::ingest::testing::event;
use crate::ingest::{Event, EventKind, Submission, Unavailable, Verdict};
use crate::keys::{AccountNo, ActivationNo, IdKind};
use crate::pipeline::catalog::{Stored, StoredActivation, StoredCatalog};
use crate::pipeline::{Bounds, Channels, Handle, Person, Start, start};
use crate::store::sqlite::SqliteStore;
use crate::store::{Faults, Reader, Store};

/// The time at which every story begins.
pub(super) const BEGIN: TimeMs = TimeMs(1_800_000_000_000);
pub(super) const ACCOUNT: AccountNo = AccountNo(1);

/// What a story is about.
#[derive(Debug, Clone, Default)]
pub(super) struct Story {
    pub(super) audiences: Vec<Json>,
    pub(super) activations: Vec<Json>,
    /// Where deliveries go, if anybody is there to take them.
    pub(super) url: Option<String>,
}

impl Story {
    pub(super) fn audience(mut self, id: &str, when: &Json) -> Self {
        self.audiences.push(json!({ "id": id, "when": when }));
        self
    }

    pub(super) fn activation(mut self, definition: Json) -> Self {
        self.activations.push(definition);
        self
    }

    fn write(&self, stored: &mut StoredCatalog) {
        let of = |definition: &Json| Stored {
            id: definition["id"].as_str().unwrap().to_owned(),
            from_file: false,
            version: 1,
            created: BEGIN,
            definition: definition.clone(),
        };
        let url = self.url.as_deref().unwrap_or("http://127.0.0.1:8080/");
        let shop = json!({ "id": "shop", "url": url, "allow_private": true });
        let account = stored.account_mut("1", "UTC");
        account.audiences = self.audiences.iter().map(of).collect();
        account.destinations = vec![of(&shop)];
        let numbered = self.activations.iter().zip(1..);
        account.activations = numbered
            .map(|(definition, no)| StoredActivation {
                no: ActivationNo(no),
                active: None,
                stored: of(definition),
            })
            .collect();
    }
}

/// A running pipeline and both ends of its channels.
pub(super) struct Rig {
    pub(super) folder: TempDir,
    pub(super) clock: Clock,
    story: Story,
    faults: Faults,
    bounds: Bounds,
    running: Option<Running>,
}

struct Running {
    handle: Handle,
    submissions: mpsc::Sender<Submission>,
    deliveries: mpsc::Receiver<Delivery>,
    reports: mpsc::Sender<Report>,
    resyncs: mpsc::UnboundedReceiver<(AccountNo, ActivationNo)>,
    destinations: Destinations,
    stop: oneshot::Sender<()>,
    thread: std::thread::JoinHandle<()>,
}

/// The verdicts on what was submitted, once it is durable.
pub(super) type Answer = oneshot::Receiver<Result<Vec<Verdict>, Unavailable>>;

/// Something that a person did.
pub(super) fn track<'a>(user: &'a str, name: &'a str, id: &'a str, at: TimeMs) -> Event<'a> {
    Event {
        user_id: Some(user),
        ..event(EventKind::Track, name, id, at)
    }
}

impl Rig {
    pub(super) fn start(story: Story) -> Self {
        Self::start_with(story, Faults::default(), Bounds::default())
    }

    pub(super) fn start_with(story: Story, faults: Faults, bounds: Bounds) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(BEGIN);
        let mut rig = Self {
            folder,
            clock,
            story,
            faults,
            bounds,
            running: None,
        };
        rig.run();
        rig
    }

    /// Starts on what is in the folder.
    pub(super) fn run(&mut self) {
        let store = SqliteStore::open_with(self.folder.path(), self.faults.clone()).unwrap();
        let (submissions, submitted) = mpsc::channel(64);
        let (deliver, deliveries) = mpsc::channel(64);
        let (reports, reported) = mpsc::channel(64);
        let (resync, resyncs) = mpsc::unbounded_channel();
        let (stop, stopped) = oneshot::channel();
        let destinations = Destinations::new(std::collections::HashMap::new());
        let channels = Channels {
            submissions: submitted,
            reports: reported,
            deliveries: deliver,
            resyncs: resync,
            destinations: destinations.clone(),
        };
        let begin = Start {
            store: Box::new(store),
            bounds: self.bounds,
            clock: self.clock.clone(),
            channels,
            stop: stopped,
            now: self.clock.now(),
        };
        let story = self.story.clone();
        let compile = |stored: StoredCatalog| stored.compile(&|node, _| node.clone());
        let change = |stored: &mut StoredCatalog| story.write(stored);
        let (handle, thread) = start(begin, &compile, change).expect("the story compiles");
        self.running = Some(Running {
            handle,
            submissions,
            deliveries,
            reports,
            resyncs,
            destinations,
            stop,
            thread,
        });
    }

    /// Lets a real worker take the deliveries, until the test ends.
    pub(super) fn work(&mut self, limits: Limits) {
        let clock = self.clock.clone();
        let running = self.running();
        let (_, nobody) = mpsc::channel(1);
        let parts = Parts {
            client: Client::new().unwrap(),
            clock,
            destinations: running.destinations.clone(),
            precheck: always_go(),
            limits,
        };
        let deliveries = std::mem::replace(&mut running.deliveries, nobody);
        let worker = Worker::new(parts, deliveries, running.reports.clone());
        drop(tokio::spawn(
            worker.run(CancellationToken::new(), Duration::ZERO),
        ));
    }

    /// Ends the way a signal ends it: everything is written back.
    pub(super) fn stop(&mut self) {
        let running = self.running.take().unwrap();
        running.stop.send(()).unwrap_or_default();
        running.thread.join().unwrap();
    }

    /// Stops, changes the definitions, and starts again.
    pub(super) fn edit(&mut self, story: Story) {
        self.stop();
        self.story = story;
        self.run();
    }

    pub(super) fn set_faults(&mut self, faults: Faults) {
        self.faults = faults;
    }

    fn running(&mut self) -> &mut Running {
        self.running.as_mut().unwrap()
    }

    pub(super) async fn send(&mut self, events: &[Event<'_>]) -> Result<Vec<Verdict>, Unavailable> {
        self.submit(events).await?.await.map_err(|_| Unavailable)?
    }

    /// Sends without waiting for the answer.
    pub(super) async fn submit(&mut self, events: &[Event<'_>]) -> Result<Answer, Unavailable> {
        let (reply, answer) = oneshot::channel();
        let encoded = events
            .iter()
            .fold(Vec::new(), |bytes, event| event.encode_into(bytes));
        let submission = Submission {
            account: ACCOUNT,
            events: encoded,
            count: events.len(),
            reply,
        };
        let submitted = self.running().submissions.send(submission).await;
        submitted.map(|()| answer).map_err(|_| Unavailable)
    }

    /// Does what the worker's answer would: tries until the store takes it.
    pub(super) async fn send_until_taken(&mut self, events: &[Event<'_>]) -> Vec<Verdict> {
        loop {
            match self.send(events).await {
                Ok(verdicts) => return verdicts,
                Err(Unavailable) => self.advance(600).await,
            }
        }
    }

    /// Moves the clock, and waits until the pipeline has seen it.
    pub(super) async fn advance(&mut self, ms: u64) {
        self.clock.advance(Duration::from_millis(ms));
        // One question for the turn that the clock woke, one for what that turn armed.
        for _ in 0..3 {
            // While the store fails nobody answers; the turn happens all the same.
            self.running().handle.ask(|_| ()).await.unwrap_or_default();
        }
    }

    pub(super) async fn person(&mut self, user: &str) -> Option<Person> {
        let user = user.to_owned();
        let asked = self
            .running()
            .handle
            .ask(move |pipeline| pipeline.person(ACCOUNT, IdKind::User, &user));
        asked.await.unwrap().unwrap()
    }

    pub(super) async fn is_member(&mut self, user: &str, audience: &str) -> bool {
        let catalog = self.running().handle.shared.catalog();
        let no = catalog
            .account(ACCOUNT)
            .unwrap()
            .audiences
            .by_id(audience)
            .unwrap();
        self.person(user)
            .await
            .is_some_and(|person| person.profile.memberships.is_member(no))
    }

    pub(super) fn size(&mut self, audience: &str) -> u64 {
        let shared = &self.running().handle.shared;
        let catalog = shared.catalog();
        let no = catalog
            .account(ACCOUNT)
            .unwrap()
            .audiences
            .by_id(audience)
            .unwrap();
        shared.size(ACCOUNT, no)
    }

    /// The next delivery that is handed to the worker.
    pub(super) async fn delivery(&mut self) -> Delivery {
        let wait = self.running().deliveries.recv();
        tokio::time::timeout(Duration::from_secs(10), wait)
            .await
            .expect("a delivery")
            .unwrap()
    }

    /// The deliveries that were handed over so far.
    pub(super) fn deliveries(&mut self) -> Vec<Delivery> {
        std::iter::from_fn(|| self.running().deliveries.try_recv().ok()).collect()
    }

    pub(super) async fn report(&mut self, report: Report) {
        self.running().reports.send(report).await.unwrap();
    }

    pub(super) fn resyncs(&mut self) -> Vec<(AccountNo, ActivationNo)> {
        std::iter::from_fn(|| self.running().resyncs.try_recv().ok()).collect()
    }

    pub(super) fn handle(&mut self) -> Handle {
        self.running().handle.clone()
    }

    /// The store after a stop.
    pub(super) fn store(&self) -> Box<dyn Reader + Send> {
        SqliteStore::open(self.folder.path())
            .unwrap()
            .reader()
            .unwrap()
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        if self.running.is_some() {
            self.stop();
        }
    }
}

/// Faults that happen once, at the `nth` time that `decide` matches.
pub(super) fn once(
    nth: u64,
    matches: impl Fn(crate::store::Step) -> bool + Send + Sync + 'static,
    fault: crate::store::Fault,
) -> Faults {
    let seen = Arc::new(AtomicU64::new(0));
    Faults::when(move |step| {
        (matches(step) && seen.fetch_add(1, Ordering::SeqCst) + 1 == nth).then_some(fault)
    })
}
