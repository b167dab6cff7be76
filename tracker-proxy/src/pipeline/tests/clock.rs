//! A wall clock that jumps.

use serde_json::json;

use super::rig::{BEGIN, Rig, Story, track};

const YEAR_MS: i64 = 365 * 24 * 60 * 60 * 1_000;

fn active() -> Story {
    Story::default().audience(
        "active",
        &json!({ "did": { "event": "visit", "in": "1h" } }),
    )
}

#[tokio::test]
async fn a_jump_that_goes_away_lets_nobody_leave_and_events_are_taken_all_the_while() {
    let mut rig = Rig::start(active());
    rig.send(&[track("42", "visit", "m1", BEGIN)])
        .await
        .unwrap();
    assert!(rig.handle().shared.is_ready());
    rig.clock.set_ahead_ms(YEAR_MS);
    rig.advance(1_000).await;
    assert!(!rig.handle().shared.is_ready());
    rig.send(&[track("43", "visit", "m2", BEGIN)])
        .await
        .unwrap();
    assert!(rig.is_member("42", "active").await);
    rig.clock.set_ahead_ms(-YEAR_MS);
    rig.advance(1_000).await;
    assert!(rig.handle().shared.is_ready());
    assert!(rig.is_member("42", "active").await && rig.is_member("43", "active").await);
    rig.advance(3_600_000).await;
    assert!(!rig.is_member("42", "active").await);
}

#[tokio::test]
async fn timers_wait_during_a_jump_also_those_that_are_due_without_it() {
    let mut rig = Rig::start(active());
    let almost = BEGIN.plus(-3_590_000);
    rig.send(&[track("42", "visit", "m1", almost)])
        .await
        .unwrap();
    rig.clock.set_ahead_ms(YEAR_MS);
    rig.advance(60_000).await;
    assert_eq!(rig.size("active"), 1);
    rig.clock.set_ahead_ms(-YEAR_MS);
    rig.advance(1_000).await;
    assert_eq!(rig.size("active"), 0);
}

#[tokio::test]
async fn a_jump_that_the_clock_stands_by_ends_what_has_ended() {
    let mut rig = Rig::start(active());
    rig.send(&[track("42", "visit", "m1", BEGIN)])
        .await
        .unwrap();
    rig.clock.set_ahead_ms(YEAR_MS);
    rig.advance(1_000).await;
    assert_eq!(rig.size("active"), 1);
    rig.advance(600_000).await;
    assert!(rig.handle().shared.is_ready());
    assert_eq!(rig.size("active"), 0);
}
