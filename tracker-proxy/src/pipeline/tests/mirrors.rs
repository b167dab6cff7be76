//! When a mirror is told everything, and how.

use std::collections::BTreeSet;

use segue_receiver::payload::{Change, Envelope};
use serde_json::json;

use super::outbound::{buyers, changes, delivered, mirror};
use super::rig::{ACCOUNT, BEGIN, Rig, Story, track};
use crate::delivery::{AttemptResult, Delivery, Failure, Outcome, Report};
use crate::keys::ActivationNo;
use crate::pipeline::{REPLACE_BYTES_MAX, resync};

const MIRROR: ActivationNo = ActivationNo(1);

fn given_up(delivery: Delivery) -> Report {
    let Report::Attempt(result) = delivered(delivery) else {
        unreachable!("an attempt is an attempt");
    };
    Report::Attempt(Box::new(AttemptResult {
        status: Some(400),
        outcome: Outcome::Failed(Failure::GaveUp),
        ..*result
    }))
}

/// A mirror that was told everything once.
async fn told() -> Rig {
    let mut rig = Rig::start(buyers().activation(mirror()));
    rig.advance(1).await;
    assert_eq!(rig.resyncs(), [(ACCOUNT, MIRROR)]);
    resync(&rig.handle(), ACCOUNT, MIRROR).await.unwrap();
    rig.advance(1).await;
    let list = rig.delivery().await;
    assert_eq!(changes(&list), [("replace", String::new())]);
    rig.report(delivered(list)).await;
    rig
}

#[tokio::test]
async fn a_mirror_that_was_told_is_not_told_again_by_a_restart() {
    let mut rig = told().await;
    rig.stop();
    rig.run();
    rig.advance(1).await;
    assert_eq!(rig.resyncs(), []);
}

#[tokio::test]
async fn a_stop_before_a_mirror_was_told_leaves_it_to_be_told() {
    let mut rig = Rig::start(buyers().activation(mirror()));
    rig.stop();
    rig.run();
    rig.advance(1).await;
    assert_eq!(rig.resyncs(), [(ACCOUNT, MIRROR)]);
}

#[tokio::test]
async fn what_a_mirror_lost_before_a_restart_is_mended_after_it() {
    let mut rig = told().await;
    rig.send(&[track("42", "buy", "m1", BEGIN)]).await.unwrap();
    let lost = rig.delivery().await;
    rig.report(given_up(lost)).await;
    rig.advance(1).await;
    assert_eq!(rig.resyncs(), [], "nothing arrives there yet");
    rig.stop();
    rig.run();
    rig.advance(1).await;
    assert_eq!(rig.resyncs(), []);
    rig.send(&[track("43", "buy", "m2", BEGIN)]).await.unwrap();
    let arrives = rig.delivery().await;
    rig.report(delivered(arrives)).await;
    rig.advance(1).await;
    assert_eq!(rig.resyncs(), [(ACCOUNT, MIRROR)]);
    // Asked, and not told: it stays to be told.
    rig.stop();
    rig.run();
    rig.advance(1).await;
    assert_eq!(rig.resyncs(), [(ACCOUNT, MIRROR)]);
}

#[tokio::test]
async fn a_mirror_that_is_switched_off_needs_nothing() {
    let mut rig = Rig::start(buyers().activation(mirror()));
    let mut off = mirror();
    off["status"] = json!("inactive");
    rig.edit(buyers().activation(off));
    rig.advance(1).await;
    assert_eq!(rig.resyncs(), []);
    rig.edit(buyers().activation(mirror()));
    rig.advance(1).await;
    assert_eq!(rig.resyncs(), [(ACCOUNT, MIRROR)]);
}

#[tokio::test]
async fn an_audience_too_large_for_one_list_is_told_person_by_person() {
    let story = Story::default()
        .audience("vip", &json!({ "did": { "event": "buy", "in": "1h" } }))
        .activation(mirror());
    let mut rig = Rig::start(story);
    let former = "f".repeat(250);
    let hour_ago = BEGIN.plus(-3_599_000);
    rig.send(&[track(&former, "buy", "f", hour_ago)])
        .await
        .unwrap();
    rig.advance(2_000).await;
    let users: Vec<String> = (0..REPLACE_BYTES_MAX / 250 + 100)
        .map(|n| format!("{n:0>250}"))
        .collect();
    for some in users.chunks(500) {
        let events: Vec<_> = some
            .iter()
            .map(|user| track(user, "buy", user, BEGIN))
            .collect();
        rig.send(&events).await.unwrap();
        drop(rig.deliveries());
    }
    let handle = rig.handle();
    let telling = tokio::spawn(async move { resync(&handle, ACCOUNT, MIRROR).await });
    while !telling.is_finished() {
        drop(rig.deliveries());
        rig.advance(20).await;
    }
    telling.await.unwrap().unwrap();
    rig.stop();
    let rows = rig.store().outbox(&super::outbound::all()).unwrap();
    let (mut added, mut removed) = (BTreeSet::new(), BTreeSet::new());
    for (row, delivery) in rows.iter().filter(|(row, _)| row.op == "replace") {
        let body = &delivery.as_ref().expect("sent").body;
        assert!(body.len() < REPLACE_BYTES_MAX);
        let envelope: Envelope = serde_json::from_slice(body).unwrap();
        for change in &envelope.data.changes {
            match change {
                Change::Add { person, .. } => added.insert(person.as_str().to_owned()),
                Change::Remove { person, .. } => removed.insert(person.as_str().to_owned()),
                _ => panic!("a list after all: {row:?}"),
            };
        }
    }
    assert_eq!(added, users.into_iter().collect());
    assert_eq!(removed, BTreeSet::from([former]));
}
