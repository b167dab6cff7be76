//! Clients of other products, and streams of user data.

use serde_json::json;

use super::*;
use crate::ingest::EventKind;

fn events(taken: &[Submission]) -> Vec<Event<'_>> {
    let (mut events, mut rest) = (Vec::new(), taken[0].events.as_slice());
    while !rest.is_empty() {
        let (event, after) = Event::decode(rest).unwrap();
        events.push(event);
        rest = after;
    }
    events
}

#[tokio::test]
async fn a_batch_of_posthogs_clients_becomes_one_of_ours() {
    let mut proxy = proxy();
    let event = |name: &str, more: serde_json::Value| {
        let mut properties = json!({"$lib": "posthog-node", "$lib_version": "5", "$ip": "::1"});
        let more = more.as_object().unwrap().clone();
        properties.as_object_mut().unwrap().extend(more);
        json!({"event": name, "distinct_id": "42", "uuid": format!("id-{name}"),
            "timestamp": "2026-11-20T11:59:00.000Z", "properties": properties})
    };
    let body = json!({"api_key": "wk_secret", "sent_at": "2026-11-20T12:00:00.000Z", "batch": [
        event("buy", json!({"price": 9.5})),
        event("$identify", json!({"$set": {"plan": "pro"}, "$set_once": {"plan": "x", "from": "a"},
            "$anon_distinct_id": "a1"})),
        event("$create_alias", json!({"distinct_id": "42", "alias": "old"})),
        event("$groupidentify", json!({"$group_key": "g1", "$group_set": {"size": 3}})),
        event("$pageview", json!({"$current_url": "https://shop.example/"})),
    ]});
    let request = post_to("/batch/", &[], gzip(&body.to_string()));
    let (answer, taken) = proxy.accept(request).await;
    assert_eq!(answer["accepted"], 5, "{answer}");
    let events = events(&taken);
    let kinds: Vec<_> = events.iter().map(|event| event.kind).collect();
    use EventKind::*;
    assert_eq!(kinds, [Track, Identify, Alias, Group, Page]);
    assert!(events.iter().all(|event| event.user_id == Some("42")));
    assert_eq!((events[0].name, events[0].message_id), ("buy", "id-buy"));
    assert_eq!(events[0].time, NOON.plus(-60_000));
    assert_eq!(events[0].properties, Some(r#"{"price":9.5}"#));
    let context = r#"{"ip":"::1","library":{"name":"posthog-node","version":"5"}}"#;
    assert_eq!(events[0].context, Some(context));
    assert_eq!(events[1].anonymous_id, Some("a1"));
    let traits: serde_json::Value = serde_json::from_str(events[1].traits.unwrap()).unwrap();
    assert_eq!(traits, json!({"plan": "pro", "from": "a"}));
    assert_eq!(events[2].previous_id, Some("old"));
    assert_eq!(events[3].group_id, Some("g1"));
}

#[tokio::test]
async fn a_payload_of_snowplows_trackers_becomes_a_batch() {
    let mut proxy = proxy();
    let common = |e: &str, more: serde_json::Value| {
        let mut fields = json!({"e": e, "aid": "wk_secret", "uid": "42", "duid": "a1",
            "eid": format!("id-{e}"), "dtm": "1795175940000", "stm": "1795176000000",
            "tv": "node-4.8.0", "url": "https://shop.example/"});
        let more = more.as_object().unwrap().clone();
        fields.as_object_mut().unwrap().extend(more);
        fields
    };
    let packed = "eyJzY2hlbWEiOiJpZ2x1OmMvcGF5bG9hZC9qc29uc2NoZW1hLzEtMC0wIiwiZGF0YSI6eyJzY2hlbWEiOiJpZ2x1OmNvbS5hY21lL2J1eS9qc29uc2NoZW1hLzEtMC0wIiwiZGF0YSI6eyJwcmljZSI6OX19fQ";
    let body = json!({"schema": "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4",
    "data": [
        common("pv", json!({"page": "Shop"})),
        common("se", json!({"se_ca": "shop", "se_ac": "add", "se_va": "1.5"})),
        common("ue", json!({"ue_px": packed})),
        {"e": "pv", "eid": "nobody"},
    ]});
    let path = "/com.snowplowanalytics.snowplow/tp2";
    let (answer, taken) = proxy.accept(post_to(path, &[], body.to_string())).await;
    assert_eq!(answer["accepted"], 3, "{answer}");
    assert_eq!(answer["rejected"][0]["code"], "missing_identity");
    let events = events(&taken);
    let names: Vec<_> = events.iter().map(|event| event.name).collect();
    assert_eq!(names, ["page", "add", "buy"]);
    assert!(events.iter().all(|event| event.time == NOON.plus(-60_000)));
    assert_eq!(events[0].anonymous_id, Some("a1"));
    assert_eq!(
        events[0].properties,
        Some(r#"{"title":"Shop","url":"https://shop.example/"}"#)
    );
    assert_eq!(
        events[1].properties,
        Some(r#"{"category":"shop","value":1.5}"#)
    );
    assert_eq!(events[2].properties, Some(r#"{"price":9}"#));

    let (status, _) = proxy.refuse(post_to(path, &[], "{}")).await;
    assert_eq!(status, 400);
}

const PEOPLE: &str = r#"[{"id":42,"email":"a@example.com","plan":null},{"email":"b"},5]"#;

fn stream<'a>(more: &[(&'a str, &'a str)], path: &str) -> Request<Body> {
    let headers = [&[("x-streamid", "00000000-stream")], more].concat();
    post_to(path, &headers, PEOPLE)
}

#[tokio::test]
async fn streamed_user_data_are_profiles() {
    let mut proxy = proxy();
    let (answer, taken) = proxy.accept(stream(&[], "/stream/123456")).await;
    assert_eq!(answer["accepted"], 1, "{answer}");
    let codes = answer["rejected"].as_array().unwrap().iter();
    let codes: Vec<_> = codes
        .map(|one| (one["index"].clone(), one["code"].clone()))
        .collect();
    assert_eq!(
        codes,
        [
            (1.into(), "missing_identity".into()),
            (2.into(), "invalid_json".into())
        ]
    );
    let events = events(&taken);
    assert_eq!(
        (events[0].kind, events[0].user_id),
        (EventKind::Identify, Some("42"))
    );
    assert_eq!(
        events[0].traits,
        Some(r#"{"email":"a@example.com","plan":null}"#),
        "a null deletes"
    );
}

#[tokio::test]
async fn a_draft_is_checked_and_not_taken() {
    let mut proxy = proxy();
    let request = stream(&[("x-isdraft", "true")], "/stream/123456");
    let (answer, taken) = proxy.accept(request).await;
    assert_eq!(answer["accepted"], 1);
    assert_eq!(answer["rejected"].as_array().unwrap().len(), 2);
    assert!(taken.is_empty());
}

#[tokio::test]
async fn a_stream_belongs_to_its_account() {
    let proxy = proxy();
    for (request, code) in [
        (stream(&[], "/stream/7"), "unknown_stream"),
        (
            post_to("/stream/123456", &[("x-streamid", "other")], PEOPLE),
            "unknown_stream",
        ),
        (
            post_to("/stream/123456", &[("x-write-key", "wk_secret")], PEOPLE),
            "missing_stream_id",
        ),
    ] {
        let (status, body) = proxy.refuse(request).await;
        assert_eq!((status.as_u16(), &body["code"]), (401, &code.into()));
    }
}

#[tokio::test]
async fn what_raptors_servers_ask_for_is_an_event() {
    let mut proxy = proxy();
    let visit = "/raptor/wk_any.rsa?p1=visit&p2=p-1&p7=42&coid=a1&sid=s1";
    let asked = |path: &str| Request::get(path).body(Body::empty()).expect("a request");
    let (answer, taken) = proxy.accept(asked(visit)).await;
    assert_eq!(answer["accepted"], 1, "{answer}");
    let events = events(&taken);
    assert_eq!(
        (events[0].name, events[0].anonymous_id),
        ("visit", Some("a1"))
    );
    assert_eq!(
        events[0].user_id, None,
        "a public key can only claim who it is"
    );
    assert_eq!(events[0].properties, Some(r#"{"product_id":"p-1"}"#));
    let (status, _) = proxy.refuse(asked("/raptor/other.rsa?p1=visit")).await;
    assert_eq!(status, 401);
    let (status, _) = proxy.refuse(asked("/raptor/wk_any?p1=visit")).await;
    assert_eq!(status, 400);
}
