//! What can be asked of one value.

use std::fmt;

use jiff::tz::TimeZone;
use regex::{Regex, RegexBuilder};
use serde::{Serialize, Serializer};

use super::{Predicate, canonical, number_of, relative};
use crate::audience::span::Moment;
use crate::clock::TimeMs;
use crate::document::duration_text;
use crate::value::Value;

/// How many bytes a compiled regular expression may take.
pub const REGEX_BYTES_MAX: usize = 256 * 1024;

/// One question about one value.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    /// There is a value.
    Exists,
    /// It is this scalar.
    Eq(Box<str>),
    /// It is one of these scalars; sorted.
    In(Vec<Box<str>>),
    /// A number above the bound.
    Gt(f64),
    /// A number at or above the bound.
    Gte(f64),
    /// A number below the bound.
    Lt(f64),
    /// A number at or below the bound.
    Lte(f64),
    /// A text that comes after this one in the alphabet.
    TextAfter(Box<str>, Tie),
    /// A text that comes before this one in the alphabet.
    TextBefore(Box<str>, Tie),
    /// A text with this part, or a list with this element.
    Contains(Box<str>),
    /// A text that starts so.
    StartsWith(Box<str>),
    /// A text that ends so.
    EndsWith(Box<str>),
    /// A text that a regular expression finds something in.
    Matches(Pattern),
    /// A list (or a scalar) with one of these; sorted.
    AnyOf(Vec<Box<str>>),
    /// A list with all of these; sorted.
    AllOf(Vec<Box<str>>),
    /// A date before this one.
    Before(Moment),
    /// A date after this one.
    After(Moment),
    /// A date in the last so many milliseconds.
    InLast(i64),
    /// A date in the next so many milliseconds.
    InNext(i64),
    /// A date whose anniversary is today or in the next so many milliseconds.
    AnniversaryInNext(i64),
    /// An object of which all of this is true, or a list with one.
    Some(Vec<Predicate>),
}

/// What equality means to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tie {
    /// Equal is enough.
    Holds,
    /// Equal is not enough.
    Fails,
}

/// A regular expression. The engine is linear in the text, and bounded in size.
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

impl Pattern {
    /// Compiles an expression.
    ///
    /// # Errors
    ///
    /// It is not a regular expression, or is too large.
    pub fn new(text: &str) -> Result<Self, regex::Error> {
        let regex = RegexBuilder::new(text)
            .size_limit(REGEX_BYTES_MAX)
            .build()?;
        Ok(Self(regex))
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

/// An operator or its opposite. What is missing fulfils no operator, hence every opposite.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// The question.
    pub operator: Operator,
    /// Whether the answer has to be no.
    pub negated: bool,
}

impl Check {
    /// The answer for a value, or for none.
    #[must_use]
    pub fn holds(&self, value: Option<&Value>, now: TimeMs, zone: &TimeZone) -> bool {
        let value = value.filter(|value| **value != Value::Null);
        value.is_some_and(|value| self.operator.holds(value, now, zone)) != self.negated
    }
}

impl Operator {
    /// The answer for a value that is there. `now` and `zone` are for dates.
    #[must_use]
    pub fn holds(&self, value: &Value, now: TimeMs, zone: &TimeZone) -> bool {
        let number = |holds: fn(f64, f64) -> bool, bound: f64| {
            number_of(value).is_some_and(|number| holds(number, bound))
        };
        let scalar =
            |holds: &dyn Fn(&str) -> bool| canonical(value).is_some_and(|text| holds(&text));
        let date = |holds: &dyn Fn(TimeMs) -> bool| {
            relative::moment_of(value).is_some_and(|moment| holds(moment.instant(zone)))
        };
        match self {
            Self::Exists => true,
            Self::Eq(bound) => scalar(&|text| text == bound.as_ref()),
            Self::In(bounds) => scalar(&|text| is_in(bounds, text)),
            Self::Gt(bound) => number(|a, b| a > b, *bound),
            Self::Gte(bound) => number(|a, b| a >= b, *bound),
            Self::Lt(bound) => number(|a, b| a < b, *bound),
            Self::Lte(bound) => number(|a, b| a <= b, *bound),
            Self::TextAfter(bound, tie) => value.as_text().is_some_and(|text| {
                text > bound.as_ref() || (*tie == Tie::Holds && text == bound.as_ref())
            }),
            Self::TextBefore(bound, tie) => value.as_text().is_some_and(|text| {
                text < bound.as_ref() || (*tie == Tie::Holds && text == bound.as_ref())
            }),
            Self::Contains(bound) => match value {
                Value::List(items) => has(items, bound),
                other => other
                    .as_text()
                    .is_some_and(|text| text.contains(bound.as_ref())),
            },
            Self::StartsWith(bound) => scalar(&|text| text.starts_with(bound.as_ref())),
            Self::EndsWith(bound) => scalar(&|text| text.ends_with(bound.as_ref())),
            Self::Matches(pattern) => scalar(&|text| pattern.0.is_match(text)),
            Self::AnyOf(bounds) => elements(value)
                .iter()
                .any(|item| canonical(item).is_some_and(|text| is_in(bounds, &text))),
            Self::AllOf(bounds) => bounds.iter().all(|bound| has(elements(value), bound)),
            Self::Before(bound) => date(&|at| at < bound.instant(zone)),
            Self::After(bound) => date(&|at| at > bound.instant(zone)),
            Self::InLast(span) => date(&|at| at <= now && now < at.plus(*span)),
            Self::InNext(span) => date(&|at| at > now && at.plus(-span) <= now),
            Self::AnniversaryInNext(span) => relative::is_anniversary(value, *span, now, zone),
            Self::Some(all) => elements(value).iter().any(|item| {
                all.iter()
                    .all(|predicate| predicate.holds_in(item, now, zone))
            }),
        }
    }

    /// The first instant after `from` at which the answer for `value` can change by itself.
    #[must_use]
    pub fn changes_at(&self, value: &Value, from: TimeMs, zone: &TimeZone) -> Option<TimeMs> {
        match self {
            Self::InLast(span) => relative::next(value, [0, *span], from, zone),
            Self::InNext(span) => relative::next(value, [-span, 0], from, zone),
            Self::AnniversaryInNext(span) => {
                relative::next_anniversary_edge(value, *span, from, zone)
            }
            Self::Some(all) => {
                let inner = elements(value).iter().flat_map(|item| {
                    all.iter()
                        .filter_map(move |predicate| predicate.changes_in(item, from, zone))
                });
                inner.min()
            }
            _ => None,
        }
    }

    /// True if it looks at dates.
    #[must_use]
    pub fn is_of_dates(&self) -> bool {
        match self {
            Self::Before(_) | Self::After(_) => true,
            Self::Some(all) => all.iter().any(Predicate::depends_on_zone),
            other => other.is_relative(),
        }
    }

    /// True if the answer can change by the passing of time.
    #[must_use]
    pub fn is_relative(&self) -> bool {
        match self {
            Self::InLast(_) | Self::InNext(_) | Self::AnniversaryInNext(_) => true,
            Self::Some(all) => all.iter().any(Predicate::is_relative),
            _ => false,
        }
    }
}

fn is_in(sorted: &[Box<str>], text: &str) -> bool {
    sorted
        .binary_search_by(|bound| bound.as_ref().cmp(text))
        .is_ok()
}

fn has(items: &[Value], bound: &str) -> bool {
    items
        .iter()
        .any(|item| canonical(item).as_deref() == Some(bound))
}

/// A list's elements; anything else is a list of one.
fn elements(value: &Value) -> &[Value] {
    match value {
        Value::List(items) => items,
        other => std::slice::from_ref(other),
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |bounds: &[Box<str>]| format!("[{}]", bounds.join(", "));
        let not = |yes: &'static str, no: &'static str| if self.negated { no } else { yes };
        match &self.operator {
            Operator::Exists => return f.write_str(not("exists", "missing")),
            Operator::Eq(bound) => return write!(f, "{} {bound}", not("eq", "ne")),
            Operator::In(bounds) => return write!(f, "{} {}", not("in", "not_in"), list(bounds)),
            Operator::AnyOf(bounds) => {
                return write!(f, "{} {}", not("any_of", "none_of"), list(bounds));
            }
            _ if self.negated => f.write_str("not ")?,
            _ => {}
        }
        match &self.operator {
            Operator::Gt(bound) => write!(f, "gt {bound}"),
            Operator::Gte(bound) => write!(f, "gte {bound}"),
            Operator::Lt(bound) => write!(f, "lt {bound}"),
            Operator::Lte(bound) => write!(f, "lte {bound}"),
            Operator::TextAfter(bound, Tie::Fails) => write!(f, "gt {bound}"),
            Operator::TextAfter(bound, Tie::Holds) => write!(f, "gte {bound}"),
            Operator::TextBefore(bound, Tie::Fails) => write!(f, "lt {bound}"),
            Operator::TextBefore(bound, Tie::Holds) => write!(f, "lte {bound}"),
            Operator::Contains(bound) => write!(f, "contains {bound}"),
            Operator::StartsWith(bound) => write!(f, "starts_with {bound}"),
            Operator::EndsWith(bound) => write!(f, "ends_with {bound}"),
            Operator::Matches(pattern) => write!(f, "matches {}", pattern.0.as_str()),
            Operator::AllOf(bounds) => write!(f, "all_of {}", list(bounds)),
            Operator::Before(bound) => write!(f, "before {bound}"),
            Operator::After(bound) => write!(f, "after {bound}"),
            Operator::InLast(span) => write!(f, "in_last {}", duration_text(*span)),
            Operator::InNext(span) => write!(f, "in_next {}", duration_text(*span)),
            Operator::AnniversaryInNext(span) => {
                write!(f, "anniversary_in_next {}", duration_text(*span))
            }
            Operator::Some(all) => {
                let all: Vec<String> = all.iter().map(Predicate::to_string).collect();
                write!(f, "some ({})", all.join(", "))
            }
            Operator::Exists | Operator::Eq(_) | Operator::In(_) | Operator::AnyOf(_) => Ok(()),
        }
    }
}
