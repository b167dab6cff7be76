//! What many deliveries do to each other, and how they end.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::routing::any;
use tokio::sync::{Barrier, Notify};

use super::*;
use crate::delivery::testing::{destination, serve};

#[tokio::test]
async fn a_destination_that_hangs_delays_nobody_else() {
    let hanging = serve(Router::new().fallback(any(std::future::pending::<()>))).await;
    let server = answering(ResponseTemplate::new(204)).await;
    let limits = Limits {
        // Fewer than the hanging one would take.
        running_max: 4,
        ..Limits::default()
    };
    let all = vec![
        named("hanging", destination(&hanging)),
        named("shop", destination(&server.uri())),
    ];
    let mut harness = Harness::with(all, limits, always_go());
    for n in 0..100 {
        harness.send(delivery(&format!("h{n}"), "hanging")).await;
    }
    for n in 0..100 {
        harness.send(delivery(&format!("s{n}"), "shop")).await;
    }
    for _ in 0..100 {
        let result = harness.result().await;
        assert_eq!(result.delivery.destination, "shop");
        assert_eq!(result.outcome, Outcome::Delivered);
    }
}

#[tokio::test]
async fn requests_under_way_are_bounded_per_destination() {
    // Three at once, or nobody is answered; never four.
    let barrier = Arc::new(Barrier::new(3));
    let (under_way, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counted = most.clone();
    let handler = move || {
        let (barrier, under_way, most) = (barrier.clone(), under_way.clone(), most.clone());
        async move {
            most.fetch_max(
                under_way.fetch_add(1, Ordering::SeqCst) + 1,
                Ordering::SeqCst,
            );
            barrier.wait().await;
            under_way.fetch_sub(1, Ordering::SeqCst);
        }
    };
    let mut destination = destination(&serve(Router::new().fallback(any(handler))).await);
    destination.concurrency = 3;
    let mut harness = Harness::new(vec![destination]);
    for n in 0..12 {
        harness.send(delivery(&n.to_string(), "shop")).await;
    }
    for _ in 0..12 {
        assert_eq!(harness.result().await.outcome, Outcome::Delivered);
    }
    assert_eq!(counted.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn one_id_is_in_once_and_can_be_brought_forward() {
    let server = answering(ResponseTemplate::new(200)).await;
    let mut harness = Harness::new(vec![destination(&server.uri())]);
    for ms in [90_000, 60_000] {
        let next = NOW.plus(ms);
        harness
            .send(Delivery {
                next,
                ..delivery("a", "shop")
            })
            .await;
    }
    harness.send(delivery("a", "shop")).await;
    assert_eq!(harness.result().await.delivery.next, NOW);
    harness.clock.advance(Duration::from_secs(90));
    harness.send(delivery("b", "shop")).await;
    assert_eq!(harness.result().await.delivery.id, "b");
    assert_eq!(hits(&server).await, ["a", "b"]);
}

#[tokio::test]
async fn too_many_are_given_back_from_the_end_until_there_is_room() {
    let server = answering(ResponseTemplate::new(200)).await;
    let limits = Limits {
        queued_per_destination_max: 4,
        ..Limits::default()
    };
    let mut harness = Harness::with(vec![destination(&server.uri())], limits, always_go());
    let due = |n: i64| Delivery {
        next: NOW.plus(1_000 + n),
        ..delivery(&n.to_string(), "shop")
    };
    for n in (0..10).rev() {
        harness.send(due(n)).await;
    }
    let mut given_back = Vec::new();
    while given_back.len() < 6 {
        let Report::GivenBack { id, due, .. } = harness.report().await else {
            panic!("nothing is due");
        };
        given_back.push((id, due));
    }
    given_back.sort();
    let expected = (4..10).map(|n| (n.to_string(), NOW.plus(1_000 + n)));
    assert_eq!(given_back, expected.collect::<Vec<_>>());

    harness.clock.advance(Duration::from_secs(2));
    let (mut delivered, mut room) = (Vec::new(), 0);
    while delivered.len() < 4 || room == 0 {
        match harness.report().await {
            Report::Attempt(result) => delivered.push(result.delivery.id),
            Report::Room { destination, .. } => {
                assert_eq!(destination, "shop");
                room += 1;
            }
            Report::GivenBack { .. } => panic!("there is room"),
        }
    }
    delivered.sort();
    assert_eq!((delivered.join(" ").as_str(), room), ("0 1 2 3", 1));
}

#[tokio::test]
async fn the_largest_queue_pays_for_memory() {
    let server = answering(ResponseTemplate::new(200)).await;
    let limits = Limits {
        queued_bytes_max: 10,
        ..Limits::default()
    };
    let all = ["large", "small"].map(|id| named(id, destination(&server.uri())));
    let mut harness = Harness::with(all.into(), limits, always_go());
    for (n, name) in ["large", "large", "large", "large", "small", "small"]
        .iter()
        .enumerate()
    {
        harness
            .send(Delivery {
                next: NOW.plus(1_000),
                ..delivery(&n.to_string(), name)
            })
            .await;
    }
    let Report::GivenBack { destination, .. } = harness.report().await else {
        panic!("twelve bytes are more than ten");
    };
    assert_eq!(destination, "large");
}

#[tokio::test]
async fn shutting_down_lets_attempts_end() {
    let (begun, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let handler = {
        let (begun, release) = (begun.clone(), release.clone());
        move || {
            let (begun, release) = (begun.clone(), release.clone());
            async move {
                begun.notify_one();
                release.notified().await;
            }
        }
    };
    let url = serve(Router::new().fallback(any(handler))).await;
    let mut one_slot = destination(&url);
    one_slot.concurrency = 1;
    let mut harness = Harness::new(vec![one_slot]);
    harness.send(delivery("a", "shop")).await;
    harness.send(delivery("b", "shop")).await;
    tokio::time::timeout(PATIENCE, begun.notified())
        .await
        .unwrap();
    harness.shutdown.cancel();
    release.notify_one();
    assert_eq!(harness.result().await.outcome, Outcome::Delivered);
    tokio::time::timeout(PATIENCE, harness.ended)
        .await
        .unwrap()
        .unwrap();
    // The second was not begun; the store has it.
    assert!(harness.reports.recv().await.is_none());
}

#[tokio::test]
async fn shutting_down_ends_when_the_grace_does() {
    let begun = Arc::new(Notify::new());
    let told = begun.clone();
    let handler = move || {
        told.notify_one();
        std::future::pending::<()>()
    };
    let url = serve(Router::new().fallback(any(handler))).await;
    let grace = Duration::from_millis(20);
    let harness = Harness::graceful(vec![destination(&url)], grace);
    harness.send(delivery("a", "shop")).await;
    tokio::time::timeout(PATIENCE, begun.notified())
        .await
        .unwrap();
    harness.shutdown.cancel();
    tokio::time::timeout(PATIENCE, harness.ended)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_pipeline_that_does_not_listen_loses_nothing() {
    let server = answering(ResponseTemplate::new(200)).await;
    let mut harness = Harness::new(vec![destination(&server.uri())]);
    // More than the channel of reports holds, while nobody takes one.
    for n in 0..300 {
        harness.send(delivery(&n.to_string(), "shop")).await;
    }
    for _ in 0..300 {
        assert_eq!(harness.result().await.outcome, Outcome::Delivered);
    }
}
