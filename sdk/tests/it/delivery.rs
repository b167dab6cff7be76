//! What arrives when the endpoint is well.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use segue_sdk::events::{Buy, Visit};
use segue_sdk::{Client, Options};
use serde_json::json;

use crate::assert_balance;
use crate::server::{Answer, Server};

const LONG: Duration = Duration::from_secs(20);

#[test]
fn every_verb_arrives_with_its_key_and_time() {
    let server = Server::healthy();
    let client = Client::builder(server.url(), "wk_1")
        .in_flight_max(1)
        .build()
        .unwrap();
    let ada = client.user("42");
    let receipt = ada.track(&Visit {
        product_id: "p1",
        ..Visit::default()
    });
    assert!(receipt.is_accepted());
    ada.track(&Buy::line("o1", "p1").priced(2.0, "EUR"));
    ada.identify(&json!({"email": "ada@example.com"}));
    ada.anonymous("a1").identify(&json!({}));
    ada.page("Home", &json!({}));
    ada.screen("Home", &json!({}));
    ada.group("acme", &json!({"plan": "pro"}));
    ada.alias("41");
    client.anonymous("a1").consent(&[("marketing", true)]);
    client
        .visitor("42", "a1")
        .track_named("custom", &json!({"n": 1}));
    let report = client.shutdown_blocking(LONG);
    assert_eq!((report.tracked, report.delivered), (10, 10));
    assert!(report.is_complete());

    let calls = server.calls();
    let first = &calls[0];
    assert_eq!(first.path, "/v1/batch");
    assert_eq!(first.authorization, "Basic d2tfMTo=");
    assert!(first.sent_at.ends_with('Z'), "{}", first.sent_at);
    assert!(first.retry_count.is_none());
    assert!(
        first.names.contains(&"buy".to_owned()),
        "purchases go first"
    );
    let ids: HashSet<_> = calls.iter().flat_map(|call| &call.message_ids).collect();
    assert_eq!(ids.len(), 10);
    assert!(ids.contains(&receipt.message_id().to_string()));
}

#[test]
fn an_id_and_a_time_of_the_callers_own_are_kept() {
    let server = Server::healthy();
    let client = Client::builder(server.url(), "wk").build().unwrap();
    let options = Options::new()
        .message_id("order-1")
        .at(SystemTime::UNIX_EPOCH);
    let receipt = client
        .user("42")
        .track_named_with("buy", &json!({}), &options);
    assert_eq!(receipt.message_id().to_string(), "order-1");
    client.shutdown_blocking(LONG);
    assert_eq!(server.calls()[0].message_ids, ["order-1"]);
}

#[test]
fn batches_are_bounded_by_count_and_by_bytes() {
    let server = Server::healthy();
    let client = Client::builder(server.url(), "wk")
        .batch_events_max(10)
        .event_bytes_max(2_000)
        .batch_bytes_max(3_000)
        .build()
        .unwrap();
    let large = "x".repeat(1_000);
    for _ in 0..25 {
        client.user("42").track_named("small", &json!({}));
    }
    for _ in 0..5 {
        client
            .user("42")
            .track_named("large", &json!({ "text": large }));
    }
    let report = client.shutdown_blocking(LONG);
    assert_eq!(report.delivered, 30);
    for call in server.calls() {
        assert!(
            call.message_ids.len() <= 10 && call.bytes <= 3_000,
            "{call:?}"
        );
    }
}

#[test]
fn a_lone_event_leaves_after_the_interval_without_being_asked() {
    let (tell, told) = std::sync::mpsc::channel();
    let server = Server::start(move |_| {
        tell.send(()).expect("the test waits");
        Answer::ok()
    });
    let client = Client::builder(server.url(), "wk")
        .batch_interval(Duration::from_millis(5))
        .build()
        .unwrap();
    client.user("42").track_named("a", &json!({}));
    told.recv_timeout(LONG).unwrap();
}

#[test]
fn a_burst_of_100_000_arrives_complete_and_once_at_default_settings() {
    let server = Server::healthy();
    let client = Client::builder(server.url(), "wk").build().unwrap();
    std::thread::scope(|scope| {
        for shopper in 0..4 {
            let client = client.clone();
            scope.spawn(move || {
                for n in 0..25_000 {
                    client
                        .user("42")
                        .track_named("visit", &json!({"shopper": shopper, "n": n}));
                    if n % 1_000 == 0 {
                        assert_balance(&client.stats());
                    }
                }
            });
        }
    });
    let report = client.shutdown_blocking(Duration::from_secs(60));
    assert_eq!(report.delivered, 100_000, "{report}");
    let calls = server.calls();
    let ids: Vec<_> = calls.iter().flat_map(|call| &call.message_ids).collect();
    assert_eq!(ids.len(), 100_000);
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 100_000);
}

#[test]
fn verdicts_on_a_very_large_batch_are_all_read() {
    const EVENTS: usize = 3_000;
    let server = Server::start(|call| {
        let verdict = |index| json!({"index": index, "code": "erased", "message": "x".repeat(600)});
        let rejected: Vec<_> = (0..call.message_ids.len()).map(verdict).collect();
        Answer::Status(
            200,
            json!({"success": true, "rejected": rejected}).to_string(),
        )
    });
    let client = Client::builder(server.url(), "wk")
        .batch_events_max(EVENTS)
        .build()
        .unwrap();
    for _ in 0..EVENTS {
        client.user("42").track_named("a", &json!({}));
    }
    assert_eq!(client.shutdown_blocking(LONG).rejected, EVENTS as u64);
}

#[test]
fn with_one_request_in_flight_events_arrive_in_order() {
    let server = Server::healthy();
    let client = Client::builder(server.url(), "wk")
        .in_flight_max(1)
        .batch_events_max(7)
        .build()
        .unwrap();
    for n in 0..100 {
        client.user("42").track_named(&n.to_string(), &json!({}));
    }
    client.shutdown_blocking(LONG);
    let names: Vec<String> = server
        .calls()
        .into_iter()
        .flat_map(|call| call.names)
        .collect();
    assert!(
        names
            .iter()
            .map(|name| name.parse::<u32>().unwrap())
            .eq(0..100)
    );
}
