//! HTTP in: bodies become checked events, each with a verdict.
//!
//! In: requests of any client that speaks the tracking API, ours and the official ones. Out: a
//! [`Submission`] per request to the pipeline, and an answer once its events are durable. Nothing
//! here survives a crash, and nothing needs to: what was not answered is sent again.

mod event;
mod keys;
mod parse;
mod submission;

pub use event::{Event, EventCodecError, EventKind};
pub use keys::{Source, WriteKeys};
pub use parse::{BodyError, Envelope, Parsed, parse_batch, parse_single};
pub use submission::{Submission, Unavailable, Verdict};
