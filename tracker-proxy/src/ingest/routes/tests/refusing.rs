//! Requests of which nothing is taken.

use super::*;

#[tokio::test]
async fn a_key_in_the_headers_wins_over_one_in_the_body() {
    let proxy = proxy();
    let body = format!(r#"{{"writeKey":"wk_secret","batch":[{TRACK}]}}"#);
    let (status, body) = proxy
        .refuse(post_to("/v1/batch", &[("x-write-key", "wk_no")], body))
        .await;
    assert_eq!(
        (status.as_u16(), &body["code"]),
        (401, &"unknown_write_key".into())
    );
    assert_eq!(body["success"], false);
}

#[tokio::test]
async fn what_cannot_be_taken_says_why_in_code_and_words() {
    let proxy = proxy();
    let large = vec![b' '; 10_000_000];
    let bomb = gzip(&" ".repeat(5_000_000));
    for (request, status, code, part) in [
        (
            backend("/v1/batch", "{\"batch\":["),
            400,
            "unreadable_body",
            "EOF",
        ),
        (backend("/v1/track", "[]"), 400, "unreadable_body", "object"),
        (
            backend("/v1/batch", "\x1f\u{8b}"),
            400,
            "unreadable_body",
            "",
        ),
        (
            post_to("/v1/batch", &[], batch(TRACK)),
            401,
            "missing_write_key",
            "write key",
        ),
        (
            post_to("/v1/track", &[("x-write-key", "no")], TRACK),
            401,
            "unknown_write_key",
            "",
        ),
        (
            backend("/v1/batch", large),
            413,
            "body_too_large",
            "4194304",
        ),
        (backend("/v1/batch", bomb), 413, "body_too_large", "4194304"),
        (
            backend("/v1/batch", batch(&"1,".repeat(6_000).as_str()[..11_999])),
            413,
            "too_many_events",
            "5000",
        ),
    ] {
        let (actual, body) = proxy.refuse(request).await;
        assert_eq!(
            (actual.as_u16(), body["code"].as_str()),
            (status, Some(code)),
            "{body}"
        );
        assert!(body["message"].as_str().unwrap().contains(part), "{body}");
    }
    let get = Request::get("/v1/track").body(Body::empty()).unwrap();
    let (status, body) = proxy.refuse(get).await;
    assert_eq!(
        (status.as_u16(), &body["code"]),
        (405, &"method_not_allowed".into())
    );
}
