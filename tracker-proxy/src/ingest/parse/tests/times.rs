//! When an event happened.

use super::*;

#[test]
fn the_time_that_the_app_gave_counts_and_the_events_own_time_of_sending() {
    let body = r#"{"sentAt":"2026-11-20T12:00:00Z","batch":[
        {"type":"track","event":"a","userId":"1","timestamp":"2026-11-20T11:00:00Z",
         "originalTimestamp":"2026-11-20T11:59:00Z"},
        {"type":"track","event":"b","userId":"1",
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
fn a_blank_time_is_none() {
    let parsed = backend(&track(r#""timestamp":"","originalTimestamp":null"#));
    assert_eq!(
        (only(&parsed).time, only(&parsed).stated_time),
        (NOON, None)
    );
}
