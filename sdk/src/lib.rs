//! Typed event tracking for app backends: never blocks, never panics, never loses silently.
//!
//! A [`Client`] takes events from any thread, serialises them there, and sends them in batches
//! from a worker thread of its own. It needs no runtime and disturbs none. What it could not
//! deliver it counts by reason ([`Report`]): at every moment
//! `tracked + recovered == delivered + rejected + dropped + pending`.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use segue_sdk::events::Buy;
//! use segue_sdk::{Client, Event, Profile};
//! use serde::Serialize;
//!
//! #[derive(Serialize, Event)]
//! struct CouponUsed<'a> {
//!     code: &'a str,
//! }
//!
//! # fn main() -> Result<(), segue_sdk::BuildError> {
//! let client = Client::builder("http://127.0.0.1:8090", "wk_secret").build()?;
//! let ada = client.user("42");
//! ada.identify(&Profile { email: Some("ada@example.com"), ..Profile::default() });
//! ada.track(&Buy::line("o-77", "p-1").priced(19.5, "EUR"));
//! ada.track(&CouponUsed { code: "SPRING" });
//! println!("{}", client.shutdown_blocking(Duration::from_secs(5)));
//! # Ok(())
//! # }
//! ```
//!
//! # What happens to an event
//!
//! | when | what happens |
//! |---|---|
//! | the call | it is written to JSON on the caller's thread, middlewares see it, it is queued: no waiting, no panic, no error to handle. The [`Receipt`] says its id, and why it was dropped if it was |
//! | a batch is full (1,000 events, 512 KiB) or 200 ms old | it is sent; events of a higher [`Priority`] first |
//! | the proxy answers 408, 429, 5xx, or not at all | it is sent again with the same message ids, so that it counts once: full jitter up to 10 s, or `Retry-After`; for 6 h |
//! | the proxy answers 413 | the batch is halved |
//! | the proxy refuses some events | they are counted, and told to [`ClientBuilder::on_verdict`] |
//! | the queue is full (250,000 events, 64 MiB) | [`OverflowPolicy`] decides |
//! | the process ends | [`Client::shutdown`] delivers what it can and says what it could not. With a `Spool` (feature `spool`) the rest waits on disk for the next client |
//! | the process is killed | a spool that writes through loses nothing that a receipt called spooled; one that writes behind at most the last 200 ms; without one, what was queued is lost |
//! | the process is forked | parent and child go on with a client each |
//!
//! # Features
//!
//! All of them only add, and can be on together.
//!
//! * `http` (default): the client and its transport over HTTP.
//! * `rustls` (default): TLS with rustls and ring, without touching the process-wide default.
//!   Without it hand in a `reqwest::Client` of your own, with any TLS.
//! * `derive` (default): `#[derive(Event)]`.
//! * `spool`: events on disk, which survive the process and long outages.
//! * `gzip`: compressed request bodies.
//! * `csv`: user data from CSV files.
//! * `tower`: a layer that carries what is known of a request into its events.
//! * `user-token`: tokens that let a browser say who its user is.
//! * `proxy-mode`: a route of the app's own for the browser tracker.
//! * `testing`: a client that asserts, and a proxy with scripted faults, for your tests.
//!
//! Without any, [`wire`], [`events`], [`Profile`] and [`Event`] remain: the contract, with no
//! input or output.
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
