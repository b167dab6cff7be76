//! Deliveries out: signed, retried, bounded per destination, and never to a forbidden address.

mod destination;
pub mod guard;

pub use destination::{Destination, Method};
