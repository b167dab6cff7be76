//! The tracker behind a route of the host's own app.

use axum::Router;
use segue_sdk::proxy_mode::ProxyMode;
use segue_tests::proxy::ProxyProcess;
use segue_tests::settings::Settings;
use segue_tests::wait::PATIENCE;
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;

const VISITOR: &str = "5c6f9a52-9df0-4f7b-8a76-0c7f0a3f1e11";

/// An app with sessions, which are a header here.
async fn host(tracking: ProxyMode) -> String {
    let tracking = tracking.user(|request| {
        let user = request.headers.get("x-session-user")?;
        Some(user.to_str().ok()?.to_owned())
    });
    let app: Router = Router::new().nest("/segue", tracking.router());
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let addr = listener.local_addr().expect("it is bound");
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{addr}/segue")
}

fn batch(now_ms: i64) -> String {
    let at = |ms| {
        jiff::Timestamp::from_millisecond(now_ms + ms)
            .expect("an instant of this century")
            .to_string()
    };
    let context = json!({ "page": { "path": "/" }, "userToken": "t" });
    json!({
        "sentAt": at(0),
        "batch": [
            { "type": "page", "messageId": "m1", "timestamp": at(-500), "context": context,
              "anonymousId": "forged", "properties": { "title": "Shop" } },
            { "type": "track", "event": "visit", "messageId": "m2", "timestamp": at(-400),
              "anonymousId": VISITOR, "userId": "somebody", "properties": { "product_id": "p" } },
            { "type": "identify", "messageId": "m3", "timestamp": at(-300), "traits": { "a": 1 } },
            { "type": "consent", "messageId": "m4", "consents": { "analytics": true } },
            { "type": "alias", "messageId": "m5", "previousId": "x" },
        ],
    })
    .to_string()
}

async fn post(url: &str, headers: &[(&str, &str)], body: String) -> (u16, Option<String>, Json) {
    let client = segue_tests::http::client();
    let mut request = client
        .post(url)
        .header("content-type", "text/plain")
        .body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.expect("the app answers");
    let cookie = answer.headers().get("set-cookie");
    let cookie = cookie.map(|value| value.to_str().expect("text").to_owned());
    let status = answer.status().as_u16();
    (status, cookie, answer.json().await.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hosts_route_adds_who_it_is_and_passes_everything_on() {
    let proxy = ProxyProcess::start(Settings::new());
    let client = proxy.sdk();
    let url = host(ProxyMode::new(client.clone())).await;
    let url = format!("{url}/v1/batch");
    // A browser whose clock is a year behind.
    let now_ms = jiff::Timestamp::now().as_millisecond() - 365 * 86_400_000;
    let cookie = format!("other=1; segue_vid={VISITOR}");

    let headers = [("cookie", cookie.as_str()), ("x-session-user", "42")];
    let (status, renewed, answer) = post(&url, &headers, batch(now_ms)).await;
    assert_eq!((status, &answer["accepted"]), (202, &4.into()), "{answer}");
    assert_eq!(answer["rejected"][0]["index"], 4);
    let renewed = renewed.expect("a visitor with a cookie keeps it");
    assert!(
        renewed.starts_with(&format!("segue_vid={VISITOR}; ")),
        "{renewed}"
    );
    for part in ["Max-Age=31536000", "SameSite=Lax", "Secure", "Path=/"] {
        assert!(renewed.contains(part), "{renewed}");
    }
    // The same again counts once.
    post(&url, &headers, batch(now_ms)).await;
    assert!(client.flush(PATIENCE).await.is_complete());

    let mut events = proxy.admin().events("42").await;
    events.sort_by_key(|event| event["message_id"].as_str().unwrap_or_default().to_owned());
    let ids: Vec<&str> = events
        .iter()
        .filter_map(|e| e["message_id"].as_str())
        .collect();
    assert_eq!(ids, ["m1", "m2", "m3", "m4"]);
    for event in &events {
        assert_eq!(event["user_id"], "42", "the session's word counts");
        assert_eq!(event["anonymous_id"], VISITOR, "the cookie's word counts");
        assert!(event["context"].get("userToken").is_none());
    }
    assert_eq!(events[0]["context"]["page"]["path"], "/");
    let time = |n: usize| -> jiff::Timestamp {
        events[n]["timestamp"]
            .as_str()
            .expect("a time")
            .parse()
            .expect("a time")
    };
    let apart = time(1).as_millisecond() - time(0).as_millisecond();
    assert!(
        apart.abs_diff(100) < 5_000,
        "both are set right by the same year, but for the way from here to there: {apart}"
    );
    assert!(
        time(0).as_millisecond() > now_ms + 300 * 86_400_000,
        "the server's clock counts"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_is_no_user_by_their_own_word_and_gets_no_cookie_back_that_they_gave_up() {
    let proxy = ProxyProcess::start(Settings::new());
    let client = proxy.sdk();
    let url = host(ProxyMode::new(client.clone())).await;
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let beacon = format!("{url}/beacon/v1/batch");
    let (status, cookie, answer) = post(&beacon, &[], batch(now_ms)).await;
    assert_eq!((status, &answer["accepted"]), (202, &1.into()), "{answer}");
    assert_eq!(cookie, None);
    assert!(client.flush(PATIENCE).await.is_complete());
    let path = format!("/events?anonymous_id={VISITOR}&limit=10");
    let events = proxy.admin().pages(&path, "events").await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["user_id"], Json::Null);
    assert_eq!(events[0]["event"], "visit");

    let cross_site = [("sec-fetch-site", "cross-site")];
    assert_eq!(post(&beacon, &cross_site, batch(now_ms)).await.0, 403);
    assert_eq!(post(&beacon, &[], "{".to_owned()).await.0, 400);
    assert_eq!(post(&beacon, &[], "x".repeat(600_000)).await.0, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_is_away_does_not_hold_up_the_page() {
    let nobody = segue_tests::ports::free();
    let client = segue_sdk::Client::builder(format!("http://{nobody}"), "wk_secret")
        .build()
        .expect("an address of this machine is a good endpoint");
    let url = host(ProxyMode::new(client.clone())).await;
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let cookie = format!("segue_vid={VISITOR}");
    let headers = [("cookie", cookie.as_str())];
    let (status, _, answer) = post(&format!("{url}/v1/batch"), &headers, batch(now_ms)).await;
    assert_eq!((status, &answer["accepted"]), (202, &3.into()), "{answer}");
    assert_eq!(client.stats().pending, 3);
}
