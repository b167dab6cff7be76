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
        let when = match n % 6 {
            0 => format!("{{ did: {{ event: other_{n}, in: 1d }} }}"),
            1 => format!("{{ did: {{ event: buy, where: {{ colour: shade_{n} }}, in: 1d }} }}"),
            2 => format!("{{ have: {{ trait: attribute_{n}, in_last: 30d }} }}"),
            3 => format!("{{ did: {{ event: buy, where: {{ property_{n}: x }} }} }}"),
            4 => format!("{{ did: {{ event: buy, where: {{ amount_{n}: {{ gte: {n} }} }} }} }}"),
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
fn events_that_nobody_asks_for_are_not_read() {
    let story = Story::new("[{id: a, when: {did: buy, then_not: pay, within: 1h}}]");
    assert!(story.set.ignores("visit"));
    assert!(!story.set.ignores("pay"));
}
