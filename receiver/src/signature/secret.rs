//! The symmetric signing key.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_PAD_INDIFFERENT};
use hmac::{Hmac, KeyInit as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::limits::{SIGNING_KEY_BYTES_MAX, SIGNING_KEY_BYTES_MIN};

const PREFIX: &str = "whsec_";

/// A symmetric signing key of 24 to 64 bytes; it prints as `redacted` and is wiped on drop.
///
/// It is read from base64, with or without the prefix `whsec_` (Standard Webhooks
/// specification v1.0.0, "Signature scheme").
///
/// ```
/// use segue_receiver::signature::SigningSecret;
///
/// let secret: SigningSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".parse()?;
/// assert_eq!(format!("{secret:?}"), "SigningSecret(redacted)");
/// assert!("whsec_".parse::<SigningSecret>().is_err());
/// # Ok::<(), segue_receiver::signature::InvalidSigningSecret>(())
/// ```
#[derive(Clone)]
pub struct SigningSecret {
    key: Zeroizing<Vec<u8>>,
    /// The HMAC with the key in it, so that no message has to put it in again.
    keyed: Hmac<Sha256>,
}

impl SigningSecret {
    /// Takes the bytes of a key.
    ///
    /// # Errors
    ///
    /// [`InvalidSigningSecret::Length`] when there are fewer than 24 or more than 64.
    pub fn from_bytes(key: &[u8]) -> Result<Self, InvalidSigningSecret> {
        if (SIGNING_KEY_BYTES_MIN..=SIGNING_KEY_BYTES_MAX).contains(&key.len()) {
            Ok(Self {
                key: Zeroizing::new(key.to_vec()),
                keyed: Hmac::new_from_slice(key)
                    .map_err(|_| InvalidSigningSecret::Length { bytes: key.len() })?,
            })
        } else {
            Err(InvalidSigningSecret::Length { bytes: key.len() })
        }
    }

    /// The key with its prefix, for the one who sets up the other side. Keep it out of logs.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{PREFIX}{}", STANDARD.encode(&*self.key)))
    }

    pub(super) fn keyed(&self) -> Hmac<Sha256> {
        self.keyed.clone()
    }
}

impl FromStr for SigningSecret {
    type Err = InvalidSigningSecret;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.starts_with("whsk_") || text.starts_with("whpk_") {
            return Err(InvalidSigningSecret::Asymmetric);
        }
        let encoded = text.strip_prefix(PREFIX).unwrap_or(text);
        let key = STANDARD_PAD_INDIFFERENT.decode(encoded).map(Zeroizing::new);
        Self::from_bytes(&key.map_err(|_| InvalidSigningSecret::NotBase64)?)
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(redacted)")
    }
}

/// Why a text is no signing secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSigningSecret {
    /// Generate 24 to 64 random bytes; a shorter key can be guessed.
    #[error(
        "a signing secret has {SIGNING_KEY_BYTES_MIN} to {SIGNING_KEY_BYTES_MAX} bytes, \
         this one has {bytes}"
    )]
    Length {
        /// How many bytes there are after decoding.
        bytes: usize,
    },
    /// What follows the optional `whsec_` is not standard base64.
    #[error("a signing secret is `whsec_` followed by base64")]
    NotBase64,
    /// `whsk_` and `whpk_` are ed25519 keys; an HMAC needs a `whsec_` secret.
    #[error("this is an asymmetric key, HMAC needs a `whsec_` secret")]
    Asymmetric,
}
