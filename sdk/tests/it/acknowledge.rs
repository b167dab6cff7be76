//! Waiting for the endpoint's word on one event.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use segue_sdk::wire::RejectCode;
use segue_sdk::{Client, DropReason, NotDelivered, Outcome};
use serde_json::json;

use crate::server::{Answer, Server, nobody};

const LONG: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "current_thread")]
async fn who_waits_for_an_event_does_not_wait_for_its_company() {
    let server = Server::healthy();
    let client = Client::builder(server.url(), "wk")
        .batch_interval(Duration::from_hours(1))
        .build()
        .unwrap();
    let receipt = client.user("42").track_named("paid", &json!({}));
    assert_eq!(receipt.deliver().await, Ok(()));
    assert_eq!(server.calls().len(), 1);
}

#[test]
fn each_of_a_batch_gets_its_own_verdict() {
    let server = Server::start(|_| {
        let verdict = json!({"rejected": [{"index": 1, "code": "erased", "message": "gone"}]});
        Answer::Status(200, verdict.to_string())
    });
    let client = Client::builder(server.url(), "wk")
        .batch_events_max(3)
        .batch_interval(Duration::from_hours(1))
        .build()
        .unwrap();
    let receipts: Vec<_> = (0..3)
        .map(|n| client.user("42").track_named("visit", &json!({ "n": n })))
        .collect();
    let verdicts: Vec<_> = receipts
        .into_iter()
        .map(|receipt| receipt.deliver_blocking(LONG))
        .collect();
    let rejected = NotDelivered::Rejected {
        code: RejectCode::Erased,
        reason: "gone".to_owned(),
    };
    assert_eq!(verdicts, [Ok(()), Err(rejected), Ok(())]);
}

#[test]
fn an_event_that_was_never_taken_says_so_at_once() {
    let client = Client::builder(nobody(), "wk").build().unwrap();
    let receipt = client.user("").track_named("visit", &json!({}));
    let dropped = Err(NotDelivered::Dropped(DropReason::EmptyIdentity));
    assert_eq!(receipt.deliver_blocking(LONG), dropped);
}

#[test]
fn the_end_of_the_client_is_an_answer_too() {
    let client = Client::builder(nobody(), "wk").build().unwrap();
    let receipt = client.user("42").track_named("visit", &json!({}));
    let early = receipt.clone();
    let unconfirmed = Err(NotDelivered::Unconfirmed);
    assert_eq!(early.deliver_blocking(Duration::ZERO), unconfirmed);
    client.shutdown_blocking(Duration::ZERO);
    assert_eq!(receipt.deliver_blocking(LONG), unconfirmed);
}

#[test]
fn the_callback_is_told_every_event_with_its_end() {
    let server = Server::start(|call| match call.number {
        0 => Answer::Status(
            200,
            r#"{"rejected":[{"index":0,"code":"erased"}]}"#.to_owned(),
        ),
        _ => Answer::ok(),
    });
    let told: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
    let notes = Arc::clone(&told);
    let client = Client::builder(server.url(), "wk")
        .batch_events_max(2)
        .on_verdict(move |verdict| {
            let id = verdict.message_id().expect("our events have ids");
            let end = match verdict.outcome() {
                Outcome::Delivered => "delivered".to_owned(),
                Outcome::Rejected { code, .. } => code.as_str().to_owned(),
                other => format!("{other:?}"),
            };
            notes.lock().expect("no panic").push((id.into_owned(), end));
        })
        .build()
        .unwrap();
    let ids: Vec<_> = (0..2)
        .map(|_| client.user("42").track_named("visit", &json!({})))
        .map(|receipt| receipt.message_id().to_string())
        .collect();
    client.shutdown_blocking(LONG);
    let expected = [
        (ids[0].clone(), "erased".to_owned()),
        (ids[1].clone(), "delivered".to_owned()),
    ];
    assert_eq!(*told.lock().unwrap(), expected);
}
