//! The shop: an axum app that mounts the receiver.

use anyhow::Context as _;
use axum::Router;
use axum::extract::FromRef;
use axum::routing::get;
use segue_receiver::segments::{MemoryStore, Segments};
use segue_receiver::signature::sign;
use segue_receiver::{Activation, Receiver};
use tokio::net::TcpListener;

use crate::members::Members;
use crate::proxy::Audience;

/// What the shop and the proxy were told of each other. A real pair of them gets secrets that
/// nobody can read in a repository.
pub(crate) const CLIENT_ID: &str = "shop-client";
pub(crate) const CLIENT_SECRET: &str = "the client secret of an example";
pub(crate) const WEBHOOK_SECRET: &str = "whsec_dGhlIHdlYmhvb2sgc2VjcmV0IG9mIGFuIGV4YW1wbGU";

const SEGMENT_GROUP: &str = "shop";
const PAGE: usize = 1_000;

/// A shop that is open.
#[derive(Debug)]
pub(crate) struct Shop {
    url: String,
    segments: Segments,
}

#[derive(Clone)]
struct App {
    receiver: Receiver,
}

impl FromRef<App> for Receiver {
    fn from_ref(app: &App) -> Self {
        app.receiver.clone()
    }
}

impl Shop {
    pub(crate) async fn open() -> anyhow::Result<Self> {
        let segments = Segments::new(MemoryStore::new());
        segments
            .create_group(SEGMENT_GROUP, "Audiences of the shop")
            .await?;
        let activation = Activation::new(CLIENT_ID, SEGMENT_GROUP)
            .secret(CLIENT_SECRET)
            .signing_secret(WEBHOOK_SECRET.parse()?);
        let receiver = Receiver::builder()
            .segments(segments.clone())
            .activation(activation)
            .build()?;
        receiver.connect().await?;
        let app = Router::new()
            .route("/", get(|| async { "the shop\n" }))
            .merge(receiver.router())
            .with_state(App { receiver });

        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        // It stays open until the program ends.
        tokio::spawn(async { axum::serve(listener, app).await });
        Ok(Self { url, segments })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Somebody who knows the secrets writes to a segment past the proxy.
    pub(crate) async fn let_a_stranger_in(&self, audiences: &[Audience]) -> anyhow::Result<()> {
        let audience = audiences.first().context("the proxy has no audience")?;
        let now = jiff::Timestamp::now();
        let body = serde_json::json!({
            "type": "audience.membership",
            "timestamp": now,
            "data": {
                "activation": { "id": "stranger", "name": "A stranger" },
                "segment_group": SEGMENT_GROUP,
                "person_identifier": "userid",
                "changes": [{
                    "op": "add", "person": "stranger", "at": now,
                    "audience": { "id": audience.id, "name": audience.name },
                    "sequence": now.as_microsecond(),
                }],
            },
        })
        .to_string();
        let (id, at) = ("msg_of_a_stranger", now.as_second());
        let secrets = [WEBHOOK_SECRET.parse()?];
        let request = crate::proxy::http_client()?
            .post(format!("{}/cdp/webhook", self.url))
            .basic_auth(CLIENT_ID, Some(CLIENT_SECRET))
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", at)
            .header("webhook-signature", sign(&secrets, id, at, body.as_bytes()))
            .body(body);
        let answer = request.send().await?;
        anyhow::ensure!(
            answer.status().is_success(),
            "the shop says {}",
            answer.status()
        );
        Ok(())
    }

    /// Who is in a segment; nobody while the CDP has not told of it.
    pub(crate) async fn members(&self, segment: &str) -> anyhow::Result<Members> {
        let known = self.segments.segments(SEGMENT_GROUP).await?;
        if known.iter().all(|known| known.identifier != segment) {
            return Ok(Members::new());
        }
        let mut members = Members::new();
        let mut last = None;
        loop {
            let page = self
                .segments
                .members(SEGMENT_GROUP, segment, last.as_ref(), PAGE)
                .await
                .context("the shop's segments")?;
            members.extend(page.iter().map(ToString::to_string));
            if page.len() < PAGE {
                return Ok(members);
            }
            last = page.into_iter().last();
        }
    }
}
