//! Attacks with bodies.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, header};
use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use proptest::prelude::*;
use serde_json::json;

use crate::harness::{Delivery, add, app, builder, envelope, memory, persons, send};

const CAP: usize = 100_000;
const FRAME: usize = 16 * 1024;

/// A gigabyte that comes in frames, and how much of it was taken.
fn gigabyte() -> (Body, Arc<AtomicUsize>) {
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&taken);
    let frame = Bytes::from(vec![b' '; FRAME]);
    let frames = stream::repeat(frame).take(1024 * 1024 * 1024 / FRAME);
    let frames = frames.map(move |frame| {
        counted.fetch_add(frame.len(), Ordering::Relaxed);
        Ok::<_, Infallible>(frame)
    });
    (Body::from_stream(frames), taken)
}

#[tokio::test]
async fn memory_taken_by_a_big_body() {
    let receiver = builder(&memory().await)
        .body_bytes_max(CAP)
        .build()
        .unwrap();
    let app = receiver.router::<()>();
    for announced in [
        None,
        Some("10"),
        Some("1073741824"),
        Some("18446744073709551615"),
    ] {
        let (mut parts, _) = Delivery::raw("").request().into_parts();
        if let Some(announced) = announced {
            let length = announced.parse().unwrap();
            parts.headers.insert(header::CONTENT_LENGTH, length);
        }
        let (body, taken) = gigabyte();
        let answer = send(&app, Request::from_parts(parts, body)).await;
        answer.refuses(413, "body_too_large");
        let taken = taken.load(Ordering::Relaxed);
        assert!(taken <= CAP + FRAME, "{taken} bytes were taken");
    }
}

#[tokio::test(start_paused = true)]
async fn slow_body() {
    let (app, _) = app().await;
    let (parts, _) = Delivery::raw("").request().into_parts();
    let drip = stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Some((Ok::<_, Infallible>(Bytes::from_static(b" ")), ()))
    });
    let start = tokio::time::Instant::now();
    let request = Request::from_parts(parts, Body::from_stream(drip));
    send(&app, request).await.refuses(408, "body_timeout");
    assert_eq!(start.elapsed(), Duration::from_secs(30));
}

#[tokio::test]
async fn body_altered_by_a_proxy() {
    let (app, segments) = app().await;
    let (parts, _) = Delivery::of(json!([add("42", "vip", 1)]))
        .request()
        .into_parts();
    let pretty = serde_json::to_string_pretty(&envelope(json!([add("42", "vip", 1)])));
    let request = Request::from_parts(parts, Body::from(pretty.unwrap()));
    let line = crate::logs::line_of(&app, request).await;
    assert!(
        line.contains("differs from what was signed only in JSON white space"),
        "{line}"
    );
    assert!(segments.segments("shop").await.unwrap().is_empty());
}

#[tokio::test]
async fn decompression_before_verification() {
    let (app, _) = app().await;
    // Ten bytes that would become much more: the signature is over these ten.
    let compressed = b"\x1f\x8b\x08\0\0\0\0\0\0\x03";
    let good = Delivery::raw(compressed).header("content-encoding", "gzip");
    good.send(&app).await.refuses(415, "unsupported_media_type");
    let forged = Delivery::raw(compressed)
        .header("content-encoding", "gzip")
        .header("webhook-signature", "v1,AAAA");
    forged.send(&app).await.refuses(401, "unauthorized");
}

#[tokio::test]
async fn parser_bombs_after_verification() {
    let (app, _) = app().await;
    let usual = envelope(json!([add("42", "vip", 1)])).to_string();
    for bomb in [
        "[".repeat(500_000),
        "{\"a\":".repeat(100_000),
        usual.replace("\"sequence\":1", "\"sequence\":1e999999"),
        usual.replace(
            "\"sequence\":1",
            &format!("\"sequence\":{}", "9".repeat(100_000)),
        ),
        usual.replace("\"sequence\":1", "\"sequence\":-1"),
        usual.replace("\"type\":", "\"type\":\"audience.membership\",\"type\":"),
        usual.replace("\"data\":", "\"data\":null,\"data\":"),
        format!("\"{}\"", "\\u0000".repeat(100_000)),
    ] {
        let answer = Delivery::raw(bomb).send(&app).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
    }
    // A member that nobody knows is passed over without descending into it.
    let (open, close) = ("[".repeat(50_000), "]".repeat(50_000));
    let deep = usual.replace("\"data\":", &format!("\"more\":{open}{close},\"data\":"));
    assert_eq!(Delivery::raw(deep).send(&app).await.status, 200);
    let wide = json!([crate::harness::replace(&persons(20_000), "vip", 1)]);
    assert_eq!(Delivery::of(wide).send(&app).await.status, 202);
}

proptest! {
    #[test]
    fn panic_by_malformed_input(
        headers in proptest::collection::vec(
            ("authorization|webhook-(id|timestamp|signature)|content-(type|length|encoding)",
             proptest::collection::vec(any::<u8>(), 0..40)),
            0..8,
        ),
        body in proptest::collection::vec(any::<u8>(), 0..200),
        query in "[ -~]{0,40}",
    ) {
        let app = app().now_or_never().expect("a memory store does not wait").0;
        let mut request = Request::post("/cdp/webhook").body(Body::from(body)).unwrap();
        if let Ok(uri) = format!("/cdp/webhook?{query}").parse() {
            *request.uri_mut() = uri;
        }
        for (name, value) in headers {
            let name: axum::http::HeaderName = name.parse().unwrap();
            if let Ok(value) = axum::http::HeaderValue::from_bytes(&value) {
                request.headers_mut().append(name, value);
            }
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let answer = runtime.block_on(send(&app, request));
        prop_assert_eq!(answer.status.as_u16(), 401);
    }
}
