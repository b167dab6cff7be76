//! Whatever is written and whatever is sent: no panic, and bounded states.

use proptest::prelude::*;

use crate::audience::testing::{event, packed};
use crate::audience::{AudienceSet, Definition, Numbering, Rebuild, Touched};
use crate::clock::TimeMs;
use crate::document::{Mistakes, parse};
use crate::ingest::Event;
use crate::keys::{CatalogVersion, JournalSeq, ProfileId};
use crate::profile::{Cause, Conditions, Dated, Profile};
use crate::value::Value;

const KEYS: &[&str] = &[
    "all",
    "any",
    "none",
    "did",
    "did_not",
    "have",
    "then_not",
    "within",
    "match",
    "rearm",
    "stay",
    "stay_until",
    "in_order",
    "wait",
    "distinct",
    "by",
    "min_age",
    "take",
    "list",
    "event",
    "where",
    "count",
    "in",
    "sum",
    "avg",
    "min",
    "max",
    "of",
    "eq",
    "ne",
    "gt",
    "gte",
    "lt",
    "lte",
    "between",
    "in_last",
    "in_next",
    "anniversary_in_next",
    "before",
    "after",
    "matches",
    "contains",
    "some",
    "any_of",
    "trait",
    "total",
    "top",
    "first",
    "last",
    "at_least",
    "audience",
    "consent",
    "more_than",
    "at_most",
    "from",
    "to",
    "exists",
    "a",
    "a.b[*]",
];

const SCALARS: &[&str] = &[
    "e",
    "e.a",
    "a",
    "x",
    "ever",
    "1",
    "-1",
    "0.5",
    "1e308",
    "5d",
    "36500d",
    "1ms",
    "400d",
    "2026-01-01",
    "9999-12-31T23:59:59Z",
    "-9999-01-01",
    "first",
    "last",
    "true",
    "null",
    "(",
    "a|b",
    "9223372036854775807",
    "'5'",
    "\"\"",
];

fn scalar() -> impl Strategy<Value = String> {
    prop::sample::select(SCALARS).prop_map(str::to_owned)
}

fn tree() -> impl Strategy<Value = String> {
    scalar().prop_recursive(5, 40, 4, |inner| {
        let map = prop::collection::btree_map(prop::sample::select(KEYS), inner.clone(), 0..5);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
            map.prop_map(|entries| {
                let entries = entries
                    .iter()
                    .map(|(key, value)| format!("'{key}': {value}"));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
            }),
        ]
    })
}

/// Definitions that are mostly well-formed, with anything in the places of their values.
fn condition() -> impl Strategy<Value = String> {
    let slot = || prop_oneof![3 => scalar(), 1 => tree()];
    prop_oneof![
        (slot(), slot()).prop_map(|(a, b)| format!("{{did: {{event: e, in: {a}, count: {b}}}}}")),
        (slot(), slot(), slot()).prop_map(|(a, b, c)| format!(
            "{{did_not: {{event: e, in: {{more_than: {a}, at_most: {b}}}, sum: {{of: a, gte: {c}}}}}}}"
        )),
        (slot(), slot()).prop_map(|(a, b)| format!("{{did: {{event: e, in: {{from: {a}, to: {b}}}}}}}")),
        (slot(), slot(), slot()).prop_map(|(a, b, c)| format!(
            "{{did: e, then_not: {{event: x, where: {{a: {a}}}}}, within: {b}, stay: {c}, match: a}}"
        )),
        (slot(), slot()).prop_map(|(a, b)| format!(
            "{{in_order: [e, x: {{where: {{a: {a}}}}}], within: {b}, match: a}}"
        )),
        (slot(), slot()).prop_map(|(a, b)| format!(
            "{{in_order: [e, x], within: {a}, then_not: e, wait: {b}, stay: {a}}}"
        )),
        (slot(), slot()).prop_map(|(a, b)| format!(
            "{{did_not: {{event: e, in: {a}, by: a, distinct: {{of: a, gte: {b}}}, min_age: {a}}}}}"
        )),
        (slot(), slot()).prop_map(|(a, b)| format!(
            "{{did: {{event: e, in: {a}, by: a, sum: {{of: a, gte: {b}}}}}}}"
        )),
        (slot(), prop::sample::select(KEYS), prop::sample::select(&["first", "all"][..])).prop_map(
            |(a, key, take)| format!("{{have: {{trait: a, '{key}': {a}, take: {take}}}}}")
        ),
        (slot(), slot(), prop::sample::select(KEYS)).prop_map(|(a, b, key)| format!(
            "{{have: {{top: e.a, in: {a}, '{key}': {b}}}}}"
        )),
        (slot(), prop::sample::select(KEYS)).prop_map(|(a, key)| format!("{{have: {{trait: a, '{key}': {a}}}}}")),
        (slot(), prop::sample::select(KEYS)).prop_map(|(a, key)| format!("{{have: {{first: e.a, '{key}': {a}}}}}")),
        tree(),
    ]
}

const TIMES: &[i64] = &[
    i64::MIN,
    -1,
    0,
    1,
    1_767_225_600_000,
    i64::MAX / 2,
    i64::MAX,
];

const PROPERTIES: &[&str] = &[
    "{}",
    "{\"a\": 5}",
    "{\"a\": -1e308}",
    "{\"a\": \"x\"}",
    "{\"a\": \"2026-01-01\"}",
    "{\"a\": [1, \"x\", null]}",
    "{\"a\": {\"b\": [1e400]}}",
    "{\"a\": 99999999999999999999}",
    "{\"a\": null}",
    "{\"a\"",
    "",
];

fn live(set: &AudienceSet, events: &[(bool, i64, &str)]) -> Profile {
    let mut profile = Profile::new(
        ProfileId([0; 16]),
        JournalSeq(0),
        TimeMs(0),
        CatalogVersion(1),
    );
    let mut touched = Touched::new();
    set.begin(&mut touched);
    let mut history = Vec::new();
    for (e, at, properties) in events {
        let one = Event {
            properties: Some(properties),
            ..event(if *e { "e" } else { "x" }, *at)
        };
        history.push(one);
        set.fold(&mut profile, &one, &mut touched);
        let late = Rebuild::Leaves(profile.conditions.late().waiting().to_vec());
        set.rebuild(&mut profile, &late, &history);
        if let Ok(Value::Map(entries)) = Value::from_json(properties) {
            for (name, value) in entries {
                profile.attributes.give(
                    &name,
                    Dated {
                        value,
                        at: TimeMs(*at),
                    },
                );
                set.touch_attribute(&profile, &name, &mut touched);
            }
        }
        set.evaluate(&mut profile, &mut touched, TimeMs(*at), Cause::Event);
        touched.clear();
        for (no, _) in set.audiences() {
            set.explain(no, &profile, TimeMs(*at)).unwrap();
        }
    }
    set.evaluate(
        &mut profile,
        &mut Touched::everything(),
        TimeMs(i64::MAX),
        Cause::Time,
    );
    profile
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn nothing_panics(
        conditions in prop::collection::vec(condition(), 1..4),
        events in prop::collection::vec(
            (any::<bool>(), prop::sample::select(TIMES), prop::sample::select(PROPERTIES)), 0..8,
        ),
    ) {
        let mut definitions = Vec::new();
        for (n, condition) in conditions.iter().enumerate() {
            let Ok(node) = parse(&format!("{{id: a{n}, when: {condition}}}")) else { continue };
            let mut mistakes = Mistakes::default();
            let read = Definition::read(&node, &mut mistakes);
            prop_assert!(read.is_some() || !mistakes.is_empty(), "refused without a word: {condition}");
            // What is read in spite of mistakes is never used, but may not panic either.
            definitions.extend(read);
        }
        let zone = jiff::tz::TimeZone::get("Europe/Warsaw").unwrap();
        let mut numbering = Numbering::default();
        if let Ok(set) = AudienceSet::compile(&definitions, CatalogVersion(1), &mut numbering, &zone) {
            let profile = live(&set, &events);
            let mut stored = Conditions::default();
            stored.close(&packed(&profile));
            *stored.late_mut() = profile.conditions.late().clone();
            prop_assert_eq!(stored, profile.conditions);
        }
    }

    #[test]
    fn text_of_any_kind_is_read_or_refused(text in "[-{}\\[\\]:, a-z0-9'\"\n]{0,80}") {
        if let Ok(node) = parse(&text) {
            let mut mistakes = Mistakes::default();
            let read = Definition::read(&node, &mut mistakes);
            prop_assert!(read.is_some() || !mistakes.is_empty());
        }
    }
}

#[test]
fn a_busy_life_stays_small() {
    let audiences = super::super::testing::definitions(
        "
- { id: a, when: { did: e, then_not: x, within: 30d, match: a, stay_until: x } }
- { id: b, when: { have: { top: e.a, in: 365d, eq: v1 } } }
- { id: c, when: { have: { top: e.a, eq: v1 } } }
- { id: d, when: { did: { event: e, in: 365d, sum: { of: n, gte: 5 } } } }
- { id: e, when: { did: { event: e, in: 6h, count: { gte: 1000 } } } }
- { id: f, when: { did: { event: e, in: 30d, count: { gte: 60 } } } }
",
    );
    let mut numbering = Numbering::default();
    let zone = jiff::tz::TimeZone::UTC;
    let set = AudienceSet::compile(&audiences, CatalogVersion(1), &mut numbering, &zone).unwrap();
    let mut profile = Profile::new(
        ProfileId([0; 16]),
        JournalSeq(0),
        TimeMs(0),
        CatalogVersion(1),
    );
    let mut touched = Touched::new();
    for n in 0..20_000_i64 {
        let properties = format!("{{\"a\": \"v{}\", \"n\": {n}.25}}", n * 7 % 1_000);
        let one = Event {
            properties: Some(&properties),
            ..event("e", n * 3_000_000)
        };
        set.fold(&mut profile, &one, &mut touched);
        touched.clear();
    }
    let bytes = packed(&profile).len();
    assert!(bytes < 24_000, "{bytes} bytes");
}
