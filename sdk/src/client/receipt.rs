//! What a call gives back at once.

use std::fmt;

use super::report::DropReason;

/// The id that makes an event idempotent: the same on every retry.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct MessageId(Repr);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    /// One of our own, kept as bytes so that a receipt costs no allocation.
    Uuid(uuid::Uuid),
    Text(Box<str>),
}

impl MessageId {
    pub(super) const fn from_uuid(id: uuid::Uuid) -> Self {
        Self(Repr::Uuid(id))
    }

    pub(super) fn from_text(id: String) -> Self {
        Self(Repr::Text(id.into_boxed_str()))
    }

    /// The id's text, written to the stack where it is one of our own.
    pub(super) fn encode<'a>(&'a self, buffer: &'a mut [u8; 36]) -> &'a str {
        match &self.0 {
            Repr::Uuid(id) => id.hyphenated().encode_lower(buffer),
            Repr::Text(id) => id,
        }
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.encode(&mut [0; 36]))
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageId({self})")
    }
}

/// What became of a call: the event's id, and whether it was queued.
///
/// It need not be looked at; what is dropped is counted in the [`Report`](super::Report) too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    id: MessageId,
    dropped: Option<DropReason>,
}

impl Receipt {
    pub(super) const fn new(id: MessageId, queued: Result<(), DropReason>) -> Self {
        Self {
            id,
            dropped: match queued {
                Ok(()) => None,
                Err(reason) => Some(reason),
            },
        }
    }

    /// The event's message id.
    #[must_use]
    pub const fn message_id(&self) -> &MessageId {
        &self.id
    }

    /// Whether the event was queued.
    #[must_use]
    pub const fn is_accepted(&self) -> bool {
        self.dropped.is_none()
    }

    /// Why the event was dropped, if it was.
    #[must_use]
    pub const fn dropped(&self) -> Option<DropReason> {
        self.dropped
    }
}
