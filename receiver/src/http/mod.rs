//! The HTTP side: from a raw request to a verified message, and from an outcome to a response.
//!
//! A request passes credentials, body bound, signature and JSON, in this order; nothing is
//! parsed before it is verified, and nothing is read before its sender is known.

mod accept;
mod apply;
mod body;
#[cfg(test)]
mod constant_work;
mod diagnose;
mod input;
mod jobs;
mod layer;
mod log;
mod metered;
mod problem;
mod redact;
mod rejection;
mod router;
mod sender;
mod verified;
mod webhook;

pub use apply::ApplyError;
pub use input::{BadFields, CheckedRequest, Input};
pub use layer::{VerifyLayer, VerifyService};
pub(crate) use metered::Keys;
pub(crate) use problem::unavailable;
pub use rejection::VerifyRejection;
pub(crate) use router::router;
pub use sender::Sender;
pub use verified::Verified;
