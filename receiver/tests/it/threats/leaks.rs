//! What an attacker may learn, and what asking costs.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use axum::http::Request;
use bytes::Bytes;
use futures_util::stream;
use segue_receiver::signature::SigningKey;
use segue_receiver::testing::{SignedRequest, Wrong};
use segue_receiver::{Credentials, Receiver};
use serde_json::json;

use crate::harness::{
    CLIENT, Delivery, SECRET, SIGNING, activation, add, app, basic, builder, memory, secret, send,
};

#[tokio::test]
async fn information_leak_in_errors() {
    let (app, _) = app().await;
    let mut answers = Vec::new();
    for wrong in Wrong::ALL {
        let request = SignedRequest::new(&secret())
            .basic(CLIENT, SECRET)
            .wrong(wrong);
        if wrong.status() == 401 {
            answers.push(send(&app, request.build()).await);
        }
    }
    for (client, secret) in [(CLIENT, "wrong-secret"), ("wrong-client", SECRET)] {
        let mut delivery = Delivery::of(json!([]));
        delivery
            .headers
            .insert("authorization", basic(client, secret));
        answers.push(delivery.send(&app).await);
    }
    for answer in &answers {
        answer.refuses(401, "unauthorized");
        assert_eq!(
            (&answer.text, &answer.headers),
            (&answers[0].text, &answers[0].headers)
        );
    }
}

#[tokio::test]
async fn secret_leak_by_debug_or_log() {
    let key: SigningKey = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==".parse().unwrap();
    let builder = Receiver::builder()
        .segments(memory().await)
        .activation(activation().verifying_key(key.verifying_key()))
        .credentials([
            Credentials::Basic,
            Credentials::query_token(),
            Credentials::json(),
        ])
        .log_bodies(10_000);
    let mut texts = vec![
        format!("{key:?} {:?} {:?}", secret(), activation()),
        format!("{builder:?}"),
    ];
    let receiver = builder.build().unwrap();
    texts.push(format!("{receiver:?} {:?}", receiver.layer()));
    let app = receiver.router::<()>();
    let mut in_query = Delivery::of(json!([add("person-42", "vip", 1)])).without("authorization");
    in_query.uri = format!("/cdp/webhook?token={SECRET}");
    let mut in_body = crate::harness::envelope(json!([]));
    in_body["client_id"] = CLIENT.into();
    in_body["client_secret"] = SECRET.into();
    let in_body = Delivery::raw(in_body.to_string()).without("authorization");
    let mut forged = Delivery::of(json!([]));
    forged
        .headers
        .insert("authorization", basic(CLIENT, "a-wrong-secret"));
    for request in [in_query.request(), in_body.request(), forged.request()] {
        texts.push(crate::logs::line_of(&app, request).await);
    }
    for text in texts {
        for leak in [
            SECRET,
            &SIGNING[6..],
            "6Xb/dC",
            "a-wrong-secret",
            "person-42",
            "c2hvcC1",
        ] {
            assert!(!text.contains(leak), "{leak} is in {text}");
        }
    }
}

#[tokio::test]
async fn flood_of_bad_signatures() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let receiver = builder(&memory().await).build().unwrap();
    let app = receiver.router::<()>();
    for _ in 0..50 {
        let forged = Delivery::of(json!([])).header("webhook-signature", "v1,AAAA");
        forged.send(&app).await.refuses(401, "unauthorized");
    }
    let figures = recorder.handle().render();
    let line = format!(
        r#"requests_total{{activation="{CLIENT}",outcome="refused",cause="no_signature"}} 50"#
    );
    assert!(figures.contains(&line), "{figures}");

    // Of somebody unknown not one byte of the body is asked for.
    let asked = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&asked);
    let body = stream::poll_fn(move |_| {
        seen.store(true, Ordering::Relaxed);
        std::task::Poll::Ready(Some(Ok::<_, Infallible>(Bytes::from_static(b" "))))
    });
    let (mut parts, _) = Delivery::raw("").request().into_parts();
    parts
        .headers
        .insert("authorization", basic(CLIENT, "a-wrong-secret"));
    let request = Request::from_parts(parts, Body::from_stream(body));
    send(&app, request).await.refuses(401, "unauthorized");
    assert!(!asked.load(Ordering::Relaxed));
}
