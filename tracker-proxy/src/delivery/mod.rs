//! Deliveries out: signed, retried, bounded per destination, and never to a forbidden address.

mod destination;
mod read;

pub use destination::{Destination, Method};
pub use read::{
    CONCURRENCY_MAX, DEFAULT_CONCURRENCY, DEFAULT_TIMEOUT_MS, HEADERS_MAX, SIGNING_SECRETS_MAX,
};
