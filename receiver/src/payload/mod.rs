//! The JSON of a membership delivery: built by the sender, read by the receiver.
//!
//! The shape follows the payload advice of the Standard Webhooks specification v1.0.0 (`type`,
//! `timestamp`, `data`). Members that are not known are ignored, so that a newer sender can
//! talk to an older receiver.
//!
//! ```
//! use segue_receiver::payload::{Change, Envelope};
//!
//! let envelope: Envelope = serde_json::from_str(
//!     r#"{"type": "audience.membership", "timestamp": "2026-11-20T13:00:00Z", "data": {
//!         "activation": {"id": "vip_to_shop", "name": "VIP members to the shop"},
//!         "segment_group": "shop", "person_identifier": "userid",
//!         "changes": [{"op": "add", "person": 42, "audience": {"id": "vip", "name": "VIP"},
//!                      "sequence": 17, "at": "2026-11-20T12:59:58Z"}]}}"#,
//! )?;
//! let Change::Add { person, sequence, .. } = &envelope.data.changes[0] else {
//!     unreachable!("the first change is an add");
//! };
//! assert_eq!((person.as_str(), *sequence), ("42", 17));
//! # Ok::<(), serde_json::Error>(())
//! ```

mod change;
mod person;
#[cfg(feature = "http")]
mod received;

use serde::{Deserialize, Serialize};

#[cfg(feature = "http")]
pub(crate) use change::Item;
pub use change::{AudienceRef, Change, InvalidChange};
pub use person::{InvalidPersonId, PersonId};
#[cfg(feature = "http")]
pub(crate) use received::{Received, ReceivedData};

/// The identifier under which sender and receiver know a person when nothing else is said.
pub const PERSON_IDENTIFIER: &str = "userid";

/// One webhook message: what kind it is, when it was made, and its data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope<C = Change> {
    /// What the message is about.
    #[serde(rename = "type")]
    pub kind: MessageType,
    /// When the message was made; an attempt's own time is in `webhook-timestamp`.
    pub timestamp: jiff::Timestamp,
    /// The changes, and where they belong.
    pub data: Membership<C>,
}

impl<C> Envelope<C> {
    /// Wraps membership changes that were made at `timestamp`.
    #[must_use]
    pub const fn membership(timestamp: jiff::Timestamp, data: Membership<C>) -> Self {
        Self {
            kind: MessageType::Membership,
            timestamp,
            data,
        }
    }
}

/// The kinds of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum MessageType {
    /// Persons joined or left audiences.
    #[serde(rename = "audience.membership")]
    Membership,
}

/// Membership changes of one activation for one segment group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership<C = Change> {
    /// The sender's activation that caused the delivery.
    pub activation: ActivationRef,
    /// The segment group to write; when it is left out, the one of the receiver's activation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment_group: Option<String>,
    /// What `person` means in the changes.
    #[serde(default = "default_person_identifier")]
    pub person_identifier: String,
    /// A test send is checked in full and changes nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub test: bool,
    /// The changes, in the order in which they are to be applied.
    pub changes: Vec<C>,
}

/// The sender's activation: its id never changes, its name may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivationRef {
    /// The stable id.
    pub id: String,
    /// The name that people see.
    #[serde(default)]
    pub name: String,
}

fn default_person_identifier() -> String {
    PERSON_IDENTIFIER.to_owned()
}

#[cfg(test)]
mod tests;
