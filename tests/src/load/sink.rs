//! The destination: takes webhooks and notes when each came.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::Context as _;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

/// A webhook that came.
#[derive(Debug)]
pub(crate) struct Arrival {
    /// The id of the delivery: the same whenever it is tried again.
    pub(crate) id: String,
    /// The number in the event that caused it.
    pub(crate) event: usize,
    /// When it had come whole.
    pub(crate) at: Instant,
}

/// A running destination.
#[derive(Debug)]
pub(crate) struct Sink {
    pub(crate) addr: SocketAddr,
    gate: watch::Sender<bool>,
    received: Arc<AtomicUsize>,
    arrivals: mpsc::UnboundedReceiver<Arrival>,
    serving: tokio::task::JoinHandle<()>,
}

#[derive(Debug, Clone)]
struct Shared {
    gate: watch::Receiver<bool>,
    received: Arc<AtomicUsize>,
    arrivals: mpsc::UnboundedSender<Arrival>,
}

impl Sink {
    /// Starts one; while it is not `open` it takes requests and answers none.
    pub(crate) async fn start(open: bool) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let (gate, gated) = watch::channel(open);
        let (sender, arrivals) = mpsc::unbounded_channel();
        let received = Arc::new(AtomicUsize::new(0));
        let shared = Shared {
            gate: gated,
            received: received.clone(),
            arrivals: sender,
        };
        let router = Router::new().route("/hook", post(take)).with_state(shared);
        let serving = tokio::spawn(async {
            // It ends with the measurement; until then the listener does not fail.
            axum::serve(listener, router).await.unwrap_or_default();
        });
        Ok(Self {
            addr,
            gate,
            received,
            arrivals,
            serving,
        })
    }

    pub(crate) fn open(&self) {
        self.gate.send_replace(true);
    }

    pub(crate) fn received(&self) -> usize {
        self.received.load(Ordering::Relaxed)
    }

    pub(crate) async fn next(&mut self) -> anyhow::Result<Arrival> {
        self.arrivals.recv().await.context("the sink has ended")
    }

    /// The part of an account's configuration that sends one webhook for each `ping`.
    pub(crate) fn account(&self) -> String {
        format!(
            "    audiences:
      - {{ id: everyone, when: {{ did: ping }} }}
    destinations:
      - id: sink
        url: http://{}/hook
        allow_private: true
        concurrency: 8
        signing_secrets: [whsec_bG9hZCBwcm9ncmFtJ3Mgb3duIHNpZ25pbmcga2V5]
    activations:
      - id: ping
        audience: everyone
        mode: trigger
        on: {{ event: ping }}
        repeat: every
        to: sink
        payload:
          kind: template
          body: {{ n: \"{{event.n}}\", user: \"{{user_id}}\", at: \"{{at}}\" }}
",
            self.addr
        )
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn take(State(mut shared): State<Shared>, headers: HeaderMap, body: String) -> StatusCode {
    let at = Instant::now();
    shared.received.fetch_add(1, Ordering::Relaxed);
    let id = headers.get("webhook-id").and_then(|id| id.to_str().ok());
    let (Some(id), Some(event)) = (id, number_in(&body)) else {
        return StatusCode::BAD_REQUEST;
    };
    let id = id.to_owned();
    // Nobody listens any more when the measurement is over.
    shared
        .arrivals
        .send(Arrival { id, event, at })
        .unwrap_or_default();
    match shared.gate.wait_for(|open| *open).await {
        Ok(_) => StatusCode::OK,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn number_in(body: &str) -> Option<usize> {
    let body: serde_json::Value = serde_json::from_str(body).ok()?;
    let number = body.get("n")?;
    let number = number.as_u64().or_else(|| number.as_str()?.parse().ok())?;
    usize::try_from(number).ok()
}
