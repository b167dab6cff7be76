//! What a profile's conditions take, stored.

use crate::audience::testing::{Story, packed};

/// Sixty memories of twenty kinds of events: five newest times, sums of ninety days, one time.
fn audiences() -> String {
    let one = |e: usize| {
        format!(
            "
- {{ id: often_{e}, when: {{ did: {{ event: e{e}, in: 30d, count: {{ gte: 5 }} }} }} }}
- {{ id: much_{e}, when: {{ did: {{ event: e{e}, in: 90d, sum: {{ of: amount, gte: 500 }} }} }} }}
- {{ id: early_{e}, when: {{ did: {{ event: e{e}, in: {{ more_than: 30d }} }} }} }}
"
        )
    };
    (0..20).map(one).collect()
}

/// What so many events within ninety days take; some kinds are much more frequent than others.
fn bytes(events: i64) -> usize {
    let mut story = Story::new(&audiences());
    let mut chance = 12_345_u64;
    // The second kind is half as frequent as the first, the third a third, and so on.
    let weights: Vec<u64> = (1..=20).map(|kind| 10_000 / kind).collect();
    let all: u64 = weights.iter().sum();
    for n in 0..events {
        chance = chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let mut roll = (chance >> 33) % all;
        let kind = weights.iter().position(|weight| {
            let found = roll < *weight;
            roll = roll.saturating_sub(*weight);
            found
        });
        let kind = kind.unwrap_or_default();
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
    packed(&story.profile).len()
}

#[test]
fn a_casual_life_is_small_and_a_busy_one_is_bounded() {
    let (casual, regular, heavy) = (bytes(27), bytes(270), bytes(2_700));
    assert!(casual <= 500, "{casual} bytes");
    assert!(heavy <= 6_000, "{heavy} bytes");
    assert!(
        casual < regular && regular < heavy,
        "{casual}, {regular}, {heavy}"
    );
}
