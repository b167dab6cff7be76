//! Once: the claims that a host's own handlers take on deliveries.
//!
//! The router of a [`Receiver`](crate::Receiver) needs none of this: its stores commit claim and
//! change together. A handler of one's own gets the same with [`Once`]: the first copy of a
//! delivery claims its signed id and runs; the others wait and get its answer. A 2xx answer is
//! kept, any other releases the claim. When the handler panics or is cancelled, the claim is
//! released; when the process dies, its lease ends; then the resend runs.
//!
//! # What a crash does
//!
//! A handler is **at least once**: between what it did and the claim's commit the process may
//! die, and the resend runs again. It is **exactly once** when it commits the [`Claim`] in the
//! transaction of its own changes: `SqliteClaims::commit_in` and `PostgresClaims::commit_in` do
//! so for hosts that keep both in one database. What the host does elsewhere, such as sending a
//! mail, stays at least once; give the [`ClaimKey`] to the other side as an idempotency key.
//!
//! Answers are kept for a week ([`CLAIM_HOURS`](crate::limits::CLAIM_HOURS)), longer than senders
//! retry.
//!
//! ```
//! use axum::Router;
//! use axum::extract::{FromRef, State};
//! use axum::http::StatusCode;
//! use axum::response::{IntoResponse, Response};
//! use axum::routing::post;
//! use segue_receiver::claims::{MemoryClaims, Once};
//! use segue_receiver::payload::Envelope;
//! use segue_receiver::{Receiver, Verified};
//!
//! #[derive(Clone)]
//! struct App {
//!     receiver: Receiver,
//!     once: Once,
//! }
//!
//! impl FromRef<App> for Receiver {
//!     fn from_ref(app: &App) -> Self {
//!         app.receiver.clone()
//!     }
//! }
//!
//! async fn webhook(State(app): State<App>, delivery: Verified<Envelope>) -> Response {
//!     let Some(key) = delivery.sender().claim_key() else {
//!         return StatusCode::BAD_REQUEST.into_response();
//!     };
//!     let handler = async |_claim| format!("{} changes", delivery.payload().data.changes.len());
//!     app.once.run(key, handler).await
//! }
//!
//! let once = Once::new(MemoryClaims::new());
//! let routes: Router<App> = Router::new().route("/my/webhook", post(webhook));
//! ```

mod answer;
mod memory;
mod once;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;

pub use answer::KeptAnswer;
pub use memory::MemoryClaims;
pub use once::Once;
#[cfg(feature = "postgres")]
pub use postgres::PostgresClaims;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteClaims;
pub use store::{Claim, ClaimKey, Claimed, Claims, CommitError};
