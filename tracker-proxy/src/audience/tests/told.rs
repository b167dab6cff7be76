//! Definitions that mean harm, or nothing: what is wrong is told with its place.

use crate::audience::testing::{Story, definitions};
use crate::audience::{Definition, Known, lint};
use crate::document::{Mistakes, parse};

/// What is told of a definition that is refused.
fn refused(text: &str) -> Vec<String> {
    let node = match parse(text) {
        Ok(node) => node,
        Err(mistake) => return vec![mistake.to_string()],
    };
    let mut mistakes = Mistakes::default();
    Definition::read(&node, &mut mistakes);
    let mistakes = mistakes.into_sorted();
    mistakes.iter().map(ToString::to_string).collect()
}

/// What is told of audiences that are taken, when events named `buy` came.
fn warned(audiences: &str) -> Vec<String> {
    let known = Known {
        events: ["buy".to_owned()].into(),
        lists: Some(["vips".to_owned()].into()),
    };
    let definitions = definitions(audiences);
    let warnings = definitions.iter().flat_map(|one| lint(one, &known));
    warnings.map(|warning| warning.to_string()).collect()
}

fn assert_told(told: &[String], place: &str, words: &str) {
    let is_told = |one: &String| one.starts_with(place) && one.contains(words);
    assert!(
        told.iter().any(is_told),
        "{place}: {words} is not in {told:#?}"
    );
}

#[test]
fn trees_of_ten_thousand_nodes_are_refused() {
    let wide = format!(
        "id: x\nwhen: {{ any: [{}] }}",
        "{ did: buy }, ".repeat(10_000)
    );
    assert_told(&refused(&wide), "line 2, column 7", "conditions");
    let deep = format!(
        "id: x\nwhen:\n  {}{{ did: buy }}{}",
        "{ all: [ ".repeat(10_000),
        " ] }".repeat(10_000)
    );
    assert_told(&refused(&deep), "line 3, column ", "recursion limit");
}

#[test]
fn expressions_that_would_grow_are_refused_and_those_that_would_explode_do_not() {
    let huge = "id: x\nwhen:\n  have: { trait: a, matches: 'a{9999}{9999}' }";
    assert_told(&refused(huge), "line 3", "regular expression");
    let back = r"{ id: x, when: { have: { trait: a, matches: '(a)\1' } } }";
    assert_told(&refused(back), "line 1", "regular expression");
    // Engines that go back try two to the power of a hundred thousand ways here.
    let mut story = Story::new("[{ id: x, when: { have: { trait: a, matches: '^(a+)+$' } } }]");
    let long = "a".repeat(100_000);
    assert_eq!(story.is("a", &format!("\"{long}!\"")).len(), 0);
    assert_eq!(story.is("a", &format!("\"{long}\"")), ["+x"]);
}

#[test]
fn windows_that_contradict_themselves_are_refused() {
    for (window, words) in [
        ("{ more_than: 90d, at_most: 30d }", "contradict"),
        ("{ from: 2026-02-01, to: 2026-01-01 }", "contradict"),
        ("101000d", "duration"),
        ("0s", "duration"),
    ] {
        let text = format!("id: x\nwhen:\n  did:\n    event: buy\n    in: {window}");
        assert_told(&refused(&text), "line 5, column ", words);
    }
    let never = "id: x\nwhen:\n  did: { event: buy, count: { gte: 5, lt: 3 } }";
    assert_told(&refused(never), "line 3, column ", "no number");
}

#[test]
fn conditions_that_nobody_can_fulfil_are_warned_of() {
    let warnings = warned(
        "
- id: a
  when:
    all:
      - did: { event: buy, in: 10d }
      - did_not: { event: buy, in: 30d }
",
    );
    assert_told(&warnings, "line 6, column ", "nobody can be in both");
}

#[test]
fn events_and_lists_that_never_came_are_warned_of() {
    let warnings = warned(
        "
- { id: a, when: { did: bui } }
- id: b
  when:
    any:
      - { in_order: [buy, pay] }
      - { have: { first: by.sku, eq: 1 } }
      - { have: { list: vip } }
      - { did: buy, then_not: paid, within: 1h }
",
    );
    assert_told(&warnings, "line 2, column ", "did you mean `buy`?");
    assert_told(&warnings, "line 6, column ", "no event `pay`");
    assert_told(&warnings, "line 7, column ", "no event `by`");
    assert_told(&warnings, "line 8, column ", "no list `vip`");
    assert_told(&warnings, "line 9, column ", "no event `paid`");
}
