//! SIGTERM under load: everything that was acknowledged is there at the next start.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::json;

use segue_tests::ingest::{Ingest, track};
use segue_tests::proxy::ProxyProcess;
use segue_tests::settings::Settings;

const SENDERS: usize = 4;

/// Sends until there is no answer; the message ids of what was acknowledged.
async fn send_until_it_stops(ingest: Ingest, sender: usize) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for batch in 0.. {
        let ids: Vec<String> = (0..20).map(|n| format!("m-{sender}-{batch}-{n}")).collect();
        let events: Vec<_> = ids
            .iter()
            .map(|id| {
                let mut event = track(&format!("u{sender}"), "e", &json!({}));
                event["messageId"] = id.as_str().into();
                event
            })
            .collect();
        match ingest.try_batch(&events).await {
            Ok(answer) if answer.status == 200 => acknowledged.extend(ids),
            Ok(answer) => assert_eq!(answer.status, 503, "{}", answer.text),
            Err(_) => break,
        }
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_before_a_stop_is_there_after_it() {
    let settings = Settings::new().audience("all", &json!({ "did": "e" }));
    let mut proxy = ProxyProcess::start(settings);
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| tokio::spawn(send_until_it_stops(proxy.ingest(), sender)))
        .collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let stopped = tokio::task::spawn_blocking(move || (proxy.terminate(), proxy)).await;
    let (code, mut proxy) = stopped.expect("stopping does not panic");
    assert_eq!(code, Some(0));
    let mut acknowledged = BTreeMap::new();
    for (sender, done) in senders.into_iter().enumerate() {
        let ids = done.await.expect("a sender does not panic");
        assert!(!ids.is_empty(), "the load did not begin before the stop");
        acknowledged.insert(format!("u{sender}"), ids);
    }

    proxy.restart();
    for (user, ids) in acknowledged {
        let events = proxy.admin().events(&user).await;
        let text = |event: &serde_json::Value| event["message_id"].as_str().map(str::to_owned);
        let kept: BTreeSet<String> = events.iter().filter_map(text).collect();
        assert_eq!(kept.len(), events.len(), "an event is there twice");
        let lost: Vec<_> = ids.iter().filter(|id| !kept.contains(*id)).collect();
        assert!(
            lost.is_empty(),
            "{} acknowledged events of {user} are lost",
            lost.len()
        );
    }
    assert_eq!(proxy.admin().member_ids("all").await.len(), SENDERS);
    assert_eq!(
        proxy.terminate(),
        Some(0),
        "and with nothing to do it stops as well"
    );
}
