//! CleverTap's webhook campaigns.
//!
//! Sources: the sample payload of docs.clevertap.com, "Create Message"; the test payload of
//! "Setup Webhooks". With profile variables and custom pairs only, `profiles` is a list; a
//! personalised message has one object there.

use serde_json::{Map, Value};

use super::Records;
use super::fields::{Fields, take_object, take_text};
use crate::http::{CheckedRequest, Input, VerifyRejection};

/// A message of a webhook campaign.
#[derive(Clone, Debug, PartialEq)]
pub struct CleverTapMessage {
    /// CleverTap tries the endpoint: it is saved only when the answer is exactly 200.
    pub is_test: bool,
    /// The id of the campaign.
    pub target_id: u64,
    /// The custom pairs.
    pub key_values: Map<String, Value>,
    /// Whom it is about.
    pub profiles: CleverTapProfiles,
    /// Members that this crate does not know.
    pub other: Map<String, Value>,
}

/// The persons of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum CleverTapProfiles {
    /// Several at once.
    Broadcast(Vec<CleverTapProfile>),
    /// One person per message.
    Single(Box<CleverTapProfile>),
}

impl CleverTapProfiles {
    /// All of them, one or many.
    #[must_use]
    pub fn as_slice(&self) -> &[CleverTapProfile] {
        match self {
            Self::Broadcast(profiles) => profiles,
            Self::Single(profile) => std::slice::from_ref(profile),
        }
    }
}

/// One person of a message; which members there are is chosen in the campaign.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CleverTapProfile {
    /// `Identity`: the id that the app gave the person.
    pub identity: Option<String>,
    /// `Email`.
    pub email: Option<String>,
    /// `ObjectId`: CleverTap's own id, opaque.
    pub object_id: Option<String>,
    /// `ProfileData`: custom profile properties.
    pub profile_data: Map<String, Value>,
    /// `Event_properties`, only for live behaviour.
    pub event_properties: Map<String, Value>,
    /// `Push_token` or `push_token`.
    pub push_token: Option<String>,
    /// Members that this crate does not know.
    pub other: Map<String, Value>,
    /// The member as it came.
    record: Map<String, Value>,
}

impl CleverTapMessage {
    /// Reads a message.
    ///
    /// # Errors
    ///
    /// When it is not JSON, or has no `targetId` or no `profiles`.
    ///
    /// ```
    /// use segue_receiver::senders::CleverTapMessage;
    ///
    /// let message = CleverTapMessage::from_json(
    ///     r#"{"targetId": 1472124953, "key_values": {"PromoCode": "MT50"},
    ///         "profiles": {"Identity": "foo", "push_token": "1940"}}"#,
    /// )?;
    /// let person = &message.profiles.as_slice()[0];
    /// assert_eq!(person.identity.as_deref(), Some("foo"));
    /// assert_eq!(person.push_token.as_deref(), Some("1940"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn from_json(json: &str) -> Result<Self, serde_json::Error> {
        Self::build(serde_json::from_str(json)?)
    }

    fn build(mut fields: Fields) -> Result<Self, serde_json::Error> {
        let missing = <serde_json::Error as serde::de::Error>::missing_field;
        let target_id = fields
            .remove("targetId")
            .ok_or_else(|| missing("targetId"))?;
        let profiles = fields
            .remove("profiles")
            .ok_or_else(|| missing("profiles"))?;
        Ok(Self {
            is_test: fields.remove("is_test") == Some(Value::Bool(true)),
            target_id: serde_json::from_value(target_id)?,
            key_values: take_object(&mut fields, "key_values"),
            profiles: match profiles {
                Value::Object(one) => {
                    CleverTapProfiles::Single(Box::new(CleverTapProfile::build(one)))
                }
                several => {
                    let several: Vec<Fields> = serde_json::from_value(several)?;
                    let several = several.into_iter().map(CleverTapProfile::build);
                    CleverTapProfiles::Broadcast(several.collect())
                }
            },
            other: fields,
        })
    }
}

impl CleverTapProfile {
    fn build(record: Fields) -> Self {
        let mut fields = record.clone();
        let push_token = take_text(&mut fields, "push_token");
        Self {
            identity: take_text(&mut fields, "Identity"),
            email: take_text(&mut fields, "Email"),
            object_id: take_text(&mut fields, "ObjectId"),
            profile_data: take_object(&mut fields, "ProfileData"),
            event_properties: take_object(&mut fields, "Event_properties"),
            push_token: take_text(&mut fields, "Push_token").or(push_token),
            other: fields,
            record,
        }
    }
}

impl Input for CleverTapMessage {
    fn read(request: &CheckedRequest<'_>) -> Result<Self, VerifyRejection> {
        // The editor lets people choose plain text, and the same JSON comes.
        let fields = if request.content_type() == "text/plain" {
            serde_json::from_slice(request.body()).map_err(|error| VerifyRejection::from(&error))?
        } else {
            request.json()?
        };
        Self::build(fields).map_err(|error| VerifyRejection::from(&error))
    }
}

/// Each profile is a record, with `targetId` and `key_values` beside its own members.
impl Records for CleverTapMessage {
    fn name(&self) -> String {
        "campaign".to_owned()
    }

    fn records(&self) -> Vec<Map<String, Value>> {
        let record = |profile: &CleverTapProfile| {
            let mut record = profile.record.clone();
            record.insert("targetId".to_owned(), self.target_id.into());
            let pairs = Value::Object(self.key_values.clone());
            record.insert("key_values".to_owned(), pairs);
            record
        };
        self.profiles.as_slice().iter().map(record).collect()
    }

    fn is_test(&self) -> bool {
        self.is_test
    }
}
