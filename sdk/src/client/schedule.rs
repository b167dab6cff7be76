//! When to try again: pure arithmetic.

use std::time::Duration;

use jiff::Timestamp;

use crate::limits::{BACKOFF_BASE, BACKOFF_MAX, RETRY_AFTER_MAX};

/// Full jitter: anything between nothing and the doubled bound, so that clients that failed
/// together do not come back together. `attempt` counts from 1, `fraction` is in `0.0..1.0`.
pub(crate) fn backoff(attempt: u32, fraction: f64) -> Duration {
    let doubled = BACKOFF_BASE.saturating_mul(1 << attempt.saturating_sub(1).min(16));
    doubled.min(BACKOFF_MAX).mul_f64(fraction)
}

/// Reads `Retry-After`: whole seconds or an HTTP date; capped. Nonsense is no header.
pub(crate) fn retry_after(header: &str, now: Timestamp) -> Option<Duration> {
    let header = header.trim();
    let wait = match header.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = jiff::fmt::rfc2822::DateTimeParser::new()
                .parse_timestamp(header)
                .ok()?;
            Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO)
        }
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_up_to_its_end() {
        assert_eq!(backoff(1, 0.5), Duration::from_millis(100));
        assert_eq!(backoff(3, 0.5), Duration::from_millis(400));
        assert_eq!(backoff(1_000, 0.5), Duration::from_secs(5));
        assert_eq!(backoff(7, 0.0), Duration::ZERO);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = "1994-11-06T08:49:30Z".parse().unwrap();
        let wait = |header| retry_after(header, now);
        assert_eq!(wait("2"), Some(Duration::from_secs(2)));
        assert_eq!(wait(" 0 "), Some(Duration::ZERO));
        assert_eq!(
            wait("Sun, 06 Nov 1994 08:49:37 GMT"),
            Some(Duration::from_secs(7))
        );
        assert_eq!(
            wait("Sun, 06 Nov 1994 08:00:00 GMT"),
            Some(Duration::ZERO),
            "in the past"
        );
        assert_eq!(wait("999999999"), Some(RETRY_AFTER_MAX));
        assert_eq!(wait("soon"), None);
        assert_eq!(wait("-1"), None);
        assert_eq!(wait("99999999999999999999999"), None);
    }
}
