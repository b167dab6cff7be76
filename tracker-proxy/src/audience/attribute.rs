//! Questions about an attribute: its current value, its first one, or any that it had.

use super::answer::Asked;
use super::definition::Take;
use super::value::Predicate;
use crate::clock::TimeMs;
use crate::value::Value;

impl Asked<'_> {
    pub(super) fn attribute_holds(
        &self,
        predicate: &Predicate,
        whole: Option<&str>,
        take: Take,
        now: TimeMs,
    ) -> bool {
        let attributes = &self.profile.attributes;
        if take == Take::Last {
            return match whole.and_then(|whole| attributes.last(whole)) {
                Some(value) => predicate
                    .checks
                    .iter()
                    .all(|check| check.holds(Some(value), now, self.zone)),
                None => {
                    let root = attributes.last(predicate.path.head());
                    predicate.holds(root, now, self.zone)
                }
            };
        }
        // An attribute that has the whole path as its name goes before one that it leads into.
        let whole = self.taken(whole, take);
        let roots = self.taken(Some(predicate.path.head()), take);
        predicate.checks.iter().all(|check| {
            let holds = |value: &Value| check.operator.holds(value, now, self.zone);
            let found = if whole.is_empty() {
                roots.iter().any(|root| predicate.path.any(root, holds))
            } else {
                whole
                    .iter()
                    .any(|value| **value != Value::Null && holds(value))
            };
            found != check.negated
        })
    }

    /// The values of the attribute of that name that a question is about.
    pub(super) fn taken(&self, name: Option<&str>, take: Take) -> Vec<&Value> {
        let Some(attribute) = name.and_then(|name| self.profile.attributes.get(name)) else {
            return Vec::new();
        };
        match take {
            Take::Last => vec![&attribute.last().value],
            Take::First => vec![&attribute.first().value],
            Take::All => attribute.all().map(|dated| &dated.value).collect(),
        }
    }

    pub(super) fn attribute_changes_at(
        &self,
        predicate: &Predicate,
        whole: Option<&str>,
        take: Take,
        from: TimeMs,
    ) -> Option<TimeMs> {
        let whole = self.taken(whole, take);
        if !whole.is_empty() {
            let checks = predicate.checks.iter();
            let changes = checks.flat_map(|check| {
                let operator = &check.operator;
                whole
                    .iter()
                    .filter_map(|value| operator.changes_at(value, from, self.zone))
            });
            return changes.min();
        }
        let roots = self.taken(Some(predicate.path.head()), take);
        let changes = roots
            .into_iter()
            .filter_map(|root| predicate.changes_at(root, from, self.zone));
        changes.min()
    }
}
