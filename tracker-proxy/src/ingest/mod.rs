//! HTTP in: bodies become checked events, each with a verdict.
mod event;

pub use event::{Event, EventCodecError, EventKind};
