//! Reading single members: text that borrows where JSON allows it.
//!
//! Serde's own `Cow<str>` always copies unless each field is annotated, and never accepts a
//! number. These seeds borrow whatever has no escapes and name their member when they fail.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, Visitor};
use serde_json::value::RawValue;

/// The largest integer that a JSON number keeps exactly when it passes through a float: 2^53.
const EXACT_FLOAT_MAX: f64 = 9_007_199_254_740_992.0;

/// A string, or null as absent. Holds the member's name for the error.
pub(super) struct Word(pub(super) &'static str);

/// A string or a number (as its decimal text), or null as absent. Holds the member's name.
pub(super) struct Id(pub(super) &'static str);

/// An object kept as raw JSON, or null as absent. Holds the member's name.
///
/// An empty array counts as an empty object, hence as absent: PHP encodes it so.
pub(super) struct Object(pub(super) &'static str);

/// Reads a member whose type is not worth an error: anything but text or a number is absent.
pub(super) fn lenient(raw: &RawValue) -> Option<Cow<'_, str>> {
    let mut json = serde_json::Deserializer::from_str(raw.get());
    Id("").deserialize(&mut json).ok().flatten()
}

/// The raw value, unless it is null.
pub(super) fn not_null(raw: &RawValue) -> Option<&RawValue> {
    (raw.get() != "null").then_some(raw)
}

impl<'de> DeserializeSeed<'de> for Word {
    type Value = Option<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Word {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` to be a string", self.0)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text)))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

impl<'de> DeserializeSeed<'de> for Id {
    type Value = Option<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Id {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` to be a string or a number", self.0)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text)))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(number.to_string())))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(number.to_string())))
    }

    /// A float prints without a fraction where it has none, so that `42.0` and `42` are one id.
    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        if number.abs() > EXACT_FLOAT_MAX {
            // Two ids that differ in the last digits would become one person.
            return Err(E::custom(format_args!(
                "`{}` is a number too large to be exact; send it as a string",
                self.0
            )));
        }
        Ok(Some(Cow::Owned(number.to_string())))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

impl<'de> DeserializeSeed<'de> for Object {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        let raw: &'de RawValue = serde::Deserialize::deserialize(json)?;
        let text = raw.get();
        if text.starts_with('{') {
            return Ok(Some(raw));
        }
        let is_empty_array = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .is_some_and(|inside| inside.trim().is_empty());
        if text == "null" || is_empty_array {
            return Ok(None);
        }
        Err(D::Error::custom(format_args!(
            "`{}` must be an object",
            self.0
        )))
    }
}
