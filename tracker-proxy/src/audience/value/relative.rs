//! Dates in relation to now.

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::audience::span::{MINUTE_MS, Moment};
use crate::clock::TimeMs;
use crate::value::Value;

/// Numbers from here on are milliseconds since 1970, smaller ones seconds: the border is the year
/// 1973 in one and 5138 in the other.
const MILLISECONDS_FROM: f64 = 1e11;

/// The point in time that a value says.
pub(super) fn moment_of(value: &Value) -> Option<Moment> {
    match value {
        Value::Text(text) => Moment::parse(text),
        _ => {
            let number = value.as_number()?;
            let ms = if number.abs() >= MILLISECONDS_FROM {
                number
            } else {
                number * 1e3
            };
            #[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
            let instant = TimeMs(ms as i64);
            Some(Moment::At(instant))
        }
    }
}

/// The first instant after `from` that is so many milliseconds after the value.
pub(super) fn next(
    value: &Value,
    after: [i64; 2],
    from: TimeMs,
    zone: &TimeZone,
) -> Option<TimeMs> {
    let at = moment_of(value)?.instant(zone);
    after
        .into_iter()
        .map(|ms| at.plus(ms))
        .filter(|instant| *instant > from)
        .min()
}

/// True from `span` before the day of an anniversary until the end of that day.
pub(super) fn is_anniversary(value: &Value, span: i64, now: TimeMs, zone: &TimeZone) -> bool {
    let edges = anniversaries(value, span, now, zone);
    edges
        .into_iter()
        .any(|(start, end)| start <= now && now < end)
}

/// The first instant after `from` at which [`is_anniversary`] changes.
pub(super) fn next_anniversary_edge(
    value: &Value,
    span: i64,
    from: TimeMs,
    zone: &TimeZone,
) -> Option<TimeMs> {
    let edges = anniversaries(value, span, from, zone);
    let edges = edges.into_iter().flat_map(|(start, end)| [start, end]);
    edges.filter(|instant| *instant > from).min()
}

/// The anniversaries around `now` whose spans can matter. Born on 29 February is celebrated on the
/// 28th in other years.
fn anniversaries(value: &Value, span: i64, now: TimeMs, zone: &TimeZone) -> Vec<(TimeMs, TimeMs)> {
    let Some(date) = moment_of(value).and_then(|moment| moment.date(zone)) else {
        return Vec::new();
    };
    let Some(today) = Moment::At(now).date(zone) else {
        return Vec::new();
    };
    let ahead = span / (366 * 24 * 60 * MINUTE_MS) + 2;
    let ahead = i16::try_from(ahead).unwrap_or(i16::MAX).min(120);
    let years = today.year().saturating_sub(1)..=today.year().saturating_add(ahead);
    years
        .filter_map(|year| {
            let day = in_year(date, year)?;
            let start = Moment::Civil(day.at(0, 0, 0, 0)).instant(zone).plus(-span);
            let end = day.checked_add(1.day()).ok()?;
            Some((start, Moment::Civil(end.at(0, 0, 0, 0)).instant(zone)))
        })
        .collect()
}

fn in_year(date: Date, year: i16) -> Option<Date> {
    let first = Date::new(year, date.month(), 1).ok()?;
    Date::new(year, date.month(), date.day().min(first.days_in_month())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> TimeMs {
        Moment::parse(text).unwrap().instant(&TimeZone::UTC)
    }

    #[test]
    fn an_anniversary_holds_from_some_days_before_until_the_day_is_over() {
        let born = Value::from("1990-03-05");
        let week = 7 * 24 * 60 * MINUTE_MS;
        let holds = |now: &str| is_anniversary(&born, week, at(now), &TimeZone::UTC);
        assert!(!holds("2026-02-25T23:59:59.999Z"));
        assert!(holds("2026-02-26T00:00:00Z"));
        assert!(holds("2026-03-05T23:59:59.999Z"));
        assert!(!holds("2026-03-06T00:00:00Z"));
        let next = next_anniversary_edge(&born, week, at("2026-03-06T00:00:00Z"), &TimeZone::UTC);
        assert_eq!(next, Some(at("2027-02-26T00:00:00Z")));
    }

    #[test]
    fn a_leap_day_is_celebrated_every_year() {
        let born = Value::from("2000-02-29");
        assert!(is_anniversary(
            &born,
            1,
            at("2026-02-28T12:00:00Z"),
            &TimeZone::UTC
        ));
        assert!(!is_anniversary(
            &born,
            1,
            at("2028-02-28T12:00:00Z"),
            &TimeZone::UTC
        ));
    }

    #[test]
    fn absurd_dates_do_no_harm() {
        for value in [
            Value::Int(i64::MAX),
            Value::Float(-1e300),
            Value::from("9999-12-31"),
        ] {
            assert!(!is_anniversary(
                &value,
                i64::MAX / 4,
                TimeMs(i64::MAX),
                &TimeZone::UTC
            ));
            next_anniversary_edge(&value, 1, TimeMs(0), &TimeZone::UTC);
        }
    }
}
