//! Durations and dates as people write them.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::clock::TimeMs;
use crate::document::{Mistakes, Node, duration_ms};

/// The longest duration: a hundred years.
pub const DURATION_MS_MAX: i64 = 100 * 365 * DAY_MS;
/// A day of 24 hours.
pub const DAY_MS: i64 = 24 * HOUR_MS;
/// An hour.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// A minute.
pub const MINUTE_MS: i64 = 60_000;

/// Reads `10m`, `1h 30m`, `500ms` as milliseconds.
#[must_use]
pub fn parse_duration(text: &str) -> Option<i64> {
    duration_ms(text).filter(|ms| (1..=DURATION_MS_MAX).contains(ms))
}

/// Reads a duration, or notes what is wrong with it.
pub fn read_duration(node: &Node, what: &str, mistakes: &mut Mistakes) -> Option<i64> {
    let duration = node.as_text().and_then(parse_duration);
    if duration.is_none() {
        let found = node.as_text().unwrap_or_else(|| node.describe());
        let message = format!(
            "{what} has to be a duration such as `10m`, `90d` or `1h 30m` \
             (ms, s, m, h, d, w; at most 100 years), this is `{found}`"
        );
        mistakes.add(node.place, message);
    }
    duration
}

/// A point in time, exact or on somebody's calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Moment {
    /// An instant.
    At(TimeMs),
    /// A date or time of day, which is an instant in a time zone only.
    Civil(DateTime),
}

impl Moment {
    /// Reads `2026-01-31`, `2026-01-31T12:00:00` or `2026-01-31T12:00:00+01:00`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // A cheap look first: nearly no text is a date.
        let bytes = text.as_bytes();
        if bytes.len() < 10 || bytes.len() > 40 || bytes[4] != b'-' || bytes[7] != b'-' {
            return None;
        }
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Some(Self::At(TimeMs(instant.as_millisecond())));
        }
        text.parse().ok().map(Self::Civil)
    }

    /// The instant that it is in `zone`.
    #[must_use]
    pub fn instant(self, zone: &TimeZone) -> TimeMs {
        match self {
            Self::At(instant) => instant,
            Self::Civil(civil) => zone
                .to_timestamp(civil)
                .map_or(TimeMs::MAX, |instant| TimeMs(instant.as_millisecond())),
        }
    }

    /// The calendar date that it is in `zone`.
    #[must_use]
    pub fn date(self, zone: &TimeZone) -> Option<jiff::civil::Date> {
        match self {
            Self::At(instant) => {
                let instant = jiff::Timestamp::from_millisecond(instant.0).ok()?;
                Some(zone.to_datetime(instant).date())
            }
            Self::Civil(civil) => Some(civil.date()),
        }
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::At(instant) => f.write_str(&instant.to_rfc3339()),
            Self::Civil(civil) => civil.fmt(f),
        }
    }
}

/// Reads a date, or notes what is wrong with it.
pub fn read_moment(node: &Node, what: &str, mistakes: &mut Mistakes) -> Option<Moment> {
    let moment = node.as_text().and_then(Moment::parse);
    if moment.is_none() {
        let found = node.as_text().unwrap_or_else(|| node.describe());
        let message = format!(
            "{what} has to be a date such as `2026-01-31` or `2026-01-31T12:00:00Z`, \
             this is `{found}`"
        );
        mistakes.add(node.place, message);
    }
    moment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        for (text, ms) in [
            ("500ms", 500),
            ("90s", 90_000),
            ("10m", 600_000),
            ("1h 30m", 5_400_000),
            ("2w", 14 * DAY_MS),
        ] {
            assert_eq!(parse_duration(text), Some(ms), "{text}");
        }
        for text in [
            "",
            "10",
            "m",
            "10 m",
            "-1d",
            "0d",
            "1y",
            "10mm",
            "101000d",
            "9999999999999999w",
            "٣d",
        ] {
            assert_eq!(parse_duration(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_date_is_an_instant_in_a_zone() {
        let warsaw = TimeZone::get("Europe/Warsaw").unwrap();
        let midnight = Moment::parse("2026-01-31").unwrap();
        assert_eq!(
            midnight.instant(&warsaw).to_rfc3339(),
            "2026-01-30T23:00:00.000Z"
        );
        let exact = Moment::parse("2026-01-31T00:00:00+01:00").unwrap();
        assert_eq!(exact.instant(&TimeZone::UTC), midnight.instant(&warsaw));
        assert_eq!(Moment::parse("2026-13-01"), None);
        assert_eq!(Moment::parse("ąąąąąąąąąą"), None);
    }
}
