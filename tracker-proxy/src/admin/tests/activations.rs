//! Requests looked at, tests sent, mirrors told everything.

use http::Method;
use serde_json::{Value as Json, json};
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::admin::Bounds;
use crate::admin::testing::{READ, Server};
use crate::keys::{AccountNo, ActivationNo};

async fn receiver(status: u16) -> MockServer {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(status).set_body_string("thanks");
    Mock::given(method("POST"))
        .respond_with(answer)
        .mount(&server)
        .await;
    server
}

fn simple(to: &str) -> Json {
    json!({ "id": "tell", "audience": "buyers", "to": to, "consent": ["marketing"],
        "payload": { "kind": "simple", "fields": [
            { "key": "who", "attribute": "user_id" }, { "key": "a", "constant": "b" }] } })
}

#[tokio::test]
async fn a_preview_is_the_exact_request_with_its_secrets_masked() {
    let server = Server::start();
    server.track("buy", &["42"]).await;
    let path = "/admin/v1/activations/buyers_to_shop/preview";
    let body = r#"{"user_id": "42"}"#;
    let shown = server
        .call_as(READ, Method::POST, path, body)
        .await
        .expect(200);
    assert_eq!(shown["method"], "POST");
    assert_eq!(
        shown["url"],
        "http://127.0.0.1:8099/hook?list=4&token=redacted"
    );
    assert_eq!(shown["headers"]["authorization"], "redacted");
    assert_eq!(shown["headers"]["x-key"], "redacted");
    assert_eq!(shown["headers"]["content-type"], "application/json");
    let change = &shown["body"]["data"]["changes"][0];
    assert_eq!(
        (&change["op"], &change["person"]),
        (&json!("add"), &json!("42"))
    );
    assert_eq!(change["audience"]["id"], "buyers");
    assert_eq!(shown["would_skip"], Json::Null);
    server
        .post("/activations", &simple("shop"))
        .await
        .expect(201);
    let shown = server
        .post("/activations/tell/preview", &json!({ "user_id": "42" }))
        .await;
    let shown = shown.expect(200);
    assert_eq!(shown["body"], json!({ "who": "42", "a": "b" }));
    assert_eq!(shown["would_skip"], "no_consent");
    let made_up = server
        .post("/activations/tell/preview", &Json::Null)
        .await
        .expect(200);
    assert_eq!(made_up["body"]["who"], "test-user");
}

#[tokio::test]
async fn a_signature_is_never_shown() {
    let server = Server::start();
    let signed = json!({ "id": "signed", "url": "https://crm.example/",
        "signing_secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] });
    server.post("/destinations", &signed).await.expect(201);
    server
        .post("/activations", &simple("signed"))
        .await
        .expect(201);
    let shown = server
        .post("/activations/tell/preview", &Json::Null)
        .await
        .expect(200);
    assert_eq!(shown["headers"]["webhook-signature"], "redacted");
}

#[tokio::test]
async fn what_cannot_be_previewed_says_why() {
    let server = Server::start();
    server.track("buy", &["42"]).await;
    let path = "/activations/buyers_to_shop/preview";
    for (body, status, code) in [
        (json!({ "user_id": "nobody" }), 404, "unknown_profile"),
        (json!({ "audience": "others" }), 422, "no_audience"),
        (json!({ "user": "42" }), 422, "invalid"),
        (
            json!({ "user_id": "42", "anonymous_id": "x" }),
            422,
            "invalid",
        ),
    ] {
        let answer = server.post(path, &body).await;
        assert_eq!(answer.refused(status), code, "{body}");
    }
    let mail = json!({ "id": "mail", "audience": "buyers", "to": "shop",
        "payload": { "kind": "segue", "segment_group": "g", "person_identifier": "email" } });
    server.post("/activations", &mail).await.expect(201);
    let answer = server
        .post("/activations/mail/preview", &json!({ "user_id": "42" }))
        .await;
    assert_eq!(answer.refused(422), "missing_field");
    let answer = server.post("/activations/none/preview", &json!({})).await;
    assert_eq!(answer.refused(404), "not_found");
}

#[tokio::test]
async fn a_test_arrives_signed_and_changes_nothing() {
    let receiver = receiver(200).await;
    let server = Server::start_with(&receiver.uri(), Bounds::default());
    let path = "/activations/buyers_to_shop/test";
    let tested = server.post(path, &Json::Null).await.expect(200);
    assert_eq!(
        (&tested["status"], &tested["response_code"]),
        (&json!("success"), &json!(200))
    );
    assert_eq!(tested["body"], "thanks");
    assert!(tested["duration_ms"].is_u64());
    server.track("visit", &["42"]).await;
    let tested = server
        .post(path, &json!({ "user_id": "42" }))
        .await
        .expect(200);
    assert_eq!(tested["status"], "success");
    let requests = receiver.received_requests().await.unwrap();
    let bodies: Vec<Json> = requests
        .iter()
        .map(|one| one.body_json().unwrap())
        .collect();
    assert!(bodies.iter().all(|body| body["data"]["test"] == true));
    assert_eq!(bodies[0]["data"]["changes"][0]["person"], "test-user");
    assert_eq!(bodies[1]["data"]["changes"][0]["person"], "42");
    let id = |n: usize| requests[n].headers["webhook-id"].to_str().unwrap();
    assert!(id(0).starts_with("test_") && id(0) != id(1));
    let basic = "Basic c2VndWU6ZnJvbS1lbnZpcm9ubWVudA==";
    assert_eq!(requests[0].headers["authorization"], basic);
    let profile = server.get("/profiles/42").await.expect(200);
    assert_eq!(profile["activations"], json!([]));
    let sent = server.get("/deliveries").await.expect(200);
    assert_eq!(sent["deliveries"], json!([]));
}

#[tokio::test]
async fn a_test_that_fails_says_how() {
    let receiver = receiver(503).await;
    let server = Server::start_with(&receiver.uri(), Bounds::default());
    let path = "/activations/buyers_to_shop/test";
    let tested = server.post(path, &Json::Null).await.expect(200);
    assert_eq!(
        (&tested["status"], &tested["response_code"]),
        (&json!("error"), &json!(503))
    );
    let gone = Server::start();
    let tested = gone.post(path, &Json::Null).await.expect(200);
    assert_eq!(
        (&tested["status"], &tested["response_code"]),
        (&json!("error"), &Json::Null)
    );
    assert!(!tested["body"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn a_mirror_is_told_everything_when_somebody_asks() {
    let mut server = Server::start();
    server.settle().await;
    while server.resyncs.try_recv().is_ok() {}
    let path = "/activations/buyers_to_shop/resync";
    server.post(path, &Json::Null).await.expect(202);
    let wanted = server.resyncs.recv().await;
    assert_eq!(wanted, Some((AccountNo(1), ActivationNo(1))));
    server
        .post("/activations", &simple("shop"))
        .await
        .expect(201);
    let answer = server.post("/activations/tell/resync", &Json::Null).await;
    assert_eq!(answer.refused(409), "not_a_mirror");
    let off = "/activations/buyers_to_shop/deactivate";
    server.post(off, &Json::Null).await.expect(200);
    assert_eq!(
        server.post(path, &Json::Null).await.refused(409),
        "inactive"
    );
    let answer = server.post("/activations/none/resync", &Json::Null).await;
    assert_eq!(answer.refused(404), "not_found");
}
