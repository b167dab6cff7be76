//! Client id and secret as members of the JSON.

use axum::Router;
use segue_receiver::{Credentials, SignatureMode};
use serde_json::{Value, json};

use crate::harness::{
    CLIENT, Delivery, SECRET, add, builder, envelope, members, memory, other_activation,
};

async fn app(mode: SignatureMode) -> Router {
    builder(&memory().await)
        .activation(other_activation())
        .credentials([Credentials::json(), Credentials::Basic])
        .signatures(mode)
        .build()
        .expect("the settings are right")
        .router()
}

/// A delivery whose envelope has these members too, and nothing in its headers.
fn with(more: &Value) -> Delivery {
    let mut body = envelope(json!([add("42", "vip", 1)]));
    for (name, value) in more.as_object().expect("it is one") {
        body[name] = value.clone();
    }
    Delivery::raw(body.to_string()).without("authorization")
}

fn client() -> Value {
    json!({"client_id": CLIENT, "client_secret": SECRET})
}

#[tokio::test]
async fn they_count_with_and_without_a_signature() {
    for mode in [
        SignatureMode::Required,
        SignatureMode::Optional,
        SignatureMode::Off,
    ] {
        let app = app(mode).await;
        assert_eq!(
            with(&client()).send(&app).await.json()["applied"],
            1,
            "{mode:?}"
        );
    }
    let app = app(SignatureMode::Optional).await;
    let mut unsigned = with(&client());
    unsigned.signed = false;
    assert_eq!(unsigned.send(&app).await.status, 200);
}

#[tokio::test]
async fn their_names_can_be_chosen() {
    let segments = memory().await;
    let place = Credentials::Json {
        client_id: "user".to_owned(),
        client_secret: "key".to_owned(),
    };
    let receiver = builder(&segments).credentials([place]).build().unwrap();
    let app = receiver.router::<()>();
    with(&client())
        .send(&app)
        .await
        .refuses(401, "unauthorized");
    let own = json!({"user": CLIENT, "key": SECRET});
    assert_eq!(with(&own).send(&app).await.status, 200);
    assert_eq!(members(&segments, "vip").await, ["42"]);
}

#[tokio::test]
async fn every_cause_gets_the_same_401() {
    let app = app(SignatureMode::Required).await;
    let twice = format!(
        r#"{{"client_id": "{CLIENT}", "client_id": "{CLIENT}", "client_secret": "{SECRET}"}}"#
    );
    let bare = |body: &str| Delivery::raw(body).without("authorization");
    let mut unsigned = with(&client());
    unsigned.signed = false;
    let in_both = {
        let mut both = with(&client());
        let basic = crate::harness::basic(CLIENT, SECRET);
        both.headers.insert("authorization", basic);
        both
    };
    let mut causes = vec![
        unsigned,
        in_both,
        bare(""),
        bare("no json"),
        bare("[]"),
        bare("{}"),
        bare(&twice),
        bare(&"[".repeat(100_000)),
        with(&client()).header("webhook-id", "another"),
    ];
    for wrong in [
        json!({}),
        json!({"client_id": CLIENT}),
        json!({"client_secret": SECRET}),
        json!({"client_id": CLIENT, "client_secret": ""}),
        json!({"client_id": CLIENT, "client_secret": 1}),
        json!({"client_id": CLIENT, "client_secret": "wrong-secret"}),
        json!({"client_id": "wrong-client", "client_secret": SECRET}),
        // Right in itself, but the signature is of the first activation.
        json!({"client_id": "other-client", "client_secret": "other-secret"}),
    ] {
        causes.push(with(&wrong));
    }
    let expected = bare("").send(&app).await.text;
    for delivery in causes {
        let answer = delivery.send(&app).await;
        answer.refuses(401, "unauthorized");
        assert_eq!(answer.text, expected);
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_not_read_to_find_them() {
    let receiver = builder(&memory().await)
        .credentials([Credentials::json()])
        .body_bytes_max(100)
        .build()
        .unwrap();
    let answer = with(&client()).send(&receiver.router()).await;
    answer.refuses(413, "body_too_large");
}
