//! The host is told who joined and left, after it is durable.

use segue_receiver::segments::{SegmentChange, Segments, Subscription, SubscriptionError};
use serde_json::json;

use crate::harness::{Delivery, add, builder, members, persons, remove, replace, stores};

/// Who joined and who left with the next change, as text.
async fn next(subscription: &mut Subscription) -> (String, Vec<String>, Vec<String>) {
    let change = subscription.next().await.expect("it comes");
    let SegmentChange {
        segment,
        joined,
        left,
        ..
    } = &*change;
    let mut names = [joined, left].map(|moved| {
        let names = moved.iter().map(|moved| moved.person.to_string());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    });
    let (joined, left) = (std::mem::take(&mut names[0]), std::mem::take(&mut names[1]));
    (segment.clone(), joined, left)
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn those_who_listen_hear_who_joins_and_leaves_and_nothing_else() {
    for (segments, _folder) in stores().await {
        let app = builder(&segments).build().unwrap().router::<()>();
        Delivery::of(json!([add("early", "vip", 1)]))
            .send(&app)
            .await;
        let mut changes = segments.subscribe();
        for delivery in [
            // Heard: one of the three changes somebody.
            json!([
                add("a", "vip", 5),
                add("early", "vip", 5),
                add("a", "vip", 2)
            ]),
            // Not heard: nobody was a member.
            json!([remove("stranger", "vip", 6)]),
            json!([
                replace(&strings(&["a", "b"]), "vip", 10),
                add("x", "new", 1)
            ]),
            json!([remove("b", "vip", 12)]),
        ] {
            Delivery::of(delivery).send(&app).await;
        }
        let vip =
            |joined: &[&str], left: &[&str]| ("vip".to_owned(), strings(joined), strings(left));
        assert_eq!(next(&mut changes).await, vip(&["a"], &[]));
        let new = ("new".to_owned(), strings(&["x"]), strings(&[]));
        assert_eq!(next(&mut changes).await, new);
        assert_eq!(next(&mut changes).await, vip(&["b"], &["early"]));
        assert_eq!(next(&mut changes).await, vip(&[], &["b"]));
    }
}

#[tokio::test]
async fn a_test_send_and_a_repeat_are_not_told() {
    for (segments, _folder) in stores().await {
        let app = builder(&segments).build().unwrap().router::<()>();
        let first = || Delivery::of(json!([add("a", "vip", 5)])).id("msg_first");
        let mut changes = segments.subscribe();
        let mut test = crate::harness::envelope(json!([add("t", "vip", 9)]));
        test["data"]["test"] = json!(true);
        Delivery::raw(test.to_string()).send(&app).await;
        first().send(&app).await;
        first().send(&app).await;
        Delivery::of(json!([add("z", "vip", 6)])).send(&app).await;
        assert_eq!(next(&mut changes).await.1, ["a"]);
        assert_eq!(next(&mut changes).await.1, ["z"]);
    }
}

#[tokio::test]
async fn what_is_told_is_durable_and_a_job_is_told_piece_by_piece() {
    for (segments, _folder) in stores().await {
        let app = builder(&segments).build().unwrap().router::<()>();
        let mut changes = segments.subscribe();
        let adds: Vec<_> = persons(1_500).iter().map(|p| add(p, "vip", 1)).collect();
        Delivery::of(json!(adds)).send(&app).await;
        let mut told = 0;
        while told < 1_500 {
            told += next(&mut changes).await.1.len();
            assert!(members(&segments, "vip").await.len() >= told);
        }
    }
}

#[tokio::test]
async fn a_slow_listener_hears_that_it_missed_something() {
    let segments: Segments = crate::harness::memory().await;
    let app = builder(&segments).build().unwrap().router::<()>();
    let mut changes = segments.subscribe();
    for sequence in 1..=2_000 {
        let op = if sequence % 2 == 1 { add } else { remove };
        Delivery::of(json!([op("a", "vip", sequence)]))
            .send(&app)
            .await;
    }
    let missed = changes.next().await.unwrap_err();
    assert!(matches!(missed, SubscriptionError::Missed { count } if count > 0));
    assert_eq!(changes.next().await.unwrap().segment, "vip");
}

#[tokio::test]
async fn a_connected_group_opens_only_with_an_account_and_locks_again() {
    use segue_receiver::segments::GroupError;
    for (segments, _folder) in stores().await {
        let receiver = builder(&segments).build().unwrap();
        receiver.connect().await.unwrap();
        let locked = segments.rename_group("shop", "Renamed").await;
        assert!(matches!(locked, Err(GroupError::Locked)));
        for (by, reason) in [("", "why"), ("ada", "")] {
            let unaccounted = segments.unlock_group("shop", by, reason).await;
            assert!(matches!(unaccounted, Err(GroupError::Unaccounted)));
        }
        let unknown = segments.unlock_group("other", "ada", "why").await;
        assert!(matches!(unknown, Err(GroupError::Unknown)));
        segments
            .unlock_group("shop", "ada", "a new name")
            .await
            .unwrap();
        segments.rename_group("shop", "Renamed").await.unwrap();
        receiver.connect().await.unwrap();
        let locked = segments.delete_group("shop").await;
        assert!(matches!(locked, Err(GroupError::Locked)));
        segments
            .unlock_group("shop", "tom", "the end")
            .await
            .unwrap();
        segments.delete_group("shop").await.unwrap();
        let unlocks = segments.unlocks("shop").await.unwrap();
        let accounts: Vec<_> = unlocks.iter().map(|u| (&*u.by, &*u.reason)).collect();
        assert_eq!(accounts, [("ada", "a new name"), ("tom", "the end")]);
    }
}

#[tokio::test]
async fn a_deleted_group_takes_its_jobs_with_it() {
    for (segments, _folder) in stores().await {
        let app = builder(&segments).build().unwrap().router::<()>();
        let answer = Delivery::of(json!([replace(&persons(100), "vip", 5)]))
            .send(&app)
            .await;
        let job = answer.json()["job"].as_str().unwrap().to_owned();
        crate::jobs::done(&app, &job).await;
        segments
            .unlock_group("shop", "ada", "the end")
            .await
            .unwrap();
        segments.delete_group("shop").await.unwrap();
        crate::jobs::status(&app, &job)
            .await
            .refuses(404, "unknown_job");
        segments.create_group("shop", "Again").await.unwrap();
        assert!(segments.segments("shop").await.unwrap().is_empty());
        let late = Delivery::of(json!([add("a", "vip", 1)])).send(&app).await;
        assert_eq!(late.json()["applied"], 1);
    }
}
