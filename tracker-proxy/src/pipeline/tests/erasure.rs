//! What others hear of somebody who is erased.

use segue_receiver::payload::{Change, Envelope};
use serde_json::{Value as Json, json};

use super::outbound::{all, buyers, changes, delivered, mirror};
use super::rig::{ACCOUNT, BEGIN, Rig, track};
use crate::clock::TimeMs;
use crate::delivery::{AttemptResult, Delivery, Failure, Outcome, Report};
use crate::ingest::{Event, EventKind};
use crate::keys::IdKind;
use crate::pipeline::{Erased, erase};

const HOUR_MS: i64 = 3_600_000;

async fn erase_user(rig: &mut Rig, user: &str, now: TimeMs) {
    let person = Erased {
        account: ACCOUNT,
        kind: IdKind::User,
        id: user.to_owned(),
    };
    assert!(erase(&rig.handle(), now, person).await.unwrap());
    rig.advance(1).await;
}

fn removed(user: &str) -> (&'static str, String) {
    ("remove", user.to_owned())
}

fn sequences(delivery: &Delivery) -> Vec<u64> {
    let envelope: Envelope = serde_json::from_slice(&delivery.body).unwrap();
    let changes = envelope.data.changes.iter();
    changes.map(Change::sequence).collect()
}

/// Two members of whom a mirror was told, and who left together.
async fn two_left() -> (Rig, Delivery) {
    let mut rig = Rig::start(buyers().activation(mirror()));
    rig.send(&[
        track("42", "buy", "m1", BEGIN),
        track("43", "buy", "m2", BEGIN),
    ])
    .await
    .unwrap();
    let joined = rig.delivery().await;
    rig.report(delivered(joined)).await;
    rig.advance(3_600_000).await;
    let left = rig.delivery().await;
    assert_eq!(changes(&left).len(), 2);
    (rig, left)
}

#[tokio::test]
async fn a_removal_that_has_not_arrived_is_not_lost_with_the_message_that_is_taken_back() {
    let mut rig = Rig::start(buyers().activation(mirror()));
    rig.send(&[track("42", "buy", "m1", BEGIN)]).await.unwrap();
    let joined = rig.delivery().await;
    rig.report(delivered(joined)).await;
    rig.advance(3_600_000).await;
    let left = rig.delivery().await;
    assert_eq!(changes(&left), [removed("42")]);
    erase_user(&mut rig, "42", BEGIN.plus(HOUR_MS)).await;
    let again = rig.delivery().await;
    assert_eq!(changes(&again), [removed("42")]);
    assert_ne!(again.id, left.id);
    assert_eq!(
        sequences(&again),
        sequences(&left),
        "whoever was added under that name since stays"
    );
    assert!(rig.deliveries().is_empty());
}

#[tokio::test]
async fn a_removal_is_taken_out_of_what_is_said_of_others_and_said_alone() {
    let (mut rig, _) = two_left().await;
    erase_user(&mut rig, "42", BEGIN.plus(HOUR_MS)).await;
    let mut said: Vec<_> = rig.deliveries().iter().map(changes).collect();
    said.sort_unstable();
    assert_eq!(said, [[removed("42")], [removed("43")]]);
    rig.stop();
    let rows = rig.store().outbox(&all()).unwrap();
    let waiting = rows.iter().filter(|(row, _)| row.op == "remove");
    assert_eq!(waiting.count(), 2, "both survive a restart");
}

#[tokio::test]
async fn a_removal_that_was_given_up_is_tried_again_and_what_else_was_given_up_is_not() {
    let (mut rig, left) = two_left().await;
    let Report::Attempt(result) = delivered(left) else {
        unreachable!("an attempt is an attempt");
    };
    rig.report(Report::Attempt(Box::new(AttemptResult {
        status: Some(400),
        outcome: Outcome::Failed(Failure::GaveUp),
        ..*result
    })))
    .await;
    rig.advance(1).await;
    erase_user(&mut rig, "42", BEGIN.plus(HOUR_MS)).await;
    let said: Vec<_> = rig.deliveries().iter().map(changes).collect();
    assert_eq!(said, [[removed("42")]]);
}

#[tokio::test]
async fn nothing_is_said_of_an_erased_person_of_whom_nobody_was_told() {
    let mut asking = mirror();
    asking["consent"] = json!(["mail"]);
    let trigger: Json = json!({ "id": "t", "name": "T", "audience": "vip", "on": "join",
        "to": "shop", "payload": { "kind": "template", "body": { "who": "{user_id}" } } });
    let mut rig = Rig::start(buyers().activation(asking).activation(trigger));
    rig.send(&[track("42", "buy", "m1", BEGIN)]).await.unwrap();
    assert_eq!(rig.delivery().await.body, "{\"who\":\"42\"}");
    erase_user(&mut rig, "42", BEGIN).await;
    assert!(rig.deliveries().is_empty());
    rig.stop();
    assert_eq!(rig.store().outbox(&all()).unwrap(), []);
}

/// Somebody whom a mirror knows by their mail address.
fn with_mail<'a>(user: &'a str, mail: &'a str, id: &'a str, at: TimeMs) -> Event<'a> {
    Event {
        kind: EventKind::Identify,
        traits: Some(mail),
        ..track(user, "identify", id, at)
    }
}

fn by_mail() -> Json {
    let mut by_mail = mirror();
    by_mail["payload"]["person_identifier"] = json!("email");
    by_mail
}

const SHARED: &str = "{\"email\":\"x@y\"}";
const OWN: &str = "{\"email\":\"ada@y\"}";

#[tokio::test]
async fn who_has_the_name_that_the_erased_person_had_stays() {
    let mut rig = Rig::start(buyers().activation(by_mail()));
    rig.send(&[
        with_mail("42", SHARED, "m1", BEGIN),
        track("42", "buy", "m2", BEGIN),
    ])
    .await
    .unwrap();
    let joined = rig.delivery().await;
    rig.report(delivered(joined)).await;
    let later = BEGIN.plus(1);
    rig.send(&[
        with_mail("42", OWN, "m3", later),
        with_mail("43", SHARED, "m4", later),
        track("43", "buy", "m5", later),
    ])
    .await
    .unwrap();
    let moved = rig.delivery().await;
    let add = |mail: &str| ("add", mail.to_owned());
    assert_eq!(
        changes(&moved),
        [removed("x@y"), add("ada@y"), add("x@y")],
        "one after the other"
    );
    let added_at = sequences(&moved)[2];
    erase_user(&mut rig, "42", BEGIN.plus(2)).await;
    let said = rig.deliveries();
    let last = said.iter().flat_map(|one| {
        let about = changes(one).into_iter().zip(sequences(one));
        about.filter(|((_, name), _)| name == "x@y")
    });
    let last = last.max_by_key(|(_, sequence)| *sequence).unwrap();
    assert_eq!(last, (add("x@y"), added_at));
    let gone: Vec<_> = said.iter().flat_map(changes).collect();
    assert!(gone.contains(&removed("ada@y")));
    assert!(!gone.contains(&add("ada@y")));
}

#[tokio::test]
async fn removals_of_who_became_part_of_the_erased_person_outlive_a_restart() {
    let mut rig = Rig::start(buyers().activation(by_mail()));
    let visitor = |event| Event {
        user_id: None,
        anonymous_id: Some("a1"),
        ..event
    };
    rig.send(&[
        visitor(with_mail("", SHARED, "m1", BEGIN)),
        visitor(track("", "buy", "m2", BEGIN)),
    ])
    .await
    .unwrap();
    let joined = rig.delivery().await;
    rig.report(delivered(joined)).await;
    let login = Event {
        anonymous_id: Some("a1"),
        ..with_mail("42", OWN, "m3", BEGIN.plus(1))
    };
    rig.send(&[login]).await.unwrap();
    drop(rig.delivery().await);
    erase_user(&mut rig, "42", BEGIN.plus(2)).await;
    rig.stop();
    rig.run();
    rig.advance(1).await;
    let said: Vec<_> = rig.deliveries().iter().flat_map(changes).collect();
    assert!(said.contains(&removed("x@y")), "{said:?}");
    assert!(said.iter().all(|(op, _)| *op == "remove"), "{said:?}");
}
