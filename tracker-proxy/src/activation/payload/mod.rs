//! The body of a delivery, from what is known of a person.
//!
//! In: a profile and the moment that fired the activation. Out: JSON, or the reason why there is
//! none. All of it is pure, and nothing that a person or an event says can change the shape of a
//! body: values are put into parsed JSON and never into text that is parsed afterwards.

pub mod envelope;
mod lookup;
pub mod sample;
pub mod simple;
pub mod template;

use crate::clock::TimeMs;
use crate::profile::Transition;
use crate::value::Value;

/// The largest body that is sent, in bytes.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// What a payload may speak of besides the person.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// The activation's id.
    pub activation: &'a str,
    /// Id and name of the audience.
    pub audience: Option<(&'a str, &'a str)>,
    /// Joined or left; nothing where an event fired.
    pub transition: Option<Transition>,
    /// When it happened.
    pub at: TimeMs,
    /// The properties of the event that fired.
    pub event: Option<&'a Value>,
}

/// Why there is no body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// The person has no value for a field without which the body says nothing.
    #[error("the person has no usable `{0}`")]
    MissingField(String),
    /// Use fewer fields, or `last` instead of `all`.
    #[error("the body is larger than {BODY_BYTES_MAX} bytes")]
    TooLarge,
}

impl RenderError {
    /// The reason under which the delivery is skipped.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::MissingField(_) => "missing_field",
            Self::TooLarge => "payload_too_large",
        }
    }
}

/// How many bytes a value takes as JSON, more or less, without writing it.
fn weight(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Null | serde_json::Value::Bool(_) => 5,
        serde_json::Value::Number(_) => 8,
        serde_json::Value::String(text) => text.len() + 3,
        serde_json::Value::Array(items) => items.iter().map(weight).sum::<usize>() + 3,
        serde_json::Value::Object(members) => {
            let member = |(key, value): (&String, _)| key.len() + 4 + weight(value);
            members.iter().map(member).sum::<usize>() + 3
        }
    }
}

#[cfg(test)]
mod testing;
