//! What official clients send is taken.

use super::*;

#[tokio::test]
async fn a_batch_is_answered_once_it_is_durable() {
    let mut proxy = proxy();
    let (body, taken) = proxy.accept(backend("/v1/batch", batch(TRACK))).await;
    assert_eq!(
        body,
        serde_json::json!({"success": true, "accepted": 1, "rejected": []})
    );
    assert_eq!((taken[0].account, taken[0].count), (AccountNo(7), 1));
    let (event, rest) = Event::decode(&taken[0].events).unwrap();
    assert_eq!((event.name, event.received, rest.len()), ("buy", NOON, 0));
}

#[tokio::test]
async fn every_path_of_every_client_is_there() {
    let mut proxy = proxy();
    let event =
        r#"{"event":"e","userId":"1","previousId":"2","groupId":"3","consents":{"a":true}}"#;
    for (name, call) in CALLS {
        let body = match call {
            Call::Single(_) => event.to_owned(),
            _ => batch(TRACK),
        };
        for path in [
            format!("/v1/{name}"),
            format!("/v1/{name}/"),
            format!("/{name}"),
            format!("/{name}/"),
        ] {
            let (answer, taken) = proxy.accept(backend(&path, body.clone())).await;
            assert_eq!(answer["accepted"], 1, "{path}: {answer}");
            let (event, _) = Event::decode(&taken[0].events).unwrap();
            if let Call::Single(kind) = call {
                assert_eq!(event.kind, kind, "{path}");
            }
        }
    }
    let (_, taken) = proxy
        .accept(post_to("/v1/m", &[], r#"{"series":[]}"#))
        .await;
    assert!(taken.is_empty());
}

#[tokio::test]
async fn a_key_is_found_wherever_clients_put_it() {
    let mut proxy = proxy();
    let basic = format!("Basic {}", STANDARD.encode("wk_secret:"));
    let event = r#"{"event":"e","userId":"1","writeKey":"wk_secret"}"#;
    for request in [
        post_to("/v1/batch", &[("authorization", &basic)], batch(TRACK)),
        post_to(
            "/v1/batch",
            &[],
            format!(r#"{{"writeKey":"wk_secret","batch":[{TRACK}]}}"#),
        ),
        post_to(
            "/batch/",
            &[],
            format!(r#"{{"api_key":"wk_secret","batch":[{TRACK}]}}"#),
        ),
        post_to("/v1/t", &[("authorization", "Bearer x")], event),
        post_to("/v1/batch?writeKey=wk_secret", &[], batch(TRACK)),
    ] {
        let shown = format!("{request:?}");
        let (answer, _) = proxy.accept(request).await;
        assert_eq!(answer["accepted"], 1, "{shown}");
    }
}

#[tokio::test]
async fn bodies_of_official_clients_are_read_whatever_they_call_them() {
    let mut proxy = proxy();
    let basic = format!("Basic {}", STANDARD.encode("wk_secret:"));
    let rudder = format!(
        r#"{{"batch":[{{"type":"identify","userId":"1","messageId":"r1","channel":"server",
        "originalTimestamp":"2026-11-20T11:59:59.000Z","sentAt":"2026-11-20T12:00:00.000Z",
        "traits":{{"a":1}},"context":{{"traits":{{"a":1}}}}}},{TRACK}]}}"#
    );
    let form = "application/x-www-form-urlencoded";
    let headers = [
        ("authorization", basic.as_str()),
        ("content-type", form),
        ("content-encoding", "gzip"),
    ];
    let (answer, _) = proxy
        .accept(post_to("/v1/batch", &headers, gzip(&rudder)))
        .await;
    assert_eq!(answer["accepted"], 2);

    let browser = r#"{"event":"e","anonymousId":"a","userId":null,"writeKey":"wk_any",
        "messageId":"ajs-next-1","sentAt":"2026-11-20T12:00:00.000Z","_metadata":{}}"#;
    let headers = [
        ("content-type", "text/plain"),
        ("origin", "https://a.example"),
    ];
    let (answer, _) = proxy.accept(post_to("/v1/t", &headers, browser)).await;
    assert_eq!(answer["accepted"], 1);

    let python = r#"{"batch":[{"type":"track","event":"e","userId":42,"anonymousId":null,
        "properties":{},"context":{},"integrations":{},"messageId":"p1",
        "timestamp":"2026-11-20T11:59:00+00:00"}],"writeKey":"wk_secret",
        "sentAt":"2026-11-20T12:00:00.123456+00:00"}"#;
    let (answer, taken) = proxy.accept(post_to("/v1/batch", &[], python)).await;
    assert_eq!(answer["accepted"], 1);
    let (event, _) = Event::decode(&taken[0].events).unwrap();
    assert_eq!(
        (event.user_id, event.time),
        (Some("42"), NOON.plus(-60_123))
    );
}

#[tokio::test]
async fn a_long_batch_is_read_elsewhere_and_answered_alike() {
    let mut proxy = proxy();
    let events = vec![TRACK; 4_999].join(",");
    let body = batch(&format!("{events},{{}}"));
    assert!(body.len() > 256 * 1_024);
    let (answer, taken) = proxy.accept(backend("/v1/import", body)).await;
    assert_eq!(
        (&answer["accepted"], taken[0].count),
        (&4_999.into(), 4_999)
    );
    assert_eq!(answer["rejected"][0]["index"], 4_999);
    assert_eq!(answer["rejected"][0]["code"], "invalid_type");
}

#[tokio::test]
async fn the_baseline_reads_the_same_batches_and_keeps_nothing() {
    let router = discard_router(Clock::manual(NOON), Limits::default());
    let body = batch(&format!("{TRACK},{{}}"));
    let response = router
        .oneshot(post_to("/v1/batch", &[], body))
        .await
        .unwrap();
    let (status, answer) = read(response).await;
    assert_eq!((status.as_u16(), &answer["accepted"]), (200, &1.into()));
    assert_eq!(answer["rejected"][0]["index"], 1);
}
