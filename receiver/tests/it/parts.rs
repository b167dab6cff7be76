//! A list that is too long for one body: added in parts, with a floor at the end.

use serde_json::json;

use crate::harness::{Delivery, add, builder, members, persons, replace, stores};

/// The old members go with the floor, not before, and nobody goes who is in the list.
#[tokio::test]
async fn a_floor_behind_the_parts_drops_whoever_is_in_none_of_them() {
    for (segments, _folder) in stores().await {
        let app = builder(&segments).build().unwrap().router::<()>();
        let old: Vec<_> = ["old", "p000001", "p000250"].map(str::to_owned).to_vec();
        Delivery::of(json!([replace(&old, "vip", 10)]))
            .send(&app)
            .await;
        let mut changes = segments.subscribe();
        // The list was read at 20; its parts have the next sequence.
        for part in persons(450).chunks(150) {
            let part: Vec<_> = part.iter().map(|person| add(person, "vip", 21)).collect();
            assert_eq!(Delivery::of(json!(part)).send(&app).await.status, 202);
        }
        let floor = Delivery::of(json!([replace(&[], "vip", 20)]))
            .send(&app)
            .await;
        // Whether the parts are worked off already decides about the answer, not about the end.
        crate::segments::wait_for_job(&app, &floor).await;
        assert_eq!(members(&segments, "vip").await, persons(450));
        let mut left = Vec::new();
        while left.is_empty() {
            left.clone_from(&changes.next().await.unwrap().left);
        }
        let left: Vec<_> = left.iter().map(|moved| moved.person.as_str()).collect();
        assert_eq!(left, ["old"]);
    }
}

#[tokio::test]
async fn parts_and_floor_end_the_same_in_any_order_and_newer_changes_win() {
    for (segments, _folder) in stores().await {
        let app = builder(&segments)
            .bulk_async_threshold(1_000)
            .build()
            .unwrap()
            .router::<()>();
        let steps = [
            json!([add("a", "vip", 21), add("b", "vip", 21)]),
            json!([replace(&[], "vip", 20)]),
            json!([add("c", "vip", 21), add("d", "vip", 21)]),
            json!([crate::harness::remove("b", "vip", 30), add("e", "vip", 31)]),
        ];
        let orders = [[0, 1, 2, 3], [1, 3, 0, 2], [3, 2, 1, 0], [2, 0, 3, 1]];
        for (round, order) in (0..).zip(orders) {
            let audience = format!("vip{round}");
            let renamed = |step: usize| {
                let text = steps[step]
                    .to_string()
                    .replace("\"vip\"", &format!("\"{audience}\""));
                serde_json::from_str(&text).unwrap()
            };
            let old = vec!["old".to_owned(), "a".to_owned()];
            Delivery::of(json!([replace(&old, &audience, 10)]))
                .send(&app)
                .await;
            for step in order {
                Delivery::of(renamed(step)).send(&app).await;
            }
            assert_eq!(members(&segments, &audience).await, ["a", "c", "d", "e"]);
        }
    }
}
