//! What becomes of events when the endpoint is not well.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use segue_sdk::wire::RejectCode;
use segue_sdk::{Client, ClientBuilder, DropReason, Outcome};
use serde_json::json;

use crate::assert_balance;
use crate::server::{Answer, Server, nobody};

const LONG: Duration = Duration::from_secs(20);

fn track(client: &Client, events: usize) {
    for n in 0..events {
        client.user("42").track_named("visit", &json!({ "n": n }));
    }
}

/// Message id, code and reason of a rejected event.
type Note = (String, RejectCode, String);

/// A client whose rejections are written down.
fn noting(builder: ClientBuilder) -> (Client, Arc<Mutex<Vec<Note>>>) {
    let notes = Arc::new(Mutex::new(Vec::new()));
    let shared = Arc::clone(&notes);
    let client = builder
        .on_verdict(move |verdict| {
            let Outcome::Rejected { code, reason } = verdict.outcome() else {
                return;
            };
            let id = verdict
                .message_id()
                .expect("our events have ids")
                .into_owned();
            let note = (id, code.clone(), reason.to_owned());
            shared.lock().expect("no test panics with it").push(note);
        })
        .build()
        .expect("the settings of a test are right");
    (client, notes)
}

#[test]
fn a_429_is_tried_again_after_the_time_asked_for_with_the_same_ids() {
    let server = Server::start(|call| match call.number {
        0 => Answer::Later(429, "1"),
        _ => Answer::ok(),
    });
    let client = Client::builder(server.url(), "wk").build().unwrap();
    track(&client, 3);
    let report = client.flush_blocking(LONG);
    assert_eq!(report.delivered, 3);
    let calls = server.calls();
    assert_eq!(calls.len(), 2);
    assert!(calls[1].at - calls[0].at >= Duration::from_secs(1));
    assert_eq!(calls[0].message_ids, calls[1].message_ids);
    assert_ne!(
        calls[0].sent_at, calls[1].sent_at,
        "the time of sending is each request's own"
    );
    assert_eq!(calls[1].retry_count.as_deref(), Some("1"));
}

#[test]
fn a_503_is_tried_again() {
    let server = Server::start(|call| match call.number {
        0 | 1 => Answer::Status(503, String::new()),
        _ => Answer::ok(),
    });
    let client = Client::builder(server.url(), "wk").build().unwrap();
    track(&client, 3);
    let report = client.shutdown_blocking(LONG);
    assert_eq!((report.delivered, report.pending), (3, 0));
    assert_eq!(server.calls().len(), 3);
}

#[test]
fn a_lost_acknowledgement_is_sent_again_with_the_same_ids() {
    let server = Server::start(|call| match call.number {
        0 => Answer::Cut,
        _ => Answer::ok(),
    });
    let client = Client::builder(server.url(), "wk").build().unwrap();
    track(&client, 3);
    let report = client.shutdown_blocking(LONG);
    assert_eq!(report.delivered, 3, "counted once: {report}");
    let calls = server.calls();
    assert_eq!(calls[0].message_ids, calls[1].message_ids);
}

#[test]
fn an_answer_that_never_comes_is_given_up_and_asked_for_again() {
    let server = Server::start(|call| match call.number {
        0 => Answer::Hang,
        _ => Answer::ok(),
    });
    let client = Client::builder(server.url(), "wk")
        .request_timeout(Duration::from_millis(50))
        .build()
        .unwrap();
    track(&client, 3);
    assert_eq!(client.shutdown_blocking(LONG).delivered, 3);
}

#[test]
fn verdicts_on_single_events_are_counted_and_told() {
    let server = Server::start(|_| {
        let verdict = json!({"success": true, "accepted": 2, "rejected": [
            {"index": 1, "code": "missing_identity", "message": "who?"},
            {"index": 1, "code": "missing_identity", "message": "twice"},
            {"index": 99, "code": "invalid_json", "message": "nobody"},
        ]});
        Answer::Status(200, verdict.to_string())
    });
    let (client, notes) = noting(Client::builder(server.url(), "wk"));
    track(&client, 3);
    let report = client.shutdown_blocking(LONG);
    assert_eq!((report.delivered, report.rejected), (2, 1));
    let id = server.calls()[0].message_ids[1].clone();
    let told = notes.lock().unwrap();
    assert_eq!(
        *told,
        [(id, RejectCode::MissingIdentity, "who?".to_owned())]
    );
}

#[test]
fn a_batch_that_is_too_large_is_halved_until_it_fits() {
    let server = Server::start(|call| match call.message_ids.len() {
        0..=3 => Answer::ok(),
        _ => Answer::Status(413, String::new()),
    });
    let client = Client::builder(server.url(), "wk")
        .in_flight_max(1)
        .build()
        .unwrap();
    for n in 0..10 {
        client.user("42").track_named(&n.to_string(), &json!({}));
    }
    let report = client.shutdown_blocking(LONG);
    assert_eq!((report.delivered, report.rejected), (10, 0));
    let taken = server
        .calls()
        .into_iter()
        .filter(|call| call.message_ids.len() <= 3);
    let names: Vec<String> = taken.flat_map(|call| call.names).collect();
    assert!(
        names
            .iter()
            .map(|name| name.parse::<u32>().unwrap())
            .eq(0..10),
        "{names:?}"
    );
}

#[test]
fn a_single_event_that_is_too_large_is_rejected_and_the_others_are_not() {
    let server = Server::start(|call| match call.names.iter().any(|name| name == "large") {
        true => Answer::Status(413, String::new()),
        false => Answer::ok(),
    });
    let (client, notes) = noting(Client::builder(server.url(), "wk"));
    track(&client, 4);
    let large = client.user("42").track_named("large", &json!({}));
    track(&client, 2);
    let report = client.shutdown_blocking(LONG);
    assert_eq!((report.delivered, report.rejected), (6, 1));
    let told = notes.lock().unwrap();
    assert_eq!(told[0].0, large.message_id().to_string());
    assert_eq!(told[0].1, RejectCode::EventTooLarge);
}

#[test]
fn a_wrong_key_rejects_the_batch_and_says_so() {
    let server = Server::start(|_| Answer::Status(401, "unknown write key".to_owned()));
    let (client, notes) = noting(Client::builder(server.url(), "wk"));
    track(&client, 2);
    let report = client.shutdown_blocking(LONG);
    assert_eq!((report.delivered, report.rejected), (0, 2));
    assert_eq!(server.calls().len(), 1, "it would be refused again");
    let told = notes.lock().unwrap();
    assert_eq!(told[0].1, RejectCode::Other("http_401".to_owned()));
    assert_eq!(told[0].2, "unknown write key");
}

#[test]
fn after_its_time_a_batch_is_dropped_as_expired() {
    let client = Client::builder(nobody(), "wk")
        .retry_for(Duration::from_millis(100))
        .build()
        .unwrap();
    track(&client, 5);
    let report = client.flush_blocking(LONG);
    assert_eq!(report.dropped.get(DropReason::Expired), 5);
    assert_eq!(report.pending, 0);
    assert_balance(&report);
}

#[test]
fn what_the_queue_cannot_hold_is_dropped_and_counted() {
    let client = Client::builder(nobody(), "wk")
        .queue_events_max(10)
        .build()
        .unwrap();
    track(&client, 10);
    let receipt = client.user("42").track_named("late", &json!({}));
    assert_eq!(receipt.dropped(), Some(DropReason::QueueFull));
    let report = client.shutdown_blocking(Duration::ZERO);
    assert_eq!(
        (report.pending, report.dropped.get(DropReason::QueueFull)),
        (10, 1)
    );
    assert_balance(&report);
}

#[test]
fn events_that_cannot_be_sent_are_counted_with_their_reason() {
    struct Broken;

    impl serde::Serialize for Broken {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("broken"))
        }
    }

    let client = Client::builder(nobody(), "wk").build().unwrap();
    let dropped = |receipt: segue_sdk::Receipt| receipt.dropped().unwrap();
    let user = client.user("42");
    assert_eq!(
        dropped(user.track_named("a", &Broken)),
        DropReason::Unserializable
    );
    assert_eq!(
        dropped(client.user("").track_named("a", &())),
        DropReason::EmptyIdentity
    );
    let large = json!({"text": "x".repeat(40_000)});
    assert_eq!(dropped(user.track_named("a", &large)), DropReason::TooLarge);
    let report = client.shutdown_blocking(LONG);
    assert_eq!((report.tracked, report.dropped.total()), (3, 3));
    assert_eq!(dropped(user.track_named("a", &())), DropReason::Closed);
}
