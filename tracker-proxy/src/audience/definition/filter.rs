//! An event name with conditions on its properties.

use std::fmt;

use jiff::tz::TimeZone;
use serde::Serialize;

pub(super) use super::operators::read_where;
use crate::audience::value::{Extraction, Path, Predicate, Slot, Values};
use crate::document::{Fields, Mistakes, Node};
use crate::ingest::Event;

/// The longest event name, in bytes.
const NAME_BYTES_MAX: usize = 200;

/// Which events are meant, as written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventPattern {
    /// The event's name.
    pub event: Box<str>,
    /// What has to be true of its properties; in the order of their paths.
    pub filter: Vec<Predicate>,
}

impl EventPattern {
    /// All events of this name.
    #[must_use]
    pub fn named(event: &str) -> Self {
        Self {
            event: event.into(),
            filter: Vec::new(),
        }
    }

    /// The same, if its name is one; `node` is where it stands.
    pub(super) fn checked(self, node: &Node, mistakes: &mut Mistakes) -> Option<Self> {
        if self.event.trim().is_empty() || self.event.len() > NAME_BYTES_MAX {
            let message = format!("an event name has 1 to {NAME_BYTES_MAX} bytes");
            mistakes.add(node.place, message);
            return None;
        }
        Some(self)
    }

    /// Reads a name, or `{ event: …, where: {…} }`.
    pub fn read(node: &Node, mistakes: &mut Mistakes) -> Option<Self> {
        if let Some(name) = node.as_text() {
            return named(node, name, mistakes);
        }
        let mut fields = Fields::of(node, "an event", mistakes)?;
        let pattern = Self::take(&mut fields, mistakes);
        fields.finish(mistakes);
        pattern
    }

    /// Takes `event` and `where` out of a map that may have other keys as well.
    pub(super) fn take(fields: &mut Fields<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let filter = fields
            .optional("where")
            .map(|node| read_where(node, mistakes));
        fields.required_text("event", mistakes)?;
        let node = fields.optional("event")?;
        let mut pattern = named(node, node.as_text()?, mistakes)?;
        pattern.filter = filter.unwrap_or_default();
        Some(pattern)
    }
}

fn named(node: &Node, name: &str, mistakes: &mut Mistakes) -> Option<EventPattern> {
    EventPattern::named(name).checked(node, mistakes)
}

impl fmt::Display for EventPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.event)?;
        if !self.filter.is_empty() {
            let all: Vec<String> = self.filter.iter().map(Predicate::to_string).collect();
            write!(f, " ({})", all.join(", "))?;
        }
        Ok(())
    }
}

/// The same, ready to be asked of single events outside of any audience.
#[derive(Debug, Clone)]
pub struct EventFilter {
    event: Box<str>,
    extraction: Extraction,
    /// Each predicate with the place of the value that it looks at.
    filter: Vec<(Slot, Predicate)>,
}

impl EventFilter {
    /// Reads a name, or `{ event: …, where: {…} }`.
    pub fn read(node: &Node, mistakes: &mut Mistakes) -> Option<Self> {
        EventPattern::read(node, mistakes).map(Self::from)
    }

    /// The event's name.
    #[must_use]
    pub fn event(&self) -> &str {
        &self.event
    }

    /// True if `event` is one of these. Relative dates are relative to the event, and dates
    /// without a zone are in UTC.
    #[must_use]
    pub fn matches(&self, event: &Event<'_>) -> bool {
        if *self.event != *event.name {
            return false;
        }
        let mut values = Values::default();
        self.extraction.read(event, &mut values);
        self.filter
            .iter()
            .all(|(slot, predicate)| predicate.holds(values.get(*slot), event.time, &TimeZone::UTC))
    }
}

impl From<EventPattern> for EventFilter {
    fn from(pattern: EventPattern) -> Self {
        let mut extraction = Extraction::default();
        let filter = pattern.filter.into_iter().map(|predicate| {
            let (slot, path) = extraction.want(&predicate.path);
            (
                slot,
                Predicate {
                    path,
                    checks: predicate.checks,
                },
            )
        });
        let filter = filter.collect();
        Self {
            event: pattern.event,
            extraction,
            filter,
        }
    }
}

/// Reads a property path, or notes that it is none.
pub(super) fn read_path(node: &Node, what: &str, mistakes: &mut Mistakes) -> Option<Path> {
    let path = node.as_text().and_then(Path::parse);
    if path.is_none() {
        let found = node.as_text().unwrap_or_else(|| node.describe());
        let message =
            format!("{what} has to be a property path such as `item.price`, this is `{found}`");
        mistakes.add(node.place, message);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audience::testing::event;
    use crate::document::parse;

    fn matches(filter: &str, properties: &str) -> bool {
        let mut mistakes = Mistakes::default();
        let text = format!("{{event: buy, where: {{{filter}}}}}");
        let read = EventFilter::read(&parse(&text).unwrap(), &mut mistakes);
        assert_eq!(mistakes.into_sorted(), [], "{filter}");
        let mut event = event("buy", 1_767_225_600_000); // 2026-01-01
        event.properties = Some(properties);
        read.unwrap().matches(&event)
    }

    /// A filter, properties that it lets through, and properties that it does not.
    const OPERATORS: &[(&str, &str, &str)] = &[
        ("a: x", r#"{"a": "x"}"#, r#"{"a": "X"}"#),
        ("a: 5", r#"{"a": "5"}"#, r#"{"a": 5.5}"#),
        ("a: [1, 2]", r#"{"a": 2}"#, r#"{"a": 3}"#),
        ("a: {ne: x}", "{}", r#"{"a": "x"}"#),
        ("a: {not_in: [x]}", r#"{"a": "y"}"#, r#"{"a": "x"}"#),
        ("a: {gt: 1}", r#"{"a": 1.1}"#, r#"{"a": 1}"#),
        ("a: {gte: 1, lt: 2}", r#"{"a": "1"}"#, r#"{"a": 2}"#),
        ("a: {lte: 1}", r#"{"a": 1}"#, "{}"),
        ("a: {gte: b}", r#"{"a": "b"}"#, r#"{"a": "a"}"#),
        ("a: {lt: b}", r#"{"a": "a"}"#, r#"{"a": "b"}"#),
        ("a: {between: [1, 3]}", r#"{"a": 3}"#, r#"{"a": 4}"#),
        ("a: {exists: true}", r#"{"a": 0}"#, r#"{"a": null}"#),
        ("a: {missing: true}", "{}", r#"{"a": 0}"#),
        (
            "a: {contains: el}",
            r#"{"a": "hello"}"#,
            r#"{"a": "hullo"}"#,
        ),
        (
            "a: {contains: el}",
            r#"{"a": ["el"]}"#,
            r#"{"a": ["hello"]}"#,
        ),
        (
            "a: {starts_with: /p}",
            r#"{"a": "/p/1"}"#,
            r#"{"a": "x/p"}"#,
        ),
        ("a: {ends_with: g}", r#"{"a": "dog"}"#, r#"{"a": "dogs"}"#),
        ("a: {matches: '^\\d+$'}", r#"{"a": "42"}"#, r#"{"a": "4x"}"#),
        (
            "a: {any_of: [x, y]}",
            r#"{"a": ["z", "y"]}"#,
            r#"{"a": ["z"]}"#,
        ),
        (
            "a: {all_of: [x, y]}",
            r#"{"a": ["y", "x"]}"#,
            r#"{"a": ["x"]}"#,
        ),
        ("a: {none_of: [x]}", r#"{"a": ["y"]}"#, r#"{"a": ["x"]}"#),
        (
            "a: {before: 2026-01-01}",
            r#"{"a": "2025-12-31"}"#,
            r#"{"a": "2026-01-01"}"#,
        ),
        (
            "a: {after: 2026-01-01}",
            r#"{"a": 1767225601}"#,
            r#"{"a": "x"}"#,
        ),
        (
            "a: {in_last: 1d}",
            r#"{"a": "2025-12-31T00:00:00.001Z"}"#,
            r#"{"a": "2025-12-31"}"#,
        ),
        (
            "a: {in_next: 1d}",
            r#"{"a": "2026-01-02"}"#,
            r#"{"a": "2026-01-01"}"#,
        ),
        (
            "a: {anniversary_in_next: 7d}",
            r#"{"a": "1990-01-08"}"#,
            r#"{"a": "1990-01-09"}"#,
        ),
        ("a.b: 1", r#"{"a": {"b": 1}}"#, r#"{"a.b": 1}"#),
        (
            "'a[*].b': {gt: 5}",
            r#"{"a": [{"b": 1}, {"b": 6}]}"#,
            r#"{"a": [{"b": 1}]}"#,
        ),
        (
            "a: {some: {b: 1, c: 2}}",
            r#"{"a": [{"b": 1, "c": 2}]}"#,
            r#"{"a": [{"b": 1}, {"c": 2}]}"#,
        ),
    ];

    #[test]
    fn every_operator_has_a_yes_and_a_no() {
        for (filter, yes, no) in OPERATORS {
            assert!(matches(filter, yes), "{filter} of {yes}");
            assert!(!matches(filter, no), "{filter} of {no}");
        }
    }
}
