//! A recount by scanning, which shares nothing with the fold.

use proptest::prelude::*;

use crate::audience::Rebuild;
use crate::audience::testing::Story;
use crate::clock::TimeMs;

/// What is in the stories: event name, key, time, and how much later it is heard.
type Heard = (u8, u8, i64, i64);

const WITHIN: i64 = 50;
const STAY: i64 = 30;

fn audiences(k: i64, window: i64) -> String {
    format!(
        "
- {{ id: did, when: {{ did: {{ event: e0, in: {window}ms, count: {{ gte: {k} }} }} }} }}
- {{ id: exactly, when: {{ did: {{ event: e0, in: {window}ms, count: {k} }} }} }}
- {{ id: did_not, when: {{ did_not: {{ event: e1, in: {window}ms }} }} }}
- {{ id: ago, when: {{ did: {{ event: e0, in: {{ more_than: {window}ms }}, count: {{ gte: {k} }} }} }} }}
- {{ id: filtered, when: {{ did: {{ event: e0, in: {window}ms, where: {{ k: [0, 2] }} }} }} }}
- {{ id: first, when: {{ did: e0, then_not: e1, within: {WITHIN}ms, match: k, stay: {STAY}ms }} }}
- {{ id: last, when: {{ did: e0, then_not: e1, within: {WITHIN}ms, match: k, stay: {STAY}ms, rearm: last }} }}
- {{ id: itself, when: {{ did: e0, then_not: e0, within: {WITHIN}ms, match: k, stay: {STAY}ms }} }}
- {{ id: both, when: {{ all: [ {{ have: {{ audience: did }} }}, {{ none: [ {{ have: {{ audience: first }} }} ] }} ] }} }}
"
    )
}

fn count(known: &[Heard], name: u8, within: impl Fn(&Heard) -> bool) -> i64 {
    known
        .iter()
        .filter(|one| one.0 == name && within(one))
        .count() as i64
}

/// Is some key of these starts unanswered at `now`? Straight from the words of the definition.
fn unanswered(known: &[Heard], awaited: u8, restart: bool, now: i64) -> bool {
    (0..3).any(|key| {
        let mut starts: Vec<i64> = known
            .iter()
            .filter(|one| one.0 == 0 && one.1 == key)
            .map(|one| one.2)
            .collect();
        starts.sort_unstable();
        let answers: Vec<i64> = known
            .iter()
            .filter(|one| one.0 == awaited && one.1 == key)
            .map(|one| one.2)
            .collect();
        // A wait ends by an answer or by running out; which starts begin one?
        let mut waits: Vec<i64> = Vec::new();
        for start in starts {
            let running = waits.last().copied().filter(|begun| {
                start < begun + WITHIN
                    && !answers
                        .iter()
                        .any(|answer| begun < answer && *answer <= start)
            });
            match running {
                None => waits.push(start),
                Some(_) if restart => *waits.last_mut().unwrap() = start,
                Some(_) => {}
            }
        }
        waits.iter().any(|begun| {
            let runs_out = begun + WITHIN;
            let answered = answers
                .iter()
                .any(|answer| begun < answer && *answer <= now);
            runs_out <= now && now < runs_out + STAY && !answered
        })
    })
}

fn expected(known: &[Heard], k: i64, window: i64, now: i64) -> Vec<(&'static str, bool)> {
    let inside = |one: &Heard| one.2 > now - window && one.2 <= now;
    let did = count(known, 0, inside) >= k;
    let first = unanswered(known, 1, false, now);
    vec![
        ("did", did),
        ("exactly", count(known, 0, inside) == k),
        ("did_not", count(known, 1, inside) == 0),
        ("ago", count(known, 0, |one| one.2 <= now - window) >= k),
        (
            "filtered",
            count(known, 0, |one| inside(one) && one.1 != 1) >= 1,
        ),
        ("first", first),
        ("last", unanswered(known, 1, true, now)),
        ("itself", unanswered(known, 0, false, now)),
        ("both", did && !first),
    ]
}

fn compare(story: &Story, known: &[Heard], k: i64, window: i64) -> Result<(), TestCaseError> {
    for (id, member) in expected(known, k, window, story.now) {
        prop_assert_eq!(
            story.is_in(id),
            member,
            "{} at {} of {:?}",
            id,
            story.now,
            known
        );
    }
    Ok(())
}

/// A purchase: when, for how much, of what.
type Bought = (i64, i64, u8);

const PANED: &str = "
- { id: sum, when: { did: { event: buy, in: WINDOW, sum: { of: n, gte: 20 } } } }
- { id: low, when: { did: { event: buy, in: WINDOW, sum: { of: n, lt: 20 } } } }
- { id: average, when: { did: { event: buy, in: WINDOW, avg: { of: n, between: [3, 6] } } } }
- { id: least, when: { did: { event: buy, in: WINDOW, min: { of: n, lte: 2 } } } }
- { id: greatest, when: { did: { event: buy, in: WINDOW, max: { of: n, gte: 8 } } } }
- { id: many, when: { did: { event: buy, in: WINDOW, count: { gte: 5, lte: 70 } } } }
- { id: band, when: { did: { event: buy, in: { more_than: 5m, at_most: WINDOW }, count: { gte: 2 } } } }
- { id: top, when: { have: { top: buy.k, in: WINDOW, eq: k1 } } }
- { id: top_ever, when: { have: { top: buy.k, eq: k1, at_least: 3 } } }
- { id: total, when: { have: { total: buy.n, between: [30, 60] } } }
- { id: edge, when: { have: { last: buy.k, in: [k0, k2] } } }
";

/// The favourite of some purchases; of equally frequent ones the first by name.
fn favourite(bought: &[&Bought]) -> Option<(u8, usize)> {
    let counts = (0..3_u8).map(|k| (k, bought.iter().filter(|one| one.2 == k).count()));
    counts
        .filter(|(_, n)| *n > 0)
        .max_by_key(|(k, n)| (*n, u8::MAX - k))
}

fn expected_of_panes(known: &[Bought], window: i64, now: i64) -> Vec<(&'static str, bool)> {
    let pane = |at: i64| at.div_euclid(60_000);
    let since = |ms: i64| move |one: &&Bought| pane(one.0) >= pane(now - ms);
    let inside: Vec<&Bought> = known.iter().filter(since(window)).collect();
    let all: Vec<&Bought> = known.iter().collect();
    let n: Vec<i64> = inside.iter().map(|one| one.1).collect();
    let (sum, total) = (
        n.iter().sum::<i64>(),
        known.iter().map(|one| one.1).sum::<i64>(),
    );
    let average = sum as f64 / n.len() as f64;
    let band = inside.iter().filter(|one| !since(5 * 60_000)(one)).count();
    let last = known.iter().max_by_key(|one| one.0);
    vec![
        ("sum", sum >= 20),
        ("low", sum < 20),
        ("average", !n.is_empty() && (3.0..=6.0).contains(&average)),
        ("least", n.iter().any(|n| *n <= 2)),
        ("greatest", n.iter().any(|n| *n >= 8)),
        ("many", (5..=70).contains(&n.len())),
        ("band", band >= 2),
        ("top", favourite(&inside).is_some_and(|(k, _)| k == 1)),
        (
            "top_ever",
            favourite(&all).is_some_and(|(k, n)| k == 1 && n >= 3),
        ),
        ("total", (30..=60).contains(&total)),
        ("edge", last.is_some_and(|one| one.2 != 1)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn panes_are_what_a_recount_says(
        lags in prop::collection::vec((0..400_i64, 0..600_i64, 0..10_i64, 0..3_u8), 1..60),
        minutes in 6..40_i64,
        odd in 0..2_i64,
    ) {
        let window = minutes * 60_000 + odd * 17_003;
        let mut story = Story::new(&PANED.replace("WINDOW", &format!("{window}ms")));
        let mut known: Vec<Bought> = Vec::new();
        let check = |story: &Story, known: &[Bought]| -> Result<(), TestCaseError> {
            for (id, member) in expected_of_panes(known, window, story.now) {
                prop_assert_eq!(story.is_in(id), member, "{} at {} of {:?}", id, story.now, known);
            }
            Ok(())
        };
        for (after, late, n, k) in lags {
            // Every instant at which a pane can end, and the one before it.
            let until = story.now + after * 1_000;
            let mut edge = (story.now - window).div_euclid(60_000) * 60_000 + window;
            while edge <= until {
                for probe in [edge - 1, edge] {
                    if probe > story.now {
                        story.until(probe);
                        if !known.is_empty() {
                            check(&story, &known)?;
                        }
                    }
                }
                edge += 60_000;
            }
            story.until(until);
            // Late ones are dated earlier, and never at the very time of another one.
            let mut at = story.now - late * 1_000;
            while known.iter().any(|one| one.0 == at) {
                at -= 1;
            }
            known.push((at, n, k));
            story.did(at, "buy", &format!("{{\"n\": {n}, \"k\": \"k{k}\"}}"));
            check(&story, &known)?;
        }
        let folded = story.profile.conditions.clone();
        story.rebuild(&Rebuild::All);
        prop_assert_eq!(&story.profile.conditions, &folded);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn memberships_are_what_a_recount_says(
        events in prop::collection::vec((0..2_u8, 0..3_u8, 0..400_i64, 0..60_i64), 1..40),
        late in 0..3_u8,
        k in 1..4_i64,
        window in 20..120_i64,
    ) {
        let mut heard: Vec<Heard> = events;
        for one in &mut heard {
            // Some lives have no late events, some a few, some many.
            one.3 = if one.3 % 3 < i64::from(late) { one.3 } else { 0 };
        }
        heard.sort_by_key(|one| one.2 + one.3);
        let mut story = Story::new(&audiences(k, window));
        let mut known: Vec<Heard> = Vec::new();
        for one in heard {
            let now = one.2 + one.3;
            // Time passes millisecond by millisecond, and nothing may change but on time.
            while story.now < now {
                let next = story.now + 1;
                story.until(next);
                if !known.is_empty() {
                    compare(&story, &known, k, window)?;
                }
            }
            known.push(one);
            story.did(one.2, &format!("e{}", one.0), &format!("{{\"k\": {}}}", one.1));
            compare(&story, &known, k, window)?;
        }
        for _ in 0..150 {
            let next = story.now + 1;
            story.until(next);
            compare(&story, &known, k, window)?;
        }
        prop_assert_eq!(story.profile.due.filter(|due| *due <= TimeMs(story.now)), None);
        let folded = story.profile.conditions.clone();
        story.rebuild(&Rebuild::All);
        prop_assert_eq!(&story.profile.conditions, &folded);
    }
}
