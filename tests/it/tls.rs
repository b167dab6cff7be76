//! TLS on both sides of the proxy: the SDK to what stands in front of it, and it to a destination.

use std::process::Command;

use serde_json::{Value as Json, json};

use segue_tests::binaries;
use segue_tests::ingest::track;
use segue_tests::proxy::ProxyProcess;
use segue_tests::settings::{Settings, WRITE_KEY};
use segue_tests::sink::Sink;
use segue_tests::tls::TlsFront;
use segue_tests::wait;

fn settings(front: &TlsFront) -> Settings {
    Settings::new()
        .audience("buyers", &json!({ "did": "buy" }))
        .destination(json!({
            "id": "sink", "url": format!("{}/hook", front.url()), "allow_private": true,
        }))
        .activation(json!({
            "id": "tell", "audience": "buyers", "on": "join", "to": "sink",
            "payload": { "kind": "template", "body": { "who": "{user_id}" } },
        }))
}

async fn test_send(proxy: &ProxyProcess) -> Json {
    let admin = proxy.admin();
    let nobody = json!({});
    let answer = admin.call("POST", "/activations/tell/test", Some(&nobody));
    answer.await.expect(200).json
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_is_called_over_tls_where_its_authority_is_trusted() {
    let sink = Sink::start().await;
    let front = TlsFront::start(sink.addr()).await;
    let proxy = ProxyProcess::prepare(settings(&front));
    let authority = proxy.folder().join("authority.pem");
    front.write_authority(&authority);
    let mut proxy = proxy.with_variable("SSL_CERT_FILE", &authority.to_string_lossy());
    proxy.restart();
    drop(
        proxy
            .ingest()
            .batch(&[track("42", "buy", &json!({}))])
            .await,
    );
    let received = wait::until("the webhook came in", async || {
        sink.received().into_iter().next()
    })
    .await;
    assert_eq!(received.body, json!({ "who": "42" }));
    assert_eq!(test_send(&proxy).await["status"], "success");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_whose_authority_nobody_knows_gets_nothing() {
    let sink = Sink::start().await;
    let front = TlsFront::start(sink.addr()).await;
    let proxy = ProxyProcess::start(settings(&front));
    let tested = test_send(&proxy).await;
    assert_eq!(tested["status"], "error", "{tested}");
    assert_eq!(tested["response_code"], Json::Null);
    assert!(sink.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdk_sends_over_tls_to_whom_it_trusts_and_says_so_where_it_does_not() {
    let proxy = ProxyProcess::start(Settings::new());
    let front = TlsFront::start(proxy.addr()).await;
    let authority = proxy.folder().join("authority.pem");
    front.write_authority(&authority);
    let quickstart = |trusts: bool| {
        let mut command = Command::new(binaries::of_this_profile().quickstart());
        command
            .env("SEGUE_URL", front.url())
            .env("SEGUE_WRITE_KEY", WRITE_KEY);
        if trusts {
            command.env("SSL_CERT_FILE", &authority);
        }
        command
    };
    let run = |mut command: Command| async {
        let run = tokio::task::spawn_blocking(move || command.output());
        let output = run.await.expect("the example does not panic");
        output.expect("the example can be run")
    };
    let refused = run(quickstart(false)).await;
    assert!(!refused.status.success());
    assert_eq!(proxy.admin().events("42").await.len(), 0);
    let sent = run(quickstart(true)).await;
    assert!(sent.status.success(), "{sent:?}");
    assert_eq!(proxy.admin().events("42").await.len(), 4);
}
