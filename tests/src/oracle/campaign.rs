//! Many cases, one after the other.

use std::fmt;

use super::case::Case;
use super::generate;
use super::report::Tally;
use super::run::{Failure, run};
use super::shrink::shrink;

/// A case that fails.
#[derive(Debug)]
pub struct Found {
    /// After how many cases, itself included.
    number: u64,
    /// How it fails as it was generated.
    first: Failure,
    /// The case, perhaps made small.
    case: Case,
    /// How it fails.
    failure: Failure,
}

/// Runs the cases of `count` seeds from `first` on.
///
/// # Errors
///
/// The first case that fails.
pub fn run_cases(
    first: u64,
    count: u64,
    mut progress: impl FnMut(u64, &Tally),
) -> Result<Tally, Box<Found>> {
    let mut tally = Tally::default();
    for seed in first..first + count {
        let case = generate::case(seed);
        let number = seed - first + 1;
        match run(&case) {
            Ok(observed) => {
                tally.add(&observed.tally);
                tally.cases += 1;
            }
            Err(failure) => {
                return Err(Box::new(Found {
                    number,
                    first: failure.clone(),
                    case,
                    failure,
                }));
            }
        }
        progress(number, &tally);
    }
    Ok(tally)
}

impl Found {
    /// The same with as little in it as still fails.
    #[must_use]
    pub fn smaller(self) -> Self {
        let (case, failure) = shrink(&self.case, self.failure);
        Self {
            case,
            failure,
            ..self
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, seed) = (self.number, self.case.seed);
        writeln!(
            f,
            "case no. {number} fails, seed {seed}: {}",
            self.first.what
        )?;
        writeln!(f, "at {}: {}", self.failure.now, self.failure.what)?;
        writeln!(f, "{}", self.case.story())?;
        let command = "cargo run -p segue-tests --bin oracle --";
        write!(f, "again: {command} --seed {seed} --cases 1")
    }
}
