//! The oracle's long run: `cargo run --release -p segue-tests --bin oracle -- --cases 100000`
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use segue_tests::environment::say;
use segue_tests::oracle::campaign;

/// Compares the audience engine with the oracle, case by case.
#[derive(Debug, Parser)]
#[command(name = "oracle")]
struct Options {
    /// The seed of the first case; each further one has the next
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// How many cases
    #[arg(long, default_value_t = 100_000)]
    cases: u64,

    /// Tell a failing case as it was found; otherwise it is made small first
    #[arg(long)]
    as_found: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let progress = |done: u64, _: &_| {
        if done.is_multiple_of(5_000) {
            say(&format!("{done} cases"));
        }
    };
    match campaign::run_cases(options.seed, options.cases, progress) {
        Ok(tally) => {
            say(&tally.to_string());
            ExitCode::SUCCESS
        }
        Err(found) => {
            let found = if options.as_found {
                found
            } else {
                Box::new(found.smaller())
            };
            say(&found.to_string());
            ExitCode::FAILURE
        }
    }
}
