//! Every request leaves one line, and no secret does.

use std::cell::RefCell;
use std::io::Write;
use std::sync::Once;

use axum::body::Body;
use axum::http::{Request, Response};
use axum::routing::post;
use segue_receiver::payload::Envelope;
use segue_receiver::senders::{ActivlyFeed, activly_router};
use segue_receiver::{Credentials, Receiver, Verified};
use serde_json::json;
use tower::Layer as _;
use tracing_subscriber::filter::LevelFilter;

use crate::harness::{
    CLIENT, Delivery, SECRET, add, basic, builder, memory, other_activation, persons, replace, send,
};

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
        .log_bodies(10_000)
        .build()
        .unwrap();
    let app = receiver.router::<()>();
    take();

    let good = || Delivery::of(json!([add("person-42", "vip", 17)])).id("msg_log");
    let mut token = good().without("authorization");
    token.uri = format!("/cdp/webhook?token={SECRET}");
    let get = Request::get("/cdp/webhook").body(Body::empty()).unwrap();
    for (request, expected) in [
        (good().request(), r#"outcome="applied" status=200"#),
        (good().request(), r#"outcome="repeated" status=200"#),
        (token.request(), r#"outcome="repeated" status=200"#),
        (
            Delivery::of(json!([replace(&persons(100), "vip", 18)])).request(),
            r#"outcome="stored" status=202"#,
        ),
        (
            good().without("authorization").request(),
            r#"outcome="refused" status=401 reason=the request has no credentials"#,
        ),
        (
            good().header("webhook-id", "other").request(),
            "status=401 reason=no signature matches diagnosis=",
        ),
        (
            Delivery::raw(r#"{"person-42": 1}"#).request(),
            "unexpected shape, line 1 column 16",
        ),
        (get, "status=405 reason=This method is not allowed here"),
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

#[tokio::test]
async fn a_query_token_is_in_no_line_of_any_route() {
    const TOKEN: &str = "token-0123456789";
    let activation = crate::harness::activation().secret(TOKEN);
    let receiver = Receiver::builder()
        .segments(memory().await)
        .credentials([Credentials::query_token()])
        .activation(activation)
        .log_bodies(10_000)
        .build()
        .unwrap();
    let own = async |_: Verified<Envelope>| "own";
    let behind_layer = tower::service_fn(async |_: Request<Body>| {
        Ok::<_, std::convert::Infallible>(Response::new(Body::empty()))
    });
    let app = receiver
        .router::<Receiver>()
        .route("/own", post(own))
        .route_service("/layer", receiver.layer().layer(behind_layer))
        .merge(activly_router(
            "/activly",
            &receiver,
            &ActivlyFeed::default(),
        ))
        .with_state(receiver);
    for path in [
        "/cdp/webhook",
        "/cdp/webhook/",
        "/cdp/webhook/jobs/none",
        "/own",
        "/layer",
        "/activly",
    ] {
        for method in ["POST", "GET", "PUT"] {
            for query in [
                format!("token={TOKEN}"),
                format!("token={}", TOKEN.replace('-', "%2d")),
                format!("token={TOKEN}&token={TOKEN}"),
                format!("token={TOKEN}x"),
                format!("x=%ff&token={TOKEN}"),
            ] {
                let (mut parts, body) = Delivery::of(json!([])).request().into_parts();
                parts.method = method.parse().unwrap();
                parts.uri = format!("{path}?{query}").parse().unwrap();
                take();
                send(&app, Request::from_parts(parts, body)).await;
                let lines = take().concat();
                for leak in [TOKEN, "token%2d", "0123456789"] {
                    assert!(!lines.contains(leak), "{method} {path}: {lines}");
                }
            }
        }
    }
}

/// The only line of the receiver about one request.
pub(crate) async fn line_of(app: &axum::Router, request: Request<Body>) -> String {
    take();
    send(app, request).await;
    let mut lines = take();
    lines.retain(|line| line.contains("cdp::webhook"));
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines.remove(0)
}

#[tokio::test]
async fn a_refusal_is_diagnosed_in_the_log_and_nowhere_else() {
    let receiver = builder(&memory().await).activation(other_activation());
    let receiver = receiver.build().unwrap();
    let app = receiver.router::<()>();
    let good = || Delivery::of(json!([add("42", "vip", 1)]));
    let with_body = |change: fn(&str) -> String| {
        let (parts, body) = good().request().into_parts();
        let body = futures_util::FutureExt::now_or_never(axum::body::to_bytes(body, 10_000));
        let body = body.unwrap().unwrap();
        Request::from_parts(
            parts,
            Body::from(change(std::str::from_utf8(&body).unwrap())),
        )
    };
    let mut late = good();
    late.timestamp -= 1_000;
    let mut milliseconds = good();
    milliseconds.timestamp *= 1_000;
    let mut of_other = good();
    of_other
        .headers
        .insert("authorization", basic("other-client", "other-secret"));
    let mut wrong_secret = good();
    wrong_secret
        .headers
        .insert("authorization", basic(CLIENT, "wrong-secret"));
    let mut svix = good().header("svix-signature", "v1,AAAA");
    svix.signed = false;
    for (request, expected) in [
        (late.request(), "the sender's clock differs by -1000 s"),
        (milliseconds.request(), "the timestamp is in milliseconds"),
        (
            of_other.request(),
            "the key of the activation `shop-client` matches",
        ),
        (
            wrong_secret.request(),
            "the client id is of the activation `shop-client`, the secret is not",
        ),
        (svix.request(), "`svix-…`"),
        (
            with_body(|body| body.replace('{', "{ ")),
            "only in JSON white space",
        ),
        (
            with_body(|body| body.replace("42", "43")),
            "no secret matches",
        ),
    ] {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, 10_000).await.unwrap();
        let copy = Request::from_parts(parts.clone(), Body::from(body.clone()));
        let answer = send(&app, copy).await;
        answer.refuses(401, "unauthorized");
        assert!(!answer.text.contains(expected));
        let line = line_of(&app, Request::from_parts(parts, Body::from(body))).await;
        assert!(line.contains(expected), "{line}");
    }
}

#[tokio::test]
async fn bodies_are_logged_when_the_host_wants_it_masked_and_cut() {
    let good = || Delivery::of(json!([add("person-42", "vip", 1)])).request();
    let segments = memory().await;
    let silent = builder(&segments).build().unwrap().router::<()>();
    assert!(!line_of(&silent, good()).await.contains("body="));
    let full = builder(&segments).log_bodies(10_000).build().unwrap();
    let line = line_of(&full.router(), good()).await;
    assert!(
        line.contains("vip_to_shop") && line.contains("redacted"),
        "{line}"
    );
    assert!(!line.contains("person-42"), "{line}");
    let short = builder(&segments).log_bodies(20).build().unwrap();
    let line = line_of(&short.router(), good()).await;
    assert!(
        line.contains("body=") && !line.contains("vip_to_shop"),
        "{line}"
    );
    // Nobody vouches for what an unverified body holds.
    let forged = Delivery::of(json!([])).header("webhook-signature", "v1,AAAA");
    let line = line_of(&full.router(), forged.request()).await;
    assert!(!line.contains("body="), "{line}");
}

#[tokio::test]
async fn requests_are_counted_by_activation_outcome_and_cause() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let (app, _) = crate::harness::app().await;
    let good = || Delivery::of(json!([add("42", "vip", 1)]));
    good().send(&app).await;
    good().without("authorization").send(&app).await;
    good().header("webhook-id", "other").send(&app).await;
    good().header("webhook-id", "other").send(&app).await;
    let figures = recorder.handle().render();
    for (activation, outcome, cause, count) in [
        (CLIENT, "applied", "", 1),
        ("unknown", "refused", "missing_credentials", 1),
        (CLIENT, "refused", "signature_mismatch", 2),
    ] {
        let labels = format!(r#"activation="{activation}",outcome="{outcome}",cause="{cause}""#);
        let line = format!("segue_receiver_requests_total{{{labels}}} {count}");
        assert!(figures.contains(&line), "{line} is not in {figures}");
    }
    let seconds = r#"segue_receiver_request_seconds_count{outcome="refused"} 3"#;
    assert!(figures.contains(seconds), "{figures}");
}
