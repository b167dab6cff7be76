//! HTTP in: bodies become checked events, each with a verdict.

mod event;
mod submission;

pub use event::{Event, EventCodecError, EventKind};
pub use submission::{Submission, Unavailable, Verdict};
