//! A destination within the test that remembers what it was sent.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
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

type Inbox = Arc<Mutex<Vec<Received>>>;

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

    /// How a proxy reaches the path `path` of this sink.
    #[must_use]
    pub fn destination(&self, id: &str, path: &str) -> Json {
        json!({ "id": id, "url": format!("http://{}{path}", self.addr), "allow_private": true })
    }

    /// Everything that came in, in order.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.inbox.lock().expect("no holder panics").clone()
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

async fn receive(State(inbox): State<Inbox>, uri: Uri, headers: HeaderMap, body: Bytes) {
    let id = headers.get("webhook-id").and_then(|id| id.to_str().ok());
    let received = Received {
        id: id.unwrap_or_default().to_owned(),
        path: uri.to_string(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
        headers,
    };
    inbox.lock().expect("no holder panics").push(received);
}
