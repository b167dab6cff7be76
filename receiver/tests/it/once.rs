//! A repeat gets the first answer; a failure leaves no trace.

use segue_receiver::segments::SqliteStore;
use serde_json::json;

use crate::harness::{Delivery, add, builder, members, persons, remove, replace, stores};

#[tokio::test]
async fn a_repeat_gets_the_first_answer_and_changes_nothing() {
    for (segments, _folder) in stores().await {
        let app = builder(&segments).build().unwrap().router::<()>();
        let delivery = || Delivery::of(json!([add("42", "vip", 5), add("42", "vip", 5)]));
        let first = delivery().id("msg_repeat").send(&app).await;
        assert_eq!(first.json()["applied"], 1);
        Delivery::of(json!([remove("42", "vip", 6)]))
            .send(&app)
            .await;
        let repeat = delivery().id("msg_repeat").send(&app).await;
        assert_eq!((repeat.status, repeat.text), (first.status, first.text));
        assert!(members(&segments, "vip").await.is_empty());
    }
}

#[tokio::test]
async fn a_repeat_of_a_job_names_the_same_job() {
    for (segments, _folder) in stores().await {
        let app = builder(&segments).build().unwrap().router::<()>();
        let delivery = || Delivery::of(json!([replace(&persons(100), "vip", 5)])).id("msg_job");
        let first = delivery().send(&app).await;
        assert_eq!(first.status, 202);
        let repeat = delivery().send(&app).await;
        assert_eq!((repeat.status, repeat.text), (first.status, first.text));
    }
}

#[tokio::test]
async fn a_refused_delivery_may_come_again_under_its_id() {
    for (segments, _folder) in stores().await {
        let app = builder(&segments).build().unwrap().router::<()>();
        let broken = Delivery::raw("{}").id("msg_again").send(&app).await;
        assert_eq!(broken.status, 400);
        let good = Delivery::of(json!([add("42", "vip", 5)]))
            .id("msg_again")
            .send(&app)
            .await;
        assert_eq!(good.json()["applied"], 1);
    }
}

#[tokio::test]
async fn two_activations_may_use_the_same_id() {
    for (segments, _folder) in stores().await {
        let other = segue_receiver::Activation::new("other-client", "shop");
        let other = other
            .secret("other-secret")
            .signing_secret(crate::harness::secret());
        let app = builder(&segments)
            .activation(other)
            .build()
            .unwrap()
            .router::<()>();
        let delivery =
            |sequence| Delivery::of(json!([add("42", "vip", sequence)])).id("msg_shared");
        assert_eq!(delivery(1).send(&app).await.json()["applied"], 1);
        let mut second = delivery(2);
        let authorization = crate::harness::basic("other-client", "other-secret");
        second.headers.insert("authorization", authorization);
        assert_eq!(second.send(&app).await.json()["applied"], 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_copies_at_once_get_one_answer() {
    for (segments, _folder) in stores().await {
        let app = builder(&segments).build().unwrap().router::<()>();
        let copies: Vec<_> = (0..100)
            .map(|_| {
                let app = app.clone();
                let copy = Delivery::of(json!([add("42", "vip", 5)])).id("msg_twin");
                tokio::spawn(async move { copy.send(&app).await })
            })
            .collect();
        for copy in copies {
            let answer = copy.await.unwrap();
            assert_eq!(answer.text, r#"{"applied":1,"skipped":[],"pending":0}"#);
        }
    }
}

#[tokio::test]
async fn answers_and_members_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("segments.db");
    let open = || segue_receiver::segments::Segments::new(SqliteStore::open(&path).unwrap());
    let delivery = || Delivery::of(json!([add("42", "vip", 5)])).id("msg_restart");
    let first = open();
    first.create_group("shop", "Shop").await.unwrap();
    let app = builder(&first).build().unwrap().router::<()>();
    let before = delivery().send(&app).await;
    drop((app, first));

    let second = open();
    assert!(second.group("shop").await.unwrap().unwrap().locked);
    assert_eq!(members(&second, "vip").await, ["42"]);
    let app = builder(&second).build().unwrap().router::<()>();
    assert_eq!(delivery().send(&app).await.text, before.text);
}

#[tokio::test]
async fn a_claim_ends_with_its_time_and_may_be_as_long_as_one_likes() {
    for (segments, _folder) in stores().await {
        for (hours, expected) in [(0, "stale"), (u32::MAX, "none")] {
            let app = builder(&segments)
                .claim_hours(hours)
                .build()
                .unwrap()
                .router::<()>();
            let delivery = || {
                let changes = json!([add("42", &format!("vip{hours}"), 5)]);
                Delivery::of(changes).id(&format!("msg_{hours}"))
            };
            delivery().send(&app).await;
            let repeat = delivery().send(&app).await.json();
            assert_eq!(
                repeat["skipped"][0]["code"].as_str().unwrap_or("none"),
                expected
            );
        }
    }
}
