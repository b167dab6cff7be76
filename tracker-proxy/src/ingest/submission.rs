//! What ingest hands to the pipeline, and what comes back once it is durable.

use tokio::sync::oneshot;

use crate::keys::AccountNo;

/// The accepted events of one request, encoded one after the other.
#[derive(Debug)]
pub struct Submission {
    /// Whose they are.
    pub account: AccountNo,
    /// The encoded events.
    pub events: Vec<u8>,
    /// How many there are.
    pub count: usize,
    /// Answers once they are durable.
    pub reply: oneshot::Sender<Result<Vec<Verdict>, Unavailable>>,
}

/// What became of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is durable.
    Accepted,
    /// It was durable already: a retry.
    Repeat,
    /// The person was erased after the event happened.
    Erased,
}

/// Nothing of the request is durable: try again a little later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("events cannot be made durable right now")]
pub struct Unavailable;
