//! The files under `examples/audiences`: for each somebody who joins and leaves.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{DAY, HOUR, MINUTE, NOTHING};
use crate::audience::testing::Story;

fn files() -> BTreeMap<String, String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples/audiences");
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap());
    entries
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, std::fs::read_to_string(entry.path()).unwrap())
        })
        .collect()
}

/// All examples together, as they may ask for each other.
fn story() -> Story {
    let documents: Vec<String> = files()
        .values()
        .map(|text| {
            let lines = text.lines().filter(|line| !line.starts_with('#'));
            let indented: Vec<String> = lines.map(|line| format!("  {line}")).collect();
            format!("-\n{}\n", indented.join("\n"))
        })
        .collect();
    let mut story = Story::new(&documents.concat());
    story.touched.clear();
    story
}

/// What changed of one audience.
fn of(id: &str, changes: Vec<String>) -> Vec<String> {
    let name = |change: &String| change.split(' ').next().unwrap()[1..].to_owned();
    changes
        .into_iter()
        .filter(|change| name(change) == id)
        .collect()
}

const EUROS: &str = r#"{"amount": 200, "currency": "EUR"}"#;

#[test]
fn every_file_has_its_story() {
    let names: Vec<String> = files().into_keys().collect();
    let stories = include_str!("examples.rs");
    for name in &names {
        let id = files()[name]
            .lines()
            .find_map(|line| line.strip_prefix("id: ").map(str::to_owned));
        let id = id.unwrap();
        assert!(
            stories.contains(&format!("\"+{id}")),
            "{name}: nobody joins {id}"
        );
        assert!(
            stories.contains(&format!("\"-{id}")),
            "{name}: nobody leaves {id}"
        );
    }
    assert_eq!(names.len(), 11);
}

#[test]
fn apple_users_leave_when_they_sign_up() {
    let mut story = story();
    let joins = story.is("device", r#"{"vendor": "Apple"}"#);
    assert_eq!(of("apple_no_signup", joins), ["+apple_no_signup"]);
    assert_eq!(
        of("apple_no_signup", story.does("sign_up", "{}")),
        ["-apple_no_signup"]
    );
}

#[test]
fn a_cart_that_is_left_is_bought_after_all() {
    let mut story = story();
    let cart = r#"{"basket_id": 7, "value": 25}"#;
    story.does("add_to_basket", cart);
    story.until(4 * MINUTE);
    story.does("add_to_basket", cart);
    assert_eq!(
        of("cart_left_10m", story.until(DAY)),
        [format!("{} at {}", "+cart_left_10m", 14 * MINUTE)]
    );
    let other = r#"{"basket_id": 8, "amount": 1}"#;
    assert_eq!(of("cart_left_10m", story.does("buy", other)), NOTHING);
    assert_eq!(
        of("cart_left_10m", story.does("buy", r#"{"basket_id": 7}"#)),
        ["-cart_left_10m"]
    );
}

#[test]
fn women_in_the_us_move() {
    let mut story = story();
    story.is("gender", "\"female\"");
    let joins = story.is("address", r#"{"country": "US"}"#);
    assert_eq!(of("women_us", joins), ["+women_us"]);
    let leaves = story.is("address", r#"{"country": "CA"}"#);
    assert_eq!(of("women_us", leaves), ["-women_us"]);
}

/// Three purchases on three days, the last on day 2.
fn buys(story: &mut Story) {
    for day in 0..3 {
        story.until(day * DAY);
        story.does("buy", EUROS);
    }
}

#[test]
fn a_vip_cools_down_and_warms_up() {
    let mut story = story();
    buys(&mut story);
    let joined = of("vip_cooling", story.until(20 * DAY));
    assert_eq!(joined, [format!("{} at {}", "+vip_cooling", 16 * DAY)]);
    assert_eq!(
        of("vip_cooling", story.does("buy", EUROS)),
        ["-vip_cooling"]
    );
}

#[test]
fn fans_of_shoes_stay_for_as_long_as_they_come() {
    let mut story = story();
    story.does("buy", EUROS);
    let shoes = r#"{"category": "shoes"}"#;
    let visits: Vec<_> = (0..5)
        .flat_map(|n| {
            story.until(n * HOUR);
            of("shoe_fans", story.does("visit", shoes))
        })
        .collect();
    assert_eq!(visits, ["+shoe_fans"]);
    let left = of("shoe_fans", story.until(30 * DAY));
    assert_eq!(left, [format!("{} at {}", "-shoe_fans", 7 * DAY)]);
}

#[test]
fn who_is_stuck_at_the_sign_up_gets_done() {
    let mut story = story();
    story.does("visit", r#"{"path": "/pricing/team"}"#);
    story.until(20 * MINUTE);
    story.does("signup_started", "{}");
    let joined = of("stuck_at_signup", story.until(55 * MINUTE));
    assert_eq!(
        joined,
        [format!("{} at {}", "+stuck_at_signup", 50 * MINUTE)]
    );
    assert_eq!(
        of("stuck_at_signup", story.does("signup_done", "{}")),
        ["-stuck_at_signup"]
    );
}

#[test]
fn a_birthday_wins_back() {
    let mut story = story();
    story.does("session", "{}");
    story.is("birthday", "\"1990-02-10\"");
    story.is("tags", r#"["Loyal"]"#);
    story.is("email", "\"ada@shop.example\"");
    let changes = of("winback_birthday", story.until(60 * DAY));
    // 10 February is day 40; a week before it is day 33.
    assert_eq!(
        changes,
        [
            format!("{} at {}", "+winback_birthday", 33 * DAY),
            format!("{} at {}", "-winback_birthday", 41 * DAY)
        ]
    );
}

#[test]
fn an_offer_is_for_those_whom_all_of_it_fits() {
    let mut story = story();
    buys(&mut story);
    story.until(20 * DAY);
    story.agrees("marketing", true);
    story.agrees("profiling", true);
    let listed = story.is("$list:newsletter_2026", "true");
    assert_eq!(of("offer_targets", listed), ["+offer_targets"]);
    story.until(21 * DAY);
    assert_eq!(
        of("offer_targets", story.agrees("profiling", false)),
        ["-offer_targets"]
    );
}

#[test]
fn a_cart_without_purchase_is_over_after_a_while() {
    let mut story = story();
    story.does("add_to_cart", "{}");
    assert_eq!(
        of("cart_without_purchase", story.until(DAY)),
        [
            format!("{} at {}", "+cart_without_purchase", 10 * MINUTE),
            format!("{} at {}", "-cart_without_purchase", 20 * MINUTE)
        ]
    );
}

#[test]
fn another_category_becomes_the_top_one() {
    let mut story = story();
    let visits = |story: &mut Story, category: &str, times: usize| -> Vec<String> {
        let properties = format!("{{\"category\": \"{category}\"}}");
        (0..times)
            .flat_map(|_| of("garden_fans", story.does("visit", &properties)))
            .collect()
    };
    assert_eq!(visits(&mut story, "garden", 3), ["+garden_fans"]);
    assert_eq!(visits(&mut story, "kitchen", 4), ["-garden_fans"]);
}

#[test]
fn all_buys_together_count_refunds_too() {
    let mut story = story();
    assert_eq!(
        of("big_spenders", story.does("buy", r#"{"amount": 999.99}"#)),
        NOTHING
    );
    let joins = story.does("buy", r#"{"amount": "0.01"}"#);
    assert_eq!(of("big_spenders", joins), ["+big_spenders"]);
    let leaves = story.does("buy", r#"{"amount": -5}"#);
    assert_eq!(of("big_spenders", leaves), ["-big_spenders"]);
}
