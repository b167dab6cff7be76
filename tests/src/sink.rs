//! A destination within the test that remembers what it was sent.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

/// A request that came in.
#[derive(Debug, Clone)]
pub struct Received {
    /// The delivery's stable id.
    pub id: String,
    /// Path and query.
    pub path: String,
    /// The body, null where it is no JSON.
    pub body: Json,
    /// All headers.
    pub headers: HeaderMap,
}

/// An answer other than 200.
#[derive(Debug, Clone, Copy)]
pub struct Refusal {
    /// The status.
    pub status: u16,
    /// `Retry-After`, in seconds.
    pub retry_after_s: Option<u32>,
}

#[derive(Debug, Default)]
struct Memory {
    received: Vec<Received>,
    refusals: VecDeque<Refusal>,
}

type Inbox = Arc<Mutex<Memory>>;

/// Answers everything with 200, for as long as it lives.
#[derive(Debug)]
pub struct Sink {
    addr: SocketAddr,
    inbox: Inbox,
    server: AbortHandle,
}

impl Sink {
    /// Starts to listen.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("there is a free port");
        let addr = listener.local_addr().expect("a listener has an address");
        let inbox = Inbox::default();
        let app = Router::new()
            .fallback(receive)
            .with_state(Arc::clone(&inbox));
        let server = tokio::spawn(async move { axum::serve(listener, app).await });
        Self {
            addr,
            inbox,
            server: server.abort_handle(),
        }
    }

    /// Answers the next requests with these, and 200 after them.
    pub fn refuse(&self, refusals: impl IntoIterator<Item = Refusal>) {
        let mut memory = self.inbox.lock().expect("no holder panics");
        memory.refusals.extend(refusals);
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// How a proxy reaches the path `path` of this sink.
    #[must_use]
    pub fn destination(&self, id: &str, path: &str) -> Json {
        json!({ "id": id, "url": format!("http://{}{path}", self.addr), "allow_private": true })
    }

    /// Everything that came in, in order.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        let memory = self.inbox.lock().expect("no holder panics");
        memory.received.clone()
    }

    /// What came in at one path.
    #[must_use]
    pub fn received_at(&self, path: &str) -> Vec<Received> {
        let mut all = self.received();
        all.retain(|one| one.path == path);
        all
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn receive(
    State(inbox): State<Inbox>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap) {
    let id = headers.get("webhook-id").and_then(|id| id.to_str().ok());
    let received = Received {
        id: id.unwrap_or_default().to_owned(),
        path: uri.to_string(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
        headers,
    };
    let mut memory = inbox.lock().expect("no holder panics");
    memory.received.push(received);
    let (mut status, mut headers) = (StatusCode::OK, HeaderMap::new());
    if let Some(refusal) = memory.refusals.pop_front() {
        status = StatusCode::from_u16(refusal.status).expect("tests name statuses that exist");
        if let Some(seconds) = refusal.retry_after_s {
            headers.insert("retry-after", seconds.into());
        }
    }
    (status, headers)
}
