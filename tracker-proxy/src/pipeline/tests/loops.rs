//! Events in, memberships and deliveries out.

use serde_json::json;

use super::rig::{BEGIN, Rig, Story, track};
use crate::ingest::Verdict;

fn buyers() -> Story {
    let when = json!({ "did": { "event": "buy", "in": "1h", "count": { "gte": 2 } } });
    Story::default().audience("vip", &when)
}

#[tokio::test]
async fn a_person_joins_by_events_and_leaves_by_the_passing_of_time() {
    let mut rig = Rig::start(buyers());
    rig.send(&[track("42", "buy", "m1", BEGIN)]).await.unwrap();
    assert!(!rig.is_member("42", "vip").await);
    rig.send(&[track("42", "buy", "m2", BEGIN.plus(0))])
        .await
        .unwrap();
    assert!(rig.is_member("42", "vip").await);
    assert_eq!(rig.size("vip"), 1);
    rig.advance(3_599_999).await;
    assert!(rig.is_member("42", "vip").await, "one millisecond early");
    rig.advance(1).await;
    assert!(!rig.is_member("42", "vip").await);
    assert_eq!(rig.size("vip"), 0);
}

#[tokio::test]
async fn a_repeat_counts_once_also_within_one_batch_and_after_a_restart() {
    let mut rig = Rig::start(buyers());
    let twice = [
        track("42", "buy", "m1", BEGIN),
        track("42", "buy", "m1", BEGIN),
    ];
    assert_eq!(
        rig.send(&twice).await.unwrap(),
        [Verdict::Accepted, Verdict::Repeat]
    );
    rig.stop();
    rig.run();
    assert_eq!(rig.send(&twice[..1]).await.unwrap(), [Verdict::Repeat]);
    assert!(!rig.is_member("42", "vip").await);
}

#[tokio::test]
async fn timers_survive_a_restart() {
    let mut rig = Rig::start(buyers());
    let both = [
        track("42", "buy", "m1", BEGIN),
        track("42", "buy", "m2", BEGIN),
    ];
    rig.send(&both).await.unwrap();
    rig.stop();
    rig.run();
    assert!(rig.is_member("42", "vip").await);
    rig.advance(3_600_000).await;
    assert!(!rig.is_member("42", "vip").await);
}

#[tokio::test]
async fn many_timers_at_one_instant_all_fire() {
    let mut rig = Rig::start(buyers());
    let ids: Vec<(String, String, String)> = (0..1_000)
        .map(|n| (format!("u{n}"), format!("a{n}"), format!("b{n}")))
        .collect();
    for (user, first, second) in &ids {
        let both = [
            track(user, "buy", first, BEGIN),
            track(user, "buy", second, BEGIN),
        ];
        rig.send(&both).await.unwrap();
    }
    assert_eq!(rig.size("vip"), 1_000);
    rig.advance(3_600_000).await;
    for _ in 0..10 {
        rig.advance(1).await;
    }
    assert_eq!(rig.size("vip"), 0);
}

#[tokio::test]
async fn the_history_of_a_person_has_every_event_once_and_in_order() {
    let mut rig = Rig::start(buyers());
    let ids: Vec<String> = (0..50).map(|n| format!("m{n}")).collect();
    for (n, id) in (0..).zip(&ids) {
        rig.send(&[track("42", "visit", id, BEGIN.plus(n))])
            .await
            .unwrap();
        if n % 7 == 0 {
            rig.stop();
            rig.run();
        }
    }
    let person = rig.person("42").await.unwrap();
    let events = crate::pipeline::history::events(&person.history).unwrap();
    let found: Vec<&str> = events.iter().map(|event| event.message_id).collect();
    assert_eq!(found, ids);
}

#[tokio::test]
async fn a_repeat_is_known_however_much_came_after_it() {
    let mut rig = Rig::start(buyers());
    let ids: Vec<String> = (0..600).map(|n| format!("m{n}")).collect();
    let events: Vec<_> = (0..)
        .zip(&ids)
        .map(|(n, id)| track("42", "visit", id, BEGIN.plus(n)))
        .collect();
    for some in events.chunks(100) {
        rig.send(some).await.unwrap();
        // Each part of the history is a chunk of its own.
        rig.stop();
        rig.run();
    }
    for n in [0, 299, 471, 599] {
        let again = rig.send(&events[n..=n]).await.unwrap();
        assert_eq!(again, [Verdict::Repeat], "event {n}");
    }
    let late = track("42", "visit", "late", BEGIN.plus(5));
    assert_eq!(rig.send(&[late]).await.unwrap(), [Verdict::Accepted]);
}
