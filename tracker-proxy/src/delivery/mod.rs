//! Deliveries out: signed, retried, bounded per destination, and never to a forbidden address.
//!
//! In: frozen bodies from the pipeline. Out: a report on each attempt, which the pipeline commits.
//! Nothing here survives a crash and nothing has to: the store has every delivery until its end
//! is committed, and an attempt that is made twice has one id. [`worker`] is the only loop;
//! [`classify()`], [`schedule`], [`breaker`] and [`retry_after`] decide without waiting, and
//! [`guard`] says which addresses may be called.

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
pub use client::{Attempt, Client, ContentType, Frozen, tls_config};
pub use destination::{Destination, Method};
pub use directory::{DestinationKey, DestinationMap, Destinations};
pub use read::{
    CONCURRENCY_MAX, DEFAULT_CONCURRENCY, DEFAULT_TIMEOUT_MS, HEADERS_MAX, SIGNING_SECRETS_MAX,
};
pub use worker::{
    AttemptResult, Delivery, Limits, Outcome, Parts, Precheck, PrecheckFn, Report, Worker,
    always_go,
};

#[cfg(test)]
mod testing;
