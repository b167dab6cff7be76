//! Says what tests do not want to repeat: a receiver, a signed delivery, an answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use segue_receiver::segments::{MemoryStore, PostgresStore, SegmentStore, Segments, SqliteStore};
use segue_receiver::signature::{SigningSecret, sign};
use segue_receiver::{Activation, Receiver, ReceiverBuilder};
use serde_json::{Value, json};
use tower::ServiceExt as _;

pub(crate) const CLIENT: &str = "shop-client";
pub(crate) const SECRET: &str = "shop-secret-1";
pub(crate) const SIGNING: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
pub(crate) const GROUP: &str = "shop";

static IDS: AtomicU64 = AtomicU64::new(1);

/// A store of each kind with the group of the tests in it; PostgreSQL where it is installed.
pub(crate) async fn stores() -> Vec<(Segments, Option<tempfile::TempDir>)> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let sqlite = SqliteStore::open(folder.path().join("segments.db")).expect("it opens");
    let memory: Arc<dyn SegmentStore> = Arc::new(MemoryStore::new());
    let mut stores = vec![
        (Segments::from(memory), None),
        (Segments::new(sqlite), Some(folder)),
    ];
    if let Some(url) = crate::postgres::database().await {
        let store = PostgresStore::connect(&url).await.expect("it is empty");
        stores.push((Segments::new(store), None));
    }
    for (segments, _) in &stores {
        segments
            .create_group(GROUP, "Shop")
            .await
            .expect("it is new");
    }
    stores
}

pub(crate) async fn memory() -> Segments {
    let segments = Segments::new(MemoryStore::new());
    segments
        .create_group(GROUP, "Shop")
        .await
        .expect("it is new");
    segments
}

pub(crate) fn activation() -> Activation {
    crate::logs::listen();
    Activation::new(CLIENT, GROUP)
        .secret(SECRET)
        .signing_secret(secret())
}

/// Another activation for the same group, with secrets of its own.
pub(crate) fn other_activation() -> Activation {
    let secret = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse();
    Activation::new("other-client", GROUP)
        .secret("other-secret")
        .signing_secret(secret.expect("it is a secret"))
}

pub(crate) fn builder(segments: &Segments) -> ReceiverBuilder {
    Receiver::builder()
        .segments(segments.clone())
        .activation(activation())
}

pub(crate) async fn app() -> (Router, Segments) {
    let segments = memory().await;
    let receiver = builder(&segments).build().expect("the settings are right");
    (receiver.router(), segments)
}

pub(crate) fn secret() -> SigningSecret {
    SIGNING.parse().expect("it is a secret")
}

/// A request that is right in every way until it is changed.
pub(crate) struct Delivery {
    pub(crate) id: String,
    pub(crate) timestamp: i64,
    pub(crate) body: Vec<u8>,
    pub(crate) uri: String,
    pub(crate) headers: HeaderMap,
    pub(crate) signed: bool,
}

impl Delivery {
    pub(crate) fn raw(body: impl Into<Vec<u8>>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            "application/json".parse().expect("it is ASCII"),
        );
        headers.insert(header::AUTHORIZATION, basic(CLIENT, SECRET));
        Self {
            id: format!("msg_{}", IDS.fetch_add(1, Ordering::Relaxed)),
            timestamp: now(),
            body: body.into(),
            uri: "/cdp/webhook".to_owned(),
            headers,
            signed: true,
        }
    }

    pub(crate) fn of(changes: Value) -> Self {
        Self::raw(envelope(changes).to_string())
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers
            .insert(name, value.parse().expect("it is a header value"));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    pub(crate) fn id(mut self, id: &str) -> Self {
        id.clone_into(&mut self.id);
        self
    }

    pub(crate) fn request(self) -> Request<Body> {
        let mut request = Request::post(self.uri);
        let headers = request.headers_mut().expect("the address is right");
        *headers = self.headers;
        if self.signed {
            let signature = sign(&[secret()], &self.id, self.timestamp, &self.body);
            for (name, value) in [
                ("webhook-id", self.id),
                ("webhook-timestamp", self.timestamp.to_string()),
                ("webhook-signature", signature),
            ] {
                if !headers.contains_key(name) {
                    headers.insert(name, value.parse().expect("it is a header value"));
                }
            }
        }
        request
            .body(Body::from(self.body))
            .expect("the parts are right")
    }

    pub(crate) async fn send(self, app: &Router) -> Answer {
        send(app, self.request()).await
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("the answer is JSON")
    }

    /// Checks that it is a problem with this code.
    pub(crate) fn refuses(&self, status: u16, code: &str) {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(
            self.headers[header::CONTENT_TYPE],
            "application/problem+json"
        );
        assert_eq!(self.json()["code"], code);
        assert_eq!(self.json()["status"], status);
    }
}

pub(crate) async fn send(app: &Router, request: Request<Body>) -> Answer {
    let response = app
        .clone()
        .oneshot(request)
        .await
        .expect("a router does not fail");
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, 10_000_000)
        .await
        .expect("the answer is short");
    let text = String::from_utf8(bytes.to_vec()).expect("the answer is text");
    Answer {
        status: parts.status,
        headers: parts.headers,
        text,
    }
}

pub(crate) fn envelope(changes: Value) -> Value {
    let mut envelope = json!({
        "type": "audience.membership",
        "timestamp": "2026-11-20T13:00:00.000Z",
        "data": {
            "activation": {"id": "vip_to_shop", "name": "VIP members to the shop"},
            "segment_group": GROUP,
            "person_identifier": "userid",
        }
    });
    envelope["data"]["changes"] = changes;
    envelope
}

pub(crate) fn add(person: &str, audience: &str, sequence: u64) -> Value {
    single("add", person, audience, sequence)
}

pub(crate) fn remove(person: &str, audience: &str, sequence: u64) -> Value {
    single("remove", person, audience, sequence)
}

fn single(op: &str, person: &str, audience: &str, sequence: u64) -> Value {
    json!({"op": op, "person": person, "audience": {"id": audience, "name": audience},
           "sequence": sequence, "at": "2026-11-20T12:59:58Z"})
}

pub(crate) fn replace(persons: &[String], audience: &str, sequence: u64) -> Value {
    json!({"op": "replace", "persons": persons, "audience": {"id": audience, "name": audience},
           "sequence": sequence, "at": "2026-11-20T12:59:58Z"})
}

pub(crate) fn persons(count: usize) -> Vec<String> {
    (0..count).map(|person| format!("p{person:06}")).collect()
}

pub(crate) async fn members(segments: &Segments, audience: &str) -> Vec<String> {
    let members = segments
        .members(GROUP, audience, None, usize::MAX)
        .await
        .expect("it reads");
    members.iter().map(ToString::to_string).collect()
}

pub(crate) fn basic(client: &str, secret: &str) -> axum::http::HeaderValue {
    let encoded = STANDARD.encode(format!("{client}:{secret}"));
    format!("Basic {encoded}").parse().expect("it is ASCII")
}

pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}
