//! What the callback for verdicts is told.

use std::borrow::Cow;
use std::sync::Arc;

use super::report::DropReason;
use crate::wire::{Message, RejectCode};

/// Told what became of each event.
pub(super) type OnVerdict = Arc<dyn Fn(&Verdict<'_>) + Send + Sync>;

/// What became of one event.
///
/// ```
/// use segue_sdk::{Client, Outcome};
///
/// let builder = Client::builder("http://127.0.0.1:8090", "wk_secret").on_verdict(|verdict| {
///     if let Outcome::Rejected { code, .. } = verdict.outcome() {
///         let id = verdict.message_id().unwrap_or_default();
///         let bytes = verdict.event().len(); // its JSON, as it was sent
///         tracing::warn!(%id, bytes, code = code.as_str());
///     }
/// });
/// # drop(builder);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Verdict<'a> {
    event: &'a [u8],
    outcome: Outcome<'a>,
}

/// How it ended.
///
/// ```
/// use segue_sdk::Outcome;
///
/// fn line(outcome: Outcome<'_>) -> String {
///     match outcome {
///         Outcome::Delivered => "delivered".to_owned(),
///         Outcome::Rejected { code, reason } => format!("{}: {reason}", code.as_str()),
///         Outcome::Dropped(reason) => format!("dropped: {reason}"),
///         other => format!("{other:?}"), // of a later version
///     }
/// }
/// assert_eq!(line(Outcome::Delivered), "delivered");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome<'a> {
    /// The endpoint acknowledged it: durable there.
    Delivered,
    /// The endpoint refused it for good.
    Rejected {
        /// The reason, for programs. `http_401` and the like where the whole batch was refused.
        code: &'a RejectCode,
        /// The reason, for people: what the endpoint said.
        reason: &'a str,
    },
    /// The client gave it up after it had taken it.
    Dropped(DropReason),
}

impl<'a> Verdict<'a> {
    pub(super) const fn new(event: &'a [u8], outcome: Outcome<'a>) -> Self {
        Self { event, outcome }
    }

    /// The event as it was sent, in JSON.
    #[must_use]
    pub const fn event(&self) -> &'a [u8] {
        self.event
    }

    /// The message id of the event, as in its receipt.
    #[must_use]
    pub fn message_id(&self) -> Option<Cow<'a, str>> {
        Message::from_slice(self.event).ok()?.message_id
    }

    /// How it ended.
    #[must_use]
    pub const fn outcome(&self) -> Outcome<'a> {
        self.outcome
    }
}
