//! Attacks with messages that were good once, and messages that come at a bad moment.

use std::sync::atomic::{AtomicBool, Ordering};

use segue_receiver::payload::PersonId;
use segue_receiver::segments::{DirectoryError, PersonDirectory};
use serde_json::json;

use crate::harness::{Delivery, add, app, builder, members, memory, now, stores};

fn good(id: &str) -> Delivery {
    Delivery::of(json!([add("42", "vip", 1)])).id(id)
}

#[tokio::test]
async fn replay_within_tolerance() {
    let (app, segments) = app().await;
    let first = good("msg_replay").send(&app).await;
    let removed = Delivery::of(json!([crate::harness::remove("42", "vip", 2)]));
    assert_eq!(removed.send(&app).await.json()["applied"], 1);
    let second = good("msg_replay").send(&app).await;
    assert_eq!((second.status, second.text), (first.status, first.text));
    assert!(
        members(&segments, "vip").await.is_empty(),
        "it had no second effect"
    );
}

#[tokio::test]
async fn replay_after_tolerance_and_clock_extremes() {
    let (app, _) = app().await;
    for timestamp in [
        now() - 400,
        now() + 400,
        0,
        -1,
        i64::MIN,
        i64::MAX,
        now() * 1_000,
    ] {
        let mut old = good("msg_old");
        old.timestamp = timestamp;
        old.send(&app).await.refuses(401, "unauthorized");
    }
    for text in [
        "9223372036854775808",
        "1e9",
        "NaN",
        "inf",
        "",
        "0x1",
        "-0",
        "٣",
    ] {
        let odd = good("msg_old").header("webhook-timestamp", text);
        odd.send(&app).await.refuses(401, "unauthorized");
    }
}

#[tokio::test]
async fn de_dupe_bypass() {
    let (app, _) = app().await;
    assert_eq!(good("msg_bypass").send(&app).await.json()["applied"], 1);
    let (mut without, _) = good("msg_bypass").request().into_parts();
    let body = || axum::body::Body::from(good("").body);
    without.headers.remove("webhook-id");
    let without = axum::http::Request::from_parts(without, body());
    crate::harness::send(&app, without)
        .await
        .refuses(401, "unauthorized");
    good("").send(&app).await.refuses(401, "unauthorized");
    let other_case = good("msg_bypass").header("webhook-id", "MSG_BYPASS");
    other_case.send(&app).await.refuses(401, "unauthorized");
    // What is not signed makes no new message of an old one.
    let mut decorated = good("msg_bypass").header("x-delivery-id", "another");
    decorated.uri.push_str("?another=1");
    let repeat = decorated.send(&app).await;
    assert_eq!(repeat.json()["applied"], 1, "the first answer, not `stale`");
}

#[tokio::test]
async fn de_dupe_poisoning() {
    let (app, _) = app().await;
    let forged = good("msg_future").header("webhook-signature", "v1,AAAA");
    forged.send(&app).await.refuses(401, "unauthorized");
    let mut unknown = good("msg_future");
    unknown.headers.remove("authorization");
    unknown.send(&app).await.refuses(401, "unauthorized");
    assert_eq!(good("msg_future").send(&app).await.json()["applied"], 1);
}

/// Dies at the first question.
#[derive(Debug, Default)]
struct Dying(AtomicBool);

impl PersonDirectory for Dying {
    fn known<'a>(
        &'a self,
        persons: &'a [PersonId],
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<Vec<bool>, DirectoryError>> + Send + 'a>>
    {
        assert!(self.0.swap(true, Ordering::Relaxed), "the host died");
        Box::pin(async { Ok(vec![true; persons.len()]) })
    }
}

#[tokio::test]
async fn lost_event_because_the_handler_dies() {
    let segments = memory().await;
    let receiver = builder(&segments).directory(Dying::default());
    let app = receiver.build().unwrap().router::<()>();
    let dies = app.clone();
    let first = tokio::spawn(async move { good("msg_dies").send(&dies).await });
    assert!(first.await.is_err_and(|error| error.is_panic()));
    assert_eq!(good("msg_dies").send(&app).await.json()["applied"], 1);
    assert_eq!(members(&segments, "vip").await, ["42"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_twins() {
    for (segments, _folder) in stores().await {
        let app = builder(&segments).build().unwrap().router::<()>();
        let mut copies = tokio::task::JoinSet::new();
        for _ in 0..100 {
            let app = app.clone();
            copies.spawn(async move { good("msg_twins").send(&app).await });
        }
        // Whoever ran second would say `stale`.
        for answer in copies.join_all().await {
            assert_eq!(answer.text, r#"{"applied":1,"skipped":[],"pending":0}"#);
        }
    }
}
