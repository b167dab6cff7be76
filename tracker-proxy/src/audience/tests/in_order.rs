//! Steps in their order, and silence after them.

use super::{DAY, HOUR, MINUTE, NOTHING};
use crate::audience::Rebuild;
use crate::audience::testing::Story;

const FUNNEL: &str = "
- id: funnel
  when: { in_order: [view, add: { where: { value: { gte: 20 } } }, checkout], within: 1h }
";
const DEAR: &str = r#"{"value": 30}"#;

#[test]
fn steps_count_in_their_order_and_in_time_only() {
    let mut story = Story::new(FUNNEL);
    assert_eq!(story.does("add", DEAR), NOTHING);
    story.until(MINUTE);
    assert_eq!(story.does("view", "{}"), NOTHING);
    story.until(2 * MINUTE);
    assert_eq!(
        story.does("checkout", "{}"),
        NOTHING,
        "nothing was added after the view"
    );
    story.until(30 * MINUTE);
    assert_eq!(story.does("add", r#"{"value": 5}"#), NOTHING, "too cheap");
    assert_eq!(story.does("add", DEAR), NOTHING);
    story.until(61 * MINUTE);
    assert_eq!(
        story.does("checkout", "{}"),
        ["+funnel"],
        "an hour after the view, to the minute"
    );
    assert_eq!(
        story.until(900 * DAY),
        NOTHING,
        "and what happened has happened"
    );
}

#[test]
fn one_millisecond_too_late_is_too_late() {
    let mut story = Story::new(FUNNEL);
    story.does("view", "{}");
    story.until(1);
    story.does("add", DEAR);
    story.until(HOUR + 1);
    assert_eq!(story.does("checkout", "{}"), NOTHING);
}

#[test]
fn a_sequence_counts_for_as_long_as_in_says() {
    let audience = FUNNEL.replace("within: 1h", "within: 1h, in: 7d");
    let mut story = Story::new(&audience);
    for (at, name) in [(0, "view"), (1, "add"), (2, "checkout")] {
        story.until(at);
        story.does(name, DEAR);
    }
    assert!(story.is_in("funnel"));
    assert_eq!(
        story.until(30 * DAY),
        [format!("-funnel at {}", 7 * DAY + 2)]
    );
}

#[test]
fn steps_of_another_key_are_another_sequence() {
    let audience = "[{id: seen, when: {in_order: [view, buy], match: sku, within: 1d}}]";
    let mut story = Story::new(audience);
    story.does("view", r#"{"sku": 1}"#);
    story.until(1);
    assert_eq!(story.does("buy", r#"{"sku": 2}"#), NOTHING);
    assert_eq!(story.does("buy", r#"{"sku": "1"}"#), ["+seen"]);
}

const STUCK: &str = "
- id: stuck
  when:
    in_order:
      - visit: { where: { path: { starts_with: /pricing } } }
      - signup_started
    within: 1h
    then_not: signup_done
    wait: 30m
";
const PRICING: &str = r#"{"path": "/pricing/pro"}"#;

#[test]
fn silence_after_the_steps_joins_and_the_awaited_event_ends_it() {
    let mut story = Story::new(STUCK);
    story.does("visit", PRICING);
    story.until(10 * MINUTE);
    assert_eq!(story.does("signup_started", "{}"), NOTHING);
    assert_eq!(
        story.until(2 * HOUR)[0],
        format!("+stuck at {}", 40 * MINUTE)
    );

    let mut story = Story::new(STUCK);
    story.does("visit", PRICING);
    story.until(10 * MINUTE);
    story.does("signup_started", "{}");
    story.until(40 * MINUTE);
    assert!(story.is_in("stuck"));
    assert_eq!(story.does("signup_done", "{}"), ["-stuck"]);

    let mut story = Story::new(STUCK);
    story.does("signup_started", "{}");
    assert_eq!(
        story.until(DAY),
        NOTHING,
        "without the first step nothing is awaited"
    );
}

#[test]
fn steps_that_are_heard_late_count_where_they_belong() {
    let mut story = Story::new(STUCK);
    story.until(10 * MINUTE);
    story.does("signup_started", "{}");
    story.until(50 * MINUTE);
    assert_eq!(story.did(9 * MINUTE, "visit", PRICING), ["+stuck"]);
    let folded = story.profile.conditions.clone();
    story.rebuild(&Rebuild::All);
    assert_eq!(story.profile.conditions.len(), folded.len());
    assert!(story.is_in("stuck"));
}

#[test]
fn the_same_event_twice_is_two_steps() {
    let mut story = Story::new("[{id: again, when: {in_order: [visit, visit], within: 1d}}]");
    assert_eq!(story.does("visit", "{}"), NOTHING);
    assert_eq!(story.does("visit", "{}"), NOTHING, "at once is not after");
    story.until(1);
    assert_eq!(story.does("visit", "{}"), ["+again"]);
}
