//! What is known of a request comes along with its events.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use segue_sdk::context::{ContextLayer, RequestContext};
use segue_sdk::{Client, DropReason, Options};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::server::Server;

const LONG: Duration = Duration::from_secs(20);

fn client(server: &Server) -> Client {
    Client::builder(server.url(), "wk")
        .context(&json!({"app": {"name": "shop"}}))
        .build()
        .expect("the settings of a test are right")
}

/// The events that arrived, after the client has ended.
fn events(client: &Client, server: &Server) -> Vec<Value> {
    client.shutdown_blocking(LONG);
    let calls = server.calls().into_iter();
    calls.flat_map(|call| call.events).collect()
}

#[tokio::test]
async fn a_layer_carries_visitor_user_and_page_into_every_event_of_a_request() {
    let server = Server::healthy();
    let client = client(&server);
    let layer = ContextLayer::new()
        .anonymous_cookie("visitor")
        .describe(|_, context| {
            context
                .user("42")
                .ip([203, 0, 113, 7].into())
                .consent([("marketing", true)])
        });
    let tracker = client.clone();
    let handler = async move || {
        tokio::task::yield_now().await;
        tracker.current().track_named("seen", &json!({}));
    };
    let app = Router::new().route("/cart", get(handler)).layer(layer);
    let request = Request::get("/cart?secret=1")
        .header("host", "shop.example")
        .header("cookie", "visitor=v-1")
        .header("user-agent", "test");
    app.oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let event = &events(&client, &server)[0];
    assert_eq!(
        (&event["userId"], &event["anonymousId"]),
        (&json!("42"), &json!("v-1"))
    );
    let context = json!({
        "page": {"host": "shop.example", "path": "/cart"},
        "userAgent": "test",
        "ip": "203.0.113.7",
        "consent": {"marketing": true},
    });
    assert_eq!(event["context"], context);
    assert_eq!(server.calls()[0].context["app"]["name"], "shop");
}

#[test]
fn the_visitors_id_goes_only_with_events_about_whoever_made_the_request() {
    let server = Server::healthy();
    let client = client(&server);
    RequestContext::new()
        .user("admin")
        .anonymous("a-1")
        .sync_scope(|| {
            client.user("admin").track_named("own", &json!({}));
            client.user("43").identify(&json!({"plan": "pro"}));
            client.current().user("44").identify(&json!({}));
        });
    let events = events(&client, &server);
    let anonymous = |user: &str| {
        let mut of = events.iter().filter(|event| event["userId"] == user);
        of.next().unwrap()["anonymousId"].clone()
    };
    assert_eq!(anonymous("admin"), "a-1");
    assert_eq!(
        anonymous("43"),
        Value::Null,
        "an administrator is not who they edit"
    );
    assert_eq!(anonymous("44"), "a-1", "a log-in says so itself");
}

#[test]
fn an_events_own_context_wins() {
    let server = Server::healthy();
    let client = client(&server);
    let own = Options::new().context(&json!({"ip": "::2", "campaign": "x"}));
    RequestContext::new()
        .with("ip", "::1")
        .with("locale", "da")
        .sync_scope(|| {
            client.user("42").track_named_with("a", &json!({}), &own);
        });
    let context = json!({"ip": "::2", "campaign": "x", "locale": "da"});
    assert_eq!(events(&client, &server)[0]["context"], context);
}

#[test]
fn outside_of_a_request_nobody_is_there() {
    let server = Server::healthy();
    let client = client(&server);
    let receipt = client.current().track_named("a", &json!({}));
    assert_eq!(receipt.dropped(), Some(DropReason::EmptyIdentity));
}
