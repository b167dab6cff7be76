//! Counts, sums and windows.

use super::{DAY, HOUR, MINUTE, NOTHING};
use crate::audience::Rebuild;
use crate::audience::testing::Story;
use crate::clock::TimeMs;

#[test]
fn a_window_is_left_exactly_when_the_event_is_as_old_as_the_window() {
    let mut story = Story::new("[{id: active, when: {did: {event: visit, in: 10m}}}]");
    story.now = 1_000;
    assert_eq!(story.does("visit", "{}"), ["+active"]);
    assert_eq!(story.until(1_000 + 10 * MINUTE - 1), NOTHING);
    assert_eq!(story.until(1_000 + 10 * MINUTE), ["-active at 601000"]);
    assert_eq!(story.profile.due, None);
}

#[test]
fn a_count_falls_when_the_one_that_made_it_falls() {
    let audience = "[{id: fan, when: {did: {event: visit, in: 1h, count: {gte: 2}}}}]";
    let mut story = Story::new(audience);
    for (at, joins) in [(0, false), (10, true), (30, false)] {
        story.until(at * MINUTE);
        assert_eq!(story.does("visit", "{}") == ["+fan"], joins, "{at}");
    }
    // At 60 the first one is gone and two are left; at 70 one is.
    assert_eq!(story.until(2 * HOUR), [format!("-fan at {}", 70 * MINUTE)]);
}

#[test]
fn an_event_that_comes_late_counts_where_it_belongs() {
    let mut story = Story::new("[{id: fan, when: {did: {event: visit, in: 1h, count: 2}}}]");
    story.until(50 * MINUTE);
    assert_eq!(story.does("visit", "{}"), NOTHING);
    assert_eq!(story.did(10 * MINUTE, "visit", "{}"), ["+fan"]);
    assert_eq!(
        story.until(70 * MINUTE),
        [format!("-fan at {}", 70 * MINUTE)]
    );
    assert_eq!(
        story.did(0, "visit", "{}"),
        NOTHING,
        "what is out of the window is nothing"
    );
}

#[test]
fn who_did_not_joins_at_birth_and_again_when_time_has_passed() {
    let mut story = Story::new("[{id: asleep, when: {did_not: {event: visit, in: 30d}}}]");
    assert_eq!(story.is("name", "1"), ["+asleep"]);
    assert_eq!(story.does("visit", "{}"), ["-asleep"]);
    assert_eq!(story.until(31 * DAY), [format!("+asleep at {}", 30 * DAY)]);
}

#[test]
fn a_new_profile_whose_first_event_is_the_awaited_one_does_not_join() {
    let audiences = "
- { id: asleep, when: { did_not: { event: visit, in: 30d } } }
- { id: awake, when: { none: [ { have: { audience: asleep } } ] } }
";
    let mut story = Story::new(audiences);
    assert_eq!(story.does("visit", "{}"), ["+awake"]);
}

#[test]
fn events_are_filtered_by_their_properties() {
    let audience = "
- id: spender
  when: { did: { event: buy, where: { currency: EUR, amount: { gte: 20 } } } }
";
    let mut story = Story::new(audience);
    assert_eq!(
        story.does("buy", r#"{"currency": "USD", "amount": 50}"#),
        NOTHING
    );
    assert_eq!(
        story.does("buy", r#"{"currency": "EUR", "amount": 19.99}"#),
        NOTHING
    );
    assert_eq!(story.does("buy", "{}"), NOTHING);
    assert_eq!(
        story.does("buy", r#"{"currency": "EUR", "amount": "20"}"#),
        ["+spender"]
    );
}

#[test]
fn a_sum_in_a_window_counts_whole_panes() {
    let audience = "[{id: big, when: {did: {event: buy, in: 1h, sum: {of: amount, gte: 100}}}}]";
    let mut story = Story::new(audience);
    story.until(90_000);
    assert_eq!(story.does("buy", r#"{"amount": 60}"#), NOTHING);
    story.until(30 * MINUTE);
    assert_eq!(story.does("buy", r#"{"amount": 40}"#), ["+big"]);
    // The pane of the first one ends at 2 minutes, and counts until an hour after that.
    assert_eq!(story.until(3 * HOUR), [format!("-big at {}", 62 * MINUTE)]);
}

#[test]
fn days_are_those_of_the_account() {
    let audience = "[{id: big, when: {did: {event: buy, in: 30d, sum: {of: amount, gte: 100}}}}]";
    let mut story = Story::in_zone(audience, "Europe/Warsaw");
    let noon = 1_767_265_200_000; // 2026-01-01T12:00+01:00
    story.until(noon);
    assert_eq!(story.does("buy", r#"{"amount": 100}"#), ["+big"]);
    let midnight = noon + 12 * HOUR;
    assert_eq!(
        story.until(noon + 60 * DAY),
        [format!("-big at {}", midnight + 30 * DAY)]
    );
}

#[test]
fn least_greatest_and_average_follow_the_window() {
    let audiences = "
- { id: least, when: { did: { event: buy, in: 2h, min: { of: amount, lt: 10 } } } }
- { id: greatest, when: { did: { event: buy, in: 2h, max: { of: amount, gte: 50 } } } }
- { id: average, when: { did: { event: buy, in: 2h, avg: { of: amount, between: [20, 30] } } } }
";
    let mut story = Story::new(audiences);
    assert_eq!(story.does("buy", r#"{"amount": 5}"#), ["+least"]);
    story.until(HOUR);
    assert_eq!(
        story.does("buy", r#"{"amount": 50}"#),
        ["+greatest", "+average"]
    );
    let gone = 2 * HOUR + MINUTE;
    assert_eq!(
        story.until(gone),
        [format!("-least at {gone}"), format!("-average at {gone}")]
    );
    let gone = 3 * HOUR + MINUTE;
    assert_eq!(story.until(4 * HOUR), [format!("-greatest at {gone}")]);
}

#[test]
fn a_band_is_entered_and_left_by_time() {
    let audiences = "
- { id: lost, when: { did: { event: visit, in: { more_than: 30d, at_most: 90d } } } }
- { id: old, when: { did: { event: visit, in: { more_than: 30d } } } }
";
    let mut story = Story::new(audiences);
    assert_eq!(story.does("visit", "{}"), NOTHING);
    let changes = story.until(200 * DAY);
    assert_eq!(
        changes,
        [
            format!("+old at {}", 30 * DAY),
            format!("+lost at {}", 31 * DAY),
            format!("-lost at {}", 91 * DAY)
        ]
    );
}

#[test]
fn fixed_dates_count_what_happened_between_them() {
    let audience = "
- { id: sale, when: { did: { event: buy, in: { from: 1970-01-02, to: 1970-01-03 } } } }
";
    let mut story = Story::new(audience);
    story.until(5 * DAY);
    assert_eq!(story.did(DAY - 1, "buy", "{}"), NOTHING);
    assert_eq!(story.did(2 * DAY, "buy", "{}"), NOTHING);
    assert_eq!(story.did(DAY, "buy", "{}"), ["+sale"]);
    assert_eq!(story.until(500 * DAY), NOTHING);
}

#[test]
fn large_counts_use_panes_and_agree_with_a_fold_from_history() {
    let audience = "[{id: heavy, when: {did: {event: visit, in: 1h, count: {gte: 100}}}}]";
    let mut story = Story::new(audience);
    for n in 0..120 {
        story.until(n * 10_000);
        story.does("visit", "{}");
    }
    assert!(story.is_in("heavy"));
    let folded = story.profile.conditions.clone();
    story.rebuild(&Rebuild::All);
    assert_eq!(story.profile.conditions, folded);
    // 20 have to go: the fourth minute's end and an hour.
    assert_eq!(
        story.until(DAY),
        [format!("-heavy at {}", HOUR + 4 * MINUTE)]
    );
}

#[test]
fn different_values_are_counted_once_each_and_leave_exactly() {
    let audience = "
- { id: browser, when: { did: { event: visit, in: 1h, distinct: { of: sku, gte: 3 } } } }
- { id: ever, when: { did: { event: visit, distinct: { of: sku, gte: 3 } } } }
";
    let mut story = Story::new(audience);
    for (minute, sku) in [(0, "a"), (5, "b"), (10, "a"), (20, "b")] {
        story.until(minute * MINUTE);
        assert_eq!(
            story.does("visit", &format!("{{\"sku\": \"{sku}\"}}")),
            NOTHING
        );
    }
    story.until(30 * MINUTE);
    assert_eq!(
        story.does("visit", r#"{"sku": "c"}"#),
        ["+browser", "+ever"]
    );
    assert_eq!(
        story.until(DAY),
        [format!("-browser at {}", 70 * MINUTE)],
        "the last time that `a` was seen is an hour ago"
    );
}

#[test]
fn a_value_without_events_in_the_window_is_no_group() {
    let audience = "[{id: few, when: {did: {event: visit, by: sku, in: 1h, count: {lt: 3}}}}]";
    let mut story = Story::new(audience);
    assert_eq!(story.does("visit", r#"{"sku": "a"}"#), ["+few"]);
    assert_eq!(story.until(DAY), [format!("-few at {HOUR}")]);
    let audience =
        "[{id: cheap, when: {did: {event: buy, by: shop, in: 1h, sum: {of: n, lt: 9}}}}]";
    let mut story = Story::new(audience);
    assert_eq!(story.does("buy", r#"{"shop": "a", "n": 1}"#), ["+cheap"]);
    assert_eq!(story.until(DAY), [format!("-cheap at {}", HOUR + MINUTE)]);
}

#[test]
fn values_may_be_looked_at_one_by_one() {
    let audience = "
- { id: thrice, when: { did: { event: visit, by: sku, in: 1h, count: { gte: 3 } } } }
- { id: dear, when: { did: { event: buy, by: shop, sum: { of: amount, gte: 100 } } } }
";
    let mut story = Story::new(audience);
    let (a, b) = (r#"{"sku": "a"}"#, r#"{"sku": "b"}"#);
    for (minute, sku) in [(0, a), (1, b), (2, a), (3, b), (4, "{}")] {
        story.until(minute * MINUTE);
        assert_eq!(story.does("visit", sku), NOTHING);
    }
    story.until(5 * MINUTE);
    assert_eq!(story.does("visit", a), ["+thrice"]);
    assert_eq!(story.until(DAY), [format!("-thrice at {}", HOUR)]);
    let in_shop = |shop: &str| format!("{{\"shop\": \"{shop}\", \"amount\": 60}}");
    assert_eq!(story.does("buy", &in_shop("x")), NOTHING);
    assert_eq!(story.does("buy", &in_shop("y")), NOTHING);
    assert_eq!(story.does("buy", &in_shop("x")), ["+dear"]);
}

#[test]
fn who_is_not_known_for_long_enough_is_not_missed_yet() {
    let audience = "
- { id: asleep, when: { did_not: { event: visit, in: 30d, min_age: 30d } } }
";
    let mut story = Story::new(audience);
    assert_eq!(story.is("name", "1"), NOTHING);
    assert_eq!(story.until(40 * DAY), [format!("+asleep at {}", 30 * DAY)]);
    assert_eq!(story.does("visit", "{}"), ["-asleep"]);
    assert_eq!(story.until(100 * DAY), [format!("+asleep at {}", 70 * DAY)]);
}

#[test]
fn a_membership_lasts_for_a_while_after_the_last_match() {
    let audience = "
- { id: buyer, when: { did: buy }, membership_duration: 30d }
- { id: told, when: { have: { audience: buyer } } }
";
    let mut story = Story::new(audience);
    assert_eq!(story.does("buy", "{}"), ["+buyer", "+told"]);
    story.until(20 * DAY);
    story.profile.last_seen = TimeMs(20 * DAY);
    assert_eq!(story.does("visit", "{}"), NOTHING, "a match that prolongs");
    let end = 50 * DAY;
    assert_eq!(
        story.until(60 * DAY),
        [format!("-buyer at {end}"), format!("-told at {end}")]
    );
    story.profile.last_seen = TimeMs(60 * DAY);
    assert_eq!(
        story.does("visit", "{}"),
        ["+buyer", "+told"],
        "a later match is a new join"
    );
}
