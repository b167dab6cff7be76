//! What did not follow in time.

use super::{DAY, HOUR, MINUTE, NOTHING};
use crate::audience::Rebuild;
use crate::audience::testing::Story;
use crate::profile::{Cause, Changed};

const CART: &str = "
- id: cart_left
  when: { did: add_to_basket, then_not: buy, within: 10m, match: basket }
";
const A: &str = r#"{"basket": "a"}"#;
const B: &str = r#"{"basket": "b"}"#;

#[test]
fn a_basket_that_is_left_joins_at_the_minute_and_leaves_after_its_stay() {
    let mut story = Story::new(CART);
    assert_eq!(story.does("add_to_basket", A), NOTHING);
    assert_eq!(story.until(10 * MINUTE - 1), NOTHING);
    assert_eq!(
        story.until(HOUR),
        [
            format!("+cart_left at {}", 10 * MINUTE),
            format!("-cart_left at {}", 20 * MINUTE)
        ]
    );
}

#[test]
fn buying_the_same_basket_saves_it_and_buying_another_does_not() {
    let mut story = Story::new(CART);
    story.does("add_to_basket", A);
    story.until(MINUTE);
    story.does("buy", B);
    assert_eq!(
        story.until(10 * MINUTE),
        [format!("+cart_left at {}", 10 * MINUTE)]
    );
    assert_eq!(story.does("buy", A), ["-cart_left"], "bought after all");

    let mut story = Story::new(CART);
    story.does("add_to_basket", A);
    story.until(10 * MINUTE - 1);
    story.does("buy", A);
    assert_eq!(story.until(HOUR), NOTHING);
}

#[test]
fn a_purchase_at_the_very_deadline_that_is_heard_later_undoes_the_join() {
    let mut story = Story::new(CART);
    story.does("add_to_basket", A);
    assert_eq!(
        story.until(11 * MINUTE),
        [format!("+cart_left at {}", 10 * MINUTE)]
    );
    assert_eq!(story.did(10 * MINUTE, "buy", A), ["-cart_left"]);
}

#[test]
fn each_basket_that_runs_out_renews_the_membership() {
    let mut story = Story::new(CART);
    story.does("add_to_basket", A);
    story.until(3 * MINUTE);
    story.does("add_to_basket", B);
    assert_eq!(
        story.until(DAY),
        [
            format!("+cart_left at {}", 10 * MINUTE),
            format!("*cart_left at {}", 13 * MINUTE),
            format!("-cart_left at {}", 23 * MINUTE)
        ]
    );
}

#[test]
fn two_baskets_of_one_instant_are_a_join_and_a_renewal() {
    let mut story = Story::new(CART);
    story.does("add_to_basket", A);
    story.does("add_to_basket", B);
    let at = 10 * MINUTE;
    assert_eq!(
        story.until(at),
        [format!("+cart_left at {at}"), format!("*cart_left at {at}")]
    );
}

#[test]
fn what_is_heard_in_the_wrong_order_ends_the_same() {
    let mut story = Story::new(CART);
    story.until(5 * MINUTE);
    story.does("buy", A);
    story.until(6 * MINUTE);
    assert_eq!(story.did(2 * MINUTE, "add_to_basket", A), NOTHING);
    assert_eq!(story.until(DAY), NOTHING, "bought after it was put in");

    story.does("add_to_basket", A);
    story.until(DAY + 5 * MINUTE);
    story.does("add_to_basket", B);
    assert_eq!(story.did(DAY + MINUTE, "buy", A), NOTHING);
    let (join, leave) = (DAY + 15 * MINUTE, DAY + 25 * MINUTE);
    assert_eq!(
        story.until(2 * DAY),
        [
            format!("+cart_left at {join}"),
            format!("-cart_left at {leave}")
        ]
    );
}

#[test]
fn the_last_start_counts_where_that_is_wanted() {
    let audience = CART.replace("match: basket", "rearm: last, stay_until: buy");
    let mut story = Story::new(&audience);
    story.does("add_to_basket", A);
    story.until(9 * MINUTE);
    story.does("add_to_basket", B);
    assert_eq!(
        story.until(30 * DAY),
        [format!("+cart_left at {}", 19 * MINUTE)]
    );
    assert_eq!(story.does("buy", "{}"), ["-cart_left"]);
}

#[test]
fn another_event_may_end_the_stay() {
    let audience = CART.replace("match: basket", "stay: 1d, stay_until: logout");
    let mut story = Story::new(&audience);
    story.does("add_to_basket", A);
    story.until(5 * MINUTE);
    assert_eq!(
        story.does("logout", "{}"),
        NOTHING,
        "it does not save anybody"
    );
    assert_eq!(
        story.until(HOUR),
        [format!("+cart_left at {}", 10 * MINUTE)]
    );
    assert_eq!(story.does("logout", "{}"), ["-cart_left"]);
    story.does("add_to_basket", A);
    story.until(2 * HOUR);
    assert_eq!(
        story.until(3 * DAY),
        [format!("-cart_left at {}", HOUR + 10 * MINUTE + DAY)]
    );
}

#[test]
fn an_event_may_be_awaited_by_itself() {
    let mut story = Story::new("[{id: lapsed, when: {did: visit, then_not: visit, within: 30d}}]");
    story.does("visit", "{}");
    story.until(20 * DAY);
    story.does("visit", "{}");
    assert_eq!(story.until(50 * DAY), [format!("+lapsed at {}", 50 * DAY)]);
    assert_eq!(story.does("visit", "{}"), ["-lapsed"]);
}

#[test]
fn what_is_found_while_warming_renews_nothing() {
    let mut story = Story::new("[{id: cart_left, when: {did: add_to_basket}}]");
    assert_eq!(story.does("add_to_basket", A), ["+cart_left"]);
    story.until(15 * MINUTE);
    assert_eq!(story.edit(CART), NOTHING);
    assert_eq!(story.until(DAY), [format!("-cart_left at {}", 20 * MINUTE)]);
}

#[test]
fn a_merge_tells_no_basket_twice() {
    let (mut winner, mut loser) = (Story::new(CART), Story::new(CART));
    loser.until(2 * MINUTE);
    loser.does("add_to_basket", A);
    assert_eq!(loser.until(13 * MINUTE).len(), 1);
    winner.until(MINUTE);
    winner.does("add_to_basket", B);
    assert_eq!(winner.until(13 * MINUTE).len(), 1);
    crate::profile::merge(&mut winner.profile, loser.profile, &mut Changed::default());
    winner.history.extend(loser.history);
    winner.rebuild(&Rebuild::All);
    winner.touched.look_at_everything();
    assert_eq!(winner.evaluate(Cause::Event), NOTHING);
    assert_eq!(winner.until(DAY).len(), 1, "and one leave for all");
}
