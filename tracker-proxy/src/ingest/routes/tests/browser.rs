//! Browsers and public keys.

use super::*;

#[tokio::test]
async fn a_public_key_is_for_its_origins() {
    let mut proxy = proxy();
    let event = r#"{"event":"e","anonymousId":"a"}"#;
    let from = |origin| [("x-write-key", "wk_public"), ("origin", origin)];
    for request in [
        post_to("/v1/t", &from("https://evil.example"), event),
        post_to("/v1/t", &[("x-write-key", "wk_public")], event),
    ] {
        let (status, body) = proxy.refuse(request).await;
        assert_eq!(
            (status.as_u16(), &body["code"]),
            (403, &"origin_not_allowed".into())
        );
    }
    proxy
        .accept(post_to("/v1/t", &from("https://shop.example"), event))
        .await;
}

#[tokio::test]
async fn a_public_key_that_claims_a_user_is_taken_as_a_claim() {
    let mut proxy = proxy();
    let body = r#"{"userId":"42","anonymousId":"a"}"#;
    let (_, taken) = proxy
        .accept(post_to("/v1/i", &[("x-write-key", "wk_any")], body))
        .await;
    let (event, _) = Event::decode(&taken[0].events).unwrap();
    assert_eq!((event.user_id, event.claimed_user_id), (None, Some("42")));
}

#[tokio::test]
async fn a_browser_may_ask_on_every_route_and_read_every_answer() {
    let proxy = proxy();
    let origin = ("origin", "https://shop.example");
    for path in ["/v1/t", "/v1/batch/", "/m"] {
        let ask = Request::options(path).header(origin.0, origin.1);
        let ask = ask.header(
            "access-control-request-headers",
            "authorization,x-retry-count",
        );
        let ask = ask.body(Body::empty()).unwrap();
        let answer = proxy.router.clone().oneshot(ask).await.unwrap();
        assert!(answer.status().is_success(), "{path}");
        let headers = answer.headers();
        assert_eq!(headers["access-control-allow-origin"], origin.1);
        assert_eq!(
            headers["access-control-allow-methods"],
            "GET, POST, OPTIONS"
        );
        let allowed = headers["access-control-allow-headers"].to_str().unwrap();
        for name in [
            "authorization",
            "content-type",
            "x-retry-count",
            "x-write-key",
        ] {
            assert!(allowed.contains(name), "{name}");
        }
        assert_eq!(headers["access-control-max-age"], "86400");
    }
    let refused = post_to("/v1/t", &[origin], TRACK);
    let refused = proxy.router.clone().oneshot(refused).await.unwrap();
    assert_eq!(refused.status(), 401);
    assert_eq!(refused.headers()["access-control-allow-origin"], origin.1);
    assert_eq!(
        refused.headers()["access-control-expose-headers"],
        "Retry-After"
    );
    assert_eq!(refused.headers()["vary"], "Origin");
}
