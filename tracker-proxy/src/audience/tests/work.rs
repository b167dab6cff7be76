//! The cost of an event is counted, not timed.

use crate::audience::Work;
use crate::audience::testing::Story;
use crate::profile::Cause;

fn work_with(unrelated: usize) -> Work {
    let mut audiences = String::from(
        "
- { id: vip, when: { all: [ { did: { event: buy, in: 90d, count: { gte: 3 } } }, { have: { trait: city, eq: Riga } } ] } }
- { id: red, when: { did: { event: buy, where: { colour: red, size: { gte: 5 } } } } }
- { id: cart, when: { did: buy, then_not: pay, within: 1h } }
",
    );
    for n in 0..unrelated {
        // Other events, other values of the same event, other attributes.
        let when = match n % 9 {
            0 => format!("{{ did: {{ event: other_{n}, in: 1d }} }}"),
            1 => format!("{{ did: {{ event: buy, where: {{ colour: shade_{n} }}, in: 1d }} }}"),
            2 => format!("{{ have: {{ trait: attribute_{n}, in_last: 30d }} }}"),
            3 => format!("{{ did: {{ event: buy, where: {{ property_{n}: x }} }} }}"),
            4 => format!("{{ did: {{ event: buy, where: {{ amount_{n}: {{ gte: {n} }} }} }} }}"),
            5 => format!(
                "{{ did: {{ event: buy, where: {{ size: {{ gt: {} }} }} }} }}",
                n + 8
            ),
            6 => format!("{{ have: {{ trait: city, eq: town_{n} }} }}"),
            7 => format!("{{ in_order: [other_{n}, else_{n}], within: 1d }}"),
            _ => format!("{{ did_not: {{ event: never_{n}, in: 1d }} }}"),
        };
        audiences.push_str(&format!("- {{ id: unrelated_{n}, when: {when} }}\n"));
    }
    let mut story = Story::new(&audiences);
    // A profile that is not new any more.
    story.touched.clear();
    for n in 0..5 {
        story.until(n * 1_000_000);
        story.does("buy", r#"{"colour": "red", "size": 7, "other": [1, 2]}"#);
        story.is("city", "\"Riga\"");
        story.does("nothing", "{}");
    }
    story.evaluate(Cause::Event);
    assert!(story.is_in("vip") && story.is_in("red"));
    story.touched.work()
}

#[test]
fn ten_thousand_unrelated_audiences_cost_nothing() {
    let few = work_with(10);
    assert!(few.predicates > 0 && few.leaves > 0 && few.nodes > 0 && few.questions > 0);
    assert_eq!(work_with(10_000), few);
}

#[test]
fn what_several_audiences_say_is_worked_out_once() {
    let work = |audiences: usize| {
        let same =
            "{ any: [ { did: buy }, { none: [ { have: { trait: a, eq: 1 } }, { did: pay } ] } ] }";
        // Written in another order, it is the same all the same.
        let turned =
            "{ any: [ { none: [ { did: pay }, { have: { trait: a, eq: 1 } } ] }, { did: buy } ] }";
        let text: String = (0..audiences)
            .map(|n| {
                let when = if n % 2 == 0 { same } else { turned };
                format!("- {{ id: a{n}, when: {{ all: [ {{ did: visit }}, {when} ] }} }}\n")
            })
            .collect();
        let mut story = Story::new(&text);
        story.touched.clear();
        story.does("visit", "{}");
        assert!(story.is_in("a0"));
        story.touched.work()
    };
    assert_eq!(work(1_000), work(1));
}

#[test]
fn a_number_looks_at_no_threshold_that_it_does_not_pass() {
    let work = |audiences: usize| {
        let text: String = (0..audiences)
            .map(|n| format!("- {{ id: a{n}, when: {{ did: {{ event: buy, where: {{ n: {{ gte: {n} }} }} }} }} }}\n"))
            .collect();
        let mut story = Story::new(&text);
        story.touched.clear();
        assert_eq!(story.does("buy", r#"{"n": 2.5}"#).len(), 3);
        story.touched.work()
    };
    assert_eq!(work(10_000), work(10));
}

#[test]
fn events_that_nobody_asks_for_are_not_read() {
    let story = Story::new("[{id: a, when: {did: buy, then_not: pay, within: 1h}}]");
    assert!(story.set.ignores("visit"));
    assert!(!story.set.ignores("pay"));
}
