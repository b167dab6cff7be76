use super::*;

fn read(json: &str) -> Message<'_> {
    Message::from_slice(json.as_bytes()).unwrap()
}

fn error(json: &str) -> String {
    Message::from_slice(json.as_bytes())
        .unwrap_err()
        .to_string()
}

#[test]
fn a_node_event_borrows_everything() {
    let message = read(
        r#"{"userId":"u1","type":"track","event":"Order Completed","properties":{"revenue":9.5},
        "integrations":{},"timestamp":"2026-11-20T10:00:00.000Z",
        "messageId":"node-next-1763632800000-6d1d8a43-0d1b-4a4d-9b6d-0d1b4a4d9b6d",
        "context":{"library":{"name":"@segment/analytics-node","version":"3.1.0"}},
        "_metadata":{"nodeVersion":"22.0.0","jsRuntime":"node"}}"#,
    );
    assert!(matches!(
        message.event,
        Some(Cow::Borrowed("Order Completed"))
    ));
    assert!(matches!(message.user_id, Some(Cow::Borrowed("u1"))));
    assert_eq!(message.properties.unwrap().get(), r#"{"revenue":9.5}"#);
    assert!(message.message_id.unwrap().starts_with("node-next-"));
}

#[test]
fn nulls_of_the_python_client_are_absent() {
    let message = read(
        r#"{"integrations":{},"anonymousId":null,"timestamp":"2026-11-20T10:00:00.123456+00:00",
        "userId":"u1","traits":{"email":"a@example.com"},"type":"identify","context":null,
        "messageId":"6d1d8a43","properties":null}"#,
    );
    assert!(message.anonymous_id.is_none());
    assert!(message.context.is_none());
    assert!(message.properties.is_none());
    assert_eq!(
        message.timestamp.as_deref(),
        Some("2026-11-20T10:00:00.123456+00:00")
    );
}

#[test]
fn a_rudder_event_has_both_times_and_its_traits_in_the_context() {
    let message = read(
        r#"{"channel":"server","originalTimestamp":"2026-11-20T10:00:00.000Z",
        "sentAt":"2026-11-20T10:00:01.000Z","type":"identify","userId":"u1",
        "context":{"traits":{"plan":"pro"}},"integrations":{"All":true}}"#,
    );
    assert_eq!(
        message.original_timestamp.as_deref(),
        Some("2026-11-20T10:00:00.000Z")
    );
    assert_eq!(message.sent_at.as_deref(), Some("2026-11-20T10:00:01.000Z"));
    assert!(message.traits.is_none());
}

#[test]
fn a_browser_event_brings_its_write_key() {
    let message = read(
        r#"{"timestamp":"2026-11-20T10:00:00.000Z","integrations":{"Segment.io":true},
        "anonymousId":"a1","type":"page","category":"shop","name":"Home","writeKey":"wk",
        "properties":{"path":"/"},"sentAt":"2026-11-20T10:00:00.010Z"}"#,
    );
    assert_eq!(message.write_key.as_deref(), Some("wk"));
    assert_eq!(message.category.as_deref(), Some("shop"));
    assert_eq!(message.name.as_deref(), Some("Home"));
}

#[test]
fn numbers_are_ids_by_their_decimal_text() {
    let id = |json: &str| {
        let json = format!(r#"{{"userId":{json}}}"#);
        Message::from_slice(json.as_bytes()).map(|message| message.user_id.map(Cow::into_owned))
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(id("42").unwrap(), some("42"));
    assert_eq!(id("-7").unwrap(), some("-7"));
    assert_eq!(
        id("18446744073709551615").unwrap(),
        some("18446744073709551615")
    );
    assert_eq!(
        id("42.0").unwrap(),
        some("42"),
        "one id, whichever way it is written"
    );
    assert_eq!(id("1.5").unwrap(), some("1.5"));
    let large = id("184467440737095516160").unwrap_err().to_string();
    assert!(large.contains("`userId` is a number too large"), "{large}");
}

#[test]
fn escaped_text_is_unescaped() {
    let message = read(r#"{"event":"caf\u00e9 \"x\"","userId":"\ud83d\ude00"}"#);
    assert_eq!(message.event.as_deref(), Some("café \"x\""));
    assert_eq!(message.user_id.as_deref(), Some("😀"));
}

#[test]
fn an_empty_array_stands_for_an_empty_object_as_php_writes_it() {
    let message = read(r#"{"properties":[],"traits":[ ]}"#);
    assert!(message.properties.is_none());
    assert!(message.traits.is_none());
}

#[test]
fn a_member_of_the_wrong_type_is_named() {
    assert!(error(r#"{"userId":{}}"#).contains("`userId` to be a string or a number"));
    assert!(error(r#"{"userId":true}"#).contains("`userId`"));
    assert!(error(r#"{"event":5}"#).contains("`event` to be a string"));
    assert!(error(r#"{"type":["track"]}"#).contains("`type` to be a string"));
    assert!(error(r#"{"properties":5}"#).contains("`properties` must be an object"));
    assert!(error(r#"{"context":[1]}"#).contains("`context` must be an object"));
    assert!(error("[]").contains("an event to be an object"));
}

#[test]
fn the_last_of_two_equal_members_wins() {
    assert_eq!(
        read(r#"{"userId":"a","userId":"b"}"#).user_id.as_deref(),
        Some("b")
    );
}

#[test]
fn deep_nesting_is_kept_raw_and_does_not_recurse() {
    let deep = format!(
        r#"{{"properties":{}1{}}}"#,
        r#"{"a":"#.repeat(100_000),
        "}".repeat(100_000)
    );
    assert!(read(&deep).properties.is_some());
}

#[test]
fn garbage_is_an_error_and_never_a_panic() {
    let event =
        br#"{"type":"track","event":"caf\u00e9","userId":42.5,"properties":{"a":[1,null]}}"#;
    for end in 0..event.len() {
        assert!(Message::from_slice(&event[..end]).is_err(), "cut at {end}");
    }
    // Every byte replaced by others that mean something in JSON, or nothing anywhere.
    for at in 0..event.len() {
        for byte in *b"\"\\{}[],:0n\xff\x00" {
            let mut bent = event.to_vec();
            bent[at] = byte;
            drop(Message::from_slice(&bent));
        }
    }
}
