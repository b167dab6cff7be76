//! Every request leaves one line, and no secret does.

use std::cell::RefCell;
use std::io::Write;
use std::sync::Once;

use axum::body::Body;
use axum::http::Request;
use segue_receiver::Credentials;
use serde_json::json;
use tracing_subscriber::filter::LevelFilter;

use crate::harness::{CLIENT, Delivery, SECRET, add, builder, memory, persons, replace, send};

thread_local! {
    static WRITTEN: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Writes down for each thread what it logs.
///
/// Every test calls it before its first request: `tracing` remembers of a place that logs whether
/// anybody listens, and asks only whoever listens on the thread that comes by first.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_ansi(false)
            .with_writer(|| Lines)
            .init();
    });
}

/// Takes the lines that this thread logged since the last call.
fn take() -> Vec<String> {
    String::from_utf8_lossy(&WRITTEN.take())
        .lines()
        .map(str::to_owned)
        .collect()
}

struct Lines;

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        WRITTEN.with_borrow_mut(|written| written.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn every_request_is_logged_once_and_without_secrets_or_persons() {
    let places = [Credentials::Basic, Credentials::query_token()];
    let receiver = builder(&memory().await)
        .credentials(places)
        .build()
        .unwrap();
    let app = receiver.router::<()>();
    take();

    let good = || Delivery::of(json!([add("person-42", "vip", 17)])).id("msg_log");
    let mut token = good().without("authorization");
    token.uri = format!("/cdp/webhook?token={SECRET}");
    let get = Request::get("/cdp/webhook").body(Body::empty()).unwrap();
    for (request, expected) in [
        (good().request(), "outcome=applied status=200"),
        (good().request(), "outcome=repeated status=200"),
        (token.request(), "outcome=repeated status=200"),
        (
            Delivery::of(json!([replace(&persons(100), "vip", 18)])).request(),
            "outcome=stored status=202",
        ),
        (
            good().without("authorization").request(),
            "the request has no credentials status=401",
        ),
        (
            good().header("webhook-id", "other").request(),
            "no signature matches status=401",
        ),
        (
            Delivery::raw(r#"{"person-42": 1}"#).request(),
            "unexpected shape, line 1 column 16",
        ),
        (get, "method not allowed status=405"),
    ] {
        send(&app, request).await;
        let lines = take();
        let own: Vec<_> = lines
            .iter()
            .filter(|line| line.contains("cdp::webhook"))
            .collect();
        assert_eq!(own.len(), 1, "{lines:?}");
        assert!(
            own[0].contains("DEBUG") && own[0].contains(expected),
            "{}",
            own[0]
        );
        assert!(own[0].contains("duration_us="));
        if expected.contains("applied") {
            assert!(
                own[0].contains(&format!(r#"activation="{CLIENT}""#)),
                "{}",
                own[0]
            );
            assert!(own[0].contains(r#"delivery="msg_log""#), "{}", own[0]);
        }
        for secret in [
            SECRET,
            "c2hvcC1jbGllbnQ",
            "C2FVsBQ",
            "person-42",
            "p000001",
            "v1,",
        ] {
            assert!(!lines.concat().contains(secret), "{secret} in {lines:?}");
        }
    }
}
