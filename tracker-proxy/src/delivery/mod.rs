//! Deliveries out: signed, retried, bounded per destination, and never to a forbidden address.

pub mod breaker;
mod classify;
pub mod client;
mod destination;
mod directory;
pub mod guard;
mod read;
pub mod retry_after;
pub mod schedule;
pub mod worker;

pub use classify::{Blame, Class, Failure, classify};
pub use client::{Attempt, Client, ContentType, Frozen};
pub use destination::{Destination, Method};
pub use read::{
    CONCURRENCY_MAX, DEFAULT_CONCURRENCY, DEFAULT_TIMEOUT_MS, HEADERS_MAX, SIGNING_SECRETS_MAX,
};
pub use directory::{DestinationKey, DestinationMap, Destinations};
pub use worker::{
    AttemptResult, Delivery, Limits, Outcome, Parts, Precheck, PrecheckFn, Report, Worker,
    always_go,
};

#[cfg(test)]
mod testing;
