//! What an event keeps of what it came with.

use super::*;

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

    let group = r#"{"batch":[{"type":"group","userId":"42","groupId":"g"}]}"#;
    let parsed = parse_batch(group.as_bytes(), &source, NOON, &Limits::default()).unwrap();
    assert_eq!(only(&parsed).group_id, Some("g"));
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
