//! Many cases, one after the other.

use super::case::Case;
use super::generate;
use super::report::Tally;
use super::run::{Failure, run};
use super::shrink::shrink;

/// Runs the cases of `count` seeds from `first` on.
///
/// # Errors
///
/// The first case that fails, made small, with the command that repeats it.
pub fn run_cases(
    first: u64,
    count: u64,
    mut progress: impl FnMut(u64, &Tally),
) -> Result<Tally, String> {
    let mut tally = Tally::default();
    for seed in first..first + count {
        let case = generate::case(seed);
        match run(&case) {
            Ok(observed) => {
                tally.add(&observed.tally);
                tally.cases += 1;
            }
            Err(failure) => return Err(told(&case, failure, seed - first + 1)),
        }
        progress(seed - first + 1, &tally);
    }
    Ok(tally)
}

fn told(case: &Case, failure: Failure, number: u64) -> String {
    let seed = case.seed;
    let before = failure.what.clone();
    let (small, failure) = shrink(case, failure);
    format!(
        "case no. {number} fails, seed {seed}: {before}\n\
         made small it fails at {}: {}\n{}\n\
         again: cargo run -p segue-tests --bin oracle -- --seed {seed} --cases 1",
        failure.now,
        failure.what,
        small.story()
    )
}
