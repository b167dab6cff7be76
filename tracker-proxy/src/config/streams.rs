//! Streams of user data: who may replace what is known of persons.

use super::keys::Keyring;
use crate::document::{Fields, Mistakes, Node};
use crate::secret::Secret;

/// The member of each object that is a user id, unless the stream names another one.
const PERSON: &str = "id";

/// Allows its holder to stream user data into one account.
#[derive(Debug, Clone)]
pub struct StreamConfig {
    /// The id of the stream, which is its only credential.
    pub stream_id: Secret,
    /// The member of each object that is a user id.
    pub person: String,
}

impl StreamConfig {
    pub(super) fn read(
        node: &Node,
        keyring: &mut Keyring,
        mistakes: &mut Mistakes,
    ) -> Option<Self> {
        let mut fields = Fields::of(node, "a stream", mistakes)?;
        let stream_id = keyring.read("stream_id", &mut fields, mistakes);
        let person = fields.text("person", mistakes);
        fields.finish(mistakes);
        Some(Self {
            stream_id: stream_id?,
            person: person.unwrap_or_else(|| PERSON.to_owned()),
        })
    }
}
