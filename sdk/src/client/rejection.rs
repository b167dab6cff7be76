//! What the callback for rejected events is told.

use std::borrow::Cow;
use std::sync::Arc;

use crate::wire::{Message, RejectCode};

/// Told each rejected event, on the SDK's thread.
pub(super) type OnRejected = Arc<dyn Fn(&Rejection<'_>) + Send + Sync>;

/// One event that the endpoint refused for good.
#[derive(Clone, Copy, Debug)]
pub struct Rejection<'a> {
    event: &'a [u8],
    code: &'a RejectCode,
    reason: &'a str,
}

impl<'a> Rejection<'a> {
    pub(super) const fn new(event: &'a [u8], code: &'a RejectCode, reason: &'a str) -> Self {
        Self {
            event,
            code,
            reason,
        }
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

    /// The reason, for programs. `http_401` and the like where the whole batch was refused.
    #[must_use]
    pub const fn code(&self) -> &'a RejectCode {
        self.code
    }

    /// The reason, for people: what the endpoint said.
    #[must_use]
    pub const fn reason(&self) -> &'a str {
        self.reason
    }
}
