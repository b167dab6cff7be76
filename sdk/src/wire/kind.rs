//! The seven kinds of event.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// What an event says: the `type` member on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Somebody did something.
    Track,
    /// Somebody is a known user, with these traits.
    Identify,
    /// Somebody looked at a page.
    Page,
    /// Somebody looked at a screen of an app.
    Screen,
    /// Somebody belongs to a group.
    Group,
    /// Two user ids are one person.
    Alias,
    /// Somebody gave or withdrew consent.
    Consent,
}

impl Kind {
    /// Every kind, in the order of their definition.
    pub const ALL: [Self; 7] = [
        Self::Track,
        Self::Identify,
        Self::Page,
        Self::Screen,
        Self::Group,
        Self::Alias,
        Self::Consent,
    ];

    /// The word on the wire.
    ///
    /// ```
    /// assert_eq!(segue_sdk::wire::Kind::Track.as_str(), "track");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Identify => "identify",
            Self::Page => "page",
            Self::Screen => "screen",
            Self::Group => "group",
            Self::Alias => "alias",
            Self::Consent => "consent",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The `type` of an event is none of the seven words.
///
/// ```
/// use segue_sdk::wire::{Kind, UnknownKind};
///
/// assert_eq!("page".parse(), Ok(Kind::Page));
/// assert_eq!("Page".parse::<Kind>(), Err(UnknownKind));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the type is none of track, identify, page, screen, group, alias and consent")]
pub struct UnknownKind;

impl FromStr for Kind {
    type Err = UnknownKind;

    /// Reads the word on the wire; letter case counts.
    fn from_str(word: &str) -> Result<Self, UnknownKind> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == word)
            .ok_or(UnknownKind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_reads_back_from_its_word() {
        for kind in Kind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert_eq!("Track".parse::<Kind>(), Err(UnknownKind));
        assert_eq!("".parse::<Kind>(), Err(UnknownKind));
    }
}
