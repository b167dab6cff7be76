//! What a window and a date mean: panes, days, anniversaries.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// A minute in milliseconds.
pub const MINUTE: i64 = 60_000;
/// An hour in milliseconds.
pub const HOUR: i64 = 60 * MINUTE;
/// A day of 24 hours in milliseconds.
pub const DAY: i64 = 24 * HOUR;

fn timestamp(ms: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(ms).expect("stories play in this century")
}

/// The calendar day of an instant.
#[must_use]
pub fn day_of(ms: i64, zone: &TimeZone) -> Date {
    zone.to_datetime(timestamp(ms)).date()
}

fn instant(civil: DateTime, zone: &TimeZone) -> i64 {
    let instant = zone.to_timestamp(civil);
    instant
        .expect("stories play in this century")
        .as_millisecond()
}

/// The first instant of a day.
#[must_use]
pub fn start_of(day: Date, zone: &TimeZone) -> i64 {
    instant(day.at(0, 0, 0, 0), zone)
}

fn day_after(day: Date) -> Date {
    day.checked_add(1.day())
        .expect("stories play in this century")
}

/// How long a pane is; days are those of the account's zone.
enum Pane {
    Minute,
    Hour,
    Day,
}

/// Minutes for windows of up to 6 hours, hours up to 14 days, days beyond.
fn pane_of(window: i64) -> Pane {
    if window <= 6 * HOUR {
        Pane::Minute
    } else if window <= 14 * DAY {
        Pane::Hour
    } else {
        Pane::Day
    }
}

/// The start of the pane in which `ms` is, for a window of `window` milliseconds.
#[must_use]
pub fn pane_start(ms: i64, window: i64, zone: &TimeZone) -> i64 {
    match pane_of(window) {
        Pane::Minute => ms - ms.rem_euclid(MINUTE),
        Pane::Hour => ms - ms.rem_euclid(HOUR),
        Pane::Day => start_of(day_of(ms, zone), zone),
    }
}

/// The first instant after that pane.
#[must_use]
pub fn pane_end(ms: i64, window: i64, zone: &TimeZone) -> i64 {
    match pane_of(window) {
        Pane::Minute => pane_start(ms, window, zone) + MINUTE,
        Pane::Hour => pane_start(ms, window, zone) + HOUR,
        Pane::Day => start_of(day_after(day_of(ms, zone)), zone),
    }
}

/// A date as it is written: an instant, or one on the zone's calendar.
#[must_use]
pub fn date_instant(text: &str, zone: &TimeZone) -> Option<i64> {
    if let Ok(exact) = text.parse::<jiff::Timestamp>() {
        return Some(exact.as_millisecond());
    }
    let civil: DateTime = text.parse().ok()?;
    Some(instant(civil, zone))
}

/// The calendar day of a date as it is written.
fn date_day(text: &str, zone: &TimeZone) -> Option<Date> {
    if let Ok(exact) = text.parse::<jiff::Timestamp>() {
        return Some(zone.to_datetime(exact).date());
    }
    text.parse::<DateTime>().ok().map(DateTime::date)
}

/// From when to when somebody's anniversaries around `now` count, `span` before the day itself.
/// Who was born on 29 February celebrates on the 28th in other years.
#[must_use]
pub fn anniversaries(date: &str, span: i64, now: i64, zone: &TimeZone) -> Vec<(i64, i64)> {
    let Some(born) = date_day(date, zone) else {
        return Vec::new();
    };
    let this_year = day_of(now, zone).year();
    let ahead = i16::try_from(span / (365 * DAY)).expect("spans are short") + 2;
    (this_year - 1..=this_year + ahead)
        .map(|year| {
            let day = Date::new(year, born.month(), born.day());
            let day = day.unwrap_or_else(|_| {
                Date::new(year, 2, 28).expect("February has 28 days in every year")
            });
            (start_of(day, zone) - span, start_of(day_after(day), zone))
        })
        .collect()
}
