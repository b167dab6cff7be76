//! Pipeline and worker together: what is handed over, and how often.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::any;
use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::Semaphore;

use super::rig::{BEGIN, Rig, Story, track};
use crate::delivery::Limits;
use crate::ingest::Event;

/// A destination that counts each id and holds its answers back until it is let go.
struct Counting {
    url: String,
    seen: Arc<Mutex<HashMap<String, u32>>>,
    open: Arc<Semaphore>,
}

impl Counting {
    async fn start() -> Self {
        let seen: Arc<Mutex<HashMap<String, u32>>> = Arc::default();
        let open = Arc::new(Semaphore::new(0));
        let (counted, gate) = (seen.clone(), open.clone());
        let handler = move |headers: axum::http::HeaderMap| {
            let id = headers["webhook-id"].to_str().unwrap().to_owned();
            *counted.lock().entry(id).or_default() += 1;
            let gate = gate.clone();
            async move { drop(gate.acquire().await) }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let router = Router::new().fallback(any(handler));
        drop(tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap();
        }));
        Self { url, seen, open }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_arrives_twice_while_a_queue_overflows_and_is_filled_again() {
    const DELIVERIES: usize = 3_000;
    let shop = Counting::start().await;
    let story = Story {
        url: Some(shop.url.clone()),
        ..Story::default()
    };
    let story = story
        .audience("buyers", &json!({ "did": { "event": "buy" } }))
        .activation(json!({
            "id": "t", "name": "T", "audience": "buyers", "on": "join", "to": "shop",
            "payload": { "kind": "template", "body": { "who": "{user_id}" } },
        }));
    let mut rig = Rig::start(story);
    rig.work(Limits {
        queued_per_destination_max: 50,
        ..Limits::default()
    });
    let users: Vec<String> = (0..DELIVERIES).map(|n| format!("u{n}")).collect();
    for some in users.chunks(100) {
        let events: Vec<Event<'_>> = some
            .iter()
            .map(|user| track(user, "buy", user, BEGIN))
            .collect();
        rig.send(&events).await.unwrap();
    }
    shop.open.add_permits(Semaphore::MAX_PERMITS);
    let arrived = async {
        while shop.seen.lock().len() < DELIVERIES {
            // The pipeline looks after its channel again once time has passed.
            rig.advance(20).await;
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), arrived)
        .await
        .expect("everything arrives");
    let repeated = shop
        .seen
        .lock()
        .values()
        .filter(|count| **count > 1)
        .count();
    assert_eq!(repeated, 0);
}
