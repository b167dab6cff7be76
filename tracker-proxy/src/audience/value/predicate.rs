//! Checks on the value that a path leads to.

use std::fmt;

use jiff::tz::TimeZone;
use serde::Serialize;

use super::{Check, Operator, Path};
use crate::audience::compile::Threshold;
use crate::clock::TimeMs;
use crate::value::Value;

/// A path, and what has to be true of the value there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Predicate {
    /// Where the value is.
    pub path: Path,
    /// All of these have to hold.
    pub checks: Vec<Check>,
}

impl Predicate {
    /// The answer, given the value of the path's first key.
    #[must_use]
    pub fn holds(&self, root: Option<&Value>, now: TimeMs, zone: &TimeZone) -> bool {
        self.checks.iter().all(|check| {
            let found = root.is_some_and(|root| {
                self.path
                    .any(root, |value| check.operator.holds(value, now, zone))
            });
            found != check.negated
        })
    }

    /// The answer, given an object in which the path's first key is looked up.
    #[must_use]
    pub fn holds_in(&self, object: &Value, now: TimeMs, zone: &TimeZone) -> bool {
        self.holds(object.get(self.path.head()), now, zone)
    }

    /// The first instant after `from` at which the answer can change by itself.
    #[must_use]
    pub fn changes_at(&self, root: &Value, from: TimeMs, zone: &TimeZone) -> Option<TimeMs> {
        let mut next = None;
        for check in self
            .checks
            .iter()
            .filter(|check| check.operator.is_relative())
        {
            self.path.any(root, |value| {
                next = earlier(next, check.operator.changes_at(value, from, zone));
                false
            });
        }
        next
    }

    pub(super) fn changes_in(
        &self,
        object: &Value,
        from: TimeMs,
        zone: &TimeZone,
    ) -> Option<TimeMs> {
        self.changes_at(object.get(self.path.head())?, from, zone)
    }

    /// True if the answer can change by the passing of time.
    #[must_use]
    pub fn is_relative(&self) -> bool {
        self.checks.iter().any(|check| check.operator.is_relative())
    }

    /// True if the answer can be another one in another time zone.
    #[must_use]
    pub fn depends_on_zone(&self) -> bool {
        self.checks.iter().any(|check| check.operator.is_of_dates())
    }

    /// The scalars of which the value has to be one, where that is so: what an index can use.
    #[must_use]
    pub fn equalities(&self) -> Option<&[Box<str>]> {
        if !self.path.is_single() {
            return None;
        }
        self.checks.iter().find_map(|check| match &check.operator {
            _ if check.negated => None,
            Operator::Eq(bound) => Some(std::slice::from_ref(bound)),
            Operator::In(bounds) => Some(bounds.as_slice()),
            _ => None,
        })
    }

    /// A threshold that a number there has to pass, where that is so: what an index can use.
    #[must_use]
    pub(in crate::audience) fn threshold(&self) -> Option<Threshold> {
        if !self.path.is_single() {
            return None;
        }
        self.checks.iter().find_map(|check| match check.operator {
            _ if check.negated => None,
            Operator::Gt(bound) | Operator::Gte(bound) => Some(Threshold::AtLeast(bound)),
            Operator::Lt(bound) | Operator::Lte(bound) => Some(Threshold::AtMost(bound)),
            _ => None,
        })
    }

    /// True if it holds of nothing that is missing.
    #[must_use]
    pub fn needs_a_value(&self) -> bool {
        self.checks.iter().any(|check| !check.negated)
    }
}

fn earlier(a: Option<TimeMs>, b: Option<TimeMs>) -> Option<TimeMs> {
    a.into_iter().chain(b).min()
}

impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, check) in self.checks.iter().enumerate() {
            let and = if n == 0 { "" } else { ", " };
            write!(f, "{and}{} {check}", self.path)?;
        }
        Ok(())
    }
}
