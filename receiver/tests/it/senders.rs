//! Payloads of other systems, as their documentation shows them.

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRef, State};
use axum::http::{Method, Request};
use axum::routing::post;
use segue_receiver::payload::AudienceRef;
use segue_receiver::segments::Segments;
use segue_receiver::senders::{
    ActivlyEvent, ActivlyFeed, CleverTapMessage, CleverTapProfiles, DatatricsMessage, HostEvent,
    Mapping, PiwikProMessage, Records, activly_router, router,
};
use segue_receiver::{Activation, Credentials, Receiver, SignatureMode, Verified};
use serde_json::{Value, json};

use crate::harness::{Answer, GROUP, basic, members, memory, send};

const TOKEN: &str = "a long random token";

fn receiver(segments: &Segments, credentials: Credentials) -> Receiver {
    crate::logs::listen();
    Receiver::builder()
        .credentials([credentials])
        .signatures(SignatureMode::Off)
        .segments(segments.clone())
        .activation(Activation::new("sender", GROUP).secret(TOKEN))
        .build()
        .expect("the settings are right")
}

fn audience(id: &str) -> AudienceRef {
    AudienceRef {
        id: id.to_owned(),
        name: id.to_uppercase(),
    }
}

async fn post_json(app: &Router, uri: &str, body: &Value) -> Answer {
    let request = Request::post(uri)
        .header("content-type", "application/json")
        .header("authorization", basic("sender", TOKEN))
        .header("x-api-key", TOKEN);
    let request = request.body(Body::from(body.to_string()));
    send(app, request.expect("the parts are right")).await
}

const HOOK: &str = "/hooks/activly?token=a%20long%20random+token";

/// The example of Activly's help.
fn sale() -> Value {
    json!({"event": "purchase", "first_name": "Sarah", "city": "London", "country": "UK",
           "product": "Running Shoes", "timestamp": "2026-02-28T14:30:00Z"})
}

fn with(name: &str, value: Value) -> Value {
    let mut event = sale();
    event[name] = value;
    event
}

async fn activly() -> (Router, ActivlyFeed) {
    let receiver = receiver(&memory().await, Credentials::query_token());
    let feed = ActivlyFeed::new(3);
    (activly_router("/hooks/activly", &receiver, &feed), feed)
}

#[tokio::test]
async fn an_activly_event_is_in_the_feed_newest_first_and_without_its_email() {
    let (app, feed) = activly().await;
    let mut sold = with("email", json!("Sarah@Example.com"));
    sold["amount"] = json!(49.5);
    sold["currency"] = json!("GBP");
    sold["product_url"] = json!("https://shop.example/shoes");
    sold["coupon"] = json!("SPRING");
    assert_eq!(post_json(&app, HOOK, &sold).await.status, 202);
    for kind in ["signup", "review", "custom"] {
        let answer = post_json(&app, HOOK, &with("event", json!(kind))).await;
        assert_eq!((answer.status.as_u16(), &*answer.text), (202, ""));
    }
    // It holds three events, so the sale has made room.
    let shown = serde_json::to_value(feed.newest("sender", 10)).unwrap();
    let kinds: Vec<_> = shown
        .as_array()
        .unwrap()
        .iter()
        .map(|n| &n["event"])
        .collect();
    assert_eq!(kinds, ["custom", "review", "signup"]);
    assert!(feed.newest("somebody else", 10).is_empty());

    post_json(&app, HOOK, &sold).await;
    let newest = feed.newest("sender", 1);
    assert_eq!(
        serde_json::to_value(&newest[0]).unwrap(),
        json!({"event": "purchase", "first_name": "Sarah", "city": "London", "country": "UK",
               "product": "Running Shoes", "timestamp": "2026-02-28T14:30:00Z", "amount": 49.5,
               "currency": "GBP", "product_url": "https://shop.example/shoes"})
    );
    assert!(!format!("{feed:?}").to_lowercase().contains("example.com\""));
}

#[tokio::test]
async fn an_activly_event_of_the_same_email_kind_and_product_is_shown_once() {
    let (app, feed) = activly().await;
    for event in [
        with("email", json!("sarah@example.com")),
        with("email", json!(" Sarah@Example.COM ")),
        with("email", json!("tom@example.com")),
    ] {
        assert_eq!(post_json(&app, HOOK, &event).await.status, 202);
    }
    assert_eq!(feed.newest("sender", 10).len(), 2);
    // Without an address nobody knows whether it is a repeat.
    post_json(&app, HOOK, &sale()).await;
    post_json(&app, HOOK, &sale()).await;
    assert_eq!(feed.newest("sender", 10).len(), 3);
}

#[tokio::test]
async fn every_bad_field_of_an_activly_event_is_named() {
    let (app, feed) = activly().await;
    let answer = post_json(
        &app,
        HOOK,
        &json!({"event": "refund", "city": " ", "amount": "9"}),
    )
    .await;
    answer.refuses(422, "bad_fields");
    assert_eq!(
        answer.json()["fields"],
        json!([
            "event",
            "first_name",
            "city",
            "country",
            "product",
            "timestamp",
            "amount"
        ])
    );
    for (name, value) in [
        ("event", json!("Purchase")),
        ("first_name", json!(7)),
        ("country", Value::Null),
        ("product", json!("x".repeat(1_001))),
        ("timestamp", json!("2026-02-28T14:30:00+02:00")),
        ("timestamp", json!("2026-02-28")),
        ("timestamp", json!("2026-02-28 14:30:00Z")),
        ("timestamp", json!(1_772_289_000)),
        ("amount", json!("49.00")),
        ("amount", json!(-1)),
        ("currency", json!("gbp")),
        ("currency", json!("Pound")),
        ("email", json!(["a@b"])),
        ("product_url", json!("javascript:alert(1)")),
        ("product_url", json!("/shoes")),
    ] {
        let answer = post_json(&app, HOOK, &with(name, value)).await;
        answer.refuses(422, "bad_fields");
        assert_eq!(answer.json()["fields"], json!([name]));
    }
    assert!(feed.newest("sender", 10).is_empty());
    for (name, value) in [
        ("timestamp", json!("2026-02-28T14:30:00.123+00:00")),
        ("amount", Value::Null),
        ("currency", json!("")),
        ("anything", json!({"else": [1]})),
    ] {
        assert_eq!(post_json(&app, HOOK, &with(name, value)).await.status, 202);
    }
}

#[tokio::test]
async fn an_activly_hook_needs_its_token_json_and_post() {
    let (app, feed) = activly().await;
    for uri in [
        "/hooks/activly",
        "/hooks/activly?token=",
        "/hooks/activly?token=another%20long%20token",
        "/hooks/activly?token=a&token=a%20long%20random+token",
    ] {
        post_json(&app, uri, &sale())
            .await
            .refuses(401, "unauthorized");
    }
    let text = Request::post(HOOK).body(Body::from(sale().to_string()));
    send(&app, text.unwrap())
        .await
        .refuses(415, "unsupported_media_type");
    let get = Request::get(HOOK).body(Body::empty());
    assert_eq!(send(&app, get.unwrap()).await.status, 405);
    assert!(feed.newest("sender", 10).is_empty());
}

#[derive(Clone)]
struct Host {
    receiver: Receiver,
    mapping: Mapping,
}

impl FromRef<Host> for Receiver {
    fn from_ref(host: &Host) -> Self {
        host.receiver.clone()
    }
}

/// A handler of the host's own that answers with what the mapping makes of a payload.
async fn events<P: Records>(State(host): State<Host>, payload: Verified<P>) -> String {
    let at = jiff::Timestamp::UNIX_EPOCH;
    let events = host.mapping.events(payload.payload(), at);
    serde_json::to_string::<Vec<HostEvent>>(&events).expect("it is JSON")
}

#[tokio::test]
async fn an_activly_event_becomes_an_event_of_the_host() {
    let receiver = receiver(&memory().await, Credentials::Basic);
    let mapping = Mapping::adding("customer.id", audience("buyers"));
    let host = Host { receiver, mapping };
    let app = Router::new()
        .route("/own", post(events::<ActivlyEvent>))
        .with_state(host);
    let mut event = with("customer", json!({"id": 42}));
    event["email"] = json!("sarah@example.com");
    let answer = post_json(&app, "/own", &event).await;
    assert!(!answer.text.contains("example.com"));
    let events = answer.json();
    assert_eq!(events[0]["name"], "purchase");
    assert_eq!(events[0]["person"], "42");
    assert_eq!(events[0]["at"], "2026-02-28T14:30:00Z");
    assert_eq!(events[0]["fields"]["city"], "London");
}

/// The sample of CleverTap's documentation, shortened.
fn campaign() -> Value {
    json!({
        "targetId": 1_472_124_953_u64,
        "key_values": {"PromoCode": "MT50", "PowerUser": "true"},
        "profiles": [
            {"Email": "foo@example.com", "Identity": "foo", "ObjectId": "-g55b7",
             "ProfileData": {"Last Score": 308, "Replayed": true},
             "Event_properties": {"Score": 1200, "Game Mode": "Practice"},
             "Push_token": "1940", "Tz": "Europe/Warsaw"},
            {"Identity": 7, "push_token": "fiCj"},
            {"Email": "nobody@example.com"},
        ]
    })
}

#[test]
fn a_clevertap_message_is_read_with_both_spellings_and_unknown_members() {
    let message = CleverTapMessage::from_json(&campaign().to_string()).unwrap();
    assert_eq!(message.target_id, 1_472_124_953);
    assert_eq!(message.key_values["PromoCode"], "MT50");
    let CleverTapProfiles::Broadcast(profiles) = &message.profiles else {
        panic!("several persons are a broadcast");
    };
    let tokens: Vec<_> = profiles.iter().map(|p| p.push_token.as_deref()).collect();
    assert_eq!(tokens, [Some("1940"), Some("fiCj"), None]);
    assert_eq!(profiles[0].profile_data["Replayed"], true);
    assert_eq!(profiles[0].other["Tz"], "Europe/Warsaw");
    assert_eq!(profiles[1].identity.as_deref(), Some("7"));
    let largest = json!({"targetId": u64::MAX, "profiles": {}}).to_string();
    let single = CleverTapMessage::from_json(&largest).unwrap();
    assert!(matches!(single.profiles, CleverTapProfiles::Single(_)));
    for broken in [
        json!({"profiles": []}),
        json!({"targetId": 1}),
        json!({"targetId": -1, "profiles": []}),
        json!({"targetId": 1, "profiles": ["foo"]}),
    ] {
        assert!(CleverTapMessage::from_json(&broken.to_string()).is_err());
    }
}

#[tokio::test]
async fn clevertap_profiles_join_the_mapped_audience() {
    let segments = memory().await;
    let receiver = receiver(&segments, Credentials::Basic);
    let mapping = Mapping::adding("Identity", audience("coupons"));
    let app: Router = router::<CleverTapMessage, _>("/hooks/clevertap", &receiver, mapping);
    let answer = post_json(&app, "/hooks/clevertap", &campaign()).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["applied"]),
        (200, &json!(2))
    );
    assert_eq!(members(&segments, "coupons").await, ["7", "foo"]);

    // People may choose plain text for the same JSON.
    let single = json!({"targetId": 5, "profiles": {"Identity": "bar"}}).to_string();
    let request = Request::post("/hooks/clevertap")
        .header("content-type", "text/plain; charset=utf-8")
        .header("authorization", basic("sender", TOKEN));
    let answer = send(&app, request.body(Body::from(single)).unwrap()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(members(&segments, "coupons").await, ["7", "bar", "foo"]);
}

#[tokio::test]
async fn a_clevertap_test_is_answered_with_200_and_changes_nothing() {
    let segments = memory().await;
    let receiver = receiver(&segments, Credentials::Basic);
    let mapping = Mapping::adding("Identity", audience("coupons"));
    let app: Router = router::<CleverTapMessage, _>("/hooks/clevertap", &receiver, mapping);
    let profile = json!({"Identity": "foo", "Email": "foo@example.com", "push_token": "x"});
    let test = json!({"is_test": true, "targetId": 1234, "key_values": {"key": "value"},
                      "profiles": [profile, profile, profile, profile, profile]});
    assert_eq!(post_json(&app, "/hooks/clevertap", &test).await.status, 200);
    assert!(members(&segments, "coupons").await.is_empty());
    // Enough persons for a job: still exactly 200.
    let profiles: Vec<_> = (0..100).map(|id| json!({"Identity": id})).collect();
    let many = json!({"targetId": 1, "profiles": profiles});
    let answer = post_json(&app, "/hooks/clevertap", &many).await;
    assert_eq!(answer.status, 200);
    assert!(answer.json()["job"].is_string());
}

#[tokio::test]
async fn piwik_pro_activations_are_mapped_by_their_fields() {
    let segments = memory().await;
    let receiver = receiver(&segments, Credentials::query_token());
    let uri = "/hooks/piwik?token=a%20long%20random+token";
    // A simple body: pairs that somebody chose.
    let simple =
        Mapping::adding("user_id", audience("apple_users")).audience_from("list", "list_name");
    let app: Router = router::<PiwikProMessage, _>("/hooks/piwik", &receiver, simple);
    let body = json!({"user_id": "42", "revenue": [10, 20], "constant": "x"});
    assert_eq!(post_json(&app, uri, &body).await.status, 200);
    let body = json!({"user_id": "43", "list": "vip", "list_name": "Very important"});
    assert_eq!(post_json(&app, uri, &body).await.status, 200);
    assert_eq!(members(&segments, "apple_users").await, ["42"]);
    assert_eq!(members(&segments, "vip").await, ["43"]);
    // A template: any JSON, nested as somebody wrote it.
    let left = Mapping::removing("who.id", audience("apple_users"));
    let app: Router = router::<PiwikProMessage, _>("/hooks/piwik", &receiver, left);
    let body = json!({"text": "42 spent 30", "who": {"id": 42}});
    assert_eq!(post_json(&app, uri, &body).await.json()["applied"], 1);
    assert!(members(&segments, "apple_users").await.is_empty());
    post_json(&app, uri, &json!(["no", "object"]))
        .await
        .refuses(400, "invalid_payload");
}

#[tokio::test]
async fn datatrics_comes_as_json_as_a_form_and_as_a_query() {
    let segments = memory().await;
    let receiver = receiver(&segments, Credentials::api_key());
    let mapping = Mapping::adding("profileid", audience("visitors"));
    let app: Router = router::<DatatricsMessage, _>("/hooks/datatrics", &receiver, mapping);
    let ask = |method: Method, uri: &str, kind: &str, key: &str, body: &str| {
        let request = Request::builder().method(method).uri(uri);
        let request = request
            .header("content-type", kind)
            .header("x-api-key", key);
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let app = app.clone();
        async move { send(&app, request).await }
    };
    let hook = "/hooks/datatrics";
    let json = json!({"profileid": 1, "email": "a@example.com", "automationid": "x"});
    let answer = ask(
        Method::POST,
        hook,
        "application/json",
        TOKEN,
        &json.to_string(),
    )
    .await;
    assert_eq!(answer.json()["applied"], 1);
    let form = "profileid=2&gender=f&gender=x";
    let kind = "application/x-www-form-urlencoded";
    assert_eq!(ask(Method::POST, hook, kind, TOKEN, form).await.status, 200);
    let query = "/hooks/datatrics?profileid=3%20&automationid=7";
    assert_eq!(ask(Method::GET, query, "", TOKEN, "").await.status, 200);
    assert_eq!(members(&segments, "visitors").await, ["1", "2", "3"]);
    let wrong = ask(Method::GET, query, "", "a wrong key", "").await;
    wrong.refuses(401, "unauthorized");
    let text = ask(Method::POST, hook, "text/plain", TOKEN, "profileid=4").await;
    text.refuses(415, "unsupported_media_type");
}
