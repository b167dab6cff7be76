//! The checks in front of services that know nothing of them.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::http::{Request, Response};
use segue_receiver::{Receiver, Sender, VerifyService};
use serde_json::json;
use tower::util::BoxCloneSyncService;
use tower::{Layer as _, ServiceExt as _, service_fn};

use crate::harness::{CLIENT, Delivery, GROUP, add, builder, memory};

type Service = VerifyService<BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>>;

/// Answers with who sent what.
async fn echo(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let (parts, body) = request.into_parts();
    let sender = parts.extensions.get::<Sender>().expect("it is verified");
    let body = axum::body::to_bytes(body, usize::MAX).await;
    let text = format!(
        "{} {} {} {} {}",
        sender.client_id(),
        sender.segment_group(),
        sender.message_id().unwrap_or("none"),
        sender.timestamp_s().is_some(),
        body.expect("it is in memory").escape_ascii()
    );
    Ok(Response::new(Body::from(text)))
}

async fn receiver() -> Receiver {
    let receiver = builder(&memory().await).body_bytes_max(1_000);
    receiver.build().expect("the settings are right")
}

async fn service() -> Service {
    let inner = BoxCloneSyncService::new(service_fn(echo));
    receiver().await.layer().layer(inner)
}

async fn call(service: &Service, request: Request<Body>) -> (u16, String) {
    let response = service.clone().oneshot(request).await.expect("it answers");
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await;
    let body = body.expect("it is in memory").to_vec();
    (status, String::from_utf8(body).expect("it is text"))
}

#[tokio::test]
async fn a_service_sees_verified_bytes_of_any_content_and_their_sender() {
    let service = service().await;
    for (content_type, body) in [
        ("application/json", &b"{}"[..]),
        ("text/plain", b"\xff\0 any bytes"),
        ("application/x-www-form-urlencoded", b""),
    ] {
        let delivery = Delivery::raw(body)
            .id("msg_layer")
            .header("content-type", content_type);
        let (status, text) = call(&service, delivery.request()).await;
        assert_eq!(status, 200);
        assert_eq!(
            text,
            format!("{CLIENT} {GROUP} msg_layer true {}", body.escape_ascii())
        );
    }
}

#[tokio::test]
async fn a_service_sees_nothing_of_a_refused_request() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let inner = service_fn(move |request| {
        counted.fetch_add(1, Ordering::Relaxed);
        echo(request)
    });
    let service = receiver()
        .await
        .layer()
        .layer(BoxCloneSyncService::new(inner));
    let good = || Delivery::of(json!([add("42", "vip", 1)]));
    for (delivery, expected) in [
        (good().without("authorization"), 401),
        (good().header("webhook-signature", "v1,AAAA"), 401),
        (good().header("content-encoding", "gzip"), 415),
        (Delivery::raw(vec![b' '; 1_001]), 413),
    ] {
        let (status, text) = call(&service, delivery.request()).await;
        assert_eq!(status, expected, "{text}");
    }
    assert_eq!(calls.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn its_own_bound_holds_for_a_body_of_any_type_and_unknown_length() {
    let chunks = vec![Ok::<_, Infallible>(bytes::Bytes::from(vec![b' '; 100])); 11];
    let stream = Body::from_stream(futures_util::stream::iter(chunks));
    let (parts, _) = Delivery::raw("").request().into_parts();
    let request = Request::from_parts(parts, http_body_util::BodyExt::boxed_unsync(stream));
    let inner = BoxCloneSyncService::new(service_fn(echo));
    let response = receiver().await.layer().layer(inner).oneshot(request).await;
    assert_eq!(response.unwrap().status(), 413);
}

#[tokio::test]
async fn compressed_bytes_pass_unread_when_the_host_says_so() {
    let inner = BoxCloneSyncService::new(service_fn(echo));
    let service = receiver().await.layer().encoded_bodies().layer(inner);
    let delivery = Delivery::raw(b"\x1f\x8b\x08").header("content-encoding", "gzip");
    let (status, text) = call(&service, delivery.request()).await;
    assert_eq!(status, 200);
    assert!(text.ends_with(r"\x1f\x8b\x08"), "{text}");
}

#[tokio::test]
async fn it_goes_around_routes_of_an_app_too() {
    let app = axum::Router::new()
        .route(
            "/hook",
            axum::routing::post(|body: String| async move { body }),
        )
        .layer(receiver().await.layer());
    let mut good = Delivery::raw("anything");
    good.uri = "/hook".to_owned();
    assert_eq!(good.send(&app).await.text, "anything");
    let mut bad = Delivery::raw("anything").without("authorization");
    bad.uri = "/hook".to_owned();
    bad.send(&app).await.refuses(401, "unauthorized");
}
