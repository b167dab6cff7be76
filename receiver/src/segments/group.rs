//! Segment groups and segments, as the host sees them.

use serde::Serialize;

use super::StoreError;
use crate::limits::{IDENTIFIER_BYTES_MAX, NAME_BYTES_MAX};

/// A container for the segments of one activation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Unique, and never changed.
    pub identifier: String,
    /// The name that people see.
    pub name: String,
    /// Connected to the CDP: the app can change nothing about it any more.
    pub locked: bool,
}

/// The mirror of one audience.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Segment {
    /// The stable id of the audience.
    pub identifier: String,
    /// The newest name of the audience.
    pub name: String,
}

/// That somebody unlocked a connected group: when, who and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unlock {
    /// When it was unlocked.
    pub at: jiff::Timestamp,
    /// Who did it, in the host's words.
    pub by: String,
    /// Why, in theirs.
    pub reason: String,
}

/// Why a segment group is not created, renamed or deleted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GroupError {
    /// Use letters, digits, `_`, `-` and `.`.
    #[error("an identifier has 1 to {IDENTIFIER_BYTES_MAX} letters, digits, `_`, `-` or `.`")]
    InvalidIdentifier,
    /// The name is empty or too long.
    #[error("a name has 1 to {NAME_BYTES_MAX} bytes")]
    InvalidName,
    /// An unlock needs somebody who did it and a reason, for those who ask later.
    #[error("unlocking needs 1 to {NAME_BYTES_MAX} bytes of who did it and why")]
    Unaccounted,
    /// Identifiers are unique; look at the group that is there.
    #[error("there is a segment group with this identifier already")]
    Exists,
    /// There is no such group.
    #[error("there is no segment group with this identifier")]
    Unknown,
    /// The group is connected to the CDP and cannot be changed.
    #[error("the segment group is connected to the CDP and locked")]
    Locked,
    /// The store failed; nothing was changed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(crate) fn is_identifier(text: &str) -> bool {
    (1..=IDENTIFIER_BYTES_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

pub(super) fn is_name(text: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&text.len())
}
