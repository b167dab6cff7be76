//! What a profile's conditions take, stored.

use crate::audience::testing::Story;

/// Sixty memories of twenty kinds of events: newest times, sums of days, last values.
fn audiences() -> String {
    let one = |e: usize| {
        format!(
            "
- {{ id: often_{e}, when: {{ did: {{ event: e{e}, in: 30d, count: {{ gte: 5 }} }} }} }}
- {{ id: much_{e}, when: {{ did: {{ event: e{e}, in: 90d, sum: {{ of: amount, gte: 500 }} }} }} }}
- {{ id: last_{e}, when: {{ have: {{ last: e{e}.category, eq: shoes }} }} }}
"
        )
    };
    (0..20).map(one).collect()
}

/// What so many events within ninety days take; some kinds are much more frequent than others.
fn bytes(events: i64) -> usize {
    let mut story = Story::new(&audiences());
    let mut chance = 12_345_u64;
    for n in 0..events {
        chance = chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let roll = (chance >> 33) % 1_000;
        // The first kind is half of all, the second a quarter of the rest, and so on.
        let kind = (0..19)
            .find(|kind| roll >= 1_000 - 1_000 / (kind + 2))
            .unwrap_or(19);
        let at = n * 90 * super::DAY / events;
        let cents = (chance >> 20) % 10_000;
        let properties = format!(
            "{{\"amount\": {}.{:02}, \"category\": \"shoes\"}}",
            cents / 100,
            cents % 100
        );
        story.did(1_767_225_600_000 + at, &format!("e{kind}"), &properties);
        story.history.clear();
    }
    postcard::to_stdvec(&story.profile.conditions)
        .unwrap()
        .len()
}

#[test]
fn a_casual_life_is_small_and_a_busy_one_is_bounded() {
    let (casual, regular, heavy) = (bytes(27), bytes(270), bytes(2_700));
    println!("27 events: {casual} bytes, 270: {regular}, 2,700: {heavy}");
    assert!(casual <= 500, "{casual} bytes");
    assert!(heavy <= 6_000, "{heavy} bytes");
    assert!(casual < regular && regular < heavy);
}
