//! What activations send, and why they do not.

use segue_receiver::payload::{Change, Envelope};
use serde_json::{Value as Json, json};

use super::rig::{ACCOUNT, BEGIN, Rig, Story, track};
use crate::delivery::{AttemptResult, Delivery, Outcome, Report};
use crate::ingest::{Event, EventKind};
use crate::keys::ActivationNo;
use crate::store::{DeliveryFilter, DeliveryState};

pub(super) fn mirror() -> Json {
    json!({ "id": "m", "name": "M", "audience": "vip", "to": "shop",
        "payload": { "kind": "segue", "segment_group": "g", "person_identifier": "userid" } })
}

fn trigger(repeat: &str) -> Json {
    json!({ "id": "t", "name": "T", "audience": "vip", "on": "join", "to": "shop",
        "repeat": repeat, "payload": { "kind": "template", "body": { "who": "{user_id}" } } })
}

pub(super) fn buyers() -> Story {
    let when = json!({ "did": { "event": "buy", "in": "1h" } });
    Story::default().audience("vip", &when)
}

pub(super) fn changes(delivery: &Delivery) -> Vec<(&'static str, String)> {
    let envelope: Envelope = serde_json::from_slice(&delivery.body).unwrap();
    let changes = envelope.data.changes.iter();
    changes
        .map(|change| match change {
            Change::Add { person, .. } => ("add", person.as_str().to_owned()),
            Change::Remove { person, .. } => ("remove", person.as_str().to_owned()),
            _ => ("replace", String::new()),
        })
        .collect()
}

pub(super) fn delivered(delivery: Delivery) -> Report {
    Report::Attempt(Box::new(AttemptResult {
        attempt_no: delivery.attempts + 1,
        delivery,
        at: BEGIN,
        status: Some(200),
        error: None,
        excerpt: String::new(),
        duration_ms: 1,
        outcome: Outcome::Delivered,
    }))
}

#[tokio::test]
async fn a_mirror_says_add_and_remove_with_growing_sequences() {
    let mut rig = Rig::start(buyers().activation(mirror()));
    rig.advance(1).await;
    assert_eq!(
        rig.resyncs(),
        [(ACCOUNT, ActivationNo(1))],
        "a new mirror is told everything"
    );
    rig.send(&[track("42", "buy", "m1", BEGIN)]).await.unwrap();
    let first = rig.delivery().await;
    assert_eq!(changes(&first), [("add", "42".to_owned())]);
    rig.advance(3_600_000).await;
    let second = rig.delivery().await;
    assert_eq!(changes(&second), [("remove", "42".to_owned())]);
    let sequence = |delivery: &Delivery| {
        let envelope: Envelope = serde_json::from_slice(&delivery.body).unwrap();
        envelope.data.changes[0].sequence()
    };
    assert!(sequence(&second) > sequence(&first));
    assert_ne!(first.id, second.id);
}

#[tokio::test]
async fn many_joins_in_one_commit_travel_together() {
    let mut rig = Rig::start(buyers().activation(mirror()));
    let users: Vec<String> = (0..250).map(|n| format!("u{n}")).collect();
    let events: Vec<Event<'_>> = users
        .iter()
        .map(|user| track(user, "buy", user, BEGIN))
        .collect();
    rig.send(&events).await.unwrap();
    let sizes: Vec<usize> = [
        rig.delivery().await,
        rig.delivery().await,
        rig.delivery().await,
    ]
    .iter()
    .map(|one| changes(one).len())
    .collect();
    assert_eq!(sizes, [99, 99, 52]);
}

#[tokio::test]
async fn once_is_once_for_good() {
    let mut rig = Rig::start(buyers().activation(trigger("once")));
    rig.send(&[track("42", "buy", "m1", BEGIN)]).await.unwrap();
    assert_eq!(rig.delivery().await.body, "{\"who\":\"42\"}");
    rig.advance(3_600_000).await;
    let later = BEGIN.plus(3_600_000);
    rig.send(&[track("42", "buy", "m2", later)]).await.unwrap();
    assert!(rig.is_member("42", "vip").await);
    assert!(rig.deliveries().is_empty());
    rig.stop();
    let rows = rig.store().outbox(&all()).unwrap();
    let reasons: Vec<_> = rows.iter().map(|(row, _)| row.reason.as_deref()).collect();
    assert_eq!(reasons, [Some("already_activated"), None]);
}

pub(super) fn all() -> DeliveryFilter {
    DeliveryFilter {
        account: ACCOUNT,
        activation: None,
        state: None,
        reason: None,
        before: None,
        limit: 100,
    }
}

#[tokio::test]
async fn what_was_delivered_stays_delivered_and_the_rest_is_sent_after_a_restart() {
    let mut rig = Rig::start(buyers().activation(trigger("every")));
    rig.send(&[track("42", "buy", "m1", BEGIN)]).await.unwrap();
    rig.send(&[track("43", "buy", "m2", BEGIN)]).await.unwrap();
    let (first, second) = (rig.delivery().await, rig.delivery().await);
    rig.report(delivered(first)).await;
    rig.advance(1).await;
    rig.stop();
    rig.run();
    let again = rig.delivery().await;
    assert_eq!(
        (again.id, again.body),
        (second.id, second.body),
        "the same id, the same body"
    );
    assert!(rig.deliveries().is_empty());
    rig.stop();
    let rows = rig.store().outbox(&all()).unwrap();
    let states: Vec<_> = rows
        .iter()
        .map(|(_, delivery)| delivery.as_ref().unwrap().state)
        .collect();
    assert_eq!(states, [DeliveryState::Pending, DeliveryState::Delivered]);
}

#[tokio::test]
async fn a_join_by_time_waits_until_it_settles() {
    let left = json!({ "did": { "event": "add" }, "then_not": "buy", "within": "10m" });
    let story = Story::default()
        .audience("vip", &left)
        .activation(trigger("every"));
    let mut rig = Rig::start(story);
    rig.send(&[
        track("42", "add", "m1", BEGIN),
        track("43", "add", "m2", BEGIN),
    ])
    .await
    .unwrap();
    rig.advance(600_000).await;
    assert!(rig.is_member("42", "vip").await);
    assert!(rig.deliveries().is_empty());
    // A purchase that was still in some queue saves the one of them.
    rig.send(&[track("43", "buy", "m3", BEGIN.plus(599_000))])
        .await
        .unwrap();
    rig.advance(15_000).await;
    assert_eq!(rig.delivery().await.body, "{\"who\":\"42\"}");
    assert!(rig.deliveries().is_empty());
    rig.stop();
    let rows = rig.store().outbox(&all()).unwrap();
    let mut reasons: Vec<_> = rows.iter().map(|(row, _)| row.reason.as_deref()).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, [None, Some("no_longer_member")]);
}

#[tokio::test]
async fn a_member_is_added_when_the_consent_comes_and_removed_when_it_goes() {
    let mut asking = mirror();
    asking["consent"] = json!(["mail"]);
    let mut rig = Rig::start(buyers().activation(asking));
    rig.send(&[track("42", "buy", "m1", BEGIN)]).await.unwrap();
    assert!(rig.deliveries().is_empty());
    let decide = |id, json| Event {
        kind: EventKind::Consent,
        consents: Some(json),
        ..track("42", "consent", id, BEGIN.plus(1))
    };
    rig.send(&[decide("m2", "{\"mail\":true}")]).await.unwrap();
    assert_eq!(changes(&rig.delivery().await), [("add", "42".to_owned())]);
    let no = Event {
        time: BEGIN.plus(2),
        ..decide("m3", "{\"mail\":false}")
    };
    rig.send(&[no]).await.unwrap();
    assert_eq!(
        changes(&rig.delivery().await),
        [("remove", "42".to_owned())]
    );
}
