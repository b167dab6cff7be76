//! The set as a whole: sharing, editing, refusing, explaining.

use jiff::tz::TimeZone;

use super::{DAY, HOUR, NOTHING};
use crate::audience::testing::{Story, definitions, event, packed};
use crate::audience::{AudienceSet, Numbering, Rebuild};
use crate::clock::TimeMs;
use crate::ingest::Event;
use crate::keys::CatalogVersion;

fn refused(audiences: &str) -> Vec<String> {
    let mut numbering = Numbering::default();
    let definitions = definitions(audiences);
    let set = AudienceSet::compile(
        &definitions,
        CatalogVersion(1),
        &mut numbering,
        &TimeZone::UTC,
    );
    assert_eq!(
        numbering,
        Numbering::default(),
        "a refused set gives no numbers"
    );
    set.unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn circles_and_strangers_are_refused_with_their_places() {
    let mistakes = refused(
        "
- { id: a, when: { have: { audience: b } } }
- { id: b, when: { none: [ { have: { audience: c } } ] } }
- { id: c, when: { any: [ { did: buy }, { have: { audience: a } } ] } }
- { id: d, when: { have: { audience: a } } }
",
    );
    assert_eq!(
        mistakes,
        ["line 2, column 3: `a` asks for itself: a → b → c → a"]
    );
    let mistakes =
        refused("[{id: buyers, when: {did: x}}, {id: b, when: {have: {audience: buyer}}}]");
    assert!(
        mistakes[0].contains("did you mean `buyers`?"),
        "{mistakes:?}"
    );
    let mistakes = refused("[{id: a, when: {did: x}}, {id: a, when: {did: y}}]");
    assert!(mistakes[0].contains("two audiences"), "{mistakes:?}");
}

#[test]
fn thresholds_and_windows_share_one_memory() {
    let mut story = Story::new(
        "
- { id: a, when: { did: { event: buy, in: 30d, count: { gte: 3 } } } }
- { id: b, when: { did: { event: buy, in: 90d, count: { lt: 5 } } } }
- { id: c, when: { none: [ { did: { event: buy, in: 1h } } ] } }
",
    );
    story.does("buy", "{}");
    assert_eq!(story.profile.conditions.len(), 1);
}

#[test]
fn an_edit_folds_what_is_new_from_history_and_forgets_what_is_gone() {
    let mut story = Story::new(
        "
- { id: buyer, when: { did: buy } }
- { id: visitor, when: { did: { event: visit, in: 1d } } }
",
    );
    story.does("buy", "{}");
    story.does("buy", "{}");
    story.does("visit", "{}");
    let buyer = story.set.by_id("buyer");
    let edited = story.edit("[{id: buyer, when: {did: {event: buy, in: 1h, count: {gte: 2}}}}]");
    assert_eq!(edited, NOTHING, "still a member, by another condition");
    assert_eq!(
        story.set.by_id("buyer"),
        buyer,
        "an edited audience is the same one"
    );
    assert_eq!(story.profile.conditions.len(), 1);
    assert_eq!(story.profile.memberships.iter().count(), 1);
    assert_eq!(story.until(HOUR), [format!("-buyer at {HOUR}")]);
    story.edit("[{id: other, when: {did: buy}}]");
    story.edit("[{id: buyer, when: {did: buy}}]");
    assert_ne!(
        story.set.by_id("buyer"),
        buyer,
        "one that was deleted is a new one"
    );
}

#[test]
fn only_new_memories_need_history() {
    let mut story = Story::new("[{id: a, when: {did: {event: buy, in: 1d}}}]");
    let warm = story.profile.warm;
    story.edit("[{id: a, when: {did: {event: buy, in: 2d}}}]");
    assert!(!story.set.needs_rebuild(warm), "the same times answer it");
    story.edit("[{id: a, when: {did: {event: buy, in: 2d, count: 5}}}]");
    assert!(story.set.needs_rebuild(warm), "more times have to be known");
}

#[test]
fn a_fold_from_history_is_the_same_as_the_folds_of_a_life() {
    let audiences = "
- { id: a, when: { did: { event: buy, in: 30d, sum: { of: amount, gte: 5 } } } }
- { id: b, when: { have: { top: buy.amount, in: 30d, eq: 1 } } }
- { id: c, when: { did: buy, then_not: pay, within: 1h } }
- { id: d, when: { have: { first: buy.amount, eq: 1 } } }
- { id: e, when: { did: { event: buy, in: { more_than: 1d } } } }
- { id: f, when: { did: { event: buy, max: { of: amount, gt: 7 } } } }
";
    let mut story = Story::new(audiences);
    for n in 0..60 {
        story.until(n * 7 * HOUR);
        // Some of it is heard late.
        let at = story.now - (n * 37 % 5) * 3 * HOUR;
        story.did(
            at,
            if n % 3 == 0 { "pay" } else { "buy" },
            &format!("{{\"amount\": {}}}", n % 9),
        );
    }
    let folded = story.profile.conditions.clone();
    let bytes = packed(&story.profile);
    story.profile.conditions.close(&bytes);
    assert_eq!(story.profile.conditions, folded);
    assert!(bytes.len() < 700, "{} bytes", bytes.len());
    story.rebuild(&Rebuild::All);
    assert_eq!(story.profile.conditions, folded);
}

#[test]
fn history_may_come_in_any_order() {
    let audience = "[{id: a, when: {have: {last: buy.amount, eq: 2}}}]";
    let mut story = Story::new(audience);
    let amounts = ["{\"amount\": 1}", "{\"amount\": 2}", "{\"amount\": 3}"];
    // Three at one time, received one after the other; and a later one that says nothing.
    let mut history: Vec<_> = amounts
        .iter()
        .zip(1..)
        .map(|(amount, received)| Event {
            properties: Some(*amount),
            received: TimeMs(received),
            ..event("buy", 0)
        })
        .collect();
    history.push(event("buy", 5));
    history.swap(1, 2);
    history.swap(0, 3);
    story
        .set
        .rebuild(&mut story.profile, &Rebuild::All, &history);
    let a = story.set.by_id("a").unwrap();
    let why = story.set.explain(a, &story.profile, TimeMs(9)).unwrap();
    assert_eq!(why.condition.value, Some(3.into()));
}

#[test]
fn an_explanation_says_what_is_missing_and_when_it_will_change() {
    let audience = "
- id: vip
  when:
    all:
      - did: { event: buy, in: 90d, count: { gte: 2 } }
      - have: { total: buy.amount, gte: 500 }
      - did_not: { event: refund, in: 14d }
      - have: { trait: city, eq: Riga }
";
    let mut story = Story::new(audience);
    story.does("buy", r#"{"amount": 300}"#);
    story.until(DAY);
    story.does("buy", r#"{"amount": 150.5}"#);
    story.is("city", "\"Riga\"");
    let vip = story.set.by_id("vip").unwrap();
    let why = story
        .set
        .explain(vip, &story.profile, TimeMs(story.now))
        .unwrap();
    assert!(!why.member);
    let json = serde_json::to_value(&why).unwrap();
    let conditions = json["condition"]["conditions"].as_array().unwrap();
    assert_eq!(conditions[0]["text"], "did buy in 90d, count gte 2");
    assert_eq!(conditions[0]["holds"], true);
    assert_eq!(conditions[0]["value"], 2);
    assert_eq!(conditions[0]["bound"], "gte 2");
    assert_eq!(conditions[0]["changes_at"], "1970-04-01T00:00:00.000Z");
    assert_eq!(conditions[1]["value"], 450.5);
    assert_eq!(conditions[1]["changes_at"], serde_json::Value::Null);
    assert_eq!(conditions[2]["text"], "did not refund in 2w");
    assert_eq!(conditions[2]["holds"], true);
    assert_eq!(conditions[3]["value"], "Riga");
    let exactness = story.set.exactness(vip);
    assert_eq!(
        exactness[0].to_string(),
        "did buy in 90d, count gte 2: exact to the millisecond; \
         up to 2 timestamps per profile, 14 bytes at most"
    );
    assert_eq!(exactness.len(), 4);
}
