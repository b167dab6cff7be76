//! Named conditions: who is a member, since when, and until when if nothing happens.

mod definition;

pub use definition::{Definition, EventFilter};
