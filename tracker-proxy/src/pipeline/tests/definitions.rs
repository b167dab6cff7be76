//! New and edited definitions.

use serde_json::json;

use super::rig::{BEGIN, Rig, Story, track};

#[tokio::test]
async fn a_new_audience_finds_its_members_in_history_and_sends_nothing() {
    let mut rig = Rig::start(Story::default());
    for n in 0..600 {
        let (user, id) = (format!("u{n}"), format!("m{n}"));
        let name = if n % 2 == 0 { "buy" } else { "visit" };
        rig.send(&[track(&user, name, &id, BEGIN)]).await.unwrap();
    }
    let tell = json!({ "id": "t", "name": "T", "audience": "vip", "on": "join", "to": "shop",
        "payload": { "kind": "simple", "fields": [{ "key": "k", "constant": "v" }] } });
    let story = Story::default()
        .audience("vip", &json!({ "did": "buy" }))
        .activation(tell);
    rig.edit(story);
    assert!(
        rig.is_member("u0", "vip").await || rig.size("vip") < 300,
        "warm or on its way"
    );
    for _ in 0..6 {
        rig.advance(1).await;
    }
    assert_eq!(rig.size("vip"), 300);
    assert!(!rig.handle().shared.progress().is_warming());
    assert!(rig.deliveries().is_empty());
}

#[tokio::test]
async fn an_edit_keeps_members_who_still_qualify_and_drops_the_others() {
    let at_least = |n: u32| {
        let when = json!({ "did": { "event": "buy", "count": { "gte": n } } });
        Story::default().audience("vip", &when)
    };
    let mut rig = Rig::start(at_least(1));
    rig.send(&[
        track("42", "buy", "m1", BEGIN),
        track("42", "buy", "m2", BEGIN),
    ])
    .await
    .unwrap();
    rig.send(&[track("43", "buy", "m3", BEGIN)]).await.unwrap();
    assert_eq!(rig.size("vip"), 2);
    rig.edit(at_least(2));
    for _ in 0..3 {
        rig.advance(1).await;
    }
    assert_eq!(rig.size("vip"), 1);
    assert!(rig.is_member("42", "vip").await);
    assert!(!rig.is_member("43", "vip").await);
}

#[tokio::test]
async fn a_deleted_audience_leaves_nothing_behind() {
    let both = Story::default()
        .audience(
            "vip",
            &json!({ "did": { "event": "buy", "count": { "gte": 1 } } }),
        )
        .audience("other", &json!({ "did": "visit" }));
    let mut rig = Rig::start(both);
    rig.send(&[
        track("42", "buy", "m1", BEGIN),
        track("42", "visit", "m2", BEGIN),
    ])
    .await
    .unwrap();
    rig.edit(Story::default().audience("other", &json!({ "did": "visit" })));
    for _ in 0..3 {
        rig.advance(1).await;
    }
    let person = rig.person("42").await.unwrap();
    assert_eq!(person.profile.memberships.iter().count(), 1);
    rig.stop();
    assert_eq!(rig.store().audience_sizes().unwrap().len(), 1);
}

#[tokio::test]
async fn a_duration_that_comes_back_does_not_know_since_when_an_earlier_one_held() {
    let minute_ms = 60_000;
    let cooling = |lasts: Option<&str>| {
        let mut cooling = json!({ "id": "cooling", "when": {
            "did_not": { "event": "visit", "in": "30m" } } });
        if let Some(lasts) = lasts {
            cooling["membership_duration"] = lasts.into();
        }
        let audiences = vec![cooling];
        Story {
            audiences,
            ..Story::default()
        }
    };
    let mut rig = Rig::start(cooling(Some("1h")));
    rig.send(&[track("42", "visit", "m1", BEGIN)])
        .await
        .unwrap();
    rig.advance(40 * minute_ms).await;
    assert!(rig.is_member("42", "cooling").await);
    rig.edit(cooling(None));
    rig.advance(1).await;
    assert!(rig.is_member("42", "cooling").await);
    rig.edit(cooling(Some("20m")));
    rig.advance(1).await;
    // Known is only that they were there last forty minutes ago.
    assert!(!rig.is_member("42", "cooling").await);
}
