//! Stories in which nothing happens but the passing of time, told by a clock that the test moves.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use segue_tests::ingest::{self, track};
use segue_tests::proxy::InProcessProxy;
use segue_tests::settings::Settings;
use segue_tests::shop::Shop;
use segue_tests::sink::Sink;
use segue_tests::wait;

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

/// The machine's time: signatures are checked against it.
fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_leaves_when_the_window_has_passed() {
    let shop = Shop::start();
    let settings = Settings::new()
        .audience(
            "active",
            &json!({ "did": { "event": "visit", "in": "4m" } }),
        )
        .destination(shop.destination())
        .activation(shop.mirror("active_to_shop", &["active"]));
    let proxy = InProcessProxy::start(&settings, now()).await;
    let ids = BTreeSet::from(["42".to_owned()]);
    drop(
        proxy
            .ingest()
            .batch(&[track("42", "visit", &json!({}))])
            .await,
    );
    wait::until("the visitor is in the segment", async || {
        (shop.segment("active").await == ids).then_some(())
    })
    .await;

    // One millisecond before the end of the window nothing has changed.
    proxy.advance(4 * MINUTE - Duration::from_millis(1));
    assert_eq!(proxy.admin().member_ids("active").await, ids);
    proxy.advance(Duration::from_millis(1));
    wait::until("the visitor is out of the segment", async || {
        shop.segment("active").await.is_empty().then_some(())
    })
    .await;
    assert_eq!(proxy.admin().member_ids("active").await, BTreeSet::new());
    proxy.shutdown().await;
}

fn cart_left(sink: &Sink) -> Settings {
    let when = json!({
        "did": "add_to_basket", "then_not": "buy", "within": "10m", "match": "basket_id",
    });
    Settings::new()
        .audience("cart_left", &when)
        .destination(sink.destination("crm", "/crm"))
        .activation(json!({
            "id": "remind", "audience": "cart_left", "on": "join", "to": "crm",
            "payload": { "kind": "template", "body": { "who": "{user_id}" } },
        }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cart_that_is_left_is_told_after_it_has_settled() {
    let sink = Sink::start().await;
    let proxy = InProcessProxy::start(&cart_left(&sink), now()).await;
    let basket = json!({ "basket_id": "b-1" });
    drop(
        proxy
            .ingest()
            .batch(&[track("ada", "add_to_basket", &basket)])
            .await,
    );
    drop(
        proxy
            .ingest()
            .batch(&[track("bob", "add_to_basket", &basket)])
            .await,
    );
    proxy.advance(9 * MINUTE);
    drop(proxy.ingest().batch(&[track("bob", "buy", &basket)]).await);
    assert_eq!(proxy.admin().member_ids("cart_left").await, BTreeSet::new());

    proxy.advance(MINUTE);
    let ada = BTreeSet::from(["ada".to_owned()]);
    wait::until("who left the cart is a member", async || {
        (proxy.admin().member_ids("cart_left").await == ada).then_some(())
    })
    .await;
    assert!(
        proxy.admin().deliveries("remind").await.is_empty(),
        "it is settling"
    );
    proxy.advance(Duration::from_secs(15));
    wait::until("the reminder is out", async || {
        (!sink.received().is_empty()).then_some(())
    })
    .await;
    assert_eq!(sink.received()[0].body, json!({ "who": "ada" }));

    // Who has not bought after all stays as long as the wait was.
    proxy.advance(10 * MINUTE);
    wait::until("the membership is over", async || {
        proxy
            .admin()
            .member_ids("cart_left")
            .await
            .is_empty()
            .then_some(())
    })
    .await;
    assert_eq!(sink.received().len(), 1);
    proxy.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_comes_while_a_join_settles_saves_the_person() {
    let sink = Sink::start().await;
    let proxy = InProcessProxy::start(&cart_left(&sink), now()).await;
    let basket = json!({ "basket_id": "b-1" });
    drop(
        proxy
            .ingest()
            .batch(&[track("ada", "add_to_basket", &basket)])
            .await,
    );
    proxy.advance(10 * MINUTE);
    wait::until("who left the cart is a member", async || {
        (proxy.admin().member_ids("cart_left").await.len() == 1).then_some(())
    })
    .await;
    // The purchase was in a queue of the app's until now.
    drop(proxy.ingest().batch(&[track("ada", "buy", &basket)]).await);
    proxy.advance(Duration::from_secs(15));
    let skipped = wait::until("the trigger has ended", async || {
        proxy.admin().deliveries("remind").await.pop()
    })
    .await;
    assert_eq!(skipped["reason"], "no_longer_member", "{skipped}");
    assert!(sink.received().is_empty());
    proxy.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_has_to_do_anything_to_have_not_done_something() {
    let quiet = json!({ "all": [
        { "did": { "event": "visit", "in": "90d" } },
        { "did_not": { "event": "visit", "in": "30d" } },
    ] });
    let proxy = InProcessProxy::start(&Settings::new().audience("quiet", &quiet), now()).await;
    drop(
        proxy
            .ingest()
            .batch(&[track("ada", "visit", &json!({}))])
            .await,
    );
    let admin = proxy.admin();
    let until = async |members: usize| {
        wait::until("the quiet ones are listed", async || {
            (admin.member_ids("quiet").await.len() == members).then_some(())
        })
        .await;
    };
    proxy.advance(29 * DAY);
    until(0).await;
    proxy.advance(DAY + DAY);
    until(1).await;
    proxy.advance(60 * DAY);
    until(0).await;
    proxy.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_timer_of_a_visitor_who_signed_in_brings_no_second_person() {
    let active = json!({ "did": { "event": "visit", "in": "4m" } });
    let proxy = InProcessProxy::start(&Settings::new().audience("active", &active), now()).await;
    let (ingest, admin) = (proxy.ingest(), proxy.admin());
    let visit = json!({ "type": "track", "anonymousId": "browser", "event": "visit" });
    drop(
        ingest
            .batch(&[ingest::at(visit.clone(), proxy.now())])
            .await,
    );
    // What the store knows of the visitor includes the timer by now.
    assert_eq!(admin.members("active").await.len(), 1);
    proxy.advance(MINUTE);
    assert_eq!(admin.members("active").await.len(), 1);
    let link = json!({ "type": "identify", "userId": "ada", "anonymousId": "browser" });
    drop(ingest.batch(&[ingest::at(link, proxy.now())]).await);
    proxy.advance(3 * MINUTE);
    wait::until("the visit is too long ago", async || {
        admin.members("active").await.is_empty().then_some(())
    })
    .await;

    drop(ingest.batch(&[ingest::at(visit, proxy.now())]).await);
    let ada = BTreeSet::from(["ada".to_owned()]);
    assert_eq!(admin.member_ids("active").await, ada);
    assert_eq!(admin.members("active").await.len(), 1);
    assert_eq!(admin.events("ada").await.len(), 3);
    proxy.shutdown().await;
}
