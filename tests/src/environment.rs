//! What tests are told from outside, read here and nowhere else.

use std::io::Write;

/// The value of a variable; one that is set to nothing counts as not set.
#[must_use]
pub fn get(name: &str) -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place of the tests that reads the environment"
    )]
    let value = std::env::var(name).ok();
    value.filter(|value| !value.is_empty())
}

/// The number in a variable, or `default`.
#[must_use]
pub fn number(name: &str, default: u64) -> u64 {
    get(name)
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

/// Says something on stderr that is seen although the test passes.
pub fn say(line: &str) {
    // Nobody is left to tell when stderr is closed.
    drop(writeln!(std::io::stderr(), "{line}"));
}
