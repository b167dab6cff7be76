//! What operators mean, one value at a time.

use std::cell::RefCell;
use std::collections::HashMap;

use jiff::tz::TimeZone;
use serde_json::Value as Json;

use super::calendar::{anniversaries, date_instant};
use super::language::{Check, Predicate};

/// When and where a question about a date is asked.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// The instant, in milliseconds.
    pub now: i64,
    /// The account's zone.
    pub zone: &'a TimeZone,
}

/// The text by which scalars are compared: `42`, `42.0` and `"42"` are the same.
#[must_use]
pub fn scalar(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Bool(truth) => Some(truth.to_string()),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Some(whole.to_string()),
            // Display writes whole floats without a fraction.
            None => number.as_f64().map(|number| number.to_string()),
        },
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// The number that a value is, or that its text says.
#[must_use]
pub fn number(value: &Json) -> Option<f64> {
    match value {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => {
            let digits = text.chars().any(|c| c.is_ascii_digit());
            let plain = text
                .chars()
                .all(|c| c.is_ascii_digit() || c == '.' || c == '-');
            text.parse().ok().filter(|_| digits && plain)
        }
        _ => None,
    }
}

/// A date as text; numbers are seconds since 1970, or milliseconds where they are large.
#[must_use]
pub fn date_text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => {
            let number = number.as_f64()?;
            let ms = if number.abs() >= 1e11 {
                number
            } else {
                number * 1e3
            };
            #[expect(
                clippy::cast_possible_truncation,
                reason = "parts of milliseconds are cut"
            )]
            let ms = ms as i64;
            jiff::Timestamp::from_millisecond(ms)
                .ok()
                .map(|at| at.to_string())
        }
        _ => None,
    }
}

/// All values that a path leads to; what is null is not there.
#[must_use]
pub fn at_path<'a>(root: &'a Json, path: &str) -> Vec<&'a Json> {
    let mut found = vec![root];
    for part in path.split('.') {
        let key = part.trim_end_matches("[*]");
        found = found
            .into_iter()
            .filter_map(|value| value.get(key))
            .collect();
        for _ in 0..part.matches("[*]").count() {
            let lists = found.into_iter().filter_map(Json::as_array);
            found = lists.flatten().collect();
        }
    }
    found.retain(|value| !value.is_null());
    found
}

impl Predicate {
    /// Whether it is true of an object.
    #[must_use]
    pub fn holds(&self, root: &Json, at: Moment<'_>) -> bool {
        all_hold(&self.checks, &at_path(root, &self.path), at)
    }
}

/// Whether all checks are true of what was found: of one of the values, or, where the check says
/// what must not be, of none.
#[must_use]
pub fn all_hold(checks: &[Check], found: &[&Json], at: Moment<'_>) -> bool {
    checks.iter().all(|check| check.holds(found, at))
}

impl Check {
    fn holds(&self, found: &[&Json], at: Moment<'_>) -> bool {
        let one = |is: &dyn Fn(&Json) -> bool| found.iter().any(|value| is(value));
        let text =
            |is: &dyn Fn(&str) -> bool| one(&|value| scalar(value).is_some_and(|text| is(&text)));
        let only_text = |is: &dyn Fn(&str) -> bool| one(&|value| value.as_str().is_some_and(is));
        let amount = |is: &dyn Fn(f64) -> bool| one(&|value| number(value).is_some_and(is));
        let listed = |bounds: &[Json], text: &str| {
            bounds
                .iter()
                .any(|bound| scalar(bound).as_deref() == Some(text))
        };
        match self {
            Self::Eq(bound) => text(&|text| scalar(bound).as_deref() == Some(text)),
            Self::Ne(bound) => !text(&|text| scalar(bound).as_deref() == Some(text)),
            Self::In(bounds) => text(&|text| listed(bounds, text)),
            Self::NotIn(bounds) => !text(&|text| listed(bounds, text)),
            Self::Gt(bound) => amount(&|number| number > *bound),
            Self::Gte(bound) => amount(&|number| number >= *bound),
            Self::Lt(bound) => amount(&|number| number < *bound),
            Self::Lte(bound) => amount(&|number| number <= *bound),
            // As two operators: with a list of values each may hold of another one.
            Self::Between(low, high) => {
                amount(&|number| number >= *low) && amount(&|number| number <= *high)
            }
            Self::After(bound) => only_text(&|text| text > bound.as_str()),
            Self::UpTo(bound) => only_text(&|text| text <= bound.as_str()),
            Self::Exists(said) | Self::Missing(said) => {
                let wanted = *said == matches!(self, Self::Exists(_));
                found.is_empty() != wanted
            }
            Self::Contains(part) => one(&|value| match value {
                Json::Array(items) => items.iter().any(|item| scalar(item).as_ref() == Some(part)),
                Json::String(text) => text.contains(part.as_str()),
                _ => false,
            }),
            Self::StartsWith(start) => text(&|text| text.starts_with(start.as_str())),
            Self::EndsWith(end) => text(&|text| text.ends_with(end.as_str())),
            Self::Matches(pattern) => {
                let pattern = compiled(pattern);
                text(&|text| pattern.is_match(text))
            }
            Self::AnyOf(bounds) => one(&|value| has_one(value, bounds)),
            Self::NoneOf(bounds) => !one(&|value| has_one(value, bounds)),
            Self::AllOf(bounds) => one(&|value| {
                bounds
                    .iter()
                    .all(|bound| has_one(value, std::slice::from_ref(bound)))
            }),
            Self::BeforeDate(_) | Self::AfterDate(_) | Self::InLast(_) | Self::InNext(_) => {
                one(&|value| {
                    let date = date_text(value).and_then(|text| date_instant(&text, at.zone));
                    date.is_some_and(|date| self.holds_of_date(date, at))
                })
            }
            Self::AnniversaryInNext(span) => one(&|value| {
                let dates = date_text(value);
                let edges = dates.map(|date| anniversaries(&date, *span, at.now, at.zone));
                let mut edges = edges.into_iter().flatten();
                edges.any(|(start, end)| start <= at.now && at.now < end)
            }),
            Self::Some(all) => one(&|value| {
                elements(value)
                    .iter()
                    .any(|item| all.iter().all(|predicate| predicate.holds(item, at)))
            }),
        }
    }

    fn holds_of_date(&self, date: i64, at: Moment<'_>) -> bool {
        let bound = |text: &str| date_instant(text, at.zone).expect("the generator knows dates");
        match self {
            Self::BeforeDate(text) => date < bound(text),
            Self::AfterDate(text) => date > bound(text),
            Self::InLast(span) => date <= at.now && at.now - date < *span,
            Self::InNext(span) => date > at.now && date - at.now <= *span,
            _ => false,
        }
    }
}

/// The elements of a list; anything else is a list of one.
fn elements(value: &Json) -> &[Json] {
    match value {
        Json::Array(items) => items,
        other => std::slice::from_ref(other),
    }
}

/// Whether a list has one of these.
fn has_one(value: &Json, bounds: &[Json]) -> bool {
    let items = elements(value);
    let has = |bound: &Json| {
        let bound = scalar(bound);
        items
            .iter()
            .any(|item| scalar(item).is_some() && scalar(item) == bound)
    };
    bounds.iter().any(has)
}

thread_local! {
    static COMPILED: RefCell<HashMap<String, regex::Regex>> = RefCell::default();
}

/// Compiling an expression takes longer than everything else here together.
fn compiled(pattern: &str) -> regex::Regex {
    COMPILED.with_borrow_mut(|known| {
        let fresh = || regex::Regex::new(pattern).expect("the generator knows expressions");
        known
            .entry(pattern.to_owned())
            .or_insert_with(fresh)
            .clone()
    })
}
