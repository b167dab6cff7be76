//! Input that nobody meant.

use proptest::prelude::*;

use super::*;

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
