//! Hostile and broken input at the real binary: each is answered clearly, and nothing is lost.

use serde_json::{Value as Json, json};

use segue_tests::http::Answer;
use segue_tests::ingest::{at, track};
use segue_tests::proxy::ProxyProcess;
use segue_tests::settings::{PUBLIC_KEY, Settings, WRITE_KEY};

/// A proxy that every story of this file ends with: it has to take a good event still.
struct Unshaken {
    proxy: ProxyProcess,
    good: u32,
}

impl Unshaken {
    fn start() -> Self {
        let proxy = ProxyProcess::start(Settings::new());
        Self { proxy, good: 0 }
    }

    /// Posts something bad, then something good.
    async fn answer(&mut self, key: &str, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        let ingest = self.proxy.ingest();
        // A server that has read enough may close the connection before all was sent.
        let answer = ingest.with_key(key).try_post(path, body.into()).await;
        self.good += 1;
        let good = track("good", "still_here", &json!({ "n": self.good }));
        drop(ingest.batch(&[good]).await);
        answer.expect("bad input is answered, not cut off")
    }

    async fn batch(&mut self, events: &[Json]) -> Answer {
        let body = json!({ "batch": events }).to_string();
        self.answer(WRITE_KEY, "/v1/batch", body).await
    }

    /// Every good event that was sent in between is there.
    async fn end(self) {
        let kept = self.proxy.admin().events("good").await;
        assert_eq!(kept.len(), self.good as usize, "good events were lost");
    }
}

fn refused(answer: &Answer) -> (Json, Json) {
    let refused = &answer.json["rejected"][0];
    (refused["index"].clone(), refused["code"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_no_json_is_refused_with_a_reason() {
    let mut proxy = Unshaken::start();
    for body in [
        "{\"batch\": [{\"type\": \"track\"",
        "",
        "\u{0}\u{1}",
        "[]",
        "7",
        "{\"batch\": 7}",
        "{\"batch\": [{\"type\": \"track\", \"userId\": \"u\", \"event\": \"e\", \"timestamp\": NaN}]}",
    ] {
        let answer = proxy.answer(WRITE_KEY, "/v1/batch", body).await;
        assert_eq!(answer.status, 400, "{body:?}: {}", answer.text);
        assert_eq!(answer.json["code"], "unreadable_body", "{body:?}");
        assert!(
            answer.json["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        );
    }
    let answer = proxy
        .answer(WRITE_KEY, "/v1/batch", vec![0xff, 0xfe, 0x00])
        .await;
    assert_eq!(
        (answer.status, &answer.json["code"]),
        (400, &json!("unreadable_body"))
    );
    proxy.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_event_is_listed_and_the_others_are_kept() {
    let mut proxy = Unshaken::start();
    let bad = [
        (json!({ "type": "track", "event": "e" }), "missing_identity"),
        (
            json!({ "type": "track", "userId": "", "event": "e" }),
            "missing_identity",
        ),
        (
            json!({ "type": "track", "userId": { "a": 1 }, "event": "e" }),
            "invalid_field",
        ),
        (
            json!({ "type": "track", "userId": "u", "event": ["e"] }),
            "invalid_field",
        ),
        (json!({ "type": "track", "userId": "u" }), "invalid_field"),
        (
            json!({ "type": "trick", "userId": "u", "event": "e" }),
            "invalid_type",
        ),
        (
            json!({ "type": 5, "userId": "u", "event": "e" }),
            "invalid_field",
        ),
        (
            json!({ "type": "track", "userId": "u", "event": "e", "timestamp": "soon" }),
            "invalid_field",
        ),
        (json!(["track"]), "invalid_json"),
        (json!(null), "invalid_json"),
        (
            track("u", "e", &json!({ "text": "x".repeat(40 * 1024) })),
            "event_too_large",
        ),
    ];
    for (event, code) in bad {
        let answer = proxy
            .batch(&[track("kept", "before", &json!({})), event.clone()])
            .await;
        assert_eq!(answer.status, 200, "{event}: {}", answer.text);
        assert_eq!(answer.json["accepted"], 1, "{event}: {}", answer.text);
        assert_eq!(
            refused(&answer),
            (json!(1), json!(code)),
            "{event}: {}",
            answer.text
        );
    }
    assert_eq!(proxy.proxy.admin().events("kept").await.len(), 11);
    proxy.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_nothing_can_count_with_costs_only_its_event() {
    let mut proxy = Unshaken::start();
    let event = |value: &str| {
        format!(
            "{{\"type\":\"track\",\"userId\":\"many\",\"event\":\"e\",\
             \"properties\":{{\"n\":{value}}}}}"
        )
    };
    let body = format!("{{\"batch\":[{},{}]}}", event("1e999"), event("1e308"));
    let answer = proxy.answer(WRITE_KEY, "/v1/batch", body).await;
    assert_eq!((answer.status, &answer.json["accepted"]), (200, &json!(1)));
    assert_eq!(refused(&answer), (json!(0), json!("invalid_field")));
    let kept = proxy.proxy.admin().events("many").await;
    assert_eq!(kept[0]["properties"]["n"], 1e308);
    proxy.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_event_among_a_hundred_costs_only_itself() {
    let mut proxy = Unshaken::start();
    let mut events: Vec<Json> = (0..100)
        .map(|n| track("many", "e", &json!({ "n": n })))
        .collect();
    events[41] = json!({ "type": "track", "event": "e", "messageId": "m-41" });
    let answer = proxy.batch(&events).await;
    assert_eq!((answer.status, &answer.json["accepted"]), (200, &json!(99)));
    assert_eq!(answer.json["rejected"].as_array().map(Vec::len), Some(1));
    assert_eq!(refused(&answer), (json!(41), json!("missing_identity")));
    assert_eq!(answer.json["rejected"][0]["message_id"], "m-41");
    assert_eq!(proxy.proxy.admin().events("many").await.len(), 99);
    proxy.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deep_nesting_is_refused_and_strains_nothing() {
    let mut proxy = Unshaken::start();
    let nested = |depth: usize| {
        let (open, close) = ("{\"a\":".repeat(depth), "}".repeat(depth));
        format!(
            "{{\"batch\":[{{\"type\":\"track\",\"userId\":\"deep\",\"event\":\"e\",\
             \"properties\":{open}1{close}}}]}}"
        )
    };
    let answer = proxy.answer(WRITE_KEY, "/v1/batch", nested(200)).await;
    assert_eq!(
        (answer.status, &answer.json["accepted"]),
        (200, &json!(0)),
        "{}",
        answer.text
    );
    assert_eq!(refused(&answer), (json!(0), json!("too_deep")));
    // As deep as a megabyte goes: no stack holds a reader that calls itself for each bracket.
    let answer = proxy
        .answer(WRITE_KEY, "/v1/batch", "[".repeat(1 << 20))
        .await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    let answer = proxy.answer(WRITE_KEY, "/v1/batch", nested(160_000)).await;
    assert!(
        answer.status == 400 || answer.json["accepted"] == 0,
        "{}",
        answer.text
    );
    proxy.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_the_bound_is_refused_and_names_the_bound() {
    let mut proxy = Unshaken::start();
    let body = vec![b' '; 10 << 20];
    let answer = proxy.answer(WRITE_KEY, "/v1/batch", body).await;
    assert_eq!(
        (answer.status, &answer.json["code"]),
        (413, &json!("body_too_large"))
    );
    assert!(answer.text.contains("4194304"), "{}", answer.text);
    proxy.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn absurd_times_are_kept_and_said() {
    let mut proxy = Unshaken::start();
    let (old, future) = (0, 4_102_444_800_000);
    let answer = proxy
        .batch(&[
            at(track("late", "e", &json!({})), old),
            at(track("early", "e", &json!({})), future),
        ])
        .await;
    assert_eq!((answer.status, &answer.json["accepted"]), (200, &json!(2)));
    let warning = &answer.json["warnings"][0];
    assert_eq!(
        (&warning["index"], &warning["code"]),
        (&json!(1), &json!("future_timestamp"))
    );
    let admin = proxy.proxy.admin();
    let late = admin.events("late").await;
    assert!(
        late[0]["timestamp"]
            .as_str()
            .is_some_and(|time| time.starts_with("1970-01-01"))
    );
    let early = admin.events("early").await;
    assert_eq!(early[0]["timestamp"], early[0]["received_at"], "{early:?}");
    proxy.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_key_is_told_apart_from_none() {
    let mut proxy = Unshaken::start();
    let event = track("u", "e", &json!({})).to_string();
    let answer = proxy
        .answer("wk_of_nobody", "/v1/track", event.clone())
        .await;
    assert_eq!(
        (answer.status, &answer.json["code"]),
        (401, &json!("unknown_write_key"))
    );
    let answer = proxy.answer("", "/v1/track", event).await;
    assert_eq!(
        (answer.status, &answer.json["code"]),
        (401, &json!("missing_write_key"))
    );
    proxy.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_cannot_say_who_somebody_is() {
    let mut proxy = Unshaken::start();
    let admin = proxy.proxy.admin();
    let ingest = proxy.proxy.ingest();
    let known = json!({ "type": "identify", "userId": "42", "traits": { "plan": "free" } });
    drop(ingest.batch(&[known]).await);
    let claim = json!({
        "userId": "42", "anonymousId": "browser", "traits": { "plan": "pro" },
    });
    let answer = proxy
        .answer(PUBLIC_KEY, "/v1/identify", claim.to_string())
        .await;
    assert_eq!(
        (answer.status, &answer.json["accepted"]),
        (200, &json!(1)),
        "{}",
        answer.text
    );
    let event = json!({ "userId": "42", "anonymousId": "browser", "event": "buy" });
    let answer = proxy
        .answer(PUBLIC_KEY, "/v1/track", event.to_string())
        .await;
    assert_eq!(answer.status, 200);
    let bare = json!({ "userId": "42", "event": "buy" }).to_string();
    let answer = proxy.answer(PUBLIC_KEY, "/v1/track", bare).await;
    assert_eq!(
        refused(&answer),
        (json!(0), json!("forbidden_for_public_key"))
    );

    assert_eq!(
        admin.events("42").await.len(),
        1,
        "only what the backend said"
    );
    let user = admin.get("/profiles/42").await;
    assert!(
        user.to_string().contains("free") && !user.to_string().contains("\"pro\""),
        "{user}"
    );
    let browser = admin.get("/profiles?anonymous_id=browser").await;
    assert!(!browser["user_ids"].to_string().contains("42"), "{browser}");
    proxy.end().await;
}
