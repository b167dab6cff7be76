//! What is refused, and how that is said.

use super::*;

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
        (
            track(r#""properties":{"n":[1e999]}"#),
            InvalidField,
            "beyond 1.8e308",
        ),
        (
            format!(r#"{{"context":{{"n":-1e999}},{}"#, &track("")[1..]),
            InvalidField,
            "beyond 1.8e308",
        ),
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
fn an_error_does_not_carry_the_body_back() {
    let long = "é".repeat(10_000);
    let bodies = [
        format!(r#""{long}""#),
        format!(r#"{{"batch":"{long}"}}"#),
        format!(r#"{{"batch":["{long}"]}}"#),
    ];
    let source = source(KeyKind::Secret, false);
    for body in bodies {
        let message = match parse_batch(body.as_bytes(), &source, NOON, &Limits::default()) {
            Ok(parsed) => refusal(&parsed).1.to_owned(),
            Err(error) => error.to_string(),
        };
        assert!(message.len() < 300, "{message}");
    }
}
