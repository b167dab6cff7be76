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
use crate::config::WriteKey;
use crate::ingest::{Event, Submission, Unavailable, WriteKeys};
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
    let keys = WriteKeys::new(keys.iter().map(|key| (AccountNo(7), key)));
    let (sender, submissions) = mpsc::channel(queue);
    let clock = Clock::manual(NOON);
    Proxy {
        router: router(Intake::new(Arc::new(keys), sender, clock, limits)),
        submissions,
    }
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

#[tokio::test]
async fn a_batch_is_answered_once_it_is_durable() {
    let mut proxy = proxy();
    let (body, taken) = proxy.accept(backend("/v1/batch", batch(TRACK))).await;
    assert_eq!(
        body,
        serde_json::json!({"success": true, "accepted": 1, "rejected": []})
    );
    assert_eq!((taken[0].account, taken[0].count), (AccountNo(7), 1));
    let (event, rest) = Event::decode(&taken[0].events).unwrap();
    assert_eq!((event.name, event.received, rest.len()), ("buy", NOON, 0));
}

#[tokio::test]
async fn every_path_of_every_client_is_there() {
    let mut proxy = proxy();
    let event =
        r#"{"event":"e","userId":"1","previousId":"2","groupId":"3","consents":{"a":true}}"#;
    for (name, call) in CALLS {
        let body = match call {
            Call::Batch => batch(TRACK),
            Call::Single(_) => event.to_owned(),
        };
        for path in [
            format!("/v1/{name}"),
            format!("/v1/{name}/"),
            format!("/{name}"),
            format!("/{name}/"),
        ] {
            let (answer, taken) = proxy.accept(backend(&path, body.clone())).await;
            assert_eq!(answer["accepted"], 1, "{path}: {answer}");
            let (event, _) = Event::decode(&taken[0].events).unwrap();
            if let Call::Single(kind) = call {
                assert_eq!(event.kind, kind, "{path}");
            }
        }
    }
    let (_, taken) = proxy
        .accept(post_to("/v1/m", &[], r#"{"series":[]}"#))
        .await;
    assert!(taken.is_empty());
}

#[tokio::test]
async fn a_key_is_found_wherever_clients_put_it() {
    let mut proxy = proxy();
    let basic = format!("Basic {}", STANDARD.encode("wk_secret:"));
    let event = r#"{"event":"e","userId":"1","writeKey":"wk_secret"}"#;
    for request in [
        post_to("/v1/batch", &[("authorization", &basic)], batch(TRACK)),
        post_to(
            "/v1/batch",
            &[],
            format!(r#"{{"writeKey":"wk_secret","batch":[{TRACK}]}}"#),
        ),
        post_to(
            "/batch/",
            &[],
            format!(r#"{{"api_key":"wk_secret","batch":[{TRACK}]}}"#),
        ),
        post_to("/v1/t", &[("authorization", "Bearer x")], event),
        post_to("/v1/batch?writeKey=wk_secret", &[], batch(TRACK)),
    ] {
        let shown = format!("{request:?}");
        let (answer, _) = proxy.accept(request).await;
        assert_eq!(answer["accepted"], 1, "{shown}");
    }
}

#[tokio::test]
async fn a_key_in_the_headers_wins_over_one_in_the_body() {
    let proxy = proxy();
    let body = format!(r#"{{"writeKey":"wk_secret","batch":[{TRACK}]}}"#);
    let (status, body) = proxy
        .refuse(post_to("/v1/batch", &[("x-write-key", "wk_no")], body))
        .await;
    assert_eq!(
        (status.as_u16(), &body["code"]),
        (401, &"unknown_write_key".into())
    );
    assert_eq!(body["success"], false);
}

#[tokio::test]
async fn what_cannot_be_taken_says_why_in_code_and_words() {
    let proxy = proxy();
    let large = vec![b' '; 10_000_000];
    let bomb = gzip(&" ".repeat(5_000_000));
    for (request, status, code, part) in [
        (
            backend("/v1/batch", "{\"batch\":["),
            400,
            "unreadable_body",
            "EOF",
        ),
        (backend("/v1/track", "[]"), 400, "unreadable_body", "object"),
        (
            backend("/v1/batch", "\x1f\u{8b}"),
            400,
            "unreadable_body",
            "",
        ),
        (
            post_to("/v1/batch", &[], batch(TRACK)),
            401,
            "missing_write_key",
            "write key",
        ),
        (
            post_to("/v1/track", &[("x-write-key", "no")], TRACK),
            401,
            "unknown_write_key",
            "",
        ),
        (
            backend("/v1/batch", large),
            413,
            "body_too_large",
            "4194304",
        ),
        (backend("/v1/batch", bomb), 413, "body_too_large", "4194304"),
        (
            backend("/v1/batch", batch(&"1,".repeat(6_000).as_str()[..11_999])),
            413,
            "too_many_events",
            "5000",
        ),
    ] {
        let (actual, body) = proxy.refuse(request).await;
        assert_eq!(
            (actual.as_u16(), body["code"].as_str()),
            (status, Some(code)),
            "{body}"
        );
        assert!(body["message"].as_str().unwrap().contains(part), "{body}");
    }
    let get = Request::get("/v1/track").body(Body::empty()).unwrap();
    let (status, body) = proxy.refuse(get).await;
    assert_eq!(
        (status.as_u16(), &body["code"]),
        (405, &"method_not_allowed".into())
    );
}

#[tokio::test]
async fn bodies_of_official_clients_are_read_whatever_they_call_them() {
    let mut proxy = proxy();
    let basic = format!("Basic {}", STANDARD.encode("wk_secret:"));
    let rudder = format!(
        r#"{{"batch":[{{"type":"identify","userId":"1","messageId":"r1","channel":"server",
        "originalTimestamp":"2026-11-20T11:59:59.000Z","sentAt":"2026-11-20T12:00:00.000Z",
        "traits":{{"a":1}},"context":{{"traits":{{"a":1}}}}}},{TRACK}]}}"#
    );
    let form = "application/x-www-form-urlencoded";
    let headers = [
        ("authorization", basic.as_str()),
        ("content-type", form),
        ("content-encoding", "gzip"),
    ];
    let (answer, _) = proxy
        .accept(post_to("/v1/batch", &headers, gzip(&rudder)))
        .await;
    assert_eq!(answer["accepted"], 2);

    let browser = r#"{"event":"e","anonymousId":"a","userId":null,"writeKey":"wk_any",
        "messageId":"ajs-next-1","sentAt":"2026-11-20T12:00:00.000Z","_metadata":{}}"#;
    let headers = [
        ("content-type", "text/plain"),
        ("origin", "https://a.example"),
    ];
    let (answer, _) = proxy.accept(post_to("/v1/t", &headers, browser)).await;
    assert_eq!(answer["accepted"], 1);

    let python = r#"{"batch":[{"type":"track","event":"e","userId":42,"anonymousId":null,
        "properties":{},"context":{},"integrations":{},"messageId":"p1",
        "timestamp":"2026-11-20T11:59:00+00:00"}],"writeKey":"wk_secret",
        "sentAt":"2026-11-20T12:00:00.123456+00:00"}"#;
    let (answer, taken) = proxy.accept(post_to("/v1/batch", &[], python)).await;
    assert_eq!(answer["accepted"], 1);
    let (event, _) = Event::decode(&taken[0].events).unwrap();
    assert_eq!(
        (event.user_id, event.time),
        (Some("42"), NOON.plus(-60_123))
    );
}

#[tokio::test]
async fn a_long_batch_is_read_elsewhere_and_answered_alike() {
    let mut proxy = proxy();
    let events = vec![TRACK; 4_999].join(",");
    let body = batch(&format!("{events},{{}}"));
    assert!(body.len() > 256 * 1_024);
    let (answer, taken) = proxy.accept(backend("/v1/import", body)).await;
    assert_eq!(
        (&answer["accepted"], taken[0].count),
        (&4_999.into(), 4_999)
    );
    assert_eq!(answer["rejected"][0]["index"], 4_999);
    assert_eq!(answer["rejected"][0]["code"], "invalid_type");
}

#[tokio::test]
async fn verdicts_find_their_events_and_a_repeat_is_accepted() {
    let mut proxy = proxy();
    let body = || batch(&format!("{{}},{TRACK},{{}},{TRACK}"));
    let (status, answer, _) = proxy
        .send(backend("/v1/batch", body()), Ok(Verdict::Erased))
        .await;
    assert_eq!((status.as_u16(), &answer["accepted"]), (200, &0.into()));
    let listed: Vec<_> = answer["rejected"].as_array().unwrap().iter().collect();
    let codes: Vec<_> = listed
        .iter()
        .map(|entry| entry["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["invalid_type", "erased", "invalid_type", "erased"]);
    assert_eq!(listed[3]["index"], 3);
    let (_, answer, _) = proxy
        .send(backend("/v1/batch", body()), Ok(Verdict::Repeat))
        .await;
    assert_eq!(answer["accepted"], 2);
}

#[tokio::test]
async fn a_batch_of_nothing_good_needs_no_commit() {
    let proxy = proxy();
    let (status, answer) = proxy.refuse(backend("/v1/batch", batch("{},5"))).await;
    assert_eq!((status.as_u16(), &answer["accepted"]), (200, &0.into()));
    assert_eq!(answer["rejected"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_cannot_be_made_durable_is_to_be_sent_again() {
    let mut failing = proxy();
    let request = backend("/v1/batch", batch(TRACK));
    let (status, body, _) = failing.send(request, Err(Unavailable)).await;
    assert_eq!(
        (status.as_u16(), &body["code"]),
        (503, &"unavailable".into())
    );

    let narrow = Limits {
        queue_bytes_max: 10,
        ..Limits::default()
    };
    let (full, mut gone) = (proxy_with(narrow, 16), proxy());
    gone.submissions.close();
    for proxy in [&full, &gone] {
        let request = backend("/v1/batch", batch(TRACK));
        let response = proxy.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], "1");
    }
}

#[tokio::test]
async fn a_full_queue_is_answered_at_once() {
    let proxy = proxy_with(Limits::default(), 1);
    let first = tokio::spawn(
        proxy
            .router
            .clone()
            .oneshot(backend("/v1/batch", batch(TRACK))),
    );
    while proxy.submissions.is_empty() {
        tokio::task::yield_now().await;
    }
    let (status, _) = proxy.refuse(backend("/v1/batch", batch(TRACK))).await;
    assert_eq!(status, 503);
    drop(proxy);
    assert_eq!(first.await.unwrap().unwrap().status(), 503);
}

#[tokio::test]
async fn bytes_count_until_the_pipeline_answers_even_when_the_client_is_gone() {
    let mut proxy = proxy_with(
        Limits {
            queue_bytes_max: 60,
            ..Limits::default()
        },
        16,
    );
    let client = tokio::spawn(
        proxy
            .router
            .clone()
            .oneshot(backend("/v1/batch", batch(TRACK))),
    );
    let submission = proxy.submissions.recv().await.unwrap();
    client.abort();
    assert!(client.await.is_err());
    let (status, _) = proxy.refuse(backend("/v1/batch", batch(TRACK))).await;
    assert_eq!(status, 503);
    submission.reply.send(Ok(vec![Verdict::Accepted])).unwrap();
    tokio::task::yield_now().await;
    proxy.accept(backend("/v1/batch", batch(TRACK))).await;
}

#[tokio::test]
async fn a_public_key_is_for_its_origins() {
    let mut proxy = proxy();
    let event = r#"{"event":"e","anonymousId":"a"}"#;
    let from = |origin| [("x-write-key", "wk_public"), ("origin", origin)];
    for request in [
        post_to("/v1/t", &from("https://evil.example"), event),
        post_to("/v1/t", &[("x-write-key", "wk_public")], event),
    ] {
        let (status, body) = proxy.refuse(request).await;
        assert_eq!(
            (status.as_u16(), &body["code"]),
            (403, &"origin_not_allowed".into())
        );
    }
    proxy
        .accept(post_to("/v1/t", &from("https://shop.example"), event))
        .await;
}

#[tokio::test]
async fn a_public_key_that_claims_a_user_is_taken_as_a_claim() {
    let mut proxy = proxy();
    let body = r#"{"userId":"42","anonymousId":"a"}"#;
    let (_, taken) = proxy
        .accept(post_to("/v1/i", &[("x-write-key", "wk_any")], body))
        .await;
    let (event, _) = Event::decode(&taken[0].events).unwrap();
    assert_eq!((event.user_id, event.claimed_user_id), (None, Some("42")));
}

#[tokio::test]
async fn a_browser_may_ask_on_every_route_and_read_every_answer() {
    let proxy = proxy();
    let origin = ("origin", "https://shop.example");
    for path in ["/v1/t", "/v1/batch/", "/m"] {
        let ask = Request::options(path).header(origin.0, origin.1);
        let ask = ask.header(
            "access-control-request-headers",
            "authorization,x-retry-count",
        );
        let ask = ask.body(Body::empty()).unwrap();
        let answer = proxy.router.clone().oneshot(ask).await.unwrap();
        assert!(answer.status().is_success(), "{path}");
        let headers = answer.headers();
        assert_eq!(headers["access-control-allow-origin"], origin.1);
        assert_eq!(
            headers["access-control-allow-methods"],
            "GET, POST, OPTIONS"
        );
        let allowed = headers["access-control-allow-headers"].to_str().unwrap();
        for name in [
            "authorization",
            "content-type",
            "x-retry-count",
            "x-write-key",
        ] {
            assert!(allowed.contains(name), "{name}");
        }
        assert_eq!(headers["access-control-max-age"], "86400");
    }
    let refused = post_to("/v1/t", &[origin], TRACK);
    let refused = proxy.router.clone().oneshot(refused).await.unwrap();
    assert_eq!(refused.status(), 401);
    assert_eq!(refused.headers()["access-control-allow-origin"], origin.1);
    assert_eq!(
        refused.headers()["access-control-expose-headers"],
        "Retry-After"
    );
    assert_eq!(refused.headers()["vary"], "Origin");
}

#[tokio::test]
async fn the_baseline_reads_the_same_batches_and_keeps_nothing() {
    let router = discard_router(Clock::manual(NOON), Limits::default());
    let body = batch(&format!("{TRACK},{{}}"));
    let response = router
        .oneshot(post_to("/v1/batch", &[], body))
        .await
        .unwrap();
    let (status, answer) = read(response).await;
    assert_eq!((status.as_u16(), &answer["accepted"]), (200, &1.into()));
    assert_eq!(answer["rejected"][0]["index"], 1);
}
