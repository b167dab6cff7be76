//! The table of answers of the contract.

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::json;

use crate::harness::{
    Delivery, add, app, builder, envelope, members, memory, persons, replace, send,
};
use segue_receiver::Activation;

#[tokio::test]
async fn changes_are_applied_and_counted() {
    let (app, segments) = app().await;
    let answer = Delivery::of(json!([add("42", "vip", 17), add("43", "vip", 18)]))
        .send(&app)
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.json(),
        json!({"applied": 2, "skipped": [], "pending": 0})
    );
    assert_eq!(members(&segments, "vip").await, ["42", "43"]);
}

#[tokio::test]
async fn a_stale_change_is_skipped_by_its_index() {
    let (app, _) = app().await;
    Delivery::of(json!([add("42", "vip", 17)])).send(&app).await;
    let answer = Delivery::of(json!([add("43", "vip", 17), add("42", "vip", 17)]))
        .send(&app)
        .await;
    let json = answer.json();
    assert_eq!(
        (&json["applied"], &json["skipped"][0]["index"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(json["skipped"][0]["code"], "stale");
}

#[tokio::test]
async fn a_bad_item_is_reported_and_the_rest_applied() {
    let (app, segments) = app().await;
    let answer = Delivery::of(json!([
        add(" ", "vip", 1),
        add("42", "", 1),
        add(" 43 ", "vip", 1)
    ]));
    let json = answer.send(&app).await.json();
    assert_eq!(json["applied"], 1);
    assert_eq!(json["skipped"][0]["code"], "invalid_person");
    assert_eq!(json["skipped"][1]["code"], "invalid_audience");
    assert_eq!(members(&segments, "vip").await, ["43"]);
}

#[tokio::test]
async fn a_test_send_is_checked_in_full_and_changes_nothing() {
    let (app, segments) = app().await;
    let mut body = envelope(json!([replace(&persons(200), "vip", 17)]));
    body["data"]["test"] = json!(true);
    let answer = Delivery::raw(body.to_string())
        .id("msg_test")
        .send(&app)
        .await;
    assert_eq!(
        answer.json(),
        json!({"applied": 1, "skipped": [], "pending": 0})
    );
    assert!(segments.segments("shop").await.unwrap().is_empty());
    assert!(!segments.group("shop").await.unwrap().unwrap().locked);
    let answer = Delivery::of(json!([add("42", "vip", 1)]))
        .id("msg_test")
        .send(&app)
        .await;
    assert_eq!(answer.json()["applied"], 1, "a test send claims nothing");

    body["data"]["changes"] = json!([{"op": "add"}]);
    Delivery::raw(body.to_string())
        .send(&app)
        .await
        .refuses(400, "invalid_payload");
}

#[tokio::test]
async fn what_is_not_json_or_not_this_shape_is_400() {
    let (app, _) = app().await;
    for body in ["", "{", "nope", "\u{feff}{}"] {
        Delivery::raw(body)
            .send(&app)
            .await
            .refuses(400, "invalid_json");
    }
    let deep = "[".repeat(100_000);
    Delivery::raw(deep)
        .send(&app)
        .await
        .refuses(400, "invalid_json");
    Delivery::raw(b"\xff\xfe".to_vec())
        .send(&app)
        .await
        .refuses(400, "invalid_json");
    for body in ["{}", "[]", "null", r#"{"type": "other"}"#] {
        Delivery::raw(body)
            .send(&app)
            .await
            .refuses(400, "invalid_payload");
    }
}

#[tokio::test]
async fn content_that_is_not_plain_json_is_415() {
    let (app, _) = app().await;
    let good = || Delivery::of(json!([]));
    for kind in ["text/plain", "application/x-www-form-urlencoded", "json"] {
        let answer = good().header("content-type", kind).send(&app).await;
        answer.refuses(415, "unsupported_media_type");
    }
    good()
        .without("content-type")
        .send(&app)
        .await
        .refuses(415, "unsupported_media_type");
    let answer = good().header("content-encoding", "gzip").send(&app).await;
    answer.refuses(415, "unsupported_media_type");
    for kind in [
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/cloud+json",
    ] {
        assert_eq!(
            good().header("content-type", kind).send(&app).await.status,
            200
        );
    }
}

#[tokio::test]
async fn a_large_body_is_413_whether_announced_or_not() {
    let segments = memory().await;
    let app = builder(&segments)
        .body_bytes_max(1_000)
        .build()
        .unwrap()
        .router::<()>();
    Delivery::raw(vec![b' '; 1_001])
        .send(&app)
        .await
        .refuses(413, "body_too_large");
    assert_eq!(
        Delivery::raw(vec![b' '; 1_000]).send(&app).await.status,
        400
    );

    let (parts, body) = Delivery::raw(vec![b' '; 1_001]).request().into_parts();
    let chunks = axum::body::to_bytes(body, 2_000).await.unwrap();
    let chunks: Vec<_> = chunks
        .chunks(100)
        .map(<[u8]>::to_vec)
        .map(Ok::<_, std::io::Error>)
        .collect();
    let stream = Body::from_stream(futures_util::stream::iter(chunks));
    send(&app, Request::from_parts(parts, stream))
        .await
        .refuses(413, "body_too_large");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_408_and_one_that_breaks_is_400() {
    let segments = memory().await;
    let soon = std::time::Duration::from_millis(20);
    let app = builder(&segments)
        .body_timeout(soon)
        .build()
        .unwrap()
        .router::<()>();
    let (parts, _) = Delivery::raw("").request().into_parts();
    let never = futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>();
    let request = Request::from_parts(parts.clone(), Body::from_stream(never));
    send(&app, request).await.refuses(408, "body_timeout");
    let broken = [Ok(vec![b'{']), Err(std::io::Error::other("reset"))];
    let broken = Body::from_stream(futures_util::stream::iter(broken));
    send(&app, Request::from_parts(parts, broken))
        .await
        .refuses(400, "body_unreadable");
}

#[tokio::test]
async fn groups_are_kept_apart() {
    let segments = memory().await;
    segments.create_group("other", "Other").await.unwrap();
    let other = Activation::new("other-client", "other").secret("other-secret");
    let other = other.signing_secret(crate::harness::secret());
    let app = builder(&segments)
        .activation(other)
        .build()
        .unwrap()
        .router::<()>();
    let to = |group: &str| {
        let mut body = envelope(json!([add("42", "vip", 1)]));
        body["data"]["segment_group"] = json!(group);
        Delivery::raw(body.to_string())
    };
    to("other")
        .send(&app)
        .await
        .refuses(403, "segment_group_forbidden");
    to("nowhere")
        .send(&app)
        .await
        .refuses(404, "unknown_segment_group");
    assert_eq!(to("shop").send(&app).await.status, 200);

    let mut body = envelope(json!([add("42", "vip", 2)]));
    body["data"]
        .as_object_mut()
        .unwrap()
        .remove("segment_group");
    assert_eq!(
        Delivery::raw(body.to_string()).send(&app).await.json()["applied"],
        1
    );
}

#[tokio::test]
async fn a_configured_group_that_nobody_created_is_404() {
    let segments =
        segue_receiver::segments::Segments::new(segue_receiver::segments::MemoryStore::new());
    let receiver = builder(&segments).build().unwrap();
    assert!(receiver.connect().await.is_err());
    let answer = Delivery::of(json!([add("42", "vip", 1)]))
        .send(&receiver.router())
        .await;
    answer.refuses(404, "unknown_segment_group");
}

#[tokio::test]
async fn other_methods_are_405_with_allow() {
    let (app, _) = app().await;
    for (method, path, allow) in [
        ("GET", "/cdp/webhook", "POST"),
        ("PUT", "/cdp/webhook/", "POST"),
        ("DELETE", "/cdp/webhook", "POST"),
        ("POST", "/cdp/webhook/jobs/1", "GET,HEAD"),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(Body::empty())
            .unwrap();
        let answer = send(&app, request).await;
        answer.refuses(405, "method_not_allowed");
        assert_eq!(answer.headers[header::ALLOW], allow);
    }
}

#[tokio::test]
async fn audiences_outside_the_allowed_list_are_skipped() {
    let segments = memory().await;
    let only_vip = crate::harness::activation().audiences(["vip"]);
    let receiver = segue_receiver::Receiver::builder();
    let receiver = receiver
        .segments(segments.clone())
        .activation(only_vip)
        .build()
        .unwrap();
    let answer = Delivery::of(json!([add("42", "vip", 1), add("42", "new", 1)]));
    let json = answer.send(&receiver.router()).await.json();
    assert_eq!(
        (&json["applied"], &json["skipped"][0]["index"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(json["skipped"][0]["code"], "audience_not_allowed");
    assert_eq!(segments.segments("shop").await.unwrap().len(), 1);
}
