//! Receives signed CDP webhooks in an existing axum app and keeps its segments in step.
//!
//! Two modules need no feature; the sender compiles them too, so that both ends share one
//! contract:
//!
//! - [`payload`]: the JSON of a membership delivery;
//! - [`signature`]: Standard Webhooks signing and verifying.
#![cfg_attr(feature = "http", doc = include_str!("guide.md"))]
#![forbid(unsafe_code)]

pub mod limits;
pub mod payload;
pub mod signature;

#[cfg(feature = "http")]
pub mod claims;
#[cfg(feature = "http")]
mod clock;
#[cfg(feature = "http")]
mod credentials;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "http")]
mod receiver;
#[cfg(feature = "http")]
pub mod segments;
#[cfg(feature = "http")]
pub mod senders;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(all(test, feature = "http"))]
mod work;

#[cfg(feature = "http")]
pub use crate::credentials::{Credentials, Secret};
#[cfg(feature = "http")]
pub use crate::http::{
    ApplyError, BadFields, CheckedRequest, Input, Sender, Verified, VerifyLayer, VerifyRejection,
    VerifyService,
};
#[cfg(feature = "http")]
pub use crate::receiver::{
    Activation, BuildError, ConnectError, PendingError, Receiver, ReceiverBuilder, SignatureMode,
};
