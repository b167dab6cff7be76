//! Who is who.

use serde_json::json;

use super::rig::{ACCOUNT, BEGIN, Rig, Story, once, track};
use crate::ingest::{Event, EventKind, Verdict};
use crate::keys::IdKind;
use crate::pipeline::{Bounds, Erased, erase};
use crate::store::{Fault, Step};

fn story() -> Story {
    Story::default()
        .audience(
            "buyers",
            &json!({ "did": { "event": "buy", "count": { "gte": 2 } } }),
        )
        .audience("quiet", &json!({ "did_not": { "event": "buy" } }))
}

fn by_visitor<'a>(visitor: &'a str, name: &'a str, id: &'a str) -> Event<'a> {
    Event {
        user_id: None,
        anonymous_id: Some(visitor),
        ..track("", name, id, BEGIN)
    }
}

fn identify<'a>(user: &'a str, visitor: &'a str, id: &'a str) -> Event<'a> {
    Event {
        kind: EventKind::Identify,
        anonymous_id: Some(visitor),
        ..track(user, "identify", id, BEGIN)
    }
}

#[tokio::test]
async fn identify_merges_the_visitor_into_the_user_and_counts_nothing_twice() {
    let mut rig = Rig::start(story());
    rig.send(&[
        by_visitor("a1", "buy", "m1"),
        track("42", "buy", "m2", BEGIN),
    ])
    .await
    .unwrap();
    assert!(!rig.is_member("42", "buyers").await);
    rig.send(&[identify("42", "a1", "m3")]).await.unwrap();
    assert!(rig.is_member("42", "buyers").await);
    assert_eq!(rig.size("buyers"), 1);
    assert_eq!(
        rig.size("quiet"),
        0,
        "the visitor who never bought is no more"
    );
    let again = rig.send(&[by_visitor("a1", "buy", "m1")]).await.unwrap();
    assert_eq!(again, [Verdict::Repeat], "ids move with the merge");
    let person = rig.person("42").await.unwrap();
    assert_eq!(
        crate::pipeline::history::events(&person.history)
            .unwrap()
            .len(),
        3
    );
}

#[tokio::test]
async fn later_events_of_the_visitor_belong_to_the_user_after_a_restart_too() {
    let mut rig = Rig::start(story());
    rig.send(&[by_visitor("a1", "buy", "m1"), identify("42", "a1", "m2")])
        .await
        .unwrap();
    rig.stop();
    rig.run();
    rig.send(&[by_visitor("a1", "buy", "m3")]).await.unwrap();
    assert!(rig.is_member("42", "buyers").await);
    let store_knows = rig.person("42").await.unwrap();
    assert_eq!(store_knows.profile.anonymous_id(), Some("a1"));
}

#[tokio::test]
async fn a_shared_device_does_not_make_two_people_one() {
    let mut rig = Rig::start(story());
    rig.send(&[identify("42", "a1", "m1"), track("42", "buy", "m2", BEGIN)])
        .await
        .unwrap();
    rig.send(&[identify("43", "a1", "m3"), by_visitor("a1", "buy", "m4")])
        .await
        .unwrap();
    let first = rig.person("42").await.unwrap();
    let second = rig.person("43").await.unwrap();
    assert_ne!(first.profile.id, second.profile.id);
    let ids = |person: &crate::pipeline::Person| {
        let events = crate::pipeline::history::events(&person.history).unwrap();
        events
            .iter()
            .map(|event| event.message_id.to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&first), ["m1", "m2"]);
    assert_eq!(
        ids(&second),
        ["m3", "m4"],
        "the id points at the newest user"
    );
}

#[tokio::test]
async fn a_batch_that_moves_a_visitors_id_counts_once_when_it_is_sent_again() {
    let mut rig = Rig::start(story());
    let batch = [
        by_visitor("a1", "visit", "m1"),
        identify("42", "a1", "m2"),
        by_visitor("a1", "buy", "m3"),
        identify("43", "a1", "m4"),
        by_visitor("a1", "buy", "m5"),
    ];
    let first = rig.send(&batch).await.unwrap();
    assert_eq!(first, [Verdict::Accepted; 5]);
    assert_eq!(rig.send(&batch).await.unwrap(), [Verdict::Repeat; 5]);
    rig.stop();
    rig.run();
    assert_eq!(rig.send(&batch).await.unwrap(), [Verdict::Repeat; 5]);
}

#[tokio::test]
async fn alias_gives_one_person_two_user_ids() {
    let mut rig = Rig::start(story());
    rig.send(&[
        track("old", "buy", "m1", BEGIN),
        track("new", "buy", "m2", BEGIN),
    ])
    .await
    .unwrap();
    let alias = Event {
        kind: EventKind::Alias,
        previous_id: Some("old"),
        ..track("new", "alias", "m3", BEGIN)
    };
    rig.send(&[alias]).await.unwrap();
    let (old, new) = (
        rig.person("old").await.unwrap(),
        rig.person("new").await.unwrap(),
    );
    assert_eq!(old.profile.id, new.profile.id);
    assert_eq!(new.profile.user_id(), Some("new"));
    assert_eq!(new.profile.user_ids.len(), 2);
    assert!(rig.is_member("old", "buyers").await);
}

pub(super) fn user(id: &str) -> Erased {
    Erased {
        account: ACCOUNT,
        kind: IdKind::User,
        id: id.to_owned(),
    }
}

#[tokio::test]
async fn whoever_is_erased_is_gone_and_earlier_events_are_refused() {
    let mut rig = Rig::start(story());
    rig.send(&[by_visitor("a1", "buy", "m1"), identify("42", "a1", "m2")])
        .await
        .unwrap();
    rig.send(&[track("43", "buy", "m3", BEGIN)]).await.unwrap();
    let handle = rig.handle();
    assert!(erase(&handle, BEGIN, user("42")).await.unwrap());
    assert!(rig.person("42").await.is_none());
    assert_eq!(rig.size("quiet"), 0);
    let late = [
        track("42", "buy", "m4", BEGIN),
        by_visitor("a1", "buy", "m5"),
    ];
    assert_eq!(
        rig.send(&late).await.unwrap(),
        [Verdict::Erased, Verdict::Erased]
    );
    rig.stop();
    let bytes = std::fs::read(rig.folder.path().join("segue.db")).unwrap();
    let needle = b"a1";
    assert!(
        bytes.windows(2).filter(|window| window == needle).count() == 0,
        "nothing is left"
    );
    rig.run();
    assert!(rig.person("42").await.is_none());
    assert!(rig.person("43").await.is_some());
    let anew = track("42", "buy", "m6", BEGIN.plus(1));
    assert_eq!(rig.send(&[anew]).await.unwrap(), [Verdict::Accepted]);
    assert!(rig.person("42").await.unwrap().profile.incarnation.0 > 1);
    let past = track("42", "buy", "m7", BEGIN);
    assert_eq!(
        rig.send(&[past]).await.unwrap(),
        [Verdict::Erased],
        "the past stays erased"
    );
}

#[tokio::test]
async fn of_an_erased_person_nothing_is_left_under_the_id_of_the_visitor_they_were() {
    let story = story().activation(json!({
        "id": "tell", "audience": "quiet", "on": "change", "to": "shop",
        "payload": { "kind": "simple", "fields": [{ "key": "a", "constant": "b" }] },
    }));
    let mut rig = Rig::start(story);
    rig.send(&[by_visitor("a1", "look", "m1"), identify("42", "a1", "m2")])
        .await
        .unwrap();
    assert!(erase(&rig.handle(), BEGIN, user("42")).await.unwrap());
    rig.stop();
    let db = rusqlite::Connection::open(rig.folder.path().join("segue.db")).unwrap();
    for table in ["membership", "outbox", "delivery"] {
        let count = format!("SELECT count(*) FROM {table}");
        let rows: i64 = db.query_row(&count, [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 0, "{table}");
    }
}

#[tokio::test]
async fn ids_that_were_linked_in_the_same_turn_move_with_a_merge() {
    let mut rig = Rig::start(story());
    let alias = Event {
        kind: EventKind::Alias,
        previous_id: Some("42"),
        ..track("43", "alias", "m3", BEGIN)
    };
    rig.send(&[
        by_visitor("a1", "look", "m1"),
        identify("42", "a1", "m2"),
        alias,
    ])
    .await
    .unwrap();
    assert!(erase(&rig.handle(), BEGIN, user("43")).await.unwrap());
    rig.send(&[track("42", "buy", "m4", BEGIN.plus(1))])
        .await
        .unwrap();
    let visitor = rig
        .handle()
        .ask(|pipeline| pipeline.person(ACCOUNT, IdKind::Anonymous, "a1"))
        .await;
    let visitor = visitor.unwrap().unwrap();
    assert!(visitor.is_none(), "no link outlives the erasure");
}

#[tokio::test]
async fn an_id_that_moved_on_after_a_merge_stays_there_after_a_crash() {
    let alias = Event {
        kind: EventKind::Alias,
        previous_id: Some("a1"),
        ..track("42", "alias", "m2", BEGIN)
    };
    let events = [
        by_visitor("a1", "look", "m1"),
        alias,
        identify("43", "a1", "m3"),
        by_visitor("a1", "buy", "m4"),
    ];
    let dies = once(4, |step| step == Step::Begin, Fault::Kill);
    let mut rig = Rig::start_with(story(), dies, Bounds::default());
    for event in events {
        rig.send_until_taken(&[event]).await;
    }
    let person = rig.person("43").await.unwrap();
    let events = crate::pipeline::history::events(&person.history).unwrap();
    let ids: Vec<&str> = events.iter().map(|event| event.message_id).collect();
    assert_eq!(ids, ["m3", "m4"], "the newest user goes on");
}
