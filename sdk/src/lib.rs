//! Typed event tracking for app backends: never blocks, never panics, never loses silently.
//!
//! A `Client` takes events from any thread, serialises them there, and sends them in batches
//! from a worker thread of its own. It needs no runtime and disturbs none. What it could not
//! deliver it counts by reason (`Report`): at every moment
//! `tracked == delivered + rejected + dropped + pending`.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use segue_sdk::events::Buy;
//! use segue_sdk::{Client, Event};
//! use serde::Serialize;
//!
//! #[derive(Serialize)]
//! struct CouponUsed<'a> {
//!     code: &'a str,
//! }
//!
//! impl Event for CouponUsed<'_> {
//!     const NAME: &'static str = "coupon_used";
//! }
//!
//! # fn main() -> Result<(), segue_sdk::BuildError> {
//! let client = Client::builder("http://127.0.0.1:8090", "wk_secret").build()?;
//! let ada = client.user("42");
//! ada.identify(&serde_json::json!({"email": "ada@example.com"}));
//! ada.track(&Buy::line("o-77", "p-1").priced(19.5, "EUR"));
//! ada.track(&CouponUsed { code: "SPRING" });
//! println!("{}", client.shutdown_blocking(Duration::from_secs(5)));
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! * `http` (default): the client and its transport over HTTP.
//! * `rustls` (default): TLS with rustls and ring, without touching the process-wide default.
//!   Without it hand in a `reqwest::Client` of your own.
//! * `proxy-mode`: a route of the app's own for the browser tracker.
//! * `testing`: a recording transport for your tests.
//!
//! Without any, [`wire`], [`events`] and [`Event`] remain: the contract, with no input or output.
#![forbid(unsafe_code)]

pub mod wire;

mod priority;
pub use priority::Priority;

mod event;
pub use event::Event;
#[cfg(feature = "derive")]
pub use segue_sdk_derive::Event;

pub mod events;

mod profile;
pub use profile::Profile;

pub mod limits;

mod secret;
pub use secret::WriteKey;

#[cfg(feature = "user-token")]
pub mod user_token;

#[cfg(feature = "proxy-mode")]
pub mod proxy_mode;

#[cfg(feature = "http")]
mod clock;
#[cfg(feature = "http")]
mod random;

#[cfg(feature = "http")]
mod client;
#[cfg(feature = "http")]
pub use client::{
    Anonymous, BuildError, Client, ClientBuilder, DropReason, Dropped, Identity, Known,
    KnownRequester, MessageId, NotDelivered, Options, Outcome, OverflowPolicy, Person, Receipt,
    Report, Requester, User, Verdict, Visitor,
};
#[cfg(feature = "spool")]
pub use client::{Spool, SpoolMode};

#[cfg(feature = "http")]
pub mod middleware {
    //! What a host does to its events before they are queued: enrich, sample, redact, let go.

    pub use crate::client::middleware::{Draft, Flow, Middleware, Redact, Sample};
}

#[cfg(feature = "http")]
pub mod context;

#[cfg(feature = "http")]
pub mod user_data;

#[cfg(feature = "http")]
pub mod transport;

#[cfg(feature = "testing")]
pub mod testing;
