//! When an event happened, out of what the sender's clock said.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::clock::TimeMs;

/// How far a time may lie ahead before the sender is told, in milliseconds: clocks that are in
/// step, and times rounded to seconds, differ by less.
const AHEAD_MS_MAX: i64 = 1_000;

/// What a sender says about time.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stated {
    /// When it happened.
    pub(super) event: Option<TimeMs>,
    /// When it was sent, by the same clock.
    pub(super) sent: Option<TimeMs>,
}

/// When it happened, as far as we can know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dated {
    /// By our clock; never after the receipt.
    pub(super) time: TimeMs,
    /// What the sender said, where that is another time.
    pub(super) stated: Option<TimeMs>,
    /// Whether what the sender said lies so far ahead that they should know.
    pub(super) ahead: bool,
}

/// Dates an event. How long it waited at the sender is what both of the sender's times agree on,
/// however wrong that clock is; without a time of sending its word is all there is.
pub(super) fn date(stated: Stated, received: TimeMs) -> Dated {
    let Some(event) = stated.event else {
        return Dated {
            time: received,
            stated: None,
            ahead: false,
        };
    };
    let corrected = stated.sent.map_or(event, |sent| {
        TimeMs(received.0.saturating_sub(sent.since(event)))
    });
    let time = corrected.min(received);
    Dated {
        time,
        stated: (event != time).then_some(event),
        ahead: corrected.since(received) > AHEAD_MS_MAX,
    }
}

/// Reads a time: RFC 3339 with any offset and precision, a date and time without an offset (which
/// is UTC), or a number since 1970 in seconds, milli-, micro- or nanoseconds.
pub(super) fn read(text: &str) -> Option<TimeMs> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(TimeMs(at.as_millisecond()));
    }
    if let Ok(number) = text.parse::<f64>() {
        return since_1970(number);
    }
    let local: DateTime = text.parse().ok()?;
    let at = TimeZone::UTC.to_timestamp(local).ok()?;
    Some(TimeMs(at.as_millisecond()))
}

/// The unit shows in the size: none of the ranges meets another within 3,000 years of 1970.
#[expect(
    clippy::cast_possible_truncation,
    reason = "casts of floats saturate, and the range is checked"
)]
fn since_1970(number: f64) -> Option<TimeMs> {
    let ms = match number.abs() {
        size if size < 1e11 => number * 1e3,
        size if size < 1e14 => number,
        size if size < 1e17 => number / 1e3,
        _ => number / 1e6,
    };
    let at = Timestamp::from_millisecond(ms.round() as i64).ok()?;
    ms.is_finite().then(|| TimeMs(at.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: TimeMs = TimeMs(1_795_176_000_000);

    fn dated(event: TimeMs, sent: Option<TimeMs>) -> Dated {
        let stated = Stated {
            event: Some(event),
            sent,
        };
        date(stated, NOON)
    }

    #[test]
    fn every_way_of_writing_one_instant_is_read() {
        for text in [
            "2026-11-20T12:00:00Z",
            "2026-11-20T12:00:00.000Z",
            "2026-11-20T12:00:00.000123+00:00",
            "2026-11-20T13:00:00.000+01:00",
            "2026-11-20 12:00:00Z",
            "2026-11-20T12:00:00",
            "1795176000",
            "1795176000.0001",
            "1795176000000",
            "1795176000000123",
            "1795176000000123456",
        ] {
            assert_eq!(read(text), Some(NOON), "{text}");
        }
        assert_eq!(read("2026-11-20"), Some(NOON.plus(-12 * 3_600_000)));
    }

    #[test]
    fn what_is_no_time_is_not_guessed() {
        for text in [
            "",
            "yesterday",
            "NaN",
            "inf",
            "1e300",
            "2026-13-40T00:00:00Z",
            "-",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_wrong_clock_is_corrected_by_the_time_of_sending() {
        let fast = dated(NOON.plus(3_600_000), Some(NOON.plus(3_605_000)));
        assert_eq!(fast.time, NOON.plus(-5_000));
        assert_eq!(fast.stated, Some(NOON.plus(3_600_000)));
        assert!(!fast.ahead);
    }

    #[test]
    fn without_a_time_of_sending_the_sender_is_believed() {
        let past = dated(TimeMs(0), None);
        assert_eq!(
            (past.time, past.stated, past.ahead),
            (TimeMs(0), None, false)
        );
    }

    #[test]
    fn a_time_ahead_becomes_the_receipt_and_is_kept() {
        let century = NOON.plus(75 * 365 * 86_400_000);
        let ahead = dated(century, None);
        assert_eq!((ahead.time, ahead.stated), (NOON, Some(century)));
        assert!(ahead.ahead);

        let corrected = dated(century, Some(NOON));
        assert_eq!((corrected.time, corrected.stated), (NOON, Some(century)));
        assert!(corrected.ahead);
    }

    #[test]
    fn clocks_nearly_in_step_are_not_worth_a_word() {
        let rounded = dated(NOON.plus(400), Some(NOON));
        assert_eq!((rounded.time, rounded.ahead), (NOON, false));
        assert_eq!(rounded.stated, Some(NOON.plus(400)));
    }

    #[test]
    fn an_event_without_a_time_happened_when_it_came() {
        let sent = Some(NOON.plus(-9));
        let none = date(Stated { event: None, sent }, NOON);
        assert_eq!((none.time, none.stated, none.ahead), (NOON, None, false));
    }

    #[test]
    fn absurd_times_do_not_overflow() {
        let extremes = dated(TimeMs(i64::MIN), Some(TimeMs(i64::MAX)));
        assert!(extremes.time < NOON);
        assert_eq!(dated(TimeMs(i64::MAX), Some(TimeMs(i64::MIN))).time, NOON);
    }
}
