//! A proxy without a pipeline, and what clients do with it.

mod browser;
mod foreign;
mod queue;
mod refusing;
mod taking;

use std::io::Write;

use axum::body::Body;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use tokio::sync::mpsc;
use tower::ServiceExt;

use super::*;
use crate::clock::TimeMs;
use crate::config::{StreamConfig, WriteKey};
use crate::ingest::{Event, Streams, Submission, Unavailable, WriteKeys};
use crate::secret::Secret;

const NOON: TimeMs = TimeMs(1_795_176_000_000);
const TRACK: &str = r#"{"type":"track","event":"buy","userId":"42","messageId":"m1"}"#;

/// A proxy without a pipeline: what it would record waits in `submissions`.
struct Proxy {
    router: Router,
    submissions: mpsc::Receiver<Submission>,
}

fn write_key(key: &str, kind: KeyKind, origins: &[&str]) -> WriteKey {
    WriteKey {
        key: Secret::new(key),
        kind,
        origins: origins.iter().map(|origin| (*origin).to_owned()).collect(),
        trust_browser_identity: false,
    }
}

fn proxy_with(limits: Limits, queue: usize) -> Proxy {
    let keys = [
        write_key("wk_secret", KeyKind::Secret, &[]),
        write_key("wk_public", KeyKind::Public, &["https://shop.example"]),
        write_key("wk_any", KeyKind::Public, &[]),
    ];
    let keys = {
        let mut all = WriteKeys::default();
        all.add(AccountNo(7), &keys, &[]);
        all
    };
    let (sender, submissions) = mpsc::channel(queue);
    let clock = Clock::manual(NOON);
    Proxy {
        router: router(Intake::new(Arc::new(keys), sender, clock, limits).with_streams(streams())),
        submissions,
    }
}

fn streams() -> Streams {
    let mut streams = Streams::default();
    let config = StreamConfig {
        stream_id: Secret::new("00000000-stream"),
        person: "id".to_owned(),
    };
    streams.add(AccountNo(7), "123456", &[config]);
    streams
}

fn proxy() -> Proxy {
    proxy_with(Limits::default(), 16)
}

impl Proxy {
    /// Sends without anybody to record: for what must be answered before that.
    async fn refuse(&self, request: Request<Body>) -> (StatusCode, serde_json::Value) {
        read(
            self.router
                .clone()
                .oneshot(request)
                .await
                .expect("infallible"),
        )
        .await
    }

    /// Sends, and records everything with `verdict`.
    async fn send(
        &mut self,
        request: Request<Body>,
        verdict: Result<Verdict, Unavailable>,
    ) -> (StatusCode, serde_json::Value, Vec<Submission>) {
        let mut taken = Vec::new();
        let answering = self.router.clone().oneshot(request);
        let mut answering = std::pin::pin!(answering);
        let response = loop {
            tokio::select! {
                response = &mut answering => break response.expect("infallible"),
                Some(mut submission) = self.submissions.recv() => {
                    let (unused, _) = tokio::sync::oneshot::channel();
                    let reply = std::mem::replace(&mut submission.reply, unused);
                    let verdicts = verdict.map(|verdict| vec![verdict; submission.count]);
                    reply.send(verdicts).expect("the handler waits");
                    taken.push(submission);
                }
            }
        };
        let (status, body) = read(response).await;
        (status, body, taken)
    }

    async fn accept(&mut self, request: Request<Body>) -> (serde_json::Value, Vec<Submission>) {
        let (status, body, taken) = self.send(request, Ok(Verdict::Accepted)).await;
        assert_eq!(status, 200, "{body}");
        assert_eq!(body["success"], true);
        (body, taken)
    }
}

async fn read(response: Response) -> (StatusCode, serde_json::Value) {
    let status = response.status();
    let body = response
        .into_body()
        .collect()
        .await
        .expect("a body")
        .to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

fn post_to(path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::post(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).expect("a request")
}

fn backend(path: &str, body: impl Into<Body>) -> Request<Body> {
    post_to(path, &[("x-write-key", "wk_secret")], body)
}

fn batch(events: &str) -> String {
    format!(r#"{{"batch":[{events}]}}"#)
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).expect("memory");
    encoder.finish().expect("memory")
}
