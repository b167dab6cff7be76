//! Somebody who is erased: gone here, gone at the receiver, and not brought back by a retry.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use segue_tests::ingest::{at, track};
use segue_tests::proxy::ProxyProcess;
use segue_tests::settings::Settings;
use segue_tests::shop::Shop;
use segue_tests::wait;

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

fn dated(user: &str, id: &str, ms: i64) -> Json {
    let mut event = at(
        track(user, "buy", &json!({ "secret": "of-the-erased" })),
        ms,
    );
    event["messageId"] = id.into();
    event
}

async fn until_buyers(shop: &Shop, ids: &[&str]) {
    let ids: BTreeSet<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    let what = format!("the segment is {ids:?}");
    wait::until(&what, async || {
        (shop.segment("buyers").await == ids).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_erased_is_gone_everywhere() {
    let shop = Shop::start();
    let settings = Settings::new()
        .audience("buyers", &json!({ "did": "buy" }))
        .destination(shop.destination())
        .activation(shop.mirror("buyers_to_shop", &["buyers"]));
    let mut proxy = ProxyProcess::start(settings);
    let (ingest, admin) = (proxy.ingest(), proxy.admin());
    let link = json!({ "type": "identify", "userId": "ada", "anonymousId": "browser" });
    let before = now();
    let events = [
        dated("ada", "m-1", before),
        dated("bob", "m-2", before),
        link,
    ];
    drop(ingest.batch(&events).await);
    until_buyers(&shop, &["ada", "bob"]).await;

    let answer = admin.call("DELETE", "/profiles/ada", None).await;
    drop(answer.expect(204));
    assert_eq!(admin.call("GET", "/profiles/ada", None).await.status, 404);
    let by_browser = admin
        .call("GET", "/profiles?anonymous_id=browser", None)
        .await;
    assert_eq!(by_browser.status, 404, "{}", by_browser.text);
    assert!(admin.events("ada").await.is_empty());
    assert_eq!(
        admin.member_ids("buyers").await,
        BTreeSet::from(["bob".to_owned()])
    );
    until_buyers(&shop, &["bob"]).await;

    // A client that tries again what it sent before brings nobody back.
    let answer = ingest.try_batch(&[dated("ada", "m-1", before)]).await;
    let answer = answer.expect("the proxy is there").expect(200);
    assert_eq!(
        answer.json["rejected"][0]["code"], "erased",
        "{}",
        answer.text
    );
    assert_eq!(admin.call("GET", "/profiles/ada", None).await.status, 404);

    assert_eq!(proxy.terminate(), Some(0));
    proxy.restart();
    assert!(proxy.admin().events("ada").await.is_empty());
    assert_eq!(proxy.admin().events("bob").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_there_before_the_mirror_is_gone_from_it_too() {
    let shop = Shop::start();
    let settings = Settings::new()
        .audience("buyers", &json!({ "did": "buy" }))
        .destination(shop.destination());
    let proxy = ProxyProcess::start(settings);
    let (ingest, admin) = (proxy.ingest(), proxy.admin());
    let before = now();
    let events = [dated("ada", "m-1", before), dated("bob", "m-2", before)];
    drop(ingest.batch(&events).await);
    let mirror = shop.mirror("buyers_to_shop", &["buyers"]);
    let answer = admin.call("POST", "/activations", Some(&mirror)).await;
    drop(answer.expect(201));
    until_buyers(&shop, &["ada", "bob"]).await;
    let answer = admin.call("DELETE", "/profiles/ada", None).await;
    drop(answer.expect(204));
    until_buyers(&shop, &["bob"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_the_erased_is_left_in_the_file() {
    let mut proxy = ProxyProcess::start(Settings::new().limit("write_back_seconds", 1));
    let (ingest, admin) = (proxy.ingest(), proxy.admin());
    drop(
        ingest
            .batch(&[dated("ada", "m-1", now()), track("bob", "buy", &json!({}))])
            .await,
    );
    drop(
        admin
            .call("DELETE", "/profiles/ada", None)
            .await
            .expect(204),
    );
    assert_eq!(proxy.terminate(), Some(0));
    for entry in std::fs::read_dir(proxy.data_dir()).expect("the data is there") {
        let path = entry.expect("the data is there").path();
        let bytes = std::fs::read(&path).expect("the data can be read");
        let there = bytes.windows(13).any(|found| found == b"of-the-erased");
        assert!(!there, "the words of the erased are in {}", path.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_after_an_erasure_is_not_given_the_past() {
    let proxy = ProxyProcess::start(Settings::new());
    let (ingest, admin) = (proxy.ingest(), proxy.admin());
    let before = now() - 1_000;
    drop(ingest.batch(&[dated("ada", "m-1", before)]).await);
    drop(
        admin
            .call("DELETE", "/profiles/ada", None)
            .await
            .expect(204),
    );
    let after = wait::until("a millisecond has passed", async || {
        let after = now();
        (after > before + 1_010).then_some(after)
    })
    .await;
    drop(ingest.batch(&[dated("ada", "m-2", after)]).await);
    let answer = ingest.try_batch(&[dated("ada", "m-1", before)]).await;
    let answer = answer.expect("the proxy is there").expect(200);
    assert_eq!(
        answer.json["rejected"][0]["code"], "erased",
        "{}",
        answer.text
    );
    assert_eq!(admin.events("ada").await.len(), 1);
}
