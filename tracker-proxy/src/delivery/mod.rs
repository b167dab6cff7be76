//! Deliveries out: signed, retried, bounded per destination, and never to a forbidden address.

pub mod breaker;
mod classify;
pub mod client;
mod destination;
pub mod guard;
pub mod retry_after;
pub mod schedule;

pub use classify::{Blame, Class, Failure, classify};
pub use client::{Attempt, Client, ContentType, Frozen};
pub use destination::{Destination, Method};

#[cfg(test)]
mod testing;
