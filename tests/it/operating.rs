//! What somebody who runs a proxy asks it, over HTTP and of the real binary.

use std::process::Command;

use serde_json::{Value as Json, json};

use segue_tests::binaries;
use segue_tests::ingest::track;
use segue_tests::proxy::ProxyProcess;
use segue_tests::settings::Settings;
use segue_tests::sink::{Refusal, Sink};
use segue_tests::wait;

fn settings(sink: &Sink) -> Settings {
    let often = json!({ "did": { "event": "buy", "in": "30d", "count": { "gte": 2 } } });
    let mut destination = sink.destination("crm", "/hook");
    destination["headers"] = json!({ "X-Api-Key": "k3y of the crm" });
    Settings::new()
        .audience("often", &often)
        .destination(destination)
        .activation(json!({
            "id": "tell", "audience": "often", "on": "join", "to": "crm",
            "payload": { "kind": "template", "body": { "who": "{user_id}", "mail": "{email}" } },
        }))
}

async fn post(proxy: &ProxyProcess, path: &str, body: &Json) -> Json {
    let answer = proxy.admin().call("POST", path, Some(body)).await;
    answer.expect(200).json
}

/// A proxy with two buys of one person and one of another.
async fn with_buyers(sink: &Sink) -> ProxyProcess {
    let proxy = ProxyProcess::start(settings(sink));
    let known =
        json!({ "type": "identify", "userId": "42", "traits": { "email": "ada@x.example" } });
    let bought = ["42", "42", "43"].map(|user| track(user, "buy", &json!({ "amount": 5 })));
    let events: Vec<Json> = [known].into_iter().chain(bought).collect();
    drop(proxy.ingest().batch(&events).await);
    proxy
}

#[tokio::test(flavor = "multi_thread")]
async fn a_membership_is_explained_by_values_bounds_and_when_it_changes() {
    let sink = Sink::start().await;
    let proxy = with_buyers(&sink).await;
    let explain = async |user: &str| {
        let path = format!("/audiences/often/explain?user_id={user}");
        proxy.admin().get(&path).await
    };
    let member = explain("42").await;
    assert_eq!(
        (&member["audience"], &member["member"]),
        (&json!("often"), &json!(true))
    );
    assert_eq!(member["condition"]["value"], 2, "{member}");
    assert!(member["condition"]["bound"].is_string(), "{member}");
    assert!(
        member["condition"]["changes_at"].is_string(),
        "in 30 days it ends"
    );
    let other = explain("43").await;
    assert_eq!(other["member"], false);
    assert_eq!(other["condition"]["value"], 1, "{other}");
    let admin = proxy.admin();
    let nobody = admin.call("GET", "/audiences/often/explain?user_id=0", None);
    drop(nobody.await.expect(404));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_shows_whom_and_what_and_sends_nothing() {
    let sink = Sink::start().await;
    let proxy = with_buyers(&sink).await;
    let delivered = wait::until("the join arrived", async || {
        sink.received().into_iter().next()
    });
    let delivered = delivered.await;

    let when = json!({ "when": { "did": { "event": "buy" } } });
    let reach = post(&proxy, "/audiences/preview", &when).await;
    assert_eq!(
        (&reach["qualified"], &reach["reachable"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(reach["exact"], true);
    let shown = post(
        &proxy,
        "/activations/tell/preview",
        &json!({ "user_id": "42" }),
    )
    .await;
    assert_eq!(shown["method"], "POST");
    assert_eq!(shown["body"], delivered.body, "the request that went out");
    assert!(!shown.to_string().contains("k3y of the crm"), "{shown}");
    assert_eq!(sink.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_goes_out_says_how_it_went_and_leaves_no_trace() {
    let sink = Sink::start().await;
    let proxy = with_buyers(&sink).await;
    proxy.admin().until_delivered().await;
    let before = proxy.admin().deliveries("tell").await;
    let tested = post(
        &proxy,
        "/activations/tell/test",
        &json!({ "user_id": "42" }),
    )
    .await;
    assert_eq!(
        (&tested["status"], &tested["response_code"]),
        (&json!("success"), &json!(200))
    );
    assert_eq!(sink.received().len(), before.len() + 1);
    let last = sink.received().pop().expect("the test");
    assert_eq!(last.body["who"], "42");
    assert_eq!(last.headers["x-api-key"], "k3y of the crm");
    sink.refuse([Refusal {
        status: 500,
        retry_after_s: None,
    }]);
    let failed = post(&proxy, "/activations/tell/test", &json!({})).await;
    assert_eq!(
        (&failed["status"], &failed["response_code"]),
        (&json!("error"), &json!(500))
    );
    assert_eq!(proxy.admin().deliveries("tell").await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_counted_and_sent_again_under_its_id() {
    let sink = Sink::start().await;
    sink.refuse([Refusal {
        status: 400,
        retry_after_s: None,
    }]);
    let proxy = with_buyers(&sink).await;
    let dead = wait::until("the delivery is given up", async || {
        proxy.admin().get("/deliveries?state=failed").await["deliveries"]
            .as_array()?
            .first()
            .cloned()
    })
    .await;
    assert_eq!(dead["reason"], "rejected", "{dead}");
    let wanted = json!({ "reason": "rejected", "dry_run": true });
    let counted = post(&proxy, "/deliveries/replay", &wanted).await;
    assert_eq!(counted, json!({ "matched": 1, "replayed": 0 }));
    assert_eq!(sink.received().len(), 1);
    let replayed = post(
        &proxy,
        "/deliveries/replay",
        &json!({ "reason": "rejected" }),
    )
    .await;
    assert_eq!(replayed, json!({ "matched": 1, "replayed": 1 }));
    proxy.admin().until_delivered().await;
    let ids: Vec<String> = sink.received().into_iter().map(|one| one.id).collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
    let after = proxy.admin().get("/deliveries?state=delivered").await;
    assert_eq!(after["deliveries"][0]["id"], dead["id"]);
}

#[test]
fn a_first_start_that_finds_its_port_taken_makes_no_keys_that_nobody_saw() {
    let folder = tempfile::tempdir().expect("there is room for a temporary folder");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let port = taken.local_addr().expect("it is bound").port();
    let (file, data) = (folder.path().join("segue.yaml"), folder.path().join("data"));
    let text = format!("listen: 127.0.0.1:{port}\ndata_dir: {}\n", data.display());
    std::fs::write(&file, text).expect("there is room for a file");
    let mut command = Command::new(binaries::of_this_profile().proxy());
    let output = command.args(["serve", "--config"]).arg(file).output();
    let output = output.expect("the binary can be run");
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("cannot listen on"), "{said}");
    assert!(!data.join("credentials.json").exists());
}
