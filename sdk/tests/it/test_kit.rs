//! The kit for users' own tests says what is true.

use std::panic::catch_unwind;
use std::time::Duration;

use segue_sdk::testing::{Fault, MockProxy, TestClient};
use segue_sdk::wire::RejectCode;
use segue_sdk::{Client, Profile};
use serde_json::json;

const LONG: Duration = Duration::from_secs(20);

#[test]
fn assertions_hold_for_what_was_tracked_and_fail_for_what_was_not() {
    let tracker = TestClient::new();
    tracker.assert_nothing();
    tracker
        .user("42")
        .track_named("visit", &json!({"product_id": "p-1", "price": 2}));
    let traits = Profile {
        email: Some("ada@example.com"),
        ..Profile::default()
    };
    tracker.user("42").identify(&traits);
    let event = tracker.assert_tracked("visit", json!({"product_id": "p-1"}));
    assert_eq!(event["userId"], "42");
    tracker.assert_identified("42", traits);
    tracker.assert_not_tracked("buy");
    let fails = |assertion: fn(&TestClient)| {
        catch_unwind(std::panic::AssertUnwindSafe(|| assertion(&tracker))).is_err()
    };
    assert!(fails(|tracker| drop(
        tracker.assert_tracked("visit", json!({"price": 3}))
    )));
    assert!(fails(|tracker| drop(
        tracker.assert_identified("43", json!({}))
    )));
    assert!(fails(|tracker| tracker.assert_not_tracked("visit")));
    assert!(fails(TestClient::assert_nothing));
    tracker.clear();
    tracker.assert_nothing();
}

#[tokio::test]
async fn a_mock_proxy_plays_its_script_and_counts_each_event_once() {
    let proxy = MockProxy::start().await;
    proxy.script([
        Fault::Unavailable,
        Fault::Hang(Duration::from_secs(5)),
        Fault::LostAnswer,
        Fault::Cut,
        Fault::Reject(vec![(1, RejectCode::Erased)]),
    ]);
    let client = Client::builder(proxy.url(), "wk")
        .in_flight_max(1)
        .request_timeout(Duration::from_millis(200))
        .build()
        .unwrap();
    for n in 0..3 {
        client.user("42").track_named("visit", &json!({ "n": n }));
    }
    let report = client.shutdown(LONG).await;
    assert_eq!((report.delivered, report.rejected), (2, 1), "{report}");
    assert_eq!((report.requests, report.retries), (5, 4));
    assert_eq!((proxy.requests(), proxy.events().len()), (5, 3));
    assert_eq!(
        proxy.repeats(),
        5,
        "three after the hang, two after the lost answer"
    );
}

#[cfg(feature = "gzip")]
#[test]
fn compressed_bodies_are_what_they_were() {
    use std::io::Read;

    use wiremock::{Mock, MockServer, ResponseTemplate, matchers::header};

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(async {
        let server = MockServer::start().await;
        let gzip = Mock::given(header("content-encoding", "gzip"));
        gzip.respond_with(ResponseTemplate::new(200))
            .mount(&server)
            .await;
        server
    });
    let client = Client::builder(server.uri(), "wk")
        .gzip(true)
        .build()
        .unwrap();
    client
        .user("42")
        .track_named("visit", &json!({"text": "x".repeat(10_000)}));
    assert!(client.shutdown_blocking(LONG).is_complete());
    let requests = runtime.block_on(server.received_requests()).unwrap();
    assert!(requests[0].body.len() < 1_000);
    let mut body = String::new();
    flate2::read::GzDecoder::new(&*requests[0].body)
        .read_to_string(&mut body)
        .unwrap();
    assert!(body.contains(&"x".repeat(10_000)));
}
