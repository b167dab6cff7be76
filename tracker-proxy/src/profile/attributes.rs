//! Attributes (traits) with their histories: first, last and all values.

use serde::{Deserialize, Serialize};

use crate::clock::TimeMs;
use crate::value::Value;

/// How many values of one attribute are kept besides the first.
pub const VALUES_KEPT_MAX: usize = 50;
/// How many attributes a profile has at the most.
pub const ATTRIBUTES_MAX: usize = 500;

/// A value and the event time at which it was given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dated {
    /// The value.
    pub value: Value,
    /// Event time.
    pub at: TimeMs,
}

/// One attribute: its first value, and the newest ones in the order of event time.
///
/// Of a value that is said again and again only the first and the newest time are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attribute {
    /// The first value ever given.
    first: Dated,
    /// The newest values, oldest first; never empty.
    newest: Vec<Dated>,
}

impl Attribute {
    fn new(dated: Dated) -> Self {
        Self {
            first: dated.clone(),
            newest: vec![dated],
        }
    }

    /// The first value.
    #[must_use]
    pub fn first(&self) -> &Dated {
        &self.first
    }

    /// The current value.
    ///
    /// # Panics
    ///
    /// Never: an attribute has at least one value.
    #[must_use]
    pub fn last(&self) -> &Dated {
        self.newest
            .last()
            .expect("an attribute has at least one value")
    }

    /// The value before the current one, as far as it is kept.
    #[must_use]
    pub fn before_last(&self) -> Option<&Dated> {
        let before = self.newest.len().checked_sub(2)?;
        self.newest.get(before)
    }

    /// Every value that is kept, in the order of event time, each once.
    pub fn all(&self) -> impl Iterator<Item = &Dated> {
        let first = (self.newest.first() != Some(&self.first)).then_some(&self.first);
        let all: Vec<&Dated> = first.into_iter().chain(&self.newest).collect();
        let mut distinct: Vec<&Dated> = Vec::with_capacity(all.len());
        for dated in all {
            if distinct.iter().all(|seen| seen.value != dated.value) {
                distinct.push(dated);
            }
        }
        distinct.into_iter()
    }

    /// Adds a value; true when the current value is another one now.
    ///
    /// At equal times the later arrival wins, so that a correction sent in the same millisecond
    /// is not lost.
    fn give(&mut self, dated: Dated) -> bool {
        if dated.at < self.first.at {
            self.first = dated.clone();
        }
        let before = self.last().value.clone();
        let place = self.newest.partition_point(|kept| kept.at <= dated.at);
        self.newest.insert(place, dated);
        self.thin_out(place);
        if self.newest.len() > VALUES_KEPT_MAX {
            self.newest.remove(0);
        }
        self.last().value != before
    }

    /// Of a value that is said again and again the first and the newest time are kept. The newest
    /// one is needed: another value may come late and belong between the two.
    fn thin_out(&mut self, place: usize) {
        for middle in (place.saturating_sub(1)..=place + 1).rev() {
            let Some(around) = middle
                .checked_sub(1)
                .and_then(|start| self.newest.get(start..=middle + 1))
            else {
                continue;
            };
            if around.iter().all(|dated| dated.value == around[0].value) {
                self.newest.remove(middle);
            }
        }
    }
}

/// All attributes of a profile, by name.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Attributes(Vec<(Box<str>, Attribute)>);

impl Attributes {
    /// The attribute `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Attribute> {
        let place = self
            .0
            .binary_search_by(|(known, _)| known.as_ref().cmp(name))
            .ok()?;
        Some(&self.0[place].1)
    }

    /// The current value of `name`.
    #[must_use]
    pub fn last(&self, name: &str) -> Option<&Value> {
        self.get(name).map(|attribute| &attribute.last().value)
    }

    /// All attributes in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Attribute)> {
        self.0
            .iter()
            .map(|(name, attribute)| (name.as_ref(), attribute))
    }

    /// Gives `name` a value; true when the current value is another one now. Beyond
    /// [`ATTRIBUTES_MAX`] new names are not taken.
    pub fn give(&mut self, name: &str, dated: Dated) -> bool {
        match self
            .0
            .binary_search_by(|(known, _)| known.as_ref().cmp(name))
        {
            Ok(place) => self.0[place].1.give(dated),
            Err(_) if self.0.len() >= ATTRIBUTES_MAX => false,
            Err(place) => {
                self.0.insert(place, (name.into(), Attribute::new(dated)));
                true
            }
        }
    }

    /// Takes over another profile's values, by time; returns the names whose value changed.
    pub fn merge(&mut self, other: Self) -> Vec<Box<str>> {
        let mut changed = Vec::new();
        for (name, attribute) in other.0 {
            let mut moved = self.give(&name, attribute.first.clone());
            for dated in attribute.newest {
                moved |= self.give(&name, dated);
            }
            if moved {
                changed.push(name);
            }
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dated(value: &str, at: i64) -> Dated {
        Dated {
            value: value.into(),
            at: TimeMs(at),
        }
    }

    #[test]
    fn first_and_last_go_by_event_time_not_by_arrival() {
        let mut attributes = Attributes::default();
        assert!(attributes.give("city", dated("Bonn", 20)));
        assert!(
            !attributes.give("city", dated("Riga", 10)),
            "an older value changes nothing now"
        );
        let city = attributes.get("city").unwrap();
        assert_eq!(
            (&city.first().value, &city.last().value),
            (&"Riga".into(), &"Bonn".into())
        );
        let all: Vec<_> = city.all().map(|kept| kept.value.to_plain_text()).collect();
        assert_eq!(all, ["Riga", "Bonn"]);
    }

    #[test]
    fn a_late_value_does_not_undo_one_that_was_said_again_since() {
        let mut attributes = Attributes::default();
        for at in [10, 20, 30] {
            attributes.give("city", dated("Bonn", at));
        }
        assert!(!attributes.give("city", dated("Riga", 25)));
        assert_eq!(attributes.last("city"), Some(&"Bonn".into()));
        for at in 31..200 {
            attributes.give("city", dated("Bonn", at));
        }
        let city = attributes.get("city").unwrap();
        assert_eq!(
            city.newest.len(),
            4,
            "Bonn, Riga, and Bonn since then until now"
        );
    }

    #[test]
    fn the_history_is_bounded_and_keeps_the_first() {
        let mut attributes = Attributes::default();
        for n in 0..1_000 {
            attributes.give(
                "n",
                Dated {
                    value: Value::Int(n),
                    at: TimeMs(n),
                },
            );
        }
        let n = attributes.get("n").unwrap();
        assert_eq!(n.all().count(), VALUES_KEPT_MAX + 1);
        assert_eq!(n.first().value, Value::Int(0));
    }

    #[test]
    fn merging_takes_the_newest_value_of_both() {
        let (mut left, mut right) = (Attributes::default(), Attributes::default());
        left.give("mail", dated("old", 1));
        right.give("mail", dated("new", 2));
        right.give("name", dated("Ada", 1));
        assert_eq!(left.merge(right).len(), 2);
        assert_eq!(left.last("mail"), Some(&"new".into()));
    }
}
