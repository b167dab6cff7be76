//! The whole loop over HTTP: tracked, joined, delivered, in the segment; and out again.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use segue_sdk::events::Buy;
use segue_tests::admin::{Admin, Member};
use segue_tests::ingest::track;
use segue_tests::proxy::ProxyProcess;
use segue_tests::settings::Settings;
use segue_tests::shop::Shop;
use segue_tests::sink::Sink;
use segue_tests::wait::{self, PATIENCE};

fn ids<const N: usize>(ids: [&str; N]) -> BTreeSet<String> {
    ids.into_iter().map(str::to_owned).collect()
}

async fn until_segment(shop: &Shop, segment: &str, members: BTreeSet<String>) {
    let what = format!("the segment {segment} is {members:?}");
    wait::until(&what, async || {
        (shop.segment(segment).await == members).then_some(())
    })
    .await;
}

fn vip() -> Json {
    json!({ "all": [
        { "did": { "event": "buy", "in": "90d", "count": { "gte": 3 } } },
        { "did_not": "refund" },
    ] })
}

#[tokio::test(flavor = "multi_thread")]
async fn who_buys_often_is_in_the_segment_until_they_return_it() {
    let shop = Shop::start();
    let settings = Settings::new()
        .audience("vip", &vip())
        .destination(shop.destination())
        .activation(shop.mirror("vip_to_shop", &["vip"]));
    let proxy = ProxyProcess::start(settings);
    let sdk = proxy.sdk();
    let ada = sdk.user("42");
    ada.identify(&json!({ "email": "ada@example.com" }));
    for order in ["o-1", "o-2", "o-3"] {
        ada.track(&Buy::line(order, "p-1").priced(19.5, "EUR"));
    }
    sdk.user("43").track(&Buy::line("o-4", "p-1"));
    assert!(sdk.flush(PATIENCE).await.is_complete());

    until_segment(&shop, "vip", ids(["42"])).await;
    let admin = proxy.admin();
    let member = Member {
        user_id: Some("42".to_owned()),
        anonymous_id: None,
    };
    assert_eq!(admin.members("vip").await, BTreeSet::from([member]));

    ada.track_named("refund", &json!({ "order_id": "o-2" }));
    assert!(sdk.shutdown(PATIENCE).await.is_complete());
    until_segment(&shop, "vip", ids([])).await;
    assert_eq!(admin.members("vip").await, BTreeSet::new());
    admin.until_delivered().await;
    let deliveries = admin.deliveries("vip_to_shop").await;
    let delivered = |one: &Json| one["state"] == "delivered";
    assert!(deliveries.iter().all(delivered), "{deliveries:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_did_before_they_signed_in_counts() {
    let shop = Shop::start();
    let settings = Settings::new()
        .audience("vip", &vip())
        .destination(shop.destination())
        .activation(shop.mirror("vip_to_shop", &["vip"]));
    let proxy = ProxyProcess::start(settings);
    let sdk = proxy.sdk();
    for order in ["o-1", "o-2"] {
        sdk.anonymous("visitor-1").track(&Buy::line(order, "p-1"));
    }
    sdk.user("7").track(&Buy::line("o-3", "p-1"));
    assert!(sdk.flush(PATIENCE).await.is_complete());
    assert_eq!(proxy.admin().members("vip").await, BTreeSet::new());

    sdk.visitor("7", "visitor-1")
        .identify(&json!({ "plan": "pro" }));
    assert!(sdk.shutdown(PATIENCE).await.is_complete());
    until_segment(&shop, "vip", ids(["7"])).await;
    assert_eq!(
        proxy.admin().events("7").await.len(),
        4,
        "three buys and who it was"
    );
    let by_visitor = proxy.admin().get("/profiles?anonymous_id=visitor-1").await;
    let by_user = proxy.admin().get("/profiles/7").await;
    assert_eq!(by_visitor, by_user, "both ids are one person's");
}

/// A trigger that asks for a consent, with every kind of payload that a sink can read.
fn trigger(id: &str, more: &Json) -> Json {
    let mut activation = json!({ "id": id, "audience": "buyers", "on": "join", "to": id });
    for (key, value) in more.as_object().expect("more members") {
        activation[key] = value.clone();
    }
    activation
}

fn buyers(sink: &Sink) -> Settings {
    let simple = json!({ "kind": "simple", "fields": [
        { "key": "mail", "attribute": "email", "take": "last" },
        { "key": "plans", "attribute": "plan", "take": "all" },
        { "key": "source", "constant": "segue" },
    ] });
    let template = json!({ "kind": "template", "body": {
        "to": "{email:last}", "subject": "Hello {first_name}", "was": "{plan:first}",
    } });
    let away = json!({ "have": { "trait": "away", "eq": true } });
    let when = json!({ "all": [{ "did": "buy" }, { "none": [away] }] });
    Settings::new()
        .audience("buyers", &when)
        .destination(sink.destination("simple", "/simple"))
        .destination(sink.destination("template", "/template"))
        .destination(sink.destination("once", "/once"))
        .destination(sink.destination("consent", "/consent"))
        .activation(trigger("simple", &json!({ "payload": simple })))
        .activation(trigger("template", &json!({ "payload": template })))
        .activation(trigger(
            "once",
            &json!({ "payload": simple, "repeat": "once" }),
        ))
        .activation(trigger(
            "consent",
            &json!({ "payload": simple, "consent": ["marketing_automation"] }),
        ))
}

async fn until_settled(admin: &Admin, activation: &str, rows: usize) -> Vec<Json> {
    let what = format!("{activation} has {rows} deliveries that ended");
    wait::until(&what, async || {
        let all = admin.deliveries(activation).await;
        let over = all.iter().all(|one| one["state"] != "pending");
        (over && all.len() == rows).then_some(all)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_join_tells_the_destination_what_its_payload_says() {
    let sink = Sink::start().await;
    let proxy = ProxyProcess::start(buyers(&sink));
    let ingest = proxy.ingest();
    let traits = |plan: &str| {
        let traits = json!({ "email": "b@example.com", "first_name": "B\"ob", "plan": plan });
        json!({ "type": "identify", "userId": "b", "traits": traits })
    };
    drop(ingest.batch(&[traits("free")]).await);
    drop(
        ingest
            .batch(&[traits("pro"), track("b", "buy", &json!({}))])
            .await,
    );
    let admin = proxy.admin();
    drop(until_settled(&admin, "simple", 1).await);
    drop(until_settled(&admin, "template", 1).await);

    let simple = sink.received_at("/simple");
    let expected = json!({ "mail": "b@example.com", "plans": ["free", "pro"], "source": "segue" });
    assert_eq!(simple[0].body, expected);
    assert!(simple[0].id.starts_with("msg_"), "{:?}", simple[0].id);
    let template = sink.received_at("/template");
    let expected = json!({ "to": "b@example.com", "subject": "Hello B\"ob", "was": "free" });
    assert_eq!(template[0].body, expected);

    // No consent was given, so that one was asked and sent nothing.
    let asked = until_settled(&admin, "consent", 1).await;
    assert_eq!(
        (&asked[0]["state"], &asked[0]["reason"]),
        (&json!("skipped"), &json!("no_consent"))
    );
    assert!(sink.received_at("/consent").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn once_is_once_and_a_consent_opens_the_way() {
    let sink = Sink::start().await;
    let proxy = ProxyProcess::start(buyers(&sink));
    let (ingest, admin) = (proxy.ingest(), proxy.admin());
    let consent = json!({
        "type": "consent", "userId": "c", "consents": { "marketing_automation": true },
    });
    let away =
        |away: bool| json!({ "type": "identify", "userId": "c", "traits": { "away": away } });
    drop(
        ingest
            .batch(&[consent, track("c", "buy", &json!({}))])
            .await,
    );
    drop(until_settled(&admin, "consent", 1).await);

    drop(ingest.batch(&[away(true)]).await);
    assert_eq!(admin.member_ids("buyers").await, ids([]));
    drop(ingest.batch(&[away(false)]).await);
    drop(until_settled(&admin, "simple", 2).await);
    assert_eq!(sink.received_at("/simple").len(), 2, "every join is told");
    assert_eq!(sink.received_at("/consent").len(), 2);
    let once = until_settled(&admin, "once", 2).await;
    assert_eq!(once[0]["reason"], "already_activated");
    assert_eq!(once[1]["state"], "delivered");
    assert_eq!(sink.received_at("/once").len(), 1);
}
