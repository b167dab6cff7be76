//! The `Retry-After` header, from a sender that may be hostile.

use crate::clock::TimeMs;

/// The longest wait that a destination may ask for, in milliseconds.
pub const RETRY_AFTER_MS_MAX: i64 = 60 * 60 * 1_000;

/// How long the destination asks us to wait, in milliseconds and capped; garbage counts as
/// absent.
///
/// Whole seconds in digits, or an HTTP date (RFC 9110, section 10.2.3), and nothing else: a
/// parser of floats would take `inf` and `1e30` too.
#[must_use]
pub fn parse(value: &str, now: TimeMs) -> Option<i64> {
    let value = value.trim_matches([' ', '\t']);
    if value.is_empty() {
        return None;
    }
    if value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are a long wait too: the cap decides.
        let seconds = value.parse::<i64>().unwrap_or(i64::MAX);
        return Some(seconds.saturating_mul(1_000).min(RETRY_AFTER_MS_MAX));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    let since_epoch = date.duration_since(std::time::UNIX_EPOCH).ok()?;
    let at = TimeMs(i64::try_from(since_epoch.as_millis()).ok()?);
    Some(at.since(now).clamp(0, RETRY_AFTER_MS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1994-11-06T08:49:37Z, the example of RFC 9110.
    const NOW: TimeMs = TimeMs(784_111_777_000);

    #[test]
    fn seconds_and_dates_count_and_garbage_does_not() {
        for (value, wait) in [
            ("0", Some(0)),
            ("1", Some(1_000)),
            (" 120 ", Some(120_000)),
            ("007", Some(7_000)),
            ("3600", Some(RETRY_AFTER_MS_MAX)),
            ("3601", Some(RETRY_AFTER_MS_MAX)),
            ("18446744073709551616", Some(RETRY_AFTER_MS_MAX)),
            ("99999999999999999999999999", Some(RETRY_AFTER_MS_MAX)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10_000)),
            ("Sunday, 06-Nov-94 08:49:47 GMT", Some(10_000)),
            ("Sun Nov  6 08:49:47 1994", Some(10_000)),
            ("Sun, 06 Nov 1994 08:49:27 GMT", Some(0)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(RETRY_AFTER_MS_MAX)),
            ("", None),
            ("-1", None),
            ("+1", None),
            ("1.5", None),
            ("1e3", None),
            ("1e30", None),
            ("inf", None),
            ("NaN", None),
            ("0x10", None),
            ("1 2", None),
            ("1,2", None),
            ("soon", None),
            ("\u{0661}", None),
            ("1994-11-06T08:49:47Z", None),
            ("Sun, 06 Nov 1994 08:49:47 +0100", None),
        ] {
            assert_eq!(parse(value, NOW), wait, "{value}");
        }
    }

    #[test]
    fn extremes_of_the_own_clock_do_not_overflow() {
        let date = "Sun, 06 Nov 1994 08:49:47 GMT";
        assert_eq!(parse(date, TimeMs(i64::MIN)), Some(RETRY_AFTER_MS_MAX));
        assert_eq!(parse(date, TimeMs::MAX), Some(0));
    }
}
