//! An audience as its author wrote it, checked.

mod bounds;
mod did;
mod filter;
mod have;
mod in_order;
mod operators;
mod then_not;
mod when;

pub use bounds::{Bounds, Edge};
pub use did::{Did, Measure, Measured, Window};
pub use filter::{EventFilter, EventPattern};
pub use have::{Have, Take};
pub use in_order::{InOrder, Silence};
pub use then_not::ThenNot;
pub use when::{CONDITIONS_MAX, When};

use crate::audience::span::DURATION_MS_MAX;
use crate::document::{Fields, Mistakes, Node, Place};

/// One audience.
#[derive(Debug, Clone)]
pub struct Definition {
    /// The author's id.
    pub id: String,
    /// 1 to 100 characters; the id where there is none.
    pub name: String,
    /// Up to 200 characters.
    pub description: String,
    /// Who is a member.
    pub when: When,
    /// How long a membership lasts at the most after the last match.
    pub membership_ms: Option<i64>,
    /// Where the definition stands in its document.
    pub place: Place,
}

impl Definition {
    /// Reads a definition; whatever is wrong with it is noted in `mistakes`.
    pub fn read(node: &Node, mistakes: &mut Mistakes) -> Option<Self> {
        let mut fields = Fields::of(node, "an audience", mistakes)?;
        let id = fields.id(mistakes);
        let name = fields.name(id.as_deref(), mistakes);
        let description = fields.description(mistakes);
        let when = fields.required("when", mistakes);
        let when = when.and_then(|when| When::read(when, mistakes));
        let lasts = 1..=DURATION_MS_MAX;
        let membership_ms = fields.duration("membership_duration", lasts, mistakes);
        fields.finish(mistakes);
        Some(Self {
            id: id?,
            name,
            description,
            when: when?,
            membership_ms,
            place: node.place,
        })
    }
}

impl Definition {
    /// The audience of those who are on a list.
    #[must_use]
    pub fn of_list(id: &str, list: &str) -> Self {
        let place = Place::default();
        let list = list.to_owned();
        Self {
            id: id.to_owned(),
            name: list.clone(),
            description: String::new(),
            when: When::Have(Have::List { id: list, place }),
            membership_ms: None,
            place,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::parse;

    fn mistakes_of(text: &str) -> Vec<String> {
        let mut mistakes = Mistakes::default();
        let read = Definition::read(&parse(text).unwrap(), &mut mistakes);
        assert!(read.is_none() || !mistakes.is_empty(), "{text}");
        mistakes
            .into_sorted()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn every_mistake_is_told_with_its_place() {
        let text = "\
id: vip
when:
  all:
    - did: { event: buy, cuont: { gte: 3 } }
    - did: { event: buy, in: 90days }
    - have: { trait: email, matches: '(' }
    - did: { event: buy, count: { gte: 5, lt: 3 } }
    - did: { event: buy, in: { more_than: 90d, at_most: 30d } }
    - hvae: { trait: city, eq: Riga }
    - have: { trait: city }
";
        let mistakes = mistakes_of(text);
        let told = |line: usize, words: &str| {
            assert!(
                mistakes.iter().any(|mistake| {
                    mistake.starts_with(&format!("line {line},")) && mistake.contains(words)
                }),
                "line {line}: {words} is not among {mistakes:#?}"
            );
        };
        told(4, "did you mean `count`?");
        told(5, "90days");
        told(6, "regular expression");
        told(7, "no number");
        told(8, "contradict");
        told(9, "did you mean `have`?");
        told(10, "an operator");
    }

    #[test]
    fn hostile_definitions_are_refused() {
        for text in [
            "id: x",
            "id: x\nwhen: []",
            "id: x\nwhen: {}",
            "id: x\nwhen: {all: []}",
            "id: x\nwhen: {all: [1]}",
            "id: x\nwhen: {did: {}}",
            "id: x\nwhen: {did: buy, have: {trait: a, eq: 1}}",
            "id: x\nwhen: {did: buy, then_not: pay}",
            "id: x\nwhen: {then_not: pay, within: 1h}",
            "id: x\nwhen: {did: buy, within: 1h}",
            "id: x\nwhen: {in_order: [a]}",
            "id: x\nwhen: {in_order: [a, {}]}",
            "id: x\nwhen: {in_order: [a, b], did: c}",
            "id: x\nwhen: {in_order: [a, b], wait: 1h}",
            "id: x\nwhen: {in_order: [a, b], then_not: c}",
            "id: x\nwhen: {in_order: [a, b], then_not: c, wait: 1h, in: 1d}",
            "id: x\nwhen: {in_order: [a, b, c, d, e, f, g, h, i]}",
            "id: x\nwhen: {did: {event: a, distinct: {of: b, gte: 1000}}}",
            "id: x\nwhen: {did: {event: a, distinct: {of: b, gte: 2}, in: {more_than: 1d}}}",
            "id: x\nwhen: {did: {event: a, by: b, count: 2, sum: {of: c, gte: 5}}}",
            "id: x\nwhen: {have: {trait: a, take: some, eq: 1}}",
            "id: x\nwhen: {have: {trait: a, eq: null}}",
            "id: x\nwhen: {have: {trait: a, matches: 'a{9999}{9999}'}}",
            "id: x\nwhen: {have: {audience: x, trait: y}}",
            "id: x\nwhen: {did: {event: buy, count: -1}}",
            "id: x\nwhen: {did: {event: buy, in: {from: 2026-02-01, to: 2026-01-01}}}",
        ] {
            assert!(!mistakes_of(text).is_empty(), "{text}");
        }
        let many = vec!["{did: buy}"; CONDITIONS_MAX + 1].join(", ");
        let mistakes = mistakes_of(&format!("id: x\nwhen: {{any: [{many}]}}"));
        assert!(mistakes[0].contains("conditions"), "{mistakes:?}");
    }

    #[test]
    fn shorthands_mean_what_they_say() {
        let read = |text: &str| {
            let mut mistakes = Mistakes::default();
            let read = Definition::read(&parse(text).unwrap(), &mut mistakes);
            assert_eq!(mistakes.into_sorted(), []);
            read.unwrap().when.to_string()
        };
        assert_eq!(read("{id: x, when: {did: buy}}"), "did buy");
        let long =
            "{id: x, when: {did: {event: buy, where: {sku: 5, size: [M, L]}, count: 3, in: 90d}}}";
        assert_eq!(
            read(long),
            "did buy (size in [L, M], sku eq 5) in 90d, count eq 3"
        );
        let json =
            r#"{"id": "x", "when": {"none": [{"have": {"total": "buy.amount", "gte": 5}}]}}"#;
        assert_eq!(read(json), "none of: did buy, sum of amount gte 5");
    }
}
