//! What becomes of one delivery.

use super::*;
use crate::delivery::Failure;
use crate::delivery::testing::destination;

#[tokio::test]
async fn a_delivery_arrives_and_is_reported_once() {
    let server = answering(ResponseTemplate::new(200).set_body_string("ok")).await;
    let mut harness = Harness::new(vec![destination(&server.uri())]);
    harness.send(delivery("a", "shop")).await;
    let result = harness.result().await;
    assert_eq!(result.delivery, delivery("a", "shop"));
    assert_eq!((result.attempt_no, result.at), (1, NOW));
    assert_eq!((result.status, result.excerpt.as_str()), (Some(200), "ok"));
    assert_eq!((result.outcome, result.error), (Outcome::Delivered, None));
    assert_eq!(hits(&server).await, ["a"]);
}

#[tokio::test]
async fn the_next_attempt_waits_as_long_as_the_destination_asks() {
    let server = MockServer::start().await;
    let busy = ResponseTemplate::new(503).insert_header("retry-after", "60");
    let busy = Mock::given(wiremock::matchers::any()).respond_with(busy);
    busy.up_to_n_times(1).mount(&server).await;
    let well = Mock::given(wiremock::matchers::any()).respond_with(ResponseTemplate::new(200));
    well.mount(&server).await;

    let mut harness = Harness::new(vec![destination(&server.uri())]);
    harness.send(delivery("a", "shop")).await;
    let Outcome::RetryAt(next) = harness.result().await.outcome else {
        panic!("503 is retried");
    };
    assert!((60_000..=66_000).contains(&next.since(NOW)));

    harness
        .send(Delivery {
            attempts: 1,
            next,
            ..delivery("a", "shop")
        })
        .await;
    harness.send(delivery("b", "shop")).await;
    assert_eq!(harness.result().await.delivery.id, "b");
    assert_eq!(hits(&server).await, ["a", "b"]);

    harness.clock.advance(Duration::from_secs(67));
    let second = harness.result().await;
    assert_eq!((second.attempt_no, second.outcome), (2, Outcome::Delivered));
    assert_eq!(hits(&server).await, ["a", "b", "a"]);
}

#[tokio::test]
async fn the_last_attempt_gives_up_and_a_gone_destination_says_so() {
    let broken = answering(ResponseTemplate::new(500)).await;
    let gone = answering(ResponseTemplate::new(410)).await;
    let mut harness = Harness::new(vec![
        named("broken", destination(&broken.uri())),
        named("gone", destination(&gone.uri())),
    ]);
    let last = Delivery {
        attempts: ATTEMPTS_MAX - 1,
        ..delivery("a", "broken")
    };
    harness.send(last).await;
    let outcome = harness.result().await.outcome;
    assert_eq!(outcome, Outcome::Failed(Failure::GaveUp));
    harness.send(delivery("b", "gone")).await;
    assert_eq!(harness.result().await.outcome, Outcome::DestinationGone);
}

#[tokio::test]
async fn behind_an_open_breaker_deliveries_wait_without_losing_attempts() {
    let server = answering(ResponseTemplate::new(401)).await;
    let mut first = destination(&server.uri());
    first.concurrency = 1;
    let mut harness = Harness::new(vec![first.clone()]);
    harness.send(delivery("a", "shop")).await;
    assert_eq!(harness.result().await.status, Some(401));

    for id in ["b", "c"] {
        harness.send(delivery(id, "shop")).await;
    }
    // The probe is the only one that goes out.
    harness.clock.advance(Duration::from_secs(5));
    assert_eq!(harness.result().await.delivery.id, "b");
    assert_eq!(hits(&server).await, ["a", "b"]);

    // Somebody repairs the password, and nobody waits for the breaker any longer.
    server.reset().await;
    let well = Mock::given(wiremock::matchers::any()).respond_with(ResponseTemplate::new(200));
    well.mount(&server).await;
    harness.destinations.replace(map(vec![first]));
    let result = harness.result().await;
    assert_eq!((result.delivery.id.as_str(), result.attempt_no), ("c", 1));
    assert_eq!(result.outcome, Outcome::Delivered);
}

#[tokio::test]
async fn a_panic_costs_an_attempt_and_nothing_else() {
    let server = answering(ResponseTemplate::new(200)).await;
    let mut one_slot = destination(&server.uri());
    one_slot.concurrency = 1;
    let precheck: PrecheckFn = Arc::new(|delivery| {
        assert_ne!(delivery.id, "panics", "as this test wants it");
        Box::pin(std::future::ready(Precheck::Go))
    });
    let mut harness = Harness::with(vec![one_slot], Limits::default(), precheck);
    harness.send(delivery("panics", "shop")).await;
    harness.send(delivery("b", "shop")).await;
    let result = harness.result().await;
    assert_eq!(
        (result.delivery.id.as_str(), result.attempt_no),
        ("panics", 1)
    );
    assert!(matches!(result.outcome, Outcome::RetryAt(_)));
    assert_eq!(harness.result().await.outcome, Outcome::Delivered);
}

#[tokio::test]
async fn what_is_skipped_or_has_no_destination_is_not_sent() {
    let server = answering(ResponseTemplate::new(200)).await;
    let precheck: PrecheckFn =
        Arc::new(|_| Box::pin(std::future::ready(Precheck::Skip("no_consent"))));
    let all = vec![destination(&server.uri())];
    let mut harness = Harness::with(all, Limits::default(), precheck);
    harness.send(delivery("a", "shop")).await;
    let skipped = harness.result().await;
    assert_eq!(skipped.outcome, Outcome::Skipped("no_consent"));
    assert_eq!(skipped.attempt_no, 0);
    harness.send(delivery("b", "deleted")).await;
    let inactive = harness.result().await.outcome;
    assert_eq!(inactive, Outcome::Failed(Failure::Inactive));
    assert_eq!(hits(&server).await, [""; 0]);
}

#[tokio::test]
async fn an_edit_counts_for_what_is_queued_already() {
    let (old, new) = (
        answering(ResponseTemplate::new(200)).await,
        answering(ResponseTemplate::new(200)).await,
    );
    let mut harness = Harness::new(vec![destination(&old.uri())]);
    let later = Delivery {
        next: NOW.plus(1_000),
        ..delivery("a", "shop")
    };
    harness.send(later).await;
    harness
        .destinations
        .replace(map(vec![destination(&new.uri())]));
    harness.clock.advance(Duration::from_secs(1));
    assert_eq!(harness.result().await.outcome, Outcome::Delivered);
    assert_eq!(hits(&old).await, [""; 0]);
    assert_eq!(hits(&new).await, ["a"]);
}
