//! Events that come too late for the order to be known.

use super::{HOUR, MINUTE, NOTHING};
use crate::audience::testing::Story;
use crate::clock::TimeMs;

const CART: &str = "[{id: left, when: {did: add, then_not: buy, within: 10m, stay_until: buy}}]";

/// Somebody with so many events before now, one each second.
fn busy(events: i64) -> Story {
    let mut story = Story::new(CART);
    for n in 0..events {
        story.until(HOUR + n * 1_000);
        story.profile.events += 1;
        story.does(if n % 2 == 0 { "add" } else { "buy" }, "{}");
    }
    story
}

#[test]
fn a_late_event_is_right_at_once_where_history_may_be_read() {
    let mut story = busy(101);
    story.until(2 * HOUR);
    assert!(
        story.is_in("left"),
        "the last one was put in and not bought"
    );
    let bought = HOUR + 100 * 1_000 + MINUTE;
    assert_eq!(story.did(bought, "buy", "{}"), ["-left"]);
    assert_eq!(
        story.did(MINUTE, "add", "{}"),
        NOTHING,
        "undone by what came after it"
    );
    assert_eq!(story.profile.conditions.late().waiting(), []);
}

#[test]
fn late_events_without_end_cost_a_bounded_number_of_reads_and_are_right_later() {
    let mut story = busy(400);
    let mut reads = 0;
    for n in 0..400 {
        story.profile.events += 1;
        let known = story.history.len();
        story.history.push(("add".to_owned(), n, "{}".to_owned()));
        let heard = crate::ingest::Event {
            properties: Some("{}"),
            ..crate::audience::testing::event("add", n)
        };
        story
            .set
            .fold(&mut story.profile, &heard, &mut story.touched);
        if let Some(late) = crate::audience::AudienceSet::refold_late(&mut story.profile) {
            reads += known;
            story.rebuild(&late);
        }
    }
    assert!(reads < 10_000 + 33 * 800, "{reads} events were read");
    let leaf = story.profile.conditions.late().waiting().to_vec();
    assert_eq!(leaf.len(), 1, "and what is not right yet is known");
    let left = story.set.by_id("left").unwrap();
    let why = story
        .set
        .explain(left, &story.profile, TimeMs(story.now))
        .unwrap();
    assert!(why.condition.note.unwrap().contains("late"));
}
