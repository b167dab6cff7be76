//! Real behaviour of real shoppers, through the public API, counted once more by simple code.
//!
//! `SEGUE_SHOP_EVENTS` names the file: times, views, carts and purchases of one morning. The
//! times are shifted so that the morning ends now.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use serde::Deserialize;
use serde_json::{Value as Json, json};

use segue_tests::environment::{self, say};
use segue_tests::proxy::ProxyProcess;
use segue_tests::settings::Settings;

const MINUTE_MS: i64 = 60_000;
const JUST_BEFORE_MS: i64 = 2_000;
const BATCH: usize = 500;
const CATEGORY: &str = "electronics.smartphone";
const BRAND: &str = "samsung";
const SPENT: f64 = 500.0;

#[derive(Debug, Clone, Deserialize)]
struct Row {
    event_time: String,
    event_type: String,
    product_id: String,
    category_code: String,
    brand: String,
    price: f64,
    user_id: String,
    user_session: String,
    #[serde(skip)]
    at: i64,
}

/// The rows in the order of time, the last of them at `now`.
fn read(file: &str, now: i64) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(file).expect("the file named by the variable is there");
    let mut rows: Vec<Result<Row, csv::Error>> = reader.deserialize().collect();
    // An excerpt may end in the middle of a row.
    drop(rows.pop_if(|last| last.is_err()));
    let rows: Result<Vec<Row>, _> = rows.into_iter().collect();
    let mut rows = rows.expect("the file has the columns of its description");
    for row in &mut rows {
        let time = row.event_time.replace(" UTC", "Z").replacen(' ', "T", 1);
        let time: jiff::Timestamp = time.parse().expect("a time in UTC");
        row.at = time.as_millisecond();
    }
    rows.sort_by_key(|row| row.at);
    let shift = now - rows.last().expect("the file is not empty").at;
    for row in &mut rows {
        row.at += shift;
    }
    rows
}

/// The row in the words of the field.
fn event(number: usize, row: &Row) -> Json {
    let name = match row.event_type.as_str() {
        "view" => "visit",
        "cart" => "add_to_basket",
        _ => "buy",
    };
    let mut properties = json!({
        "product_id": row.product_id, "price": row.price, "session": row.user_session,
    });
    for (key, value) in [("category", &row.category_code), ("brand", &row.brand)] {
        if !value.is_empty() {
            properties[key] = value.as_str().into();
        }
    }
    let track = segue_tests::ingest::track(&row.user_id, name, &properties);
    let mut event = segue_tests::ingest::at(track, row.at);
    event["messageId"] = format!("row-{number}").into();
    event
}

fn audiences() -> [(&'static str, Json); 6] {
    let carts = json!({
        "did": "add_to_basket", "then_not": "buy", "within": "30m", "stay_until": "buy",
    });
    let fans = json!({ "did": {
        "event": "visit", "where": { "category": CATEGORY }, "in": "1h", "count": { "gte": 5 },
    } });
    let others = ["bought", "cart_left", "fans", "spenders", "brand"]
        .map(|id| json!({ "have": { "audience": id } }));
    [
        ("bought", json!({ "did": "buy" })),
        ("cart_left", carts),
        ("fans", fans),
        (
            "spenders",
            json!({ "have": { "total": "buy.price", "gte": SPENT } }),
        ),
        (
            "brand",
            json!({ "have": { "top": "visit.brand", "eq": BRAND } }),
        ),
        ("others", json!({ "none": others })),
    ]
}

/// Who is in which audience at `now`: one pass over each shopper's rows for each question.
fn recount(rows: &[Row], now: i64) -> BTreeMap<&'static str, BTreeSet<String>> {
    let mut shoppers: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        shoppers.entry(&row.user_id).or_default().push(row);
    }
    let mut lists: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
    for (id, _) in audiences() {
        lists.insert(id, BTreeSet::new());
    }
    for (shopper, rows) in shoppers {
        let mut in_none = true;
        for (list, is_in) in [
            ("bought", has_bought(&rows)),
            ("cart_left", left_a_cart(&rows, now)),
            ("fans", is_fan(&rows, now)),
            ("spenders", has_spent(&rows)),
            ("brand", likes_brand(&rows)),
        ] {
            if is_in {
                in_none = false;
                lists.entry(list).or_default().insert(shopper.to_owned());
            }
        }
        if in_none {
            lists
                .entry("others")
                .or_default()
                .insert(shopper.to_owned());
        }
    }
    lists
}

fn has_bought(rows: &[&Row]) -> bool {
    rows.iter().any(|row| row.event_type == "purchase")
}

/// A cart half an hour ago or earlier, and no purchase since.
fn left_a_cart(rows: &[&Row], now: i64) -> bool {
    let carts = rows.iter().filter(|row| row.event_type == "cart");
    let mut old = carts.filter(|cart| cart.at + 30 * MINUTE_MS <= now);
    old.any(|cart| {
        let mut after = rows.iter().filter(|row| row.at > cart.at);
        !after.any(|row| row.event_type == "purchase")
    })
}

fn is_fan(rows: &[&Row], now: i64) -> bool {
    let visits = rows.iter().filter(|row| row.event_type == "view");
    let of_category = visits.filter(|row| row.category_code == CATEGORY);
    of_category
        .filter(|row| row.at > now - 60 * MINUTE_MS)
        .count()
        >= 5
}

fn has_spent(rows: &[&Row]) -> bool {
    let purchases = rows.iter().filter(|row| row.event_type == "purchase");
    purchases.map(|row| row.price).sum::<f64>() >= SPENT
}

/// The most visited brand; of several the first in the alphabet.
fn likes_brand(rows: &[&Row]) -> bool {
    let mut visits: BTreeMap<&str, u32> = BTreeMap::new();
    for row in rows {
        if row.event_type == "view" && !row.brand.is_empty() {
            *visits.entry(&row.brand).or_default() += 1;
        }
    }
    let most = visits.values().max().copied();
    let top = visits.iter().find(|(_, count)| Some(**count) == most);
    top.is_some_and(|(brand, _)| *brand == BRAND)
}

async fn import(proxy: &ProxyProcess, rows: &[Row]) {
    let ingest = proxy.ingest();
    let events: Vec<Json> = (0..).zip(rows).map(|(n, row)| event(n, row)).collect();
    for batch in events.chunks(BATCH) {
        drop(ingest.batch(batch).await);
    }
}

/// The lists of the proxy, with the instants between which they were read.
async fn listed(proxy: &ProxyProcess) -> (i64, BTreeMap<&'static str, BTreeSet<String>>, i64) {
    let before = jiff::Timestamp::now().as_millisecond();
    let mut lists = BTreeMap::new();
    for (id, _) in audiences() {
        lists.insert(id, proxy.admin().member_ids(id).await);
    }
    (before, lists, jiff::Timestamp::now().as_millisecond())
}

#[tokio::test(flavor = "multi_thread")]
async fn six_audiences_over_real_shoppers_are_what_a_simple_count_says() {
    let Some(file) = environment::get("SEGUE_SHOP_EVENTS") else {
        say("skipped: SEGUE_SHOP_EVENTS names no file of real events");
        return;
    };
    let mut settings = Settings::new();
    for (id, when) in audiences() {
        settings = settings.audience(id, &when);
    }
    let proxy = ProxyProcess::start(settings);
    let rows = read(&file, jiff::Timestamp::now().as_millisecond());
    let started = Instant::now();
    import(&proxy, &rows).await;
    let (count, took) = (rows.len(), started.elapsed());
    say(&format!("{count} real events imported in {took:.1?}"));

    // Time goes on while lists are read: they are compared where nobody's standing changed in
    // between or just before, when a timer may be on its way. It is nearly always so.
    for _ in 0..20 {
        let (before, lists, after) = listed(&proxy).await;
        let expected = recount(&rows, before - JUST_BEFORE_MS);
        if expected != recount(&rows, after) {
            continue;
        }
        for (id, members) in &expected {
            say(&format!("{id}: {} members", members.len()));
            assert!(
                !members.is_empty(),
                "{id} has to have members to prove anything"
            );
            let wrong: Vec<_> = lists[id].symmetric_difference(members).take(10).collect();
            assert_eq!(
                lists[id].len(),
                members.len(),
                "{id}, for example {wrong:?}"
            );
            assert!(wrong.is_empty(), "{id}: {wrong:?}");
        }
        return;
    }
    panic!("the lists never stood still while they were read");
}
