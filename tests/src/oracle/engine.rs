//! The real pipeline on a real file, on a clock that only the script moves.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use rusqlite::Connection;
use segue_tracker_proxy::clock::{Clock, TimeMs};
use segue_tracker_proxy::delivery::{Delivery, Destinations, Report};
use segue_tracker_proxy::ingest::{Event, EventKind, Submission, Verdict as Taken};
use segue_tracker_proxy::keys::{AccountNo, ActivationNo, IdKind};
use segue_tracker_proxy::pipeline::catalog::{Stored, StoredActivation, StoredCatalog, StoredList};
use segue_tracker_proxy::pipeline::{Bounds, Channels, Erased, Handle, Start, erase, start};
use segue_tracker_proxy::store::sqlite::SqliteStore;
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

use super::case::{Case, Memory};
use super::event::{Happening, Kind};
use super::language::{Audience, LISTS};
use super::world::{Id, Standing, Verdict};

const ACCOUNT: AccountNo = AccountNo(1);
/// How often the pipeline is asked whether it has warmed everybody before it is called stuck.
const WARMING_ASKED_MAX: u32 = 100_000;

/// How often the pipeline is asked something before a commit that does not end is given up.
const COMMIT_ASKED_MAX: u32 = 100_000;

/// Standings by the audiences' ids.
pub type Standings = BTreeMap<String, Standing>;

/// A running pipeline.
#[derive(Debug)]
pub struct Engine {
    folder: TempDir,
    clock: Clock,
    zone: &'static str,
    memory: Memory,
    runtime: Runtime,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    handle: Handle,
    submissions: mpsc::Sender<Submission>,
    deliveries: mpsc::Receiver<Delivery>,
    _reports: mpsc::Sender<Report>,
    _resyncs: mpsc::UnboundedReceiver<(AccountNo, ActivationNo)>,
    stop: oneshot::Sender<()>,
    thread: std::thread::JoinHandle<()>,
}

impl Engine {
    /// Starts on an empty folder.
    ///
    /// # Errors
    ///
    /// The definitions are refused, in the engine's words.
    pub fn start(case: &Case, now: i64) -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let mut engine = Self {
            folder: tempfile::tempdir().expect("there is room for a temporary folder"),
            clock: Clock::manual(TimeMs(now)),
            zone: case.zone,
            memory: case.memory,
            runtime: runtime.expect("a runtime without a driver can be made"),
            running: None,
        };
        engine.run(Some(&case.audiences))?;
        Ok(engine)
    }

    /// Starts on what is in the folder, with other definitions or those that are there.
    fn run(&mut self, audiences: Option<&[Audience]>) -> Result<(), String> {
        let store = SqliteStore::open_unsynced(self.folder.path()).expect("the store opens");
        let (submissions, submitted) = mpsc::channel(64);
        let (deliver, deliveries) = mpsc::channel(64);
        let (reports, reported) = mpsc::channel(64);
        let (resync, resyncs) = mpsc::unbounded_channel();
        let (stop, stopped) = oneshot::channel();
        let begin = Start {
            store: Box::new(store),
            bounds: self.memory.bounds(),
            clock: self.clock.clone(),
            channels: Channels {
                submissions: submitted,
                reports: reported,
                deliveries: deliver,
                resyncs: resync,
                destinations: Destinations::new(HashMap::new()),
            },
            stop: stopped,
            now: self.clock.now(),
        };
        let zone = self.zone;
        let change = |stored: &mut StoredCatalog| {
            if let Some(audiences) = audiences {
                write(stored, zone, audiences);
            }
        };
        let started = start(
            begin,
            &|stored| stored.compile(&|node, _| node.clone()),
            change,
        );
        let (handle, thread) = started.map_err(|error| format!("{error:?}"))?;
        self.running = Some(Running {
            handle,
            submissions,
            deliveries,
            _reports: reports,
            _resyncs: resyncs,
            stop,
            thread,
        });
        self.settle();
        Ok(())
    }

    fn running(&mut self) -> &mut Running {
        self.running
            .as_mut()
            .expect("it runs between the steps of a script")
    }

    fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop.send(()).unwrap_or_default();
            running.thread.join().expect("the pipeline does not panic");
        }
    }

    /// Stops in order and starts again.
    pub fn restart(&mut self) {
        self.stop();
        self.run(None).expect("what ran before runs again");
    }

    /// Goes on with what is durable now; what is in memory is lost.
    pub fn crash(&mut self) {
        let folder = tempfile::tempdir().expect("there is room for a temporary folder");
        let db = Connection::open(self.folder.path().join("segue.db"));
        let copy = folder.path().join("segue.db");
        let copied = db.and_then(|db| db.execute("VACUUM INTO ?1", [copy.to_string_lossy()]));
        copied.expect("the store can be copied while it is used");
        self.stop();
        self.folder = folder;
        self.run(None).expect("what ran before runs again");
    }

    fn ask<T: Send + 'static>(
        &mut self,
        question: impl FnOnce(&mut segue_tracker_proxy::pipeline::Pipeline) -> T + Send + 'static,
    ) -> T {
        let handle = self.running().handle.clone();
        let answer = self.runtime.block_on(handle.ask(question));
        answer.expect("the store does not fail")
    }

    /// Waits until the turn that the clock or a switch woke is over, and everybody is warm.
    fn settle(&mut self) {
        for _ in 0..WARMING_ASKED_MAX {
            self.ask(|_| ());
            let running = self.running();
            while running.deliveries.try_recv().is_ok() {}
            if !running.handle.shared.progress().is_warming() {
                return;
            }
        }
        panic!("warming does not end");
    }

    /// Moves the clock; whatever is due happens.
    pub fn advance_to(&mut self, now: i64) {
        let by = u64::try_from(now - self.clock.now().0).expect("scripts go forward");
        self.clock.advance(Duration::from_millis(by));
        self.settle();
    }

    /// Changes the definitions.
    ///
    /// # Errors
    ///
    /// They are refused, in the engine's words.
    pub fn edit(&mut self, audiences: &[Audience]) -> Result<(), String> {
        let (now, zone, audiences) = (self.clock.now(), self.zone, audiences.to_vec());
        let switched = self.ask(move |pipeline| {
            let compile = |stored: StoredCatalog| stored.compile(&|node, _| node.clone());
            let change = |stored: &mut StoredCatalog| write(stored, zone, &audiences);
            let switched = pipeline.switch(now, &compile, change);
            switched.map(drop).map_err(|error| format!("{error:?}"))
        });
        self.settle();
        switched
    }

    /// Erases somebody; false where there is nobody.
    pub fn erase(&mut self, id: &Id) -> bool {
        let (handle, now) = (self.running().handle.clone(), self.clock.now());
        let (kind, id) = key(id);
        let account = ACCOUNT;
        let person = Erased { account, kind, id };
        let erased = self.runtime.block_on(erase(&handle, now, person));
        erased.expect("the store does not fail")
    }

    /// Sends events together.
    pub fn send(&mut self, events: &[Happening]) -> Vec<Verdict> {
        let (reply, answer) = oneshot::channel();
        let mut encoded = Vec::new();
        for event in events {
            encoded = encode(event, encoded);
        }
        let submission = Submission {
            account: ACCOUNT,
            events: encoded,
            count: events.len(),
            reply,
        };
        let submissions = self.running().submissions.clone();
        let taken = self.runtime.block_on(async move {
            submissions
                .send(submission)
                .await
                .expect("the pipeline runs");
            answer
                .await
                .expect("the pipeline answers")
                .expect("the store does not fail")
        });
        let verdict = |taken: &Taken| match taken {
            Taken::Accepted => Verdict::Accepted,
            Taken::Repeat => Verdict::Repeat,
            Taken::Erased => Verdict::Erased,
        };
        taken.iter().map(verdict).collect()
    }

    /// The standings of the people with these ids, none where there is nobody.
    pub fn standings(&mut self, ids: &[Id]) -> Vec<Option<Standings>> {
        let catalog = self.running().handle.shared.catalog();
        let ids: Vec<_> = ids.iter().map(key).collect();
        self.ask(move |pipeline| {
            let account = catalog.account(ACCOUNT).expect("there is one account");
            let of = |(kind, id): (IdKind, String)| {
                let profile = pipeline.profile(ACCOUNT, kind, &id);
                let profile = profile.expect("the store does not fail")?;
                let standings = profile.memberships.iter().map(|(no, standing)| {
                    let audience = account.audience_id(no).to_owned();
                    let (member, number) = (standing.member, standing.number);
                    (audience, Standing { member, number })
                });
                Some(standings.collect())
            };
            ids.into_iter().map(of).collect()
        })
    }

    /// How many members an audience has. It is told once the commit is durable that changed it,
    /// so `expected` is waited for.
    pub fn size(&mut self, audience: &str, expected: u64) -> u64 {
        let shared = self.running().handle.shared.clone();
        let catalog = shared.catalog();
        let account = catalog.account(ACCOUNT).expect("there is one account");
        let no = account.audiences.by_id(audience);
        let size = || no.map_or(0, |no| shared.size(ACCOUNT, no));
        for _ in 0..COMMIT_ASKED_MAX {
            if size() == expected {
                break;
            }
            self.ask(|_| ());
        }
        size()
    }

    /// Stops, and leaves the folder to be read.
    pub fn finish(mut self) -> TempDir {
        self.stop();
        std::mem::replace(
            &mut self.folder,
            tempfile::tempdir().expect("there is room"),
        )
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop.send(()).unwrap_or_default();
            // What it has to say was said by whoever drops it.
            drop(running.thread.join());
        }
    }
}

impl Memory {
    fn bounds(self) -> Bounds {
        // Every transition is looked at in the end.
        let ample = Bounds {
            outbox_age_ms: i64::MAX / 4,
            ..Bounds::default()
        };
        match self {
            Self::Ample => ample,
            Self::Tight => Bounds {
                cache_bytes: 1_024,
                dirty_bytes: 1_024,
                write_back_ms: 1,
                feed_bytes: 2_048,
                ..ample
            },
        }
    }
}

fn key(id: &Id) -> (IdKind, String) {
    match id {
        Id::User(id) => (IdKind::User, id.clone()),
        Id::Visitor(id) => (IdKind::Anonymous, id.clone()),
    }
}

fn encode(event: &Happening, bytes: Vec<u8>) -> Vec<u8> {
    let said = event.said.to_string();
    let said_of = |kinds: &[Kind]| kinds.contains(&event.kind).then_some(said.as_str());
    let kind = match event.kind {
        Kind::Track => EventKind::Track,
        Kind::Identify => EventKind::Identify,
        Kind::Alias => EventKind::Alias,
        Kind::Consent => EventKind::Consent,
    };
    let encoded = Event {
        kind,
        name: &event.name,
        message_id: &event.message,
        user_id: event.user.as_deref(),
        anonymous_id: event.visitor.as_deref(),
        claimed_user_id: None,
        previous_id: event.previous.as_deref(),
        group_id: None,
        time: TimeMs(event.time),
        received: TimeMs(event.received),
        stated_time: None,
        properties: said_of(&[Kind::Track]),
        traits: said_of(&[Kind::Identify]),
        context: None,
        consents: said_of(&[Kind::Consent]),
    };
    encoded.encode_into(bytes)
}

/// Writes the definitions, and an activation that records every transition and sends nothing.
fn write(stored: &mut StoredCatalog, zone: &str, audiences: &[Audience]) {
    let definition = |id: &str, definition| Stored {
        id: id.to_owned(),
        from_file: false,
        version: 1,
        created: TimeMs(0),
        definition,
    };
    let account = stored.account_mut("1", zone);
    let list = |id: &str| StoredList {
        id: id.to_owned(),
        created: TimeMs(0),
    };
    account.lists = LISTS.map(list).to_vec();
    let ids: Vec<&str> = audiences.iter().map(|one| one.id.as_str()).collect();
    account.audiences = audiences
        .iter()
        .map(|one| definition(&one.id, one.to_json()))
        .collect();
    let nowhere =
        json!({ "id": "nowhere", "url": "http://127.0.0.1:8080/", "allow_private": true });
    account.destinations = vec![definition("nowhere", nowhere)];
    let record = json!({
        "id": "record", "audiences": ids, "mode": "trigger", "on": "change", "to": "nowhere",
        "repeat": "every", "active": false,
        "payload": { "kind": "simple", "fields": [{ "key": "a", "constant": "b" }] },
    });
    account.activations = vec![StoredActivation {
        no: ActivationNo(1),
        active: Some(false),
        stored: definition("record", record),
    }];
}
