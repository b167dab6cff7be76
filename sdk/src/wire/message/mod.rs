//! One event as it arrives.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::text::{Id, Object, Word};

/// One event of any kind, borrowed from the JSON received.
///
/// Every member is optional here; which of them a kind needs is for the proxy to say. Nulls are
/// absent, unknown members are ignored, the last of two equal members wins. Ids and times may be
/// numbers, which become their decimal text. What can hold an object is raw and known to be one.
#[derive(Clone, Debug, Default)]
pub struct Message<'a> {
    /// The member `type`; see [`Kind`](super::Kind) for the words.
    pub kind: Option<Cow<'a, str>>,
    /// The name of a tracked event.
    pub event: Option<Cow<'a, str>>,
    /// The name of a page or screen.
    pub name: Option<Cow<'a, str>>,
    /// The category of a page or screen.
    pub category: Option<Cow<'a, str>>,
    /// Who it was, by the app's own id.
    pub user_id: Option<Cow<'a, str>>,
    /// Who it was, by an id given before anything was known.
    pub anonymous_id: Option<Cow<'a, str>>,
    /// The other id of an alias.
    pub previous_id: Option<Cow<'a, str>>,
    /// The group that a person belongs to.
    pub group_id: Option<Cow<'a, str>>,
    /// The id that makes the event idempotent.
    pub message_id: Option<Cow<'a, str>>,
    /// When it happened, as written by the client.
    pub timestamp: Option<Cow<'a, str>>,
    /// When it happened by the client's clock, where the client writes both times.
    pub original_timestamp: Option<Cow<'a, str>>,
    /// When the client sent it, by the same clock as the time of the event.
    pub sent_at: Option<Cow<'a, str>>,
    /// The write key, where it comes with the event.
    pub write_key: Option<Cow<'a, str>>,
    /// What belongs to the event: an object.
    pub properties: Option<&'a RawValue>,
    /// What belongs to the person or group: an object.
    pub traits: Option<&'a RawValue>,
    /// Where and how it happened: an object.
    pub context: Option<&'a RawValue>,
    /// Which integrations may have it: an object.
    pub integrations: Option<&'a RawValue>,
    /// Purposes and whether they are allowed: an object.
    pub consents: Option<&'a RawValue>,
}

impl<'a> Message<'a> {
    /// Reads one event of a [`Batch`](super::Batch).
    ///
    /// # Errors
    /// When the event is not an object or a member has the wrong type; the message names it.
    pub fn from_raw(raw: &'a RawValue) -> serde_json::Result<Self> {
        serde_json::from_str(raw.get())
    }

    /// Reads the body of a single call such as `POST /v1/track`.
    ///
    /// # Errors
    /// When the body is not JSON, not an object, or a member has the wrong type.
    ///
    /// ```
    /// use segue_sdk::wire::Message;
    ///
    /// let message = Message::from_slice(br#"{"event":"visit","userId":42,"properties":{"n":1}}"#)?;
    /// assert_eq!(message.event.as_deref(), Some("visit"));
    /// assert_eq!(message.properties.map(|raw| raw.get()), Some(r#"{"n":1}"#));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn from_slice(body: &'a [u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(body)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Message<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

/// Written by hand: a derived one asks each field through `deserialize_with`, copies text that
/// could be borrowed, and refuses two equal members.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Message<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event to be an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Message<'de>, A::Error> {
        let mut message = Message::default();
        while let Some(member) = map.next_key::<Member>()? {
            match member {
                Member::Kind => message.kind = map.next_value_seed(Word("type"))?,
                Member::Event => message.event = map.next_value_seed(Word("event"))?,
                Member::Name => message.name = map.next_value_seed(Word("name"))?,
                Member::Category => message.category = map.next_value_seed(Word("category"))?,
                Member::WriteKey => message.write_key = map.next_value_seed(Word("writeKey"))?,
                Member::UserId => message.user_id = map.next_value_seed(Id("userId"))?,
                Member::AnonymousId => {
                    message.anonymous_id = map.next_value_seed(Id("anonymousId"))?;
                }
                Member::PreviousId => {
                    message.previous_id = map.next_value_seed(Id("previousId"))?
                }
                Member::GroupId => message.group_id = map.next_value_seed(Id("groupId"))?,
                Member::MessageId => message.message_id = map.next_value_seed(Id("messageId"))?,
                Member::Timestamp => message.timestamp = map.next_value_seed(Id("timestamp"))?,
                Member::OriginalTimestamp => {
                    message.original_timestamp = map.next_value_seed(Id("originalTimestamp"))?;
                }
                Member::SentAt => message.sent_at = map.next_value_seed(Id("sentAt"))?,
                Member::Properties => {
                    message.properties = map.next_value_seed(Object("properties"))?;
                }
                Member::Traits => message.traits = map.next_value_seed(Object("traits"))?,
                Member::Context => message.context = map.next_value_seed(Object("context"))?,
                Member::Integrations => {
                    message.integrations = map.next_value_seed(Object("integrations"))?;
                }
                Member::Consents => message.consents = map.next_value_seed(Object("consents"))?,
                Member::Unknown => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(message)
    }
}

/// A member's name, recognised without a copy.
enum Member {
    Kind,
    Event,
    Name,
    Category,
    WriteKey,
    UserId,
    AnonymousId,
    PreviousId,
    GroupId,
    MessageId,
    Timestamp,
    OriginalTimestamp,
    SentAt,
    Properties,
    Traits,
    Context,
    Integrations,
    Consents,
    Unknown,
}

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_identifier(MemberName)
    }
}

struct MemberName;

impl Visitor<'_> for MemberName {
    type Value = Member;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Member, E> {
        Ok(match name {
            "type" => Member::Kind,
            "event" => Member::Event,
            "name" => Member::Name,
            "category" => Member::Category,
            "writeKey" => Member::WriteKey,
            "userId" => Member::UserId,
            "anonymousId" => Member::AnonymousId,
            "previousId" => Member::PreviousId,
            "groupId" => Member::GroupId,
            "messageId" => Member::MessageId,
            "timestamp" => Member::Timestamp,
            "originalTimestamp" => Member::OriginalTimestamp,
            "sentAt" => Member::SentAt,
            "properties" => Member::Properties,
            "traits" => Member::Traits,
            "context" => Member::Context,
            "integrations" => Member::Integrations,
            "consents" => Member::Consents,
            _ => Member::Unknown,
        })
    }
}

#[cfg(test)]
mod tests;
