//! Bodies become checked, dated, encoded events; what is wrong with the others is listed.
//!
//! Nothing here waits or reads a clock. A body that cannot be read at all is an error; a bad event
//! is an entry in the answer and never touches its neighbours.

mod check;
mod context;
mod envelope;
mod identity;
mod json;
mod members;
mod numbers;
mod time;
mod vouch;

#[cfg(test)]
mod tests;

pub use envelope::Envelope;

use segue_sdk::wire::{Assigned, Rejected, Warning};

use super::event::EventKind;
use super::keys::Source;
use crate::clock::TimeMs;
use crate::config::Limits;

/// What came out of a body.
#[derive(Debug, Default)]
pub struct Parsed {
    /// The accepted events, encoded one after the other.
    pub events: Vec<u8>,
    /// For each accepted event its index in the batch.
    pub positions: Vec<usize>,
    /// The events that were refused, by index.
    pub rejected: Vec<Rejected>,
    /// The events that were accepted with a change.
    pub warnings: Vec<Warning>,
    /// The ids given to events that came without one.
    pub assigned: Vec<Assigned>,
}

/// Nothing of a body can be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is not JSON of the right shape: the sender has to mend it.
    #[error("the body cannot be read: {0}")]
    Unreadable(String),
    /// It has more events than one batch may: the sender has to split it.
    #[error("the batch has {events} events; at most {events_max} are allowed (batch_events_max)")]
    TooManyEvents {
        /// How many it has.
        events: usize,
        /// How many are allowed.
        events_max: usize,
    },
    /// With the batch's context written into each event, it is longer than a body may be: the
    /// sender has to split it.
    #[error(
        "with its context in each event the batch has {bytes} bytes; at most {bytes_max} are \
         allowed (body_bytes_max)"
    )]
    ContextTooLarge {
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        bytes_max: usize,
    },
}

/// Reads the body of a batch.
///
/// # Errors
///
/// Nothing of the body can be taken.
pub fn parse_batch(
    body: &[u8],
    source: &Source,
    received: TimeMs,
    limits: &Limits,
) -> Result<Parsed, BodyError> {
    Ok(Envelope::batch(body, limits)?.check(source, received, limits))
}

/// Reads the body of a single call: one event, whose kind the path told.
///
/// # Errors
///
/// Nothing of the body can be taken.
pub fn parse_single(
    kind: EventKind,
    body: &[u8],
    source: &Source,
    received: TimeMs,
    limits: &Limits,
) -> Result<Parsed, BodyError> {
    Ok(Envelope::single(kind, body)?.check(source, received, limits))
}
