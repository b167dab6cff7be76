//! An event as every later stage sees it.

use serde::{Deserialize, Serialize};

use crate::clock::TimeMs;

/// The seven kinds of messages. Stored by position: append, never reorder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EventKind {
    /// Something that a person did.
    Track,
    /// Who a person is.
    Identify,
    /// A page that was looked at; its event name is `page`.
    Page,
    /// A screen that was looked at; its event name is `screen`.
    Screen,
    /// A group that a person belongs to.
    Group,
    /// Two user ids of one person.
    Alias,
    /// What a person agreed to.
    Consent,
}

impl EventKind {
    /// The name of the kind as it is written, and the event name of all kinds but `track`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Identify => "identify",
            Self::Page => "page",
            Self::Screen => "screen",
            Self::Group => "group",
            Self::Alias => "alias",
            Self::Consent => "consent",
        }
    }
}

/// One accepted message: checked, dated, and immutable from here on.
///
/// It borrows from the body that it came in with, or from the stored bytes: encoding one is
/// writing its fields after each other, decoding one copies nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event<'a> {
    /// What kind of message it is.
    pub kind: EventKind,
    /// The name that conditions ask for: `buy`, or the kind's own name.
    pub name: &'a str,
    /// Makes the event idempotent.
    pub message_id: &'a str,
    /// The user's id, if it may be believed (see `claimed_user_id`).
    pub user_id: Option<&'a str>,
    /// The visitor's id.
    pub anonymous_id: Option<&'a str>,
    /// A user id that a public key claimed and that nobody has vouched for.
    pub claimed_user_id: Option<&'a str>,
    /// `previousId` of an alias message.
    pub previous_id: Option<&'a str>,
    /// `groupId` of a group message.
    pub group_id: Option<&'a str>,
    /// When it happened, by the sender's clock corrected by ours.
    pub time: TimeMs,
    /// When it was received.
    pub received: TimeMs,
    /// When it happened by the sender's own word, wherever `time` is another instant: its clock
    /// was corrected, or its word lay in the future. A retry states the same time, whenever it
    /// comes; idempotency depends on that.
    pub stated_time: Option<TimeMs>,
    /// JSON object of properties.
    pub properties: Option<&'a str>,
    /// JSON object of traits.
    pub traits: Option<&'a str>,
    /// JSON object of context.
    pub context: Option<&'a str>,
    /// JSON object from consent to truth value.
    pub consents: Option<&'a str>,
}

/// An encoded event that does not decode: the store is damaged or from a newer version.
#[derive(Debug, thiserror::Error)]
#[error("a stored event cannot be decoded")]
pub struct EventCodecError(#[from] postcard::Error);

impl<'a> Event<'a> {
    /// Appends the encoded event to `bytes`.
    ///
    /// # Panics
    ///
    /// Never: writing to a vector cannot fail.
    #[must_use]
    pub fn encode_into(&self, bytes: Vec<u8>) -> Vec<u8> {
        postcard::to_extend(self, bytes).expect("plain fields encode into memory")
    }

    /// Reads one event from the start of `bytes` and returns what follows it.
    ///
    /// # Errors
    ///
    /// The bytes are not an event.
    pub fn decode(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), EventCodecError> {
        Ok(postcard::take_from_bytes(bytes)?)
    }
}
