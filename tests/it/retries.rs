//! Attempts that fail and are made again, on a clock that the test moves.

use std::time::Duration;

use serde_json::{Value as Json, json};

use segue_tests::ingest::track;
use segue_tests::proxy::InProcessProxy;
use segue_tests::settings::Settings;
use segue_tests::sink::{Refusal, Sink};
use segue_tests::wait;

const NOW: i64 = 1_800_000_000_000;

fn settings(sink: &Sink) -> Settings {
    Settings::new()
        .audience("buyers", &json!({ "did": "buy" }))
        .destination(sink.destination("sink", "/hook"))
        .activation(json!({
            "id": "tell", "audience": "buyers", "on": "join", "to": "sink",
            "payload": { "kind": "template", "body": { "who": "{user_id}" } },
        }))
}

/// The one delivery after so many attempts.
async fn after_attempts(proxy: &InProcessProxy, count: usize) -> Json {
    let what = format!("{count} attempts are noted");
    wait::until(&what, async || {
        let delivery = proxy.admin().deliveries("tell").await.pop()?;
        (delivery["attempts"].as_array()?.len() == count).then_some(delivery)
    })
    .await
}

/// In how many milliseconds the next attempt is due.
fn due_in(delivery: &Json, now: i64) -> i64 {
    let next = delivery["next_attempt_at"].as_str();
    let next = next
        .expect("it waits for an attempt")
        .parse::<jiff::Timestamp>();
    next.expect("a time").as_millisecond() - now
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_delivery_waits_as_long_as_it_was_asked_to_and_keeps_its_id() {
    let sink = Sink::start().await;
    let refusals = [(503, Some(600)), (500, None), (429, Some(1))];
    sink.refuse(refusals.map(|(status, retry_after_s)| Refusal {
        status,
        retry_after_s,
    }));
    let proxy = InProcessProxy::start(&settings(&sink), NOW).await;
    let bought = [track("42", "buy", &json!({}))];
    drop(proxy.ingest().batch(&bought).await);

    // The back-off, a fifth either way, or what was asked for, and a little more.
    let expected = [600_000..=660_000, 24_000..=36_000, 96_000..=144_000];
    for (count, expected) in (1..).zip(expected) {
        let delivery = after_attempts(&proxy, count).await;
        let due = due_in(&delivery, proxy.now());
        assert!(expected.contains(&due), "attempt {count}: {due} ms");
        assert_eq!(delivery["state"], "pending");
        let due = u64::try_from(due).expect("it lies ahead");
        proxy.advance(Duration::from_millis(due - 1));
        assert_eq!(sink.received().len(), count, "not before it is due");
        proxy.advance(Duration::from_millis(1));
    }
    let delivery = after_attempts(&proxy, 4).await;
    assert_eq!(delivery["state"], "delivered");
    let attempts = delivery["attempts"].as_array().expect("a list").iter();
    let statuses: Vec<_> = attempts.map(|one| one["status"].clone()).collect();
    assert_eq!(statuses, [503, 500, 429, 200]);
    let received = sink.received();
    assert!(received.iter().all(|one| one.id == received[0].id));
    assert!(received.iter().all(|one| one.body == received[0].body));
    assert_eq!(received.len(), 4);
    proxy.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_together_is_not_tried_together() {
    let sink = Sink::start().await;
    let refusal = Refusal {
        status: 500,
        retry_after_s: None,
    };
    sink.refuse([refusal; 4]);
    let proxy = InProcessProxy::start(&settings(&sink), NOW).await;
    let bought = ["1", "2", "3", "4"].map(|user| track(user, "buy", &json!({})));
    drop(proxy.ingest().batch(&bought).await);
    let waits = wait::until("four attempts failed", async || {
        let deliveries = proxy.admin().deliveries("tell").await;
        let failed = |one: &&Json| one["attempts"].as_array().is_some_and(|all| all.len() == 1);
        let failed: Vec<&Json> = deliveries.iter().filter(failed).collect();
        (failed.len() == 4).then(|| {
            let waits = failed.iter().map(|one| due_in(one, proxy.now()));
            waits.collect::<std::collections::BTreeSet<i64>>()
        })
    })
    .await;
    assert!(waits.len() > 1, "all wait for the same time: {waits:?}");
    assert!(
        waits.iter().all(|wait| (4_000..=6_000).contains(wait)),
        "{waits:?}"
    );
    proxy.shutdown().await;
}
