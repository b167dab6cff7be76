//! Client secrets: kept as digests, compared in constant time.

use std::fmt;

use sha2::{Digest as _, Sha256};
use subtle::Choice;
use zeroize::Zeroizing;

use crate::signature::{equal, words};

/// A client secret or token; it prints as `redacted` and is wiped on drop.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text of a secret; its length is checked when the receiver is built.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    pub(crate) fn bytes_len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn digest(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

/// The SHA-256 of a secret: all have one length, so that comparing leaks none.
#[derive(Clone, Copy)]
pub(crate) struct Digest([u64; 4]);

impl Digest {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        #[cfg(test)]
        crate::work::add(|work| work.digests += 1);
        Self(words(&Sha256::digest(bytes).into()))
    }

    pub(crate) fn equals(&self, other: &Self) -> Choice {
        equal(&self.0, &other.0)
    }

    /// Whether it equals any of `others`; all are looked at.
    pub(crate) fn is_any_of(&self, others: &[Self]) -> Choice {
        others
            .iter()
            .fold(Choice::from(0), |any, other| any | self.equals(other))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(redacted)")
    }
}
