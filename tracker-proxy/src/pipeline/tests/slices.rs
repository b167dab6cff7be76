//! Long work that goes on in small pieces.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;

use super::identity::user;
use super::rig::{ACCOUNT, BEGIN, Rig, Story, track};
use crate::ingest::Event;
use crate::keys::IdKind;
use crate::pipeline::{Bounds, erase, write_back};
use crate::store::{Faults, Step};

/// Faults that never happen and count the commits instead.
fn counting() -> (Faults, Arc<AtomicU64>) {
    let commits = Arc::new(AtomicU64::new(0));
    let counted = commits.clone();
    let faults = Faults::when(move |step| {
        counted.fetch_add(u64::from(step == Step::Begin), Ordering::SeqCst);
        None
    });
    (faults, commits)
}

fn story() -> Story {
    Story::default().audience("buyers", &json!({ "did": { "event": "buy" } }))
}

#[tokio::test]
async fn an_erasure_with_much_to_write_and_rewrite_takes_many_small_commits() {
    let (faults, commits) = counting();
    let mut rig = Rig::start_with(story(), faults, Bounds::default());
    let others: Vec<String> = (0..4_000).map(|n| format!("u{n}")).collect();
    for some in others.chunks(40) {
        let id = format!("of {}", some[0]);
        let mut events: Vec<Event<'_>> = some
            .iter()
            .map(|other| track(other, "buy", other, BEGIN))
            .collect();
        events.push(track("42", "buy", &id, BEGIN));
        rig.send(&events).await.unwrap();
    }
    let before = commits.load(Ordering::SeqCst);
    let handle = rig.handle();
    assert!(erase(&handle, BEGIN, user("42")).await.unwrap());
    // 4,001 profiles at 1,024 with a commit, 100 journal rows at 32.
    let taken = commits.load(Ordering::SeqCst) - before;
    assert!((7..=12).contains(&taken), "{taken} commits");
    assert!(rig.person("42").await.is_none());
    rig.stop();
    let needle = b"of u0";
    for file in ["segue.db", "segue.db-wal"] {
        let bytes = std::fs::read(rig.folder.path().join(file)).unwrap_or_default();
        let found = bytes.windows(needle.len()).any(|window| window == needle);
        assert!(!found, "{file} has something left");
    }
    rig.run();
    assert!(rig.person("u3999").await.is_some());
    assert_eq!(rig.size("buyers"), 4_000);
}

#[tokio::test]
async fn events_are_taken_between_the_slices_of_a_long_history_that_goes() {
    let mut rig = Rig::start(story());
    // Bytes that do not compress: two of them are a chunk.
    let filler = |n: u32| {
        let mut state = n;
        let letters = (0..1_500).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(b'a' + u8::try_from(state >> 28).unwrap())
        });
        format!("{{\"filler\":\"{}\"}}", letters.collect::<String>())
    };
    for n in 0..60 {
        let properties: Vec<String> = (0..64).map(|k| filler(n * 64 + k)).collect();
        let ids: Vec<String> = (0..64).map(|k| format!("m{n}-{k}")).collect();
        let events: Vec<Event<'_>> = ids
            .iter()
            .zip(&properties)
            .map(|(id, properties)| Event {
                properties: Some(properties),
                ..track("42", "buy", id, BEGIN)
            })
            .collect();
        rig.send(&events).await.unwrap();
        write_back(&rig.handle()).await.unwrap();
    }
    let handle = rig.handle();
    let erasing = tokio::spawn(async move { erase(&handle, BEGIN, user("42")).await });
    rig.send(&[track("43", "buy", "x", BEGIN)]).await.unwrap();
    assert!(erasing.await.unwrap().unwrap());
    assert!(rig.person("42").await.is_none());
    assert!(rig.person("43").await.is_some());
}

#[tokio::test]
async fn a_history_that_is_read_elsewhere_is_the_one_of_the_question() {
    let mut rig = Rig::start(story());
    rig.send(&[track("42", "buy", "stored", BEGIN)])
        .await
        .unwrap();
    write_back(&rig.handle()).await.unwrap();
    rig.send(&[track("42", "buy", "pending", BEGIN)])
        .await
        .unwrap();
    let handle = rig.handle();
    let asked = handle.ask(|pipeline| pipeline.past(ACCOUNT, IdKind::User, "42"));
    let (_, past) = asked.await.unwrap().unwrap().unwrap();
    // What was pending is stored now, and must not be seen twice.
    write_back(&rig.handle()).await.unwrap();
    let mut seen = Vec::new();
    past.each(&mut |event| seen.push(event.message_id.to_owned()))
        .unwrap();
    assert_eq!(seen, ["stored", "pending"]);
}
