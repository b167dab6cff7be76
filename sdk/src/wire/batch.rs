//! A batch as it arrives: an envelope around events that are still raw.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::text::{lenient, not_null};

/// The body of `POST /v1/batch`, borrowed from the bytes received.
///
/// The events stay raw, so that one malformed event never fails the others; read each with
/// [`Message::from_raw`](super::Message::from_raw). Only `batch` is required. Of the other
/// members, whatever has an unexpected type counts as absent.
#[derive(Clone, Debug, Default)]
pub struct Batch<'a> {
    /// The events, in order, each still raw JSON.
    pub batch: Vec<&'a RawValue>,
    /// The write key in the body: `writeKey`, or `api_key` as some clients spell it.
    pub write_key: Option<Cow<'a, str>>,
    /// When the client sent the request by its own clock, as it wrote it.
    pub sent_at: Option<Cow<'a, str>>,
    /// Context for every event; the event's own context wins.
    pub context: Option<&'a RawValue>,
    /// Integrations for every event; the event's own integrations win.
    pub integrations: Option<&'a RawValue>,
    /// An id of the batch as a whole; it makes no event idempotent.
    pub message_id: Option<Cow<'a, str>>,
}

impl<'a> Batch<'a> {
    /// Reads a body, which is not yet known to be UTF-8.
    ///
    /// # Errors
    /// When the body is not JSON, not an object, or has no array `batch`.
    ///
    /// ```
    /// use segue_sdk::wire::Batch;
    ///
    /// let batch = Batch::from_slice(br#"{"batch":[{"type":"track"}],"writeKey":"wk_1"}"#)?;
    /// assert_eq!((batch.batch.len(), batch.write_key.as_deref()), (1, Some("wk_1")));
    /// assert!(Batch::from_slice(b"[]").is_err());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn from_slice(body: &'a [u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(body)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Batch<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Envelope)
    }
}

struct Envelope;

impl<'de> Visitor<'de> for Envelope {
    type Value = Batch<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with an array `batch` of events")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Batch<'de>, A::Error> {
        let mut batch = Batch::default();
        let mut events: Option<Vec<&'de RawValue>> = None;
        while let Some(member) = map.next_key::<Cow<'de, str>>()? {
            match member.as_ref() {
                "batch" => events = map.next_value()?,
                "writeKey" | "api_key" => batch.write_key = lenient(map.next_value()?),
                "sentAt" => batch.sent_at = lenient(map.next_value()?),
                "messageId" => batch.message_id = lenient(map.next_value()?),
                "context" => batch.context = not_null(map.next_value()?),
                "integrations" => batch.integrations = not_null(map.next_value()?),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        batch.batch = events.ok_or_else(|| A::Error::missing_field("batch"))?;
        Ok(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_batch_is_read_with_its_key_and_send_time() {
        let body = br#"{"batch":[{"type":"track","event":"a","_metadata":{"nodeVersion":"22"}}],
            "writeKey":"wk_1","sentAt":"2026-11-20T10:00:00.000Z"}"#;
        let batch = Batch::from_slice(body).unwrap();
        assert_eq!(batch.batch.len(), 1);
        assert_eq!(batch.write_key.as_deref(), Some("wk_1"));
        assert_eq!(batch.sent_at.as_deref(), Some("2026-11-20T10:00:00.000Z"));
        assert!(
            matches!(batch.write_key, Some(Cow::Borrowed(_))),
            "no escapes, no copy"
        );
    }

    #[test]
    fn a_go_batch_has_its_context_outside_the_events() {
        let body = br#"{"messageId":"b1","sentAt":"2026-11-20T10:00:00Z","batch":[],
            "context":{"library":{"name":"analytics-go"}},"integrations":null}"#;
        let batch = Batch::from_slice(body).unwrap();
        assert_eq!(batch.message_id.as_deref(), Some("b1"));
        assert_eq!(
            batch.context.unwrap().get(),
            r#"{"library":{"name":"analytics-go"}}"#
        );
        assert!(batch.integrations.is_none());
    }

    #[test]
    fn events_of_any_json_type_do_not_fail_the_batch() {
        let batch = Batch::from_slice(br#"{"batch":[5,null,{"type":"track"},[],"x"]}"#).unwrap();
        assert_eq!(batch.batch.len(), 5);
    }

    #[test]
    fn members_of_the_wrong_type_count_as_absent() {
        let batch = Batch::from_slice(br#"{"batch":[],"writeKey":{},"sentAt":[1],"x":{"y":[]}}"#);
        let batch = batch.unwrap();
        assert!(batch.write_key.is_none());
        assert!(batch.sent_at.is_none());
    }

    #[test]
    fn a_body_without_a_readable_batch_is_an_error_and_never_a_panic() {
        let bodies: [&[u8]; 9] = [
            b"",
            b"[]",
            b"null",
            b"{}",
            br#"{"batch":null}"#,
            br#"{"batch":{}}"#,
            br#"{"batch":[{]}"#,
            b"{\"batch\":[\"\xff\"]}",
            br#"{"batch":[]"#,
        ];
        for body in bodies {
            assert!(
                Batch::from_slice(body).is_err(),
                "{}",
                String::from_utf8_lossy(body)
            );
        }
    }
}
