//! What of the outbox stays, and what goes.

use serde_json::json;

use super::outbound::{all, delivered};
use super::rig::{BEGIN, Rig, Story, track};
use crate::pipeline::Bounds;
use crate::store::{DeliveryFilter, Faults};

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

fn story() -> Story {
    Story::default()
        .audience("buyers", &json!({ "did": { "event": "buy" } }))
        .activation(json!({
            "id": "t", "name": "T", "audience": "buyers", "on": { "event": "buy" }, "to": "shop",
            "payload": { "kind": "template", "body": { "who": "{user_id}" } },
        }))
}

#[tokio::test]
async fn what_is_old_and_done_goes_and_what_waits_stays() {
    let mut rig = Rig::start(story());
    rig.send(&[
        track("1", "buy", "m1", BEGIN),
        track("2", "buy", "m2", BEGIN),
    ])
    .await
    .unwrap();
    let (first, second) = (rig.delivery().await, rig.delivery().await);
    rig.report(delivered(first.clone())).await;
    rig.advance(29 * DAY_MS).await;
    assert_eq!(rows(&mut rig).await, 2);
    rig.advance(2 * DAY_MS).await;
    assert_eq!(rows(&mut rig).await, 1);
    rig.report(delivered(second)).await;
    rig.advance(1).await;
    rig.advance(60_000).await;
    assert_eq!(rows(&mut rig).await, 0);
    rig.stop();
    assert!(rig.store().delivery(&first.id).unwrap().is_none());
}

async fn rows(rig: &mut Rig) -> usize {
    let reader = rig.handle().ask(|pipeline| pipeline.reader()).await;
    let reader = reader.unwrap().unwrap();
    let many = DeliveryFilter {
        limit: 100_000,
        ..all()
    };
    reader.outbox(&many).unwrap().len()
}

#[tokio::test]
async fn more_than_are_kept_go_a_slice_at_a_time() {
    let bounds = Bounds {
        outbox_rows: 1_000,
        ..Bounds::default()
    };
    let mut off = story();
    off.activations[0]["status"] = json!("inactive");
    let mut rig = Rig::start_with(off, Faults::default(), bounds);
    let ids: Vec<String> = (0..5_000).map(|n| format!("m{n}")).collect();
    for some in ids.chunks(500) {
        let events: Vec<_> = some.iter().map(|id| track(id, "buy", id, BEGIN)).collect();
        rig.send(&events).await.unwrap();
    }
    rig.advance(60_000).await;
    let begun = rows(&mut rig).await;
    assert!(
        begun > 1_000,
        "one turn takes a slice, not {}",
        5_000 - begun
    );
    while rows(&mut rig).await > 1_000 {
        rig.advance(1).await;
    }
    assert_eq!(rows(&mut rig).await, 1_000);
}
