//! Questions about single values: operators, paths, and reading only what is asked for.

mod canonical;
mod extract;
mod operator;
mod path;
mod predicate;
mod relative;

pub use canonical::{canonical, canonical_node, number_of};
pub use extract::{Extraction, Slot, Values};
pub use operator::{Check, Operator, Pattern, REGEX_BYTES_MAX, Tie};
pub use path::{Path, Source};
pub use predicate::Predicate;
