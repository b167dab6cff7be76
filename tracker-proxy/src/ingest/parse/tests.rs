use proptest::prelude::*;
use segue_sdk::wire::RejectCode;

use super::*;
use crate::config::KeyKind;
use crate::ingest::Event;
use crate::keys::AccountNo;

/// 2026-11-20T12:00:00Z.
const NOON: TimeMs = TimeMs(1_795_176_000_000);

fn source(kind: KeyKind, trust_browser_identity: bool) -> Source {
    Source {
        account: AccountNo(1),
        kind,
        origins: Vec::new(),
        trust_browser_identity,
    }
}

fn backend(body: &str) -> Parsed {
    let source = source(KeyKind::Secret, false);
    parse_batch(body.as_bytes(), &source, NOON, &Limits::default()).unwrap()
}

fn browser(body: &str) -> Parsed {
    let source = source(KeyKind::Public, false);
    parse_batch(body.as_bytes(), &source, NOON, &Limits::default()).unwrap()
}

/// A batch of one event, which is a track by user 42 with `members` besides.
fn track(members: &str) -> String {
    let comma = if members.is_empty() { "" } else { "," };
    format!(r#"{{"batch":[{{"type":"track","event":"buy","userId":"42"{comma}{members}}}]}}"#)
}

fn events(parsed: &Parsed) -> Vec<Event<'_>> {
    let (mut events, mut rest) = (Vec::new(), parsed.events.as_slice());
    while !rest.is_empty() {
        let (event, after) = Event::decode(rest).unwrap();
        events.push(event);
        rest = after;
    }
    assert_eq!(events.len(), parsed.positions.len());
    events
}

fn only(parsed: &Parsed) -> Event<'_> {
    assert!(parsed.rejected.is_empty(), "{:?}", parsed.rejected);
    let events = events(parsed);
    assert_eq!(events.len(), 1);
    events[0]
}

/// The code and the message of the only event, which was refused.
fn refusal(parsed: &Parsed) -> (RejectCode, &str) {
    assert!(parsed.events.is_empty() && parsed.positions.is_empty());
    assert_eq!(parsed.rejected.len(), 1);
    (parsed.rejected[0].code.clone(), &parsed.rejected[0].message)
}

#[test]
fn an_event_keeps_what_it_came_with() {
    let parsed = backend(
        r#"{"batch":[{"type":"track","event":"buy","userId":"42","anonymousId":"a1",
        "messageId":"m1","timestamp":"2026-11-20T11:00:00Z","properties":{"price":9.5},
        "context":{"ip":"::1"},"traits":{"vip":true},"integrations":{"All":true},"extra":[1]}]}"#,
    );
    let event = only(&parsed);
    assert_eq!((event.kind, event.name), (EventKind::Track, "buy"));
    assert_eq!(
        (event.user_id, event.anonymous_id),
        (Some("42"), Some("a1"))
    );
    assert_eq!(event.message_id, "m1");
    assert_eq!(event.time, NOON.plus(-3_600_000));
    assert_eq!((event.received, event.stated_time), (NOON, None));
    assert_eq!(event.properties, Some(r#"{"price":9.5}"#));
    assert_eq!(event.context, Some(r#"{"ip":"::1"}"#));
    assert_eq!(event.traits, Some(r#"{"vip":true}"#));
    assert!(parsed.assigned.is_empty() && parsed.warnings.is_empty());
}

#[test]
fn one_bad_event_among_a_hundred_is_listed_and_the_others_are_kept() {
    let mut batch: Vec<String> = (0..100)
        .map(|n| format!(r#"{{"type":"track","event":"e","userId":{n},"messageId":"m{n}"}}"#))
        .collect();
    batch[41] = r#"{"type":"track","event":"e","messageId":"m41"}"#.to_owned();
    let parsed = backend(&format!(r#"{{"batch":[{}]}}"#, batch.join(",")));
    assert_eq!(events(&parsed).len(), 99);
    assert!(!parsed.positions.contains(&41));
    let rejected = &parsed.rejected[0];
    assert_eq!(rejected.index, 41);
    assert_eq!(rejected.message_id.as_deref(), Some("m41"));
    assert_eq!(rejected.code, RejectCode::MissingIdentity);
    assert_eq!(rejected.message, "userId or anonymousId is required");
}

#[test]
fn each_mistake_has_its_own_code() {
    use RejectCode::*;
    let deep = format!(
        r#""properties":{}1{}"#,
        "{\"a\":".repeat(200),
        "}".repeat(200)
    );
    let large = format!(r#""properties":{{"a":"{}"}}"#, "x".repeat(40_000));
    let wide: Vec<String> = (0..501).map(|n| format!(r#""p{n}":1"#)).collect();
    let wide = format!(r#""properties":{{{}}}"#, wide.join(","));
    let long_id = format!(r#""messageId":"{}""#, "m".repeat(513));
    let long_name = format!(r#""event":"{}""#, "e".repeat(201));
    let cases: Vec<(String, RejectCode, &str)> = vec![
        (track(&deep), TooDeep, "deeper than 32"),
        (track(&large), EventTooLarge, "event_bytes_max"),
        (track(&wide), TooManyProperties, "properties_max"),
        (track(&long_id), InvalidField, "id_bytes_max"),
        (track(&long_name), InvalidField, "name_bytes_max"),
        (track(r#""event":null"#), InvalidField, "`event`"),
        (track(r#""event":5"#), InvalidField, "`event`"),
        (track(r#""userId":{}"#), InvalidField, "`userId`"),
        (
            track(r#""userId":"","anonymousId":null"#),
            MissingIdentity,
            "anonymousId",
        ),
        (track(r#""properties":"x""#), InvalidField, "`properties`"),
        (track(r#""timestamp":"soon""#), InvalidField, "`timestamp`"),
        (track(r#""type":"buy""#), InvalidType, "none of track"),
        (track(r#""type":null"#), InvalidType, "none of track"),
        (track(r#""type":"alias""#), InvalidField, "`previousId`"),
        (track(r#""type":"group""#), InvalidField, "`groupId`"),
        (track(r#""type":"consent""#), InvalidField, "`consents`"),
        (
            track(r#""type":"consent","consents":{"a":1}"#),
            InvalidField,
            "true or false",
        ),
        (r#"{"batch":[5]}"#.to_owned(), InvalidJson, "object"),
    ];
    for (body, code, part) in cases {
        let parsed = backend(&body);
        let (actual, message) = refusal(&parsed);
        let shown = &body[..body.len().min(120)];
        assert_eq!(actual, code, "{shown}: {message}");
        assert!(message.contains(part), "{shown}: {message}");
    }
}

#[test]
fn bodies_that_cannot_be_read_say_why() {
    let source = source(KeyKind::Secret, false);
    let bodies: [&[u8]; 6] = [
        b"",
        b"{\"batch\":[{]}",
        b"[]",
        b"\xff\xfe",
        b"{}",
        b"a=b&c=d",
    ];
    for body in bodies {
        let error = parse_batch(body, &source, NOON, &Limits::default()).unwrap_err();
        assert!(matches!(error, BodyError::Unreadable(_)), "{error}");
    }
    let many = format!(r#"{{"batch":[{}0]}}"#, "0,".repeat(5_000));
    let error = parse_batch(many.as_bytes(), &source, NOON, &Limits::default()).unwrap_err();
    assert!(error.to_string().contains("5001 events") && error.to_string().contains("5000"));
}

#[test]
fn nulls_are_absent_and_ids_may_be_numbers() {
    let parsed = backend(
        "\u{feff}{\"batch\":[{\"type\":\"track\",\"event\":\"buy\",\"userId\":42,\
         \"anonymousId\":null,\"messageId\":7,\"properties\":null,\"context\":null}]}",
    );
    let event = only(&parsed);
    assert_eq!((event.user_id, event.anonymous_id), (Some("42"), None));
    assert_eq!((event.message_id, event.properties), ("7", None));
}

#[test]
fn a_blank_user_id_stands_for_none_as_a_browser_client_writes_it() {
    let parsed = backend(&track(r#""userId":"","anonymousId":"a1""#));
    assert_eq!(
        (only(&parsed).user_id, only(&parsed).anonymous_id),
        (None, Some("a1"))
    );
}

#[test]
fn an_event_without_an_id_gets_one_and_the_answer_says_which() {
    let parsed = backend(&track(""));
    assert_eq!(parsed.assigned[0].index, 0);
    assert_eq!(parsed.assigned[0].message_id, only(&parsed).message_id);
    let id: uuid::Uuid = only(&parsed).message_id.parse().unwrap();
    assert_eq!(id.get_timestamp().unwrap().to_unix(), (1_795_176_000, 0));
}

#[test]
fn the_original_time_counts_and_the_events_own_time_of_sending() {
    let body = r#"{"sentAt":"2026-11-20T12:00:00Z","batch":[
        {"type":"track","event":"a","userId":"1","timestamp":"2026-11-20T11:00:00Z"},
        {"type":"track","event":"b","userId":"1","timestamp":"2026-11-20T11:00:00Z",
         "originalTimestamp":"2026-11-20T10:00:00Z","sentAt":"2026-11-20T10:00:05Z"}]}"#;
    let parsed = backend(body);
    let events = events(&parsed);
    assert_eq!(events[0].time, NOON.plus(-3_600_000));
    assert_eq!(events[1].time, NOON.plus(-5_000));
    assert_eq!(events[1].stated_time, Some(NOON.plus(-7_200_000)));
}

#[test]
fn a_retry_states_the_same_time_whenever_it_comes() {
    let body = r#"{"sentAt":"2026-11-20T11:59:59Z","batch":[{"type":"track","event":"a",
        "userId":"1","timestamp":"2026-11-20T11:59:58Z"}]}"#;
    let source = source(KeyKind::Secret, false);
    let mut stated = [0, 60_000].map(|later| {
        let at = NOON.plus(later);
        let parsed = parse_batch(body.as_bytes(), &source, at, &Limits::default()).unwrap();
        let event = only(&parsed);
        assert_eq!(event.time, at.plus(-1_000));
        event.stated_time.unwrap_or(event.time)
    });
    stated.sort();
    assert_eq!(stated, [NOON.plus(-2_000); 2]);
}

#[test]
fn a_century_ahead_becomes_the_receipt_with_a_warning_and_1970_is_kept() {
    let parsed = backend(&track(
        r#""timestamp":"2100-01-01T00:00:00Z","messageId":"m""#,
    ));
    let event = only(&parsed);
    assert_eq!(event.time, NOON);
    assert_eq!(event.stated_time, Some(TimeMs(4_102_444_800_000)));
    assert_eq!(parsed.warnings[0].code, "future_timestamp");
    assert_eq!(parsed.warnings[0].message_id.as_deref(), Some("m"));

    for first in [r#""1970-01-01T00:00:00Z""#, "0"] {
        let parsed = backend(&track(&format!(r#""timestamp":{first}"#)));
        assert_eq!(only(&parsed).time, TimeMs(0));
        assert!(parsed.warnings.is_empty());
    }
}

#[test]
fn the_context_of_a_batch_lies_under_that_of_each_event() {
    let body = r#"{"context":{"library":{"name":"go"},"ip":"1"},"batch":[
        {"type":"track","event":"a","userId":"1"},
        {"type":"track","event":"b","userId":"1","context":{"ip":"2"}},
        {"type":"track","event":"c","userId":"1","context":{"ip":"3","library":null}}]}"#;
    let parsed = backend(body);
    let contexts: Vec<_> = events(&parsed).iter().map(|e| e.context.unwrap()).collect();
    assert_eq!(
        contexts,
        [
            r#"{"library":{"name":"go"},"ip":"1"}"#,
            r#"{"library":{"name":"go"},"ip":"2"}"#,
            r#"{"ip":"3","library":null}"#
        ]
    );
}

#[test]
fn a_context_counts_in_every_event_it_is_for() {
    let context = format!(r#"{{"a":"{}"}}"#, "x".repeat(33_000));
    let one = r#"{"type":"track","event":"a","userId":"1"}"#;
    let body = format!(r#"{{"context":{context},"batch":[{one}]}}"#);
    assert_eq!(refusal(&backend(&body)).0, RejectCode::EventTooLarge);

    let context = format!(r#"{{"a":"{}"}}"#, "x".repeat(30_000));
    let body = format!(
        r#"{{"context":{context},"batch":[{}{one}]}}"#,
        format!("{one},").repeat(200)
    );
    let source = source(KeyKind::Secret, false);
    let error = parse_batch(body.as_bytes(), &source, NOON, &Limits::default()).unwrap_err();
    assert!(error.to_string().contains("body_bytes_max"), "{error}");

    let context = format!("{}1{}", "{\"a\":".repeat(32), "}".repeat(32));
    let body = format!(r#"{{"context":{context},"batch":[{one}]}}"#);
    assert_eq!(refusal(&backend(&body)).0, RejectCode::TooDeep);
}

#[test]
fn traits_may_lie_in_the_context_as_one_client_writes_them() {
    let body = r#"{"batch":[
        {"type":"identify","userId":"1","context":{"traits":{"plan":"a"}}},
        {"type":"identify","userId":"1","traits":{},"context":{"traits":{"plan":"b"}}},
        {"type":"identify","userId":"1","traits":{"plan":"c"},"context":{"traits":{"plan":"x"}}},
        {"type":"track","event":"e","userId":"1","context":{"traits":{"plan":"x"}}}]}"#;
    let parsed = backend(body);
    let traits: Vec<_> = events(&parsed).iter().map(|event| event.traits).collect();
    let plan = |plan| Some(["{\"plan\":\"a\"}", "{\"plan\":\"b\"}", "{\"plan\":\"c\"}"][plan]);
    assert_eq!(traits, [plan(0), plan(1), plan(2), None]);
}

#[test]
fn a_page_has_its_name_and_category_as_properties() {
    let body = r#"{"batch":[
        {"type":"page","anonymousId":"a","name":"Ho\"me","category":"Docs","properties":{"url":"/"}},
        {"type":"screen","anonymousId":"a","name":"Home","properties":{"name":"Mine"}},
        {"type":"page","anonymousId":"a","name":"Home"},
        {"type":"page","anonymousId":"a"}]}"#;
    let parsed = backend(body);
    let events = events(&parsed);
    let names: Vec<_> = events.iter().map(|event| event.name).collect();
    assert_eq!(names, ["page", "screen", "page", "page"]);
    let properties: Vec<_> = events.iter().map(|event| event.properties).collect();
    assert_eq!(
        properties,
        [
            Some(r#"{"name":"Ho\"me","category":"Docs","url":"/"}"#),
            Some(r#"{"name":"Mine"}"#),
            Some(r#"{"name":"Home"}"#),
            None
        ]
    );
}

#[test]
fn groups_aliases_and_consents_bring_what_they_need() {
    let body = r#"{"batch":[
        {"type":"group","userId":"1","groupId":9,"traits":{"size":3}},
        {"type":"alias","userId":"2","previousId":"1"},
        {"type":"consent","userId":"1","consents":{"marketing_automation":true}}]}"#;
    let parsed = backend(body);
    let events = events(&parsed);
    assert_eq!(events[0].group_id, Some("9"));
    assert_eq!(events[0].traits, Some(r#"{"size":3}"#));
    assert_eq!(
        (events[1].user_id, events[1].previous_id),
        (Some("2"), Some("1"))
    );
    assert_eq!(events[2].consents, Some(r#"{"marketing_automation":true}"#));
}

#[test]
fn a_public_key_makes_claims_and_no_user() {
    let parsed = browser(r#"{"batch":[{"type":"identify","userId":"42","anonymousId":"a1"}]}"#);
    let event = only(&parsed);
    assert_eq!((event.user_id, event.claimed_user_id), (None, Some("42")));
    assert_eq!(event.anonymous_id, Some("a1"));

    let source = source(KeyKind::Public, true);
    let body = track(r#""anonymousId":"a1""#);
    let parsed = parse_batch(body.as_bytes(), &source, NOON, &Limits::default()).unwrap();
    assert_eq!(
        (only(&parsed).user_id, only(&parsed).claimed_user_id),
        (Some("42"), None)
    );
}

#[test]
fn what_a_public_key_may_not_send_is_refused() {
    for body in [
        track(""),
        r#"{"batch":[{"type":"alias","userId":"2","previousId":"1","anonymousId":"a"}]}"#
            .to_owned(),
        r#"{"batch":[{"type":"group","groupId":"g","anonymousId":"a"}]}"#.to_owned(),
    ] {
        assert_eq!(
            refusal(&browser(&body)).0,
            RejectCode::ForbiddenForPublicKey,
            "{body}"
        );
    }
}

#[test]
fn the_path_of_a_single_call_says_its_kind() {
    let source = source(KeyKind::Secret, false);
    let limits = Limits::default();
    let body = br#"{"userId":"1","type":"track","writeKey":"wk_1","traits":{"a":1}}"#;
    let envelope = Envelope::single(EventKind::Identify, body).unwrap();
    assert_eq!(envelope.write_key().as_deref(), Some("wk_1"));
    assert_eq!(
        only(&envelope.check(&source, NOON, &limits)).kind,
        EventKind::Identify
    );
    let parsed = parse_single(
        EventKind::Track,
        b"{\"event\":\"x\"}",
        &source,
        NOON,
        &limits,
    );
    assert_eq!(refusal(&parsed.unwrap()).0, RejectCode::MissingIdentity);
    assert!(parse_single(EventKind::Track, b"[]", &source, NOON, &limits).is_err());
}

#[test]
fn a_cut_emoji_does_not_cost_the_event() {
    let parsed = backend(&track(r#""properties":{"title":"hi \ud83d"}"#));
    assert_eq!(only(&parsed).properties, Some(r#"{"title":"hi \ufffd"}"#));
}

proptest! {
    #[test]
    fn garbage_never_panics(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        let source = source(KeyKind::Public, false);
        let limits = Limits::default();
        drop(parse_batch(&body, &source, NOON, &limits));
        drop(parse_single(EventKind::Page, &body, &source, NOON, &limits));
    }

    #[test]
    fn garbage_inside_an_event_is_judged_and_never_panics(
        parts in proptest::collection::vec(
            proptest::sample::select(vec![
                "{", "}", "[", "]", ":", ",", "\"", "\\", "\\ud83d", "null", "1e999", "-0", "é",
                "\"type\":\"page\"", "\"userId\":\"1\"", "\"properties\":{}", "\"name\":\"\"",
                "\"context\":{\"traits\":{}}", "\"timestamp\":1e400", "\"consents\":{\"a\":true}",
            ]),
            0..12,
        ),
    ) {
        let inside = parts.concat();
        let source = source(KeyKind::Secret, false);
        for body in [
            format!(r#"{{"context":{{"a":1}},"batch":[{{{inside}}}]}}"#),
            format!(r#"{{"context":{{{inside}}},"batch":[{{"type":"page","userId":1}}]}}"#),
        ] {
            if let Ok(parsed) = parse_batch(body.as_bytes(), &source, NOON, &Limits::default()) {
                prop_assert_eq!(events(&parsed).len() + parsed.rejected.len(), 1);
            }
        }
    }
}
