//! What people write (`segue.yaml`, definitions sent to the admin API), read with its places.
//!
//! Text goes in, a tree of [`Node`]s comes out in which every value knows its line and column.
//! Readers take the tree apart with [`Fields`] and put every mistake they meet into
//! [`Mistakes`], so that a file with five mistakes is refused once, with all five.
//! JSON is read by the same parser: it is a subset of YAML.

mod duration;
mod fields;
mod node;
mod parse;
mod typed;

pub use duration::{duration_ms, duration_text};
pub use fields::Fields;
pub use node::{Node, NodeKind};
pub use parse::{DOCUMENT_BYTES_MAX, DOCUMENT_DEPTH_MAX, parse};
pub use typed::{DESCRIPTION_CHARS_MAX, ID_BYTES_MAX, NAME_CHARS_MAX, is_id};

use serde::Serialize;

/// A place in a document: one-based line and column, and the path of keys that leads to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Default)]
pub struct Place {
    /// One-based line; 0 where the text is not at hand.
    pub line: u32,
    /// One-based column; 0 where the text is not at hand.
    pub column: u32,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// One thing that is wrong in a document, said so that its author can mend it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Mistake {
    /// Where it is.
    #[serde(flatten)]
    pub place: Place,
    /// What is wrong and, where we can guess it, what was meant.
    pub message: String,
}

impl std::fmt::Display for Mistake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// Collects mistakes while reading goes on.
#[derive(Debug, Default)]
pub struct Mistakes(Vec<Mistake>);

impl Mistakes {
    /// Notes one mistake.
    pub fn add(&mut self, place: Place, message: impl Into<String>) {
        self.0.push(Mistake {
            place,
            message: message.into(),
        });
    }

    /// True while nothing was wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All mistakes in the order of their places.
    #[must_use]
    pub fn into_sorted(mut self) -> Vec<Mistake> {
        self.0.sort();
        self.0.dedup();
        self.0
    }
}

/// The candidate that `written` was probably meant to be.
#[must_use]
pub fn suggestion<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(written, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
