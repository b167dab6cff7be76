//! Panes: time cut into pieces, for windows that cannot keep every event.

use jiff::Span;
use jiff::civil::date;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::span::{DAY_MS, HOUR_MS, MINUTE_MS};
use crate::clock::TimeMs;

/// The longest window that panes are kept for: ten years of days.
pub const PANED_WINDOW_MS_MAX: i64 = 3_660 * DAY_MS;

/// How long a pane is. A window counts whole panes: it begins at the start of the pane in which
/// its edge lies. That is not an approximation of something else but what such a window means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grain {
    /// For windows of up to 6 hours.
    Minute,
    /// For windows of up to 14 days.
    Hour,
    /// For longer ones; days of the account's time zone.
    Day,
}

impl Grain {
    /// The panes of a window of `ms` milliseconds.
    #[must_use]
    pub fn of_window(ms: i64) -> Self {
        if ms <= 6 * HOUR_MS {
            Self::Minute
        } else if ms <= 14 * DAY_MS {
            Self::Hour
        } else {
            Self::Day
        }
    }

    /// How many panes back a window of `ms` milliseconds reaches at the most.
    #[must_use]
    pub fn depth(self, ms: i64) -> i32 {
        // One for the pane that is cut, one for a day that a change of clocks made short.
        clamp(ms / self.ms() + 2)
    }

    /// The pane that `at` is in.
    #[must_use]
    pub fn index(self, at: TimeMs, zone: &TimeZone) -> i32 {
        let local = match self {
            Self::Minute | Self::Hour => at.0,
            Self::Day => {
                let offset = jiff::Timestamp::from_millisecond(at.0)
                    .map_or(0, |instant| zone.to_offset(instant).seconds());
                at.0.saturating_add(i64::from(offset) * 1_000)
            }
        };
        clamp(local.div_euclid(self.ms()))
    }

    /// The first instant after the pane.
    #[must_use]
    pub fn end(self, index: i32, zone: &TimeZone) -> TimeMs {
        match self {
            Self::Minute | Self::Hour => TimeMs((i64::from(index) + 1) * self.ms()),
            Self::Day => {
                let days = Span::new().try_days(i64::from(index) + 1);
                let day = days.and_then(|days| date(1970, 1, 1).checked_add(days));
                let start = day.and_then(|day| zone.to_timestamp(day.at(0, 0, 0, 0)));
                start.map_or(TimeMs::MAX, |start| TimeMs(start.as_millisecond()))
            }
        }
    }

    /// The pane's length in words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    fn ms(self) -> i64 {
        match self {
            Self::Minute => MINUTE_MS,
            Self::Hour => HOUR_MS,
            Self::Day => DAY_MS,
        }
    }
}

fn clamp(index: i64) -> i32 {
    // `i32::MAX` stands for no end, and is left free.
    let bounded = index.clamp(i64::from(i32::MIN), i64::from(i32::MAX) - 2);
    i32::try_from(bounded).expect("clamped to the range")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pane_ends_where_the_next_one_begins() {
        let zones = [
            "UTC",
            "Europe/Warsaw",
            "America/Sao_Paulo",
            "Asia/Kathmandu",
        ];
        for zone in zones.map(|name| TimeZone::get(name).unwrap()) {
            for grain in [Grain::Minute, Grain::Hour, Grain::Day] {
                for step in 0..800 {
                    // Past several changes of the clocks, those at midnight in Brazil too.
                    let at = TimeMs(1_500_000_000_000 + step * 11 * HOUR_MS + step);
                    let index = grain.index(at, &zone);
                    let end = grain.end(index, &zone);
                    assert!(at < end);
                    assert_eq!(
                        grain.index(TimeMs(end.0 - 1), &zone),
                        index,
                        "{zone:?} {at:?}"
                    );
                    assert_eq!(grain.index(end, &zone), index + 1, "{zone:?} {at:?}");
                }
            }
        }
    }

    #[test]
    fn absurd_times_do_no_harm() {
        for grain in [Grain::Minute, Grain::Hour, Grain::Day] {
            for at in [i64::MIN, i64::MAX] {
                let pane = grain.index(TimeMs(at), &TimeZone::UTC);
                let end = grain.end(pane, &TimeZone::UTC);
                assert_eq!(end > TimeMs(0), at > 0 || end == TimeMs::MAX);
            }
            assert!(grain.end(i32::MAX, &TimeZone::UTC) > TimeMs(0));
            assert!(grain.depth(i64::MAX) > 0);
        }
    }
}
