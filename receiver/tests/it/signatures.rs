//! The three modes.

use segue_receiver::SignatureMode;
use serde_json::json;

use crate::harness::{Delivery, add, builder, memory};

#[tokio::test]
async fn the_mode_says_what_happens_without_and_with_a_wrong_signature() {
    for (mode, unsigned, wrong, good) in [
        (SignatureMode::Required, 401, 401, 200),
        (SignatureMode::Optional, 200, 401, 200),
        (SignatureMode::Off, 200, 200, 200),
    ] {
        let segments = memory().await;
        let app = builder(&segments)
            .signatures(mode)
            .build()
            .unwrap()
            .router::<()>();
        let delivery = || Delivery::of(json!([add("42", "vip", 1)]));
        let mut bare = delivery();
        bare.signed = false;
        assert_eq!(bare.send(&app).await.status.as_u16(), unsigned, "{mode:?}");
        let answer = delivery().header("webhook-id", "another").send(&app).await;
        assert_eq!(answer.status.as_u16(), wrong, "{mode:?}");
        let mut half = delivery().header("webhook-id", "alone");
        half.signed = false;
        assert_eq!(half.send(&app).await.status.as_u16(), wrong, "{mode:?}");
        assert_eq!(
            delivery().send(&app).await.status.as_u16(),
            good,
            "{mode:?}"
        );
    }
}

#[tokio::test]
async fn a_repeated_header_is_refused() {
    let (app, _) = crate::harness::app().await;
    for name in segue_receiver::signature::SIGNATURE_HEADERS {
        let mut request = Delivery::of(json!([])).request();
        let value = request.headers()[name].clone();
        request.headers_mut().append(name, value);
        crate::harness::send(&app, request)
            .await
            .refuses(401, "unauthorized");
    }
}

#[tokio::test]
async fn a_changed_body_does_not_verify() {
    let (app, segments) = crate::harness::app().await;
    let (parts, _) = Delivery::of(json!([add("42", "vip", 1)]))
        .request()
        .into_parts();
    let body = crate::harness::envelope(json!([add("43", "vip", 1)])).to_string();
    let request = axum::http::Request::from_parts(parts, body.into());
    crate::harness::send(&app, request)
        .await
        .refuses(401, "unauthorized");
    assert!(segments.segments("shop").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_refused_message_does_not_use_up_its_id() {
    let (app, _) = crate::harness::app().await;
    let delivery = || Delivery::of(json!([add("42", "vip", 1)])).id("msg_future");
    let forged = delivery()
        .header("webhook-signature", "v1,AAAA")
        .send(&app)
        .await;
    assert_eq!(forged.status, 401);
    assert_eq!(delivery().send(&app).await.json()["applied"], 1);
}
