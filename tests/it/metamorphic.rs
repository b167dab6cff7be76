//! What must not make a difference to who is a member, shown on the engine alone.

use segue_tests::oracle::case::Case;
use segue_tests::oracle::metamorphic::{
    Memberships, at_once, chattering, crashing, crowded, defined_late, drive, logging_in, pausing,
    plain, renamed, shuffle, thresholds, twice_negated, users,
};
use segue_tests::oracle::world::Id;

/// How many cases each relation is tried on.
const CASES: usize = 40;

fn cases() -> impl Iterator<Item = (u64, Case)> {
    (900_000..)
        .filter_map(|seed| Some((seed, plain(seed)?)))
        .take(CASES)
}

/// Runs both and demands the same memberships after the steps from `from` on.
fn alike(seed: u64, one: &Case, other: &Case, from: usize) {
    let (left, right) = (drive(one, &users(), from), drive(other, &users(), from));
    let different: Vec<_> = left
        .iter()
        .filter(|(at, _)| !right.contains_key(at))
        .collect();
    let missing: Vec<_> = right
        .iter()
        .filter(|(at, _)| !left.contains_key(at))
        .collect();
    let (one, other) = (one.story(), other.story());
    assert!(
        different.is_empty() && missing.is_empty(),
        "seed {seed}: {different:?} {missing:?}\n{one}\n{other}"
    );
}

#[test]
fn the_order_of_arrival() {
    for (seed, case) in cases() {
        let shuffled = at_once(&case, |events| shuffle(events, seed));
        alike(seed, &at_once(&case, |_| ()), &shuffled, 0);
    }
}

#[test]
fn under_which_ids_somebody_did_it_once_they_are_one() {
    for (seed, case) in cases() {
        let end = case.steps.len();
        alike(
            seed,
            &logging_in(&case, false),
            &logging_in(&case, true),
            end,
        );
    }
}

#[test]
fn when_an_audience_was_defined() {
    for (seed, case) in cases() {
        let end = case.steps.len() - 1;
        let only_ours = |seen: Memberships| -> Memberships {
            seen.into_iter()
                .filter(|((_, _, id), _)| !id.starts_with("unrelated"))
                .collect()
        };
        let early = drive(&case, &users(), end);
        let late = only_ours(drive(&defined_late(&case), &users(), end));
        assert_eq!(early, late, "seed {seed}: {}", case.story());
    }
}

#[test]
fn crashes() {
    for (seed, case) in cases() {
        alike(seed, &pausing(&case), &crashing(&case), 0);
    }
}

#[test]
fn events_that_nobody_asks_for() {
    for (seed, case) in cases() {
        alike(seed, &case, &chattering(&case), 0);
    }
}

#[test]
fn being_denied_twice() {
    for (seed, case) in cases() {
        alike(seed, &case, &twice_negated(&case), 0);
    }
}

#[test]
fn audiences_beside_it() {
    for (seed, case) in cases() {
        let seen = drive(&crowded(&case), &users(), 0);
        let seen: Memberships = seen
            .into_iter()
            .filter(|((_, _, id), _)| !id.starts_with("unrelated"))
            .collect();
        assert_eq!(
            drive(&case, &users(), 0),
            seen,
            "seed {seed}: {}",
            case.story()
        );
    }
}

#[test]
fn the_names_of_events_and_people() {
    for (seed, case) in cases() {
        let known = |id: &Id| match id {
            Id::User(id) | Id::Visitor(id) => Id::User(format!("another {id}")),
        };
        let others: Vec<Id> = users().iter().map(known).collect();
        let seen = drive(&case, &users(), 0);
        let seen: Memberships = seen
            .into_iter()
            .map(|((at, id, audience), is)| ((at, known(&id), audience), is))
            .collect();
        let renamed = renamed(&case);
        assert_eq!(
            drive(&renamed, &others, 0),
            seen,
            "seed {seed}: {}",
            case.story()
        );
    }
}

#[test]
fn a_higher_threshold_lets_nobody_in() {
    for (seed, case) in cases() {
        let case = thresholds(&case, seed);
        let seen = drive(&case, &users(), 0);
        // Lists are among what is seen.
        let audiences = seen.keys().filter(|(.., audience)| !audience.contains(':'));
        for (at, id, audience) in audiences {
            let n: u32 = audience[1..].parse().expect("thresholds are numbered");
            let below = (*at, id.clone(), format!("t{}", n - 1));
            assert!(
                n == 1 || seen.contains_key(&below),
                "seed {seed}: {}",
                case.story()
            );
        }
    }
}
