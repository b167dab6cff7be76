//! What to do when someone joins or leaves an audience.
//!
//! In: membership changes of one profile. Out: what goes to a destination, or why nothing does.

mod definition;
pub mod payload;
pub mod placeholder;
pub mod plan;
mod read;

pub use definition::{
    Activation, DEFAULT_ACTIVATE_WITHIN_MS, DEFAULT_SETTLE_MS, Extraction, Field, FieldSource,
    Mode, On, Payload, Repeat, SegueFields,
};
