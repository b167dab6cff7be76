//! One event as the client writes it.

use serde::Serialize;

use super::Kind;

/// One event on its way out, borrowed from the caller and written once.
///
/// `P` is what the event carries: the type of the properties or traits.
///
/// ```
/// use segue_sdk::wire::{Kind, Outgoing};
///
/// let event = Outgoing {
///     event: Some("visit"),
///     user_id: Some("42"),
///     properties: Some(&serde_json::json!({"product_id": "p1"})),
///     ..Outgoing::new(Kind::Track, "m1", "2026-11-20T10:00:00Z")
/// };
/// let mut json = Vec::new();
/// event.write_to(&mut json)?;
/// assert!(json.starts_with(br#"{"type":"track","messageId":"m1","#));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outgoing<'a, P: Serialize + ?Sized> {
    /// The member `type`.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The id that makes the event idempotent.
    pub message_id: &'a str,
    /// When it happened: RFC 3339.
    pub timestamp: &'a str,
    /// The name of a tracked event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<&'a str>,
    /// The name of a page or screen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    /// Who it was, by the app's own id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<&'a str>,
    /// Who it was, by an id given before anything was known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anonymous_id: Option<&'a str>,
    /// The other id of an alias.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_id: Option<&'a str>,
    /// The group that a person belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_id: Option<&'a str>,
    /// What belongs to the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub properties: Option<&'a P>,
    /// What belongs to the person or group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traits: Option<&'a P>,
    /// Purposes and whether they are allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consents: Option<&'a P>,
    /// Where and how it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<&'a serde_json::value::RawValue>,
}

impl<'a, P: Serialize + ?Sized> Outgoing<'a, P> {
    /// An event with nothing but its kind, id and time.
    #[must_use]
    pub const fn new(kind: Kind, message_id: &'a str, timestamp: &'a str) -> Self {
        Self {
            kind,
            message_id,
            timestamp,
            event: None,
            name: None,
            user_id: None,
            anonymous_id: None,
            previous_id: None,
            group_id: None,
            properties: None,
            traits: None,
            consents: None,
            context: None,
        }
    }

    /// Appends the event's JSON to `buffer`.
    ///
    /// # Errors
    /// When the caller's own type refuses to be serialised; `buffer` may then hold a part of it.
    pub fn write_to(&self, buffer: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(buffer, self)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Message;
    use super::*;

    #[test]
    fn what_the_client_writes_is_what_the_proxy_reads() {
        let mut json = Vec::new();
        let event = Outgoing {
            event: Some("buy"),
            user_id: Some("42"),
            anonymous_id: Some("a\"1"),
            properties: Some(&serde_json::json!({"price": 9.5})),
            ..Outgoing::new(Kind::Track, "m1", "2026-11-20T10:00:00Z")
        };
        event.write_to(&mut json).unwrap();
        let read = Message::from_slice(&json).unwrap();
        assert_eq!(read.kind.as_deref(), Some("track"));
        assert_eq!(read.event.as_deref(), Some("buy"));
        assert_eq!(read.anonymous_id.as_deref(), Some("a\"1"));
        assert_eq!(read.message_id.as_deref(), Some("m1"));
        assert_eq!(read.properties.unwrap().get(), r#"{"price":9.5}"#);
        assert!(read.traits.is_none());
    }
}
