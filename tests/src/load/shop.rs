//! What shoppers do, as events of the size that backends send.

use super::batch::Batch;
use super::options::Options;
use super::server::WRITE_KEY;
use crate::random::Random;

/// The audiences, over ten names of events.
const AUDIENCES: &str = include_str!("audiences.yaml");

/// Names and how often each occurs among a hundred events.
const MIX: [(&str, usize); 10] = [
    ("visit", 40),
    ("pageview", 12),
    ("itemclick", 12),
    ("search", 10),
    ("add_to_basket", 10),
    ("buy", 6),
    ("login", 4),
    ("wishlist", 3),
    ("review", 1),
    ("refund", 1),
];
const CATEGORIES: [&str; 8] = [
    "shoes", "coats", "shirts", "jeans", "hats", "socks", "bags", "belts",
];
const COUNTRIES: [&str; 5] = ["PL", "DE", "FR", "ES", "SE"];
const PLANS: [&str; 3] = ["free", "pro", "team"];

/// A batch of what shoppers do.
pub(crate) fn batch(options: &Options, host: &str, random: &mut Random) -> Batch {
    Batch::of(
        host,
        WRITE_KEY,
        options.batch,
        options.spread_ms,
        |user, message, time| event(random, user, message, time),
    )
}

/// The part of an account's configuration that has the audiences.
pub(crate) fn account(options: &Options) -> anyhow::Result<String> {
    let audiences = match &options.audiences {
        Some(file) => std::fs::read_to_string(file)?,
        None => AUDIENCES.to_owned(),
    };
    let mut account = "    audiences:\n".to_owned();
    for line in audiences.lines() {
        account.push_str("      ");
        account.push_str(line);
        account.push('\n');
    }
    Ok(account)
}

/// One event as JSON: what is left of the mix are identifies.
fn event(random: &mut Random, user: &str, message: &str, time: &str) -> String {
    let mut roll = below(random, 100);
    for (name, share) in MIX {
        if roll < share {
            return track(name, random, user, message, time);
        }
        roll -= share;
    }
    let country = COUNTRIES[below(random, COUNTRIES.len())];
    let plan = PLANS[below(random, PLANS.len())];
    let number = below(random, 100_000);
    format!(
        r#"{{"type":"identify","messageId":"{message}","timestamp":"{time}","userId":"{user}","traits":{{"email":"shopper-{number:05}@shop.example","first_name":"Shopper","last_name":"Number {number:05}","country":"{country}","plan":"{plan}","newsletter":{},"language":"{}","signed_up":"2026-0{}-01","loyalty_points":{number},"preferred_store":"store-{:03}","address":{{"city":"Riga","zip":"LV-{:04}"}}}}}}"#,
        number.is_multiple_of(2),
        country.to_lowercase(),
        1 + number % 9,
        number % 1_000,
        number % 10_000,
    )
}

fn track(name: &str, random: &mut Random, user: &str, message: &str, time: &str) -> String {
    let product = below(random, 100_000);
    let category = CATEGORIES[product % CATEGORIES.len()];
    let price = 5.0 + below(random, 20_000) as f64 / 100.0;
    let basket = below(random, 1_000);
    format!(
        r#"{{"type":"track","messageId":"{message}","timestamp":"{time}","event":"{name}","userId":"{user}","properties":{{"product_id":"p-{product:05}","product_name":"The {category} number {product:05}","category":"{category}","brand":"brand-{:02}","price":{price:.2},"quantity":{},"currency":"EUR","basket_id":"b-{basket:03}","in_stock":{},"page":"/shop/{category}/p-{product:05}"}}}}"#,
        product % 40,
        1 + basket % 4,
        !basket.is_multiple_of(9),
    )
}

fn below(random: &mut Random, bound: usize) -> usize {
    usize::try_from(random.below(bound as u64)).unwrap_or_default()
}
