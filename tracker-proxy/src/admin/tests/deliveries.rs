//! What became of transitions, and sending again what did not arrive.

use serde_json::{Value as Json, json};

use crate::admin::testing::Server;
use crate::delivery::{AttemptResult, Delivery, Outcome, Report};

async fn end(server: &Server, delivery: Delivery, outcome: Outcome) {
    let result = AttemptResult {
        delivery,
        at: server.clock.now(),
        attempt_no: 1,
        status: Some(400),
        error: None,
        excerpt: "no".to_owned(),
        duration_ms: 3,
        outcome,
    };
    let report = Report::Attempt(Box::new(result));
    server.reports.send(report).await.unwrap();
    server.settle().await;
}

/// Four joins: two skipped for lack of consent, one delivered and one failed of the mirror.
async fn with_deliveries() -> Server {
    let mut server = Server::start();
    let tell = json!({ "id": "tell", "audience": "buyers", "to": "shop", "consent": ["mail"],
        "payload": { "kind": "simple", "fields": [{ "key": "a", "constant": "b" }] } });
    server.post("/activations", &tell).await.expect(201);
    server.track("buy", &["1", "2"]).await;
    let first = server.deliveries.recv().await.unwrap();
    let second = server.deliveries.recv().await.unwrap();
    end(&server, first, Outcome::Delivered).await;
    let failed = Outcome::Failed(crate::delivery::Failure::Rejected);
    end(&server, second, failed).await;
    server
}

#[tokio::test]
async fn every_transition_has_its_end() {
    let server = with_deliveries().await;
    let page = server.get("/deliveries").await.expect(200);
    let counts = json!({ "delivered": 1, "failed:rejected": 1, "skipped:no_consent": 2 });
    assert_eq!(page["counts"], counts);
    for limit in [1, 3, 4] {
        let path = format!("/deliveries?limit={limit}");
        assert_eq!(server.pages(&path, "deliveries").await.len(), 4);
    }
    for (query, count) in [
        ("state=pending", 0),
        ("state=delivered", 1),
        ("state=skipped", 2),
        ("reason=no_consent", 2),
        ("activation=buyers_to_shop", 2),
        ("activation=tell&state=failed", 0),
    ] {
        let page = server
            .get(&format!("/deliveries?{query}"))
            .await
            .expect(200);
        assert_eq!(
            page["deliveries"].as_array().unwrap().len(),
            count,
            "{query}"
        );
    }
    let page = server.get("/deliveries?state=failed").await.expect(200);
    let failed = &page["deliveries"][0];
    assert_eq!(failed["user_id"], "2");
    assert_eq!(
        (&failed["op"], &failed["reason"]),
        (&json!("add"), &json!("rejected"))
    );
    assert_eq!(
        (&failed["audience"], &failed["destination"]),
        (&json!("buyers"), &json!("shop"))
    );
    assert_eq!(failed["attempts"][0]["status"], 400);
    assert_eq!(failed["next_attempt_at"], Json::Null);
    let page = server.get("/deliveries?state=skipped").await.expect(200);
    assert_eq!(page["deliveries"][0]["id"], Json::Null);
    assert_eq!(page["deliveries"][0]["destination"], "shop");
    let bad = server.get("/deliveries?state=lost").await;
    assert_eq!(bad.refused(400), "invalid_parameter");
    let bad = server.get("/deliveries?activation=none").await;
    assert_eq!(bad.refused(404), "not_found");
}

#[tokio::test]
async fn a_dead_letter_goes_out_again_under_its_own_id() {
    let mut server = with_deliveries().await;
    let path = "/deliveries/replay";
    let dry = server
        .post(path, &json!({ "dry_run": true }))
        .await
        .expect(200);
    assert_eq!(dry, json!({ "matched": 1, "replayed": 0 }));
    let none = json!({ "activation": "tell", "state": "failed" });
    let none = server.post(path, &none).await.expect(200);
    assert_eq!(none, json!({ "matched": 0, "replayed": 0 }));
    let page = server.get("/deliveries?state=failed").await.expect(200);
    let id = page["deliveries"][0]["id"].as_str().unwrap().to_owned();
    let other = json!({ "ids": [id], "reason": "gave_up" });
    let other = server.post(path, &other).await.expect(200);
    assert_eq!(other["matched"], 0);
    let ids = json!({ "ids": [id, "msg_unknown"], "reason": "rejected" });
    let sent = server.post(path, &ids).await.expect(200);
    assert_eq!(sent, json!({ "matched": 1, "replayed": 1 }));
    assert_eq!(server.deliveries.recv().await.unwrap().id, id);
    let again = server.post(path, &json!({})).await.expect(200);
    assert_eq!(again, json!({ "matched": 0, "replayed": 0 }));
    let page = server.get("/deliveries?state=pending").await.expect(200);
    assert_eq!(page["deliveries"][0]["attempts"][1]["outcome"], "replayed");
    assert!(page["deliveries"][0]["next_attempt_at"].is_string());
}

#[tokio::test]
async fn a_replay_that_makes_no_sense_is_refused() {
    let server = Server::start();
    for body in [
        json!({ "state": "delivered" }),
        json!({ "states": "failed" }),
        json!({ "dry_run": "yes" }),
        json!({ "ids": [{}] }),
    ] {
        let answer = server.post("/deliveries/replay", &body).await;
        assert_eq!(answer.refused(422), "invalid", "{body}");
    }
    let answer = server
        .post("/deliveries/replay", &json!({ "activation": "x" }))
        .await;
    assert_eq!(answer.refused(404), "not_found");
}
