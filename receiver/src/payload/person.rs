//! The id of a person, as host and sender both know it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

use crate::limits::PERSON_ID_BYTES_MAX;

/// The id of a person: trimmed, not empty, without control characters, bounded.
///
/// JSON may hold a string or an integer (`"42"` and `42` are the same person); it is written
/// as a string.
///
/// ```
/// use segue_receiver::payload::PersonId;
///
/// let person: PersonId = " 42 ".parse()?;
/// assert_eq!(person, PersonId::from(42_u64));
/// assert_eq!(person.to_integer(), Some(42));
/// # Ok::<(), segue_receiver::payload::InvalidPersonId>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersonId(Box<str>);

impl PersonId {
    /// Takes an id as it came, trimming white space at both ends.
    ///
    /// # Errors
    ///
    /// [`InvalidPersonId`] when nothing is left, when it is longer than
    /// [`PERSON_ID_BYTES_MAX`] or when it holds control characters.
    pub fn new(id: &str) -> Result<Self, InvalidPersonId> {
        let id = id.trim();
        if id.is_empty() {
            Err(InvalidPersonId::Empty)
        } else if id.len() > PERSON_ID_BYTES_MAX {
            Err(InvalidPersonId::TooLong)
        } else if id.chars().any(char::is_control) {
            Err(InvalidPersonId::ControlCharacter)
        } else {
            Ok(Self(id.into()))
        }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as an integer, for hosts whose user ids are integers.
    #[must_use]
    pub fn to_integer(&self) -> Option<i64> {
        self.0.parse().ok()
    }
}

/// Why a text is no person id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPersonId {
    /// Nothing but white space.
    #[error("the person id is empty")]
    Empty,
    /// More than [`PERSON_ID_BYTES_MAX`] bytes.
    #[error("the person id is longer than {PERSON_ID_BYTES_MAX} bytes")]
    TooLong,
    /// A control character inside.
    #[error("the person id holds a control character")]
    ControlCharacter,
}

impl fmt::Debug for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for PersonId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for PersonId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for PersonId {
    type Err = InvalidPersonId;

    fn from_str(id: &str) -> Result<Self, Self::Err> {
        Self::new(id)
    }
}

impl TryFrom<String> for PersonId {
    type Error = InvalidPersonId;

    fn try_from(id: String) -> Result<Self, Self::Error> {
        Self::new(&id)
    }
}

impl From<u64> for PersonId {
    fn from(id: u64) -> Self {
        Self(id.to_string().into())
    }
}

impl From<i64> for PersonId {
    fn from(id: i64) -> Self {
        Self(id.to_string().into())
    }
}

impl Serialize for PersonId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PersonId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        RawPersonId::deserialize(deserializer)?
            .0
            .map_err(serde::de::Error::custom)
    }
}

/// A person id of the right JSON type whose value may still be refused.
///
/// With it one bad id costs one item and not the whole delivery.
#[derive(Debug)]
pub(crate) struct RawPersonId(pub(crate) Result<PersonId, InvalidPersonId>);

impl<'de> Deserialize<'de> for RawPersonId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StringOrInteger;

        impl Visitor<'_> for StringOrInteger {
            type Value = RawPersonId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a person id (string or integer)")
            }

            fn visit_str<E>(self, id: &str) -> Result<RawPersonId, E> {
                Ok(RawPersonId(PersonId::new(id)))
            }

            fn visit_u64<E>(self, id: u64) -> Result<RawPersonId, E> {
                Ok(RawPersonId(Ok(id.into())))
            }

            fn visit_i64<E>(self, id: i64) -> Result<RawPersonId, E> {
                Ok(RawPersonId(Ok(id.into())))
            }
        }

        deserializer.deserialize_any(StringOrInteger)
    }
}
