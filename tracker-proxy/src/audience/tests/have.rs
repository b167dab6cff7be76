//! Attributes, computed values, consent and other audiences.

use super::{DAY, NOTHING};
use crate::audience::testing::Story;

#[test]
fn attributes_are_asked_by_path() {
    let audience = "
- id: women_us
  when:
    all:
      - have: { trait: gender, eq: female }
      - have: { trait: address.country, eq: US }
";
    let mut story = Story::new(audience);
    assert_eq!(story.is("gender", "\"female\""), NOTHING);
    assert_eq!(story.is("address", r#"{"country": "US"}"#), ["+women_us"]);
    assert_eq!(story.is("address", r#"{"country": "PL"}"#), ["-women_us"]);
    assert_eq!(
        story.is("address.country", "\"US\""),
        ["+women_us"],
        "a flat name is as good"
    );
}

#[test]
fn dates_come_and_go_by_themselves() {
    let audiences = "
- { id: new, when: { have: { trait: signed_up, in_last: 7d } } }
- { id: birthday, when: { have: { trait: born, anniversary_in_next: 2d } } }
";
    let mut story = Story::new(audiences);
    assert_eq!(story.is("signed_up", "\"1970-01-01\""), ["+new"]);
    assert_eq!(story.is("born", "\"1950-01-05\""), NOTHING);
    assert_eq!(
        story.until(30 * DAY),
        [
            format!("+birthday at {}", 2 * DAY),
            format!("-birthday at {}", 5 * DAY),
            format!("-new at {}", 7 * DAY)
        ]
    );
    assert!(
        story.profile.due.is_some_and(|due| due.0 == 367 * DAY),
        "and next year again"
    );
}

#[test]
fn totals_and_favourites_are_computed() {
    let audiences = "
- { id: rich, when: { have: { total: buy.amount, gte: 0.3 } } }
- { id: shoes, when: { have: { top: visit.category, eq: shoes, at_least: 2 } } }
- { id: recent, when: { have: { top: visit.category, in: 30d, eq: shoes } } }
- { id: came_by_ad, when: { have: { first: visit.source, eq: ad } } }
- { id: last_mobile, when: { have: { last: visit.source, in: [app, ad] } } }
";
    let mut story = Story::new(audiences);
    assert_eq!(story.does("buy", r#"{"amount": 0.1}"#), NOTHING);
    assert_eq!(story.does("buy", r#"{"amount": 0.2}"#), ["+rich"]);
    let shoes = r#"{"category": "shoes", "source": "ad"}"#;
    let hats = r#"{"category": "hats", "source": "web"}"#;
    assert_eq!(
        story.does("visit", shoes),
        ["+recent", "+came_by_ad", "+last_mobile"]
    );
    assert_eq!(story.does("visit", shoes), ["+shoes"]);
    story.until(20 * DAY);
    assert_eq!(story.does("visit", hats), ["-last_mobile"]);
    assert_eq!(story.until(60 * DAY), [format!("-recent at {}", 31 * DAY)]);
    assert_eq!(
        story.did(-1, "visit", hats),
        ["-shoes", "-came_by_ad"],
        "hats before shoes"
    );
}

#[test]
fn audiences_stand_on_audiences() {
    let audiences = "
- id: target
  when:
    all:
      - have: { audience: buyer }
      - have: { consent: [marketing, profiling] }
      - none: [ { have: { audience: angry } } ]
- { id: buyer, when: { did: { event: buy, in: 1d } } }
- { id: angry, when: { did: complain } }
";
    let mut story = Story::new(audiences);
    story.agrees("marketing", true);
    assert_eq!(story.does("buy", "{}"), ["+buyer"]);
    assert_eq!(story.agrees("profiling", true), ["+target"]);
    assert_eq!(story.agrees("marketing", false), ["-target"]);
    assert_eq!(
        story.agrees("marketing", true),
        NOTHING,
        "a refusal wins a tie"
    );
    story.until(1);
    assert_eq!(story.agrees("marketing", true), ["+target"]);
    assert_eq!(
        story.until(DAY),
        [format!("-buyer at {DAY}"), format!("-target at {DAY}")]
    );
    assert_eq!(story.does("buy", "{}"), ["+buyer", "+target"]);
    assert_eq!(story.does("complain", "{}"), ["+angry", "-target"]);
}

#[test]
fn first_and_earlier_values_can_be_asked_for() {
    let audiences = "
- { id: came_from_riga, when: { have: { trait: city, take: first, eq: Riga } } }
- { id: ever_in_bonn, when: { have: { trait: city, take: all, eq: Bonn } } }
- { id: never_in_rome, when: { have: { trait: city, take: all, ne: Rome } } }
";
    let mut story = Story::new(audiences);
    story.until(10);
    assert_eq!(
        story.is("city", "\"Bonn\""),
        ["+ever_in_bonn", "+never_in_rome"]
    );
    story.until(20);
    assert_eq!(story.is("city", "\"Rome\""), ["-never_in_rome"]);
    // A value from before all others is heard late: now it is the first one.
    let early = crate::profile::Dated {
        value: "Riga".into(),
        at: crate::clock::TimeMs(5),
    };
    assert!(!story.profile.attributes.give("city", early));
    story
        .set
        .touch_attribute(&story.profile, "city", &mut story.touched);
    assert_eq!(
        story.evaluate(crate::profile::Cause::Event),
        ["+came_from_riga"]
    );
}

#[test]
fn who_is_on_a_list_is_a_member() {
    let mut story = Story::new("[{id: invited, when: {have: {list: newsletter.2026}}}]");
    assert_eq!(story.is("$list:newsletter.2026", "true"), ["+invited"]);
    assert_eq!(story.is("$list:newsletter.2026", "false"), ["-invited"]);
}

#[test]
fn elements_of_a_list_are_asked_by_their_path() {
    let audience = r#"
- { id: a, when: { have: { path: "orders[*]", some: { status: delivered, total: { gte: 80 } } } } }
"#;
    let mut story = Story::new(audience);
    let (open, done) = (
        r#"{"status": "open", "total": 90}"#,
        r#"{"status": "delivered", "total": 9}"#,
    );
    assert_eq!(story.is("orders", &format!("[{open}, {done}]")), NOTHING);
    let dear = r#"{"status": "delivered", "total": 80}"#;
    assert_eq!(story.is("orders", &format!("[{open}, {dear}]")), ["+a"]);
}
