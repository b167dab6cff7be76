//! The kit that we ship, used on ourselves.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::routing::{any, post};
use segue_receiver::signature::SigningKey;
use segue_receiver::testing::conformance::{Target, check};
use segue_receiver::testing::{HttpTarget, HttpTargetError, SignedRequest, Wrong};
use serde_json::json;

use crate::harness::{CLIENT, SECRET, add, basic, envelope, memory, secret, send};

const PRIVATE: &str =
    "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";

fn key() -> SigningKey {
    PRIVATE.parse().expect("it is a key")
}

async fn app() -> Router {
    let activation = crate::harness::activation().verifying_key(key().verifying_key());
    let receiver = segue_receiver::Receiver::builder()
        .segments(memory().await)
        .activation(activation)
        .build();
    receiver.expect("the settings are right").router()
}

fn target() -> Target {
    Target::new("/cdp/webhook", &secret())
        .credential(header::AUTHORIZATION, basic(CLIENT, SECRET))
        .key(&key())
}

#[tokio::test]
async fn our_router_passes_every_case() {
    let report = check(app().await, &target()).await;
    assert!(report.passed(), "{report}");
    assert!(
        report.findings().len() >= 160,
        "{}",
        report.findings().len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_server_passes_every_case_over_a_connection() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/cdp/webhook", listener.local_addr().unwrap());
    let server = tokio::spawn(axum::serve(listener, app().await).into_future());
    let report = check(HttpTarget::new(&url).unwrap(), &target()).await;
    server.abort();
    assert!(report.passed(), "{report}");
    assert!(
        report.findings().len() >= 160,
        "{}",
        report.findings().len()
    );
}

#[tokio::test]
async fn a_receiver_that_takes_everything_is_found_out() {
    let lax = Router::new().route("/cdp/webhook", any(StatusCode::OK));
    let report = check(lax, &target()).await;
    let text = report.to_string();
    for case in [
        "signature/only-bad",
        "timestamp/330-s-old",
        "credentials/authorization-missing",
        "method/get",
        "body/endless",
    ] {
        assert!(text.contains(case), "{case} is not in {text}");
    }
}

#[tokio::test]
async fn a_receiver_that_crashes_or_tells_why_is_found_out() {
    let talking = |request: Request<Body>| async move {
        let signature = request.headers().get("webhook-signature").cloned();
        match signature.as_ref().map(|value| value.to_str()) {
            Some(Ok(text)) => (StatusCode::UNAUTHORIZED, text.to_owned()),
            Some(Err(_)) | None => (StatusCode::INTERNAL_SERVER_ERROR, String::new()),
        }
    };
    let report = check(
        Router::new().route("/cdp/webhook", post(talking)),
        &target(),
    )
    .await;
    let text = report.to_string();
    for case in [
        "signature/good",
        "signature/not-utf-8:",
        "headers/none",
        "answers/refusals-look-alike",
    ] {
        assert!(text.contains(case), "{case} is not in {text}");
    }
}

#[tokio::test]
async fn a_signed_request_is_right_until_it_is_wrong_in_one_way() {
    let app = app().await;
    let request = || {
        SignedRequest::new(&secret())
            .basic(CLIENT, SECRET)
            .json(&envelope(json!([add("42", "vip", 1)])))
    };
    assert_eq!(send(&app, request().build()).await.status, 200);
    let by_key = request().wrong(Wrong::TruncatedSignature).build();
    assert_eq!(send(&app, by_key).await.status, 401);
    assert_eq!(
        send(&app, request().key(&key()).secret(&secret()).build())
            .await
            .status,
        200
    );
    let elsewhere = request()
        .uri("/cdp/webhook/")
        .id("msg_own")
        .at(crate::harness::now() - 100);
    assert_eq!(send(&app, elsewhere.build()).await.status, 200);
    for wrong in Wrong::ALL {
        let answer = send(&app, request().wrong(wrong).build()).await;
        assert_eq!(answer.status, wrong.status(), "{wrong:?}: {}", answer.text);
    }
}

#[test]
fn only_plain_http_can_be_a_target() {
    assert!(HttpTarget::new("http://127.0.0.1:8080/cdp/webhook").is_ok());
    assert!(HttpTarget::new("http://[::1]/cdp/webhook").is_ok());
    for (url, expected) in [
        ("https://shop.example/", HttpTargetError::NoHttp),
        ("/cdp/webhook", HttpTargetError::NoHttp),
        ("http//", HttpTargetError::NoUrl),
        ("", HttpTargetError::NoUrl),
    ] {
        assert_eq!(HttpTarget::new(url).unwrap_err(), expected, "{url}");
    }
}
