//! Receives signed CDP webhooks in an existing axum app and keeps its segments in step.
//!
//! Two modules need no feature; the sender compiles them too, so that both ends share one
//! contract:
//!
//! - [`payload`]: the JSON of a membership delivery;
//! - [`signature`]: Standard Webhooks signing and verifying.
#![forbid(unsafe_code)]

pub mod limits;
pub mod payload;
pub mod signature;
