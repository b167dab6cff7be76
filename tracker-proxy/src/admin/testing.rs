//! The admin API over a real pipeline on a real file, for the tests of this folder.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot};
use tower::ServiceExt;

use super::{AdminState, AdminTokens, Bounds, router};
use crate::clock::{Clock, TimeMs};
use crate::config::{AdminToken, Role, env};
use crate::delivery::{Client, Delivery, Destinations, Report};
use crate::ingest::testing::event;
use crate::ingest::{Event, EventKind, Submission, Unavailable, Verdict};
use crate::keys::{AccountNo, ActivationNo};
use crate::pipeline::catalog::{Stored, StoredActivation, StoredCatalog};
use crate::pipeline::{self, Channels, Handle, Start};
use crate::secret::Secret;
use crate::store::Faults;
use crate::store::sqlite::SqliteStore;

/// The time at which every story begins.
pub(super) const BEGIN: TimeMs = TimeMs(1_800_000_000_000);
/// May change things in the first account.
pub(super) const MANAGE: &str = "manage-token";
/// May look at the first account.
pub(super) const READ: &str = "read-token";
/// May change things in the second account, which is empty.
pub(super) const OTHER: &str = "other-token";

/// A running pipeline and the admin API in front of it.
pub(super) struct Server {
    pub(super) router: Router,
    pub(super) handle: Handle,
    pub(super) clock: Clock,
    pub(super) deliveries: mpsc::Receiver<Delivery>,
    pub(super) reports: mpsc::Sender<Report>,
    pub(super) resyncs: mpsc::UnboundedReceiver<(AccountNo, ActivationNo)>,
    submissions: mpsc::Sender<Submission>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
    _folder: TempDir,
}

/// An answer, read.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) json: Json,
}

impl Answer {
    /// The problem's code, once the answer is this status.
    pub(super) fn refused(&self, status: u16) -> &str {
        assert_eq!(self.status, status, "{}", self.json);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        self.json["code"].as_str().expect("a problem has a code")
    }

    /// The body, once the answer is this status.
    pub(super) fn expect(self, status: u16) -> Json {
        assert_eq!(self.status, status, "{}", self.json);
        self.json
    }
}

fn token(text: &str, role: Role) -> AdminToken {
    AdminToken {
        token: Secret::new(text),
        role,
    }
}

fn environment(name: &str) -> Option<String> {
    (name == "PASSWORD").then(|| "from-environment".to_owned())
}

/// What the file of the first account defines: an audience, a destination at `url`, a mirror.
fn write_file(catalog: &mut StoredCatalog, url: &str) {
    let of = |definition: Json| Stored {
        id: definition["id"].as_str().expect("an id").to_owned(),
        from_file: true,
        version: 1,
        created: BEGIN,
        definition,
    };
    let account = catalog.account_mut("1", "UTC");
    account.audiences = vec![of(json!({ "id": "buyers", "when": { "did": "buy" } }))];
    account.destinations = vec![of(json!({
        "id": "shop", "url": url, "allow_private": true,
        "basic": { "username": "segue", "password": "${PASSWORD}" },
        "headers": { "X-Key": "literal" },
    }))];
    account.activations = vec![StoredActivation {
        no: ActivationNo(1),
        active: None,
        stored: of(json!({
            "id": "buyers_to_shop", "audience": "buyers", "to": "shop",
            "payload": { "kind": "segue", "segment_group": "shop" },
        })),
    }];
    catalog.next_activation = 1;
    drop(catalog.account_mut("2", "UTC").id.clone());
}

impl Server {
    pub(super) fn start() -> Self {
        Self::start_with(
            "http://127.0.0.1:8099/hook?list=4&token=t0k",
            Bounds::default(),
        )
    }

    pub(super) fn start_with(url: &str, bounds: Bounds) -> Self {
        Self::start_on(url, bounds, Faults::default())
    }

    pub(super) fn start_on(url: &str, bounds: Bounds, faults: Faults) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Clock::manual(BEGIN);
        let (submissions, submitted) = mpsc::channel(64);
        let (deliver, deliveries) = mpsc::channel(4_096);
        let (reports, reported) = mpsc::channel(64);
        let (resync, resyncs) = mpsc::unbounded_channel();
        let (stop, stopped) = oneshot::channel();
        let begin = Start {
            store: Box::new(SqliteStore::open_with(folder.path(), faults).expect("a store")),
            bounds: pipeline::Bounds::default(),
            clock: clock.clone(),
            channels: Channels {
                submissions: submitted,
                reports: reported,
                deliveries: deliver,
                resyncs: resync,
                destinations: Destinations::new(std::collections::HashMap::new()),
            },
            stop: stopped,
            now: BEGIN,
        };
        let compile = |stored: StoredCatalog| {
            stored.compile(&|node, mistakes| env::substitute(node, &environment, mistakes))
        };
        let started = pipeline::start(begin, &compile, |stored| write_file(stored, url));
        let (handle, thread) = started.expect("the file compiles");
        let tokens = [
            (AccountNo(1), token(MANAGE, Role::Manage)),
            (AccountNo(1), token(READ, Role::Read)),
            (AccountNo(2), token(OTHER, Role::Manage)),
        ];
        let tokens = tokens.iter().map(|(account, token)| (*account, token));
        let state = AdminState {
            handle: handle.clone(),
            tokens: Arc::new(AdminTokens::new(tokens)),
            clock: clock.clone(),
            client: Client::new().expect("a client"),
            compile: Arc::new(compile),
            bounds,
        };
        Self {
            router: router(state),
            handle,
            clock,
            deliveries,
            reports,
            resyncs,
            submissions,
            stop: Some(stop),
            thread: Some(thread),
            _folder: folder,
        }
    }

    /// One call with a token of one's own choice.
    pub(super) async fn call_as(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: impl Into<Body>,
    ) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {token}"))
            .body(body.into())
            .expect("a request");
        self.send(request).await
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await;
        let response = response.expect("a router does not fail");
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        Answer {
            status: head.status,
            headers: head.headers,
            json: serde_json::from_slice(&bytes).unwrap_or_default(),
        }
    }

    /// One call with the token that may do everything; `path` begins after `/admin/v1`.
    pub(super) async fn call(&self, method: Method, path: &str, body: &Json) -> Answer {
        let body = if body.is_null() {
            Body::empty()
        } else {
            Body::from(body.to_string())
        };
        let path = format!("/admin/v1{path}");
        self.call_as(MANAGE, method, &path, body).await
    }

    /// Sends a CSV with the token that may do everything.
    pub(super) async fn csv(&self, method: Method, path: &str, text: &str) -> Answer {
        self.csv_as(MANAGE, method, path, text).await
    }

    pub(super) async fn csv_as(
        &self,
        token: &str,
        method: Method,
        path: &str,
        text: &str,
    ) -> Answer {
        let path = format!("/admin/v1{path}");
        self.call_as(token, method, &path, text.to_owned()).await
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, &Json::Null).await
    }

    pub(super) async fn post(&self, path: &str, body: &Json) -> Answer {
        self.call(Method::POST, path, body).await
    }

    pub(super) async fn put(&self, path: &str, body: &Json) -> Answer {
        self.call(Method::PUT, path, body).await
    }

    pub(super) async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, &Json::Null).await
    }

    /// Something that the users did, each a millisecond after the one before.
    pub(super) async fn track(&self, name: &str, users: &[&str]) {
        for user in users {
            let id = format!("{name}-{user}-{}", self.clock.now().0);
            let event = Event {
                properties: Some(r#"{"amount":5}"#),
                ..event(EventKind::Track, name, &id, self.clock.now())
            };
            self.take(Event {
                user_id: Some(user),
                ..event
            })
            .await;
            self.clock.advance(Duration::from_millis(1));
        }
    }

    pub(super) async fn take(&self, event: Event<'_>) {
        let verdicts = self.try_take(event).await;
        drop(verdicts.expect("the event is durable"));
    }

    pub(super) async fn try_take(&self, event: Event<'_>) -> Result<Vec<Verdict>, Unavailable> {
        let (reply, answer) = oneshot::channel();
        let submission = Submission {
            account: AccountNo(1),
            events: event.encode_into(Vec::new()),
            count: 1,
            reply,
        };
        let sent = self.submissions.send(submission).await;
        sent.expect("the pipeline runs");
        answer.await.expect("the pipeline answers")
    }

    /// Waits until the pipeline has seen what was sent to it.
    pub(super) async fn settle(&self) {
        for _ in 0..3 {
            self.handle.ask(|_| ()).await.expect("the pipeline runs");
        }
    }

    /// Every entry of a list, page by page.
    pub(super) async fn pages(&self, path: &str, list: &str) -> Vec<Json> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("{path}{cursor}")).await.expect(200);
            all.extend(page[list].as_array().expect("a list").iter().cloned());
            match page["next_cursor"].as_str() {
                None => return all,
                Some(next) => cursor = format!("&cursor={next}"),
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send(()).unwrap_or_default();
        }
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the pipeline ends well");
        }
    }
}
