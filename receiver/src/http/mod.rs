//! The HTTP side: from a raw request to a verified message, and from an outcome to a response.
//!
//! A request passes credentials, body bound, signature and JSON, in this order; nothing is
//! parsed before it is verified, and nothing is read before its sender is known.

mod accept;
mod body;
mod jobs;
mod log;
mod problem;
mod rejection;
mod router;
mod verified;
mod webhook;

pub use rejection::VerifyRejection;
pub(crate) use router::router;
pub use verified::Verified;
