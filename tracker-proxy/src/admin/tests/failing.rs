//! Calls while the store does not work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::admin::Bounds;
use crate::admin::testing::Server;
use crate::ingest::EventKind;
use crate::ingest::testing::event;
use crate::store::{Fault, Faults, Step};

#[tokio::test]
async fn nothing_is_changed_before_the_pipeline_has_recovered() {
    let armed = Arc::new(AtomicBool::new(false));
    let fails = armed.clone();
    let faults = Faults::when(move |step| {
        (step == Step::Begin && fails.swap(false, Ordering::SeqCst)).then_some(Fault::Full)
    });
    let server = Server::start_on("http://127.0.0.1:8099/", Bounds::default(), faults);
    server.track("buy", &["1"]).await;
    armed.store(true, Ordering::SeqCst);
    let lost = event(EventKind::Track, "buy", "lost", server.clock.now());
    assert!(server.try_take(lost).await.is_err());
    let definition = json!({ "id": "x", "when": { "did": "buy" } });
    let answer = server.post("/audiences", &definition).await;
    assert_eq!(answer.refused(503), "unavailable");
    assert_eq!(answer.headers["retry-after"], "1");
    for path in [
        "/profiles/1",
        "/audiences/buyers/members",
        "/events",
        "/deliveries",
    ] {
        assert_eq!(server.get(path).await.refused(503), "unavailable", "{path}");
    }
    let replay = server.post("/deliveries/replay", &json!({})).await;
    assert_eq!(replay.refused(503), "unavailable");
    let path = "/activations/buyers_to_shop/resync";
    assert_eq!(
        server.post(path, &Json::Null).await.refused(503),
        "unavailable"
    );
    server.clock.advance(Duration::from_secs(1));
    server.settle().await;
    let kept = server.get("/profiles/1").await.expect(200);
    assert_eq!(kept["memberships"][0]["audience"], "buyers");
    server.post("/audiences", &definition).await.expect(201);
}
