//! Named conditions: who is a member, since when, and until when if nothing happens.
pub mod definition;
pub mod span;
#[cfg(test)]
mod testing;
pub mod value;

pub use definition::{Definition, EventFilter};
