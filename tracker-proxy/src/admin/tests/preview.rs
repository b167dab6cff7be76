//! How many people an audience would have.

use http::Method;
use serde_json::{Value as Json, json};

use crate::admin::Bounds;
use crate::admin::testing::{BEGIN, READ, Server};
use crate::ingest::testing::event;
use crate::ingest::{Event, EventKind};

async fn with_visitors(bounds: Bounds, users: usize, visitors: usize) -> Server {
    let server = Server::start_with("http://127.0.0.1:8099/", bounds);
    let all: Vec<String> = (0..users).map(|n| format!("u{n}")).collect();
    let names: Vec<&str> = all.iter().map(String::as_str).collect();
    server.track("visit", &names).await;
    for n in 0..visitors {
        let id = format!("v{n}");
        server
            .take(Event {
                anonymous_id: Some(&id),
                ..event(EventKind::Track, "visit", &id, BEGIN)
            })
            .await;
    }
    server
}

#[tokio::test]
async fn a_small_account_gets_exact_numbers() {
    let server = with_visitors(Bounds::default(), 30, 5).await;
    server.track("buy", &["u1", "u2"]).await;
    let visited = json!({ "when": { "did": "visit" } });
    let answer = server
        .post("/audiences/preview", &visited)
        .await
        .expect(200);
    let counted = |answer: &Json| {
        let number = |key: &str| answer[key].as_u64().unwrap();
        (
            number("qualified"),
            number("reachable"),
            number("looked_at"),
        )
    };
    assert_eq!(counted(&answer), (35, 30, 35));
    assert_eq!(answer["exact"], true);
    assert_eq!(answer["sample"].as_array().unwrap().len(), 10);
    let bought = json!({ "id": "x", "when": { "all": [
        { "did": "visit" }, { "have": { "audience": "buyers" } } ] } });
    let path = "/audiences/preview?activation=buyers_to_shop";
    let answer = server.post(path, &bought).await.expect(200);
    assert_eq!(counted(&answer), (2, 2, 35));
    let body = visited.to_string();
    let path = "/admin/v1/audiences/preview?activation=buyers_to_shop";
    let answer = server
        .call_as(READ, Method::POST, path, body)
        .await
        .expect(200);
    assert_eq!(counted(&answer), (35, 30, 35), "visitors have no person id");
    let after = server.get("/audiences").await.expect(200);
    assert_eq!(
        after["audiences"].as_array().unwrap().len(),
        1,
        "nothing was made"
    );
}

#[tokio::test]
async fn a_large_account_gets_an_estimate_with_its_interval() {
    let bounds = Bounds {
        preview_profiles_max: 200,
        ..Bounds::default()
    };
    let server = with_visitors(bounds, 600, 0).await;
    let visited = json!({ "when": { "did": "visit" } });
    let answer = server
        .post("/audiences/preview", &visited)
        .await
        .expect(200);
    assert_eq!(
        (&answer["exact"], &answer["looked_at"]),
        (&json!(false), &json!(200))
    );
    let [low, high] = [0, 1].map(|n| answer["interval"]["qualified"][n].as_u64().unwrap());
    let qualified = answer["qualified"].as_u64().unwrap();
    // The keys are hashes of fixed ids: this holds every time or never.
    assert!(
        low <= 600 && 600 <= high && (low..=high).contains(&qualified),
        "{answer}"
    );
    let nobody = json!({ "when": { "did": "fly" } });
    let answer = server.post("/audiences/preview", &nobody).await.expect(200);
    assert_eq!(answer["qualified"], 0);
    assert_eq!(answer["interval"]["qualified"][0], 0);
}

#[tokio::test]
async fn what_is_no_audience_cannot_be_previewed() {
    let server = Server::start();
    for body in [json!({}), json!([]), json!({ "when": { "dd": "x" } })] {
        let answer = server.post("/audiences/preview", &body).await;
        assert_eq!(answer.refused(422), "invalid", "{body}");
    }
    let path = "/audiences/preview?activation=none";
    let answer = server.post(path, &json!({ "when": { "did": "x" } })).await;
    assert_eq!(answer.refused(404), "not_found");
}
