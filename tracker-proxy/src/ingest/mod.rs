//! HTTP in: bodies become checked events, each with a verdict.
//!
//! In: requests of any client that speaks the tracking API, ours and the official ones. Out: a
//! [`Submission`] per request to the pipeline, and an answer once its events are durable. Nothing
//! here survives a crash, and nothing needs to: what was not answered is sent again.

mod event;
mod submission;

mod keys;
mod parse;

mod body;
mod cors;
mod credentials;
mod intake;
mod rejection;
mod routes;
mod streams;
mod translate;

pub use event::{Event, EventCodecError, EventKind};
pub use intake::Intake;
pub use keys::{Source, WriteKeys};
pub use parse::{BodyError, Envelope, Parsed, parse_batch, parse_single};
pub use rejection::IngestRejection;
pub use routes::{discard_router, router};
pub use streams::Streams;
pub use submission::{Submission, Unavailable, Verdict};

#[cfg(test)]
pub(crate) mod testing;
