//! What the proxy is told from outside: one file, and the environment for secrets.
//!
//! The text of `segue.yaml` goes in, a [`Config`] comes out, or every mistake of the file at
//! once, each with its place. Every key has a default; without a file the defaults run, with
//! keys that [`first_run`] makes and keeps. Nothing here is read again while the proxy runs.

mod account;
mod definitions;
pub mod env;
mod file;
pub mod first_run;
mod keys;
pub mod limits;
mod streams;

#[cfg(test)]
mod tests;

pub use account::{AccountConfig, DEFAULT_ACCOUNT_ID, DEFAULT_TIME_ZONE};
pub use definitions::{Defined, FileDefinitions};
pub use file::{Config, ConfigError, SQLITE_FILE, StoreKind};
pub use keys::{AdminToken, KEY_BYTES_MAX, KEY_BYTES_MIN, KeyKind, Role, WriteKey};
pub use limits::Limits;
pub use streams::StreamConfig;

/// `1 mistake`, `2 mistakes`.
#[must_use]
pub fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
