//! Timers in the store: one per profile, moved as seldom as possible.

use serde_json::json;

use super::rig::{BEGIN, Rig, Story, track};
use crate::clock::TimeMs;

const MINUTE_MS: i64 = 60_000;

fn active() -> Story {
    let visited = json!({ "did": { "event": "visit", "in": "1h" } });
    Story::default().audience("active", &visited)
}

fn minute(minute: i64) -> TimeMs {
    BEGIN.plus(minute * MINUTE_MS)
}

async fn visit(rig: &mut Rig, id: &str, at: TimeMs) {
    rig.send(&[track("42", "visit", id, at)]).await.unwrap();
}

/// The stored timers, after everything was written back; the pipeline goes on as before.
fn stored(rig: &mut Rig) -> Vec<TimeMs> {
    rig.stop();
    let timers = rig
        .store()
        .timers_after((TimeMs(0), 0), TimeMs::MAX, 10)
        .unwrap();
    rig.run();
    timers.iter().map(|timer| timer.due).collect()
}

#[tokio::test]
async fn a_stored_timer_is_not_moved_when_what_it_waits_for_is_put_off() {
    let mut rig = Rig::start(active());
    visit(&mut rig, "m1", BEGIN).await;
    assert_eq!(stored(&mut rig), [minute(60)]);
    rig.advance(50 * 60_000).await;
    visit(&mut rig, "m2", minute(50)).await;
    assert_eq!(stored(&mut rig), [minute(60)]);
}

#[tokio::test]
async fn a_timer_that_fires_too_early_changes_nothing_and_is_set_anew() {
    let mut rig = Rig::start(active());
    visit(&mut rig, "m1", BEGIN).await;
    stored(&mut rig);
    rig.advance(50 * 60_000).await;
    visit(&mut rig, "m2", minute(50)).await;
    stored(&mut rig);
    rig.advance(10 * 60_000).await;
    assert!(rig.is_member("42", "active").await);
    assert_eq!(stored(&mut rig), [minute(110)]);
    rig.advance(50 * 60_000).await;
    assert!(!rig.is_member("42", "active").await);
    assert_eq!(stored(&mut rig), []);
}

#[tokio::test]
async fn a_stored_timer_is_moved_to_an_earlier_instant_at_once() {
    let left = json!({ "did": "add_to_basket", "then_not": "buy", "within": "10m" });
    let mut rig = Rig::start(active().audience("cart_left", &left));
    visit(&mut rig, "m1", BEGIN).await;
    assert_eq!(stored(&mut rig), [minute(60)]);
    let added = track("42", "add_to_basket", "m2", BEGIN);
    rig.send(&[added]).await.unwrap();
    assert_eq!(stored(&mut rig), [minute(10)]);
}
