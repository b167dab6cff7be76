//! What the proxy answers to a batch.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The answer to a batch: every event is either accepted or listed with its reason.
///
/// Reading is lenient: an answer that says nothing about single events means that all of them
/// were accepted.
///
/// ```
/// use segue_sdk::wire::BatchAnswer;
///
/// let answer: BatchAnswer = serde_json::from_str(
///     r#"{"success":true,"accepted":1,"rejected":[{"index":1,"code":"missing_identity"}]}"#,
/// )?;
/// assert_eq!((answer.accepted, answer.rejected[0].index), (1, 1));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BatchAnswer {
    /// True: the batch was read and what was accepted is durable.
    pub success: bool,
    /// How many events were accepted; a repeat of a known message id counts as accepted.
    pub accepted: usize,
    /// The events that were refused for good, by index.
    pub rejected: Vec<Rejected>,
    /// What was accepted with a change worth knowing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    /// Message ids given to events that came without one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assigned: Vec<Assigned>,
}

impl Default for BatchAnswer {
    fn default() -> Self {
        Self {
            success: true,
            accepted: 0,
            rejected: Vec::new(),
            warnings: Vec::new(),
            assigned: Vec::new(),
        }
    }
}

/// One event that was refused for good; sending it again changes nothing.
///
/// ```
/// use segue_sdk::wire::{RejectCode, Rejected};
///
/// let rejected = Rejected {
///     index: 41,
///     message_id: Some("m-41".to_owned()),
///     code: RejectCode::MissingIdentity,
///     message: "userId or anonymousId is required".to_owned(),
/// };
/// let json = serde_json::to_value(&rejected)?;
/// assert_eq!(json["code"], "missing_identity");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    /// The event's place in the batch, from 0.
    pub index: usize,
    /// The event's message id, where it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// The reason, for programs.
    pub code: RejectCode,
    /// The reason, for people.
    #[serde(default)]
    pub message: String,
}

/// One event that was accepted with a change, such as a time in the future.
///
/// ```
/// use segue_sdk::wire::Warning;
///
/// let warning: Warning = serde_json::from_str(r#"{"index":0,"code":"future_timestamp"}"#)?;
/// assert_eq!(warning.code, "future_timestamp");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// The event's place in the batch, from 0.
    pub index: usize,
    /// The event's message id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// What was changed, for programs, such as `future_timestamp`.
    pub code: Cow<'static, str>,
    /// What was changed, for people.
    #[serde(default)]
    pub message: String,
}

/// The message id given to an event that came without one.
///
/// ```
/// use segue_sdk::wire::Assigned;
///
/// let assigned: Assigned = serde_json::from_str(r#"{"index":0,"message_id":"m-1"}"#)?;
/// assert_eq!(assigned.message_id, "m-1");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assigned {
    /// The event's place in the batch, from 0.
    pub index: usize,
    /// The id under which the event was recorded.
    pub message_id: String,
}

/// Why an event was refused.
///
/// ```
/// use segue_sdk::wire::RejectCode;
///
/// let later = RejectCode::from("a_code_of_a_later_version");
/// assert_eq!(later, RejectCode::Other("a_code_of_a_later_version".to_owned()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RejectCode {
    /// Neither a user id nor an anonymous id.
    MissingIdentity,
    /// The event is not a JSON object.
    InvalidJson,
    /// The `type` is none of the known kinds.
    InvalidType,
    /// The event is over the bound on its size in bytes.
    EventTooLarge,
    /// The event is nested deeper than the bound.
    TooDeep,
    /// The event has more properties than the bound.
    TooManyProperties,
    /// A member is missing or has a wrong type or value.
    InvalidField,
    /// The person was erased after the event's date.
    Erased,
    /// A public write key may not send this.
    ForbiddenForPublicKey,
    /// A code that this version does not know, as it was written.
    Other(String),
}

impl RejectCode {
    /// The code on the wire.
    ///
    /// ```
    /// use segue_sdk::wire::RejectCode;
    ///
    /// assert_eq!(RejectCode::MissingIdentity.as_str(), "missing_identity");
    /// assert_eq!(RejectCode::from("missing_identity"), RejectCode::MissingIdentity);
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::MissingIdentity => "missing_identity",
            Self::InvalidJson => "invalid_json",
            Self::InvalidType => "invalid_type",
            Self::EventTooLarge => "event_too_large",
            Self::TooDeep => "too_deep",
            Self::TooManyProperties => "too_many_properties",
            Self::InvalidField => "invalid_field",
            Self::Erased => "erased",
            Self::ForbiddenForPublicKey => "forbidden_for_public_key",
            Self::Other(code) => code,
        }
    }
}

impl From<&str> for RejectCode {
    fn from(code: &str) -> Self {
        match code {
            "missing_identity" => Self::MissingIdentity,
            "invalid_json" => Self::InvalidJson,
            "invalid_type" => Self::InvalidType,
            "event_too_large" => Self::EventTooLarge,
            "too_deep" => Self::TooDeep,
            "too_many_properties" => Self::TooManyProperties,
            "invalid_field" => Self::InvalidField,
            "erased" => Self::Erased,
            "forbidden_for_public_key" => Self::ForbiddenForPublicKey,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl Serialize for RejectCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for RejectCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = Cow::<'de, str>::deserialize(deserializer)?;
        Ok(Self::from(code.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_of_the_contract_reads_and_writes_back() {
        let json = r#"{"success":true,"accepted":99,"rejected":[{"index":41,"message_id":"m","code":"missing_identity","message":"userId or anonymousId is required"}]}"#;
        let answer: BatchAnswer = serde_json::from_str(json).unwrap();
        assert_eq!(answer.accepted, 99);
        assert_eq!(answer.rejected[0].code, RejectCode::MissingIdentity);
        assert_eq!(serde_json::to_string(&answer).unwrap(), json);
    }

    #[test]
    fn an_unknown_code_is_kept_as_written() {
        let rejected: Rejected = serde_json::from_str(r#"{"index":0,"code":"too_odd"}"#).unwrap();
        assert_eq!(rejected.code, RejectCode::Other("too_odd".to_owned()));
        assert_eq!(rejected.code.as_str(), "too_odd");
    }

    #[test]
    fn an_answer_of_another_server_means_that_all_was_accepted() {
        let answer: BatchAnswer = serde_json::from_str(r#"{"success":true,"x":1}"#).unwrap();
        assert!(answer.rejected.is_empty());
    }
}
