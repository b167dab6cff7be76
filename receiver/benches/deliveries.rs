//! Deliveries per second, each store beside a bare handler that parses the same body.
//!
//! `cargo bench -p segue-receiver`; the network is left out, signing is done beforehand.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use segue_receiver::payload::Envelope;
use segue_receiver::segments::{MemoryStore, Segments, SqliteStore};
use segue_receiver::signature::{SigningSecret, Verifier, sign};
use segue_receiver::{Activation, Receiver};
use tower::ServiceExt as _;

const DELIVERIES: usize = 20_000;
const AT_ONCE: usize = 64;

#[expect(clippy::print_stdout, reason = "the figures are the result")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    if !std::env::args().any(|arg| arg == "--bench") {
        return Ok(());
    }
    let secret: SigningSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".parse()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let folder = tempfile::tempdir_in(".")?;
    let sqlite = SqliteStore::open(folder.path().join("segments.db"))?;

    println!("verify of a 2 KB body: {:?} each", verify(&secret));
    println!("each delivery adds one person; {DELIVERIES} deliveries, {AT_ONCE} at once");
    let apps = [
        (
            "bare handler",
            Router::new().route("/cdp/webhook", post(bare)),
        ),
        (
            "memory store",
            runtime.block_on(app(Segments::new(MemoryStore::new()), &secret))?,
        ),
        (
            "SQLite store",
            runtime.block_on(app(Segments::new(sqlite), &secret))?,
        ),
    ];
    for (name, app) in apps {
        let requests = (0..DELIVERIES)
            .map(|number| request(number, &secret))
            .collect();
        let took = runtime.block_on(run(app, requests));
        let each = took / u32::try_from(DELIVERIES)?;
        println!(
            "{name}: {:.0} deliveries/s, {each:?} each",
            1.0 / each.as_secs_f64()
        );
    }
    Ok(())
}

fn verify(secret: &SigningSecret) -> Duration {
    let body = vec![b'x'; 2_000];
    let header = sign(std::slice::from_ref(secret), "msg_1", 1_700_000_000, &body);
    let headers = segue_receiver::signature::SignatureHeaders {
        id: b"msg_1",
        timestamp: b"1700000000",
        signature: header.as_bytes(),
    };
    let verifier = Verifier::new(vec![secret.clone()]);
    let start = Instant::now();
    for _ in 0..10_000 {
        assert!(verifier.verify(&headers, &body, 1_700_000_000).is_ok());
    }
    start.elapsed() / 10_000
}

async fn bare(body: axum::body::Bytes) -> &'static str {
    let envelope: Result<Envelope, _> = serde_json::from_slice(&body);
    if envelope.is_ok_and(|envelope| !envelope.data.changes.is_empty()) {
        "{}"
    } else {
        ""
    }
}

async fn app(
    segments: Segments,
    secret: &SigningSecret,
) -> Result<Router, Box<dyn std::error::Error>> {
    segments.create_group("shop", "Shop").await?;
    let activation = Activation::new("shop-client", "shop").secret("shop-secret");
    let activation = activation.signing_secret(secret.clone());
    Ok(Receiver::builder()
        .segments(segments)
        .activation(activation)
        .build()?
        .router())
}

fn request(number: usize, secret: &SigningSecret) -> Request<Body> {
    let body = format!(
        r#"{{"type":"audience.membership","timestamp":"2026-11-20T13:00:00Z","data":{{
        "activation":{{"id":"vip_to_shop","name":"VIP members to the shop"}},
        "segment_group":"shop","person_identifier":"userid","changes":[
        {{"op":"add","person":"{number}","audience":{{"id":"vip","name":"VIP"}},
        "sequence":{number},"at":"2026-11-20T12:59:58Z"}}]}}}}"#
    );
    let id = format!("msg_{number}");
    let now = jiff::Timestamp::now().as_second();
    Request::post("/cdp/webhook")
        .header("content-type", "application/json")
        .header(
            "authorization",
            format!("Basic {}", STANDARD.encode("shop-client:shop-secret")),
        )
        .header(
            "webhook-signature",
            sign(std::slice::from_ref(secret), &id, now, body.as_bytes()),
        )
        .header("webhook-id", id)
        .header("webhook-timestamp", now)
        .body(Body::from(body))
        .expect("the parts are right")
}

async fn run(app: Router, requests: Vec<Request<Body>>) -> Duration {
    let requests = std::sync::Arc::new(std::sync::Mutex::new(requests.into_iter()));
    let start = Instant::now();
    let senders: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let (app, requests) = (app.clone(), requests.clone());
            tokio::spawn(async move {
                loop {
                    let next = requests.lock().expect("no sender panics with it").next();
                    let Some(request) = next else { return };
                    let answer = app
                        .clone()
                        .oneshot(request)
                        .await
                        .expect("a router answers");
                    assert!(answer.status().is_success());
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.expect("no sender panics");
    }
    start.elapsed()
}
