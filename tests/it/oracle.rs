//! The audience engine against the oracle.
//!
//! `SEGUE_ORACLE_SEED` and `SEGUE_ORACLE_CASES` choose other cases; a failure says the command
//! that repeats it.

use segue_tests::environment::{number, say};
use segue_tests::oracle::campaign::run_cases;

/// How many cases every run of the tests goes through.
const CASES: u64 = 2_000;
/// How many threads share them.
const THREADS: u64 = 2;

#[test]
fn memberships_are_what_whole_histories_say() {
    let first = number("SEGUE_ORACLE_SEED", 1);
    let cases = number("SEGUE_ORACLE_CASES", CASES);
    let share = cases.div_ceil(THREADS);
    let threads: Vec<_> = (0..THREADS)
        .map(|n| {
            let (first, count) = (
                first + n * share,
                share.min(cases.saturating_sub(n * share)),
            );
            std::thread::spawn(move || run_cases(first, count, |_, _| ()))
        })
        .collect();
    let mut seen = segue_tests::oracle::report::Tally::default();
    for thread in threads {
        match thread.join().expect("the oracle does not panic") {
            Ok(tally) => seen.add(&tally),
            Err(found) => panic!("{}", found.smaller()),
        }
    }
    say(&seen.to_string());
    assert_eq!(seen.cases, cases);
}
