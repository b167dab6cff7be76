//! Power goes, disks fill: at every step of a commit.

use serde_json::json;

use super::rig::{BEGIN, Rig, Story, once, track};
use crate::ingest::{Event, EventKind, Verdict};
use crate::pipeline::{Bounds, history};
use crate::store::{Fault, Step};

fn story() -> Story {
    let tell = json!({ "id": "t", "name": "T", "audience": "vip", "on": "join", "to": "shop",
        "payload": { "kind": "template", "body": { "who": "{user_id}" } } });
    let when = json!({ "did": { "event": "buy", "count": { "gte": 2 } } });
    Story::default().audience("vip", &when).activation(tell)
}

/// Profiles go out of memory and into the store with every commit.
fn tight() -> Bounds {
    Bounds {
        cache_bytes: 4_000,
        dirty_bytes: 2,
        write_back_ms: 0,
        feed_bytes: 0,
        ..Bounds::default()
    }
}

/// How what people do arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arrival {
    /// Each event after the one before it was answered, and once more after its own answer.
    InTurn,
    /// Ten people's at once, while commits are under way; what was refused comes again.
    Crowded,
}

/// Forty people buy twice each, half of them first as visitors; then everything is counted.
async fn live_through(mut rig: Rig, arrival: Arrival, what: &str) {
    let mut crowd = Vec::new();
    for n in 0..40 {
        let (user, visitor) = (format!("u{n}"), format!("a{n}"));
        let ids: Vec<String> = (0..3).map(|k| format!("m{n}.{k}")).collect();
        let first = Event {
            user_id: (n % 2 == 0).then_some(user.as_str()),
            anonymous_id: Some(&visitor),
            ..track("", "buy", &ids[0], BEGIN)
        };
        let second = track(&user, "buy", &ids[1], BEGIN);
        let third = Event {
            kind: EventKind::Identify,
            anonymous_id: Some(&visitor),
            ..track(&user, "identify", &ids[2], BEGIN)
        };
        for event in [first, second, third] {
            if arrival == Arrival::Crowded {
                let bytes = event.encode_into(Vec::new());
                crowd.push((rig.submit(&[event]).await.unwrap(), bytes));
                continue;
            }
            rig.send_until_taken(&[event]).await;
            let again = rig.send_until_taken(&[event]).await;
            assert_eq!(again, [Verdict::Repeat], "{what}: {}", event.message_id);
        }
        if n % 10 == 9 {
            for (answer, bytes) in std::mem::take(&mut crowd) {
                if answer.await.is_ok_and(|verdicts| verdicts.is_ok()) {
                    continue;
                }
                let (event, _) = Event::decode(&bytes).unwrap();
                rig.send_until_taken(&[event]).await;
            }
        }
    }
    assert_eq!(rig.size("vip"), 40, "{what}");
    rig.stop();
    rig.set_faults(crate::store::Faults::default());
    rig.run();
    assert_eq!(rig.size("vip"), 40, "{what}, after a restart");
    for n in 0..40 {
        let person = rig.person(&format!("u{n}")).await.unwrap();
        let events = history::events(&person.history).unwrap();
        let mut ids: Vec<&str> = events.iter().map(|event| event.message_id).collect();
        ids.sort_unstable();
        let expected: Vec<String> = (0..3).map(|k| format!("m{n}.{k}")).collect();
        assert_eq!(ids, expected, "{what}: every event once");
    }
    rig.stop();
    let counts = rig
        .store()
        .outbox_counts(super::rig::ACCOUNT, None)
        .unwrap();
    assert_eq!(
        counts,
        [("pending".to_owned(), 40)],
        "{what}: one row per transition"
    );
}

#[tokio::test]
async fn a_failure_at_any_step_loses_nothing_and_doubles_nothing() {
    for step in Step::ALL {
        for fault in [Fault::Kill, Fault::Full] {
            if (step, fault) == (Step::Committed, Fault::Full) {
                // A commit that is durable did not find the disk full.
                continue;
            }
            for (arrival, nth) in [
                (Arrival::InTurn, 5),
                (Arrival::InTurn, 60),
                (Arrival::Crowded, 3),
                (Arrival::Crowded, 6),
            ] {
                let faults = once(nth, move |at| at == step, fault);
                let what = format!("{arrival:?}: {fault:?} at {step:?}, the {nth}th time");
                let rig = Rig::start_with(story(), faults, tight());
                live_through(rig, arrival, &what).await;
            }
        }
    }
}

#[tokio::test]
async fn what_is_only_in_the_journal_is_folded_again() {
    let lazy = Bounds {
        write_back_ms: i64::MAX / 4,
        ..Bounds::default()
    };
    // Killed at the last write-back, at its very end: all that a restart has is the journal.
    let faults = once(1, |at| at == Step::Drop, Fault::Kill);
    let mut rig = Rig::start_with(story(), crate::store::Faults::default(), lazy);
    rig.stop();
    rig.set_faults(crate::store::Faults::default());
    rig.run();
    let events = [
        track("42", "buy", "m1", BEGIN),
        track("42", "buy", "m2", BEGIN),
    ];
    rig.send(&events).await.unwrap();
    rig.stop();
    rig.set_faults(faults);
    rig.run();
    assert!(rig.is_member("42", "vip").await);
}
