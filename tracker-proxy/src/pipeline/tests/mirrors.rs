//! When a mirror is told everything, and how.

use std::collections::BTreeSet;

use segue_receiver::payload::{Change, Envelope};
use serde_json::json;

use super::outbound::{buyers, changes, delivered, mirror};
use super::rig::{ACCOUNT, BEGIN, Rig, Story, track};
use crate::delivery::{AttemptResult, Delivery, Failure, Outcome, Report};
use crate::ingest::{Event, EventKind};
use crate::keys::{ActivationNo, IdKind};
use crate::pipeline::{Erased, Pipeline, REPLACE_BYTES_MAX, erase, resync};

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
    assert_eq!(rig.resyncs(), [], "others may never arrive");
    rig.advance(60_000).await;
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
    let mut by_mail = mirror();
    by_mail["payload"]["person_identifier"] = json!("email");
    let mut rig = Rig::start(buyers().activation(by_mail));
    let former = "f".repeat(250);
    let known = |user, mail, id| Event {
        kind: EventKind::Identify,
        traits: Some(mail),
        ..track(user, "identify", id, BEGIN)
    };
    let stays = format!("{:0>250}", 7);
    rig.send(&[
        known(&former, "{\"email\":\"f@y\"}", "k1"),
        known(&stays, "{\"email\":\"s@y\"}", "k2"),
        track(&former, "buy", "f", BEGIN.plus(-3_599_000)),
        track(&stays, "buy", "s", BEGIN),
    ])
    .await
    .unwrap();
    rig.advance(2_000).await;
    // From now on people are known by another name.
    rig.edit(buyers().activation(mirror()));
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
    let past = ["f@y", "s@y"].map(str::to_owned);
    assert_eq!(removed, BTreeSet::from(past));
}

/// A mirror that begins, or begins again, after "42" has become a member.
async fn listed(rig: &mut Rig) {
    rig.advance(1).await;
    assert_eq!(rig.resyncs(), [(ACCOUNT, MIRROR)]);
    resync(&rig.handle(), ACCOUNT, MIRROR).await.unwrap();
    rig.advance(1).await;
    let list = rig.deliveries().pop().unwrap();
    assert_eq!(names(&list), ["42"]);
    rig.report(delivered(list)).await;
    rig.advance(1).await;
}

/// Whom a list names.
fn names(list: &Delivery) -> Vec<String> {
    let envelope: Envelope = serde_json::from_slice(&list.body).unwrap();
    let persons = envelope.data.changes[0].persons().iter();
    persons.map(|person| person.as_str().to_owned()).collect()
}

fn removed(user: &str) -> Vec<(&'static str, String)> {
    vec![("remove", user.to_owned())]
}

#[tokio::test]
async fn who_was_listed_only_is_taken_back_when_they_are_erased() {
    let mut rig = Rig::start(buyers());
    rig.send(&[track("42", "buy", "m1", BEGIN)]).await.unwrap();
    rig.edit(buyers().activation(mirror()));
    listed(&mut rig).await;
    let person = Erased {
        account: ACCOUNT,
        kind: IdKind::User,
        id: "42".to_owned(),
    };
    assert!(erase(&rig.handle(), BEGIN, person).await.unwrap());
    rig.advance(1).await;
    assert_eq!(changes(&rig.delivery().await), removed("42"));
}

#[tokio::test]
async fn who_joined_while_a_mirror_was_off_leaves_when_it_is_on_again() {
    let mut off = mirror();
    off["status"] = json!("inactive");
    let mut rig = Rig::start(buyers().activation(off));
    rig.send(&[track("42", "buy", "m1", BEGIN)]).await.unwrap();
    rig.edit(buyers().activation(mirror()));
    listed(&mut rig).await;
    rig.advance(3_600_000).await;
    assert_eq!(changes(&rig.delivery().await), removed("42"));
}

#[tokio::test]
async fn who_left_while_a_mirror_was_off_is_added_when_they_join_again() {
    let mut rig = Rig::start(buyers().activation(mirror()));
    rig.send(&[track("42", "buy", "m1", BEGIN)]).await.unwrap();
    let mut off = mirror();
    off["status"] = json!("inactive");
    rig.edit(buyers().activation(off));
    rig.advance(3_600_000).await;
    rig.edit(buyers().activation(mirror()));
    rig.advance(1).await;
    resync(&rig.handle(), ACCOUNT, MIRROR).await.unwrap();
    rig.advance(1).await;
    drop(rig.deliveries());
    let again = BEGIN.plus(3_600_000);
    rig.send(&[track("42", "buy", "m2", again)]).await.unwrap();
    assert_eq!(
        changes(&rig.delivery().await),
        [("add", "42".to_owned())],
        "the list did not have them"
    );
}

#[tokio::test]
async fn what_a_list_noted_is_noted_again_after_a_crash() {
    let mut rig = Rig::start(buyers());
    rig.send(&[track("42", "buy", "m1", BEGIN)]).await.unwrap();
    rig.edit(buyers().activation(mirror()));
    listed(&mut rig).await;
    let recovered = rig.handle().ask(Pipeline::recover).await;
    recovered.unwrap().unwrap();
    rig.advance(3_600_000).await;
    assert_eq!(changes(&rig.delivery().await), removed("42"));
}

#[tokio::test]
async fn an_edited_mirror_is_told_everything_anew() {
    let mut rig = told().await;
    let mut elsewhere = mirror();
    elsewhere["payload"]["segment_group"] = json!("other");
    rig.edit(buyers().activation(elsewhere.clone()));
    rig.advance(1).await;
    assert_eq!(rig.resyncs(), [(ACCOUNT, MIRROR)]);
    resync(&rig.handle(), ACCOUNT, MIRROR).await.unwrap();
    rig.edit(Story {
        url: Some("http://127.0.0.1:8081/".to_owned()),
        ..buyers().activation(elsewhere)
    });
    rig.advance(1).await;
    assert_eq!(rig.resyncs(), [(ACCOUNT, MIRROR)]);
}

#[tokio::test]
async fn a_mirror_that_is_asked_for_anew_while_it_is_told_is_told_again() {
    let mut rig = Rig::start(buyers().activation(mirror()));
    rig.advance(1).await;
    assert_eq!(rig.resyncs(), [(ACCOUNT, MIRROR)]);
    let (lists, asks) = (rig.handle(), rig.handle());
    let (told, asked) = tokio::join!(
        resync(&lists, ACCOUNT, MIRROR),
        asks.ask(|pipeline| pipeline.want_resync(ACCOUNT, MIRROR))
    );
    told.unwrap();
    asked.unwrap();
    rig.advance(1).await;
    assert!(rig.deliveries().is_empty(), "that list would be old");
    assert_eq!(rig.resyncs(), [(ACCOUNT, MIRROR)]);
    rig.stop();
    rig.run();
    rig.advance(1).await;
    assert_eq!(rig.resyncs(), [(ACCOUNT, MIRROR)], "it is still in need");
}

#[tokio::test]
async fn what_is_lost_while_a_mirror_is_told_changes_nothing_about_its_being_told() {
    let mut rig = told().await;
    rig.send(&[track("42", "buy", "m1", BEGIN)]).await.unwrap();
    let lost = rig.delivery().await;
    let handle = rig.handle();
    let wanted = handle.ask(|pipeline| pipeline.want_resync(ACCOUNT, MIRROR));
    wanted.await.unwrap();
    rig.report(given_up(lost)).await;
    rig.advance(1).await;
    rig.stop();
    rig.run();
    rig.advance(1).await;
    assert_eq!(rig.resyncs(), [(ACCOUNT, MIRROR)]);
}

#[tokio::test]
async fn a_mirror_of_which_nothing_is_to_be_said_is_mended_after_an_hour() {
    let mut rig = told().await;
    rig.send(&[track("42", "buy", "m1", BEGIN)]).await.unwrap();
    let lost = rig.delivery().await;
    rig.report(given_up(lost)).await;
    rig.advance(1).await;
    rig.advance(3_500_000).await;
    assert_eq!(rig.resyncs(), []);
    rig.advance(100_000).await;
    assert_eq!(rig.resyncs(), [(ACCOUNT, MIRROR)]);
}

#[tokio::test]
async fn a_merge_keeps_who_is_known_by_the_same_name() {
    let mut by_mail = mirror();
    by_mail["payload"]["person_identifier"] = json!("email");
    let mut rig = Rig::start(buyers().activation(by_mail));
    let mail = Some("{\"email\":\"x@y\"}");
    let (user, visitor) = (Some("42"), Some("a1"));
    let is = |user_id, anonymous_id, id| Event {
        kind: EventKind::Identify,
        user_id,
        anonymous_id,
        traits: mail,
        ..track("", "identify", id, BEGIN)
    };
    let buys = |user_id, anonymous_id, id| Event {
        user_id,
        anonymous_id,
        ..track("", "buy", id, BEGIN)
    };
    let both = [
        is(None, visitor, "m1"),
        is(user, None, "m2"),
        buys(None, visitor, "m3"),
        buys(user, None, "m4"),
    ];
    rig.send(&both).await.unwrap();
    let added = rig.delivery().await;
    assert_eq!(changes(&added).len(), 2);
    rig.send(&[is(user, visitor, "m5")]).await.unwrap();
    assert_eq!(rig.size("vip"), 1, "they are one");
    rig.advance(1).await;
    let said: Vec<_> = rig.deliveries().iter().flat_map(changes).collect();
    assert_eq!(said, [], "the one who is left is there already");
}
