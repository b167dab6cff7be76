//! What to do when someone joins or leaves an audience.
//!
//! In: membership changes of one profile. Out: what goes to a destination, or why nothing does.

mod definition;
pub mod plan;
pub mod placeholder;
mod read;
pub mod payload;

pub use definition::{
    Activation, DEFAULT_ACTIVATE_WITHIN_MS, DEFAULT_SETTLE_MS, Extraction, Field, FieldSource,
    Mode, On, Payload, Repeat, SegueFields,
};
