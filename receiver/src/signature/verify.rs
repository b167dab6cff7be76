//! Checking a signature.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::{Choice, ConstantTimeEq as _};

use super::{SignatureHeaders, SigningSecret, mac};
use crate::limits::{
    MESSAGE_ID_BYTES_MAX, SIGNATURE_BYTES_MAX, SIGNATURE_ENTRIES_MAX, TOLERANCE_S,
};

/// Checks messages against the active secrets of one sender.
#[derive(Clone, Debug)]
pub struct Verifier {
    secrets: Vec<SigningSecret>,
    tolerance_s: u64,
}

/// What a good signature vouches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedMessage<'a> {
    /// The id of the message: the same on every attempt.
    pub id: &'a str,
    /// When this attempt was signed, in whole seconds since 1970.
    pub timestamp_s: i64,
}

impl Verifier {
    /// Accepts any of these secrets, with a tolerance of [`TOLERANCE_S`] seconds.
    #[must_use]
    pub const fn new(secrets: Vec<SigningSecret>) -> Self {
        Self {
            secrets,
            tolerance_s: TOLERANCE_S,
        }
    }

    /// Sets how many seconds the sender's clock may be off, both ways.
    #[must_use]
    pub const fn tolerance_s(mut self, seconds: u64) -> Self {
        self.tolerance_s = seconds;
        self
    }

    /// Whether there is a secret at all; without one nothing verifies.
    #[must_use]
    pub const fn has_secrets(&self) -> bool {
        !self.secrets.is_empty()
    }

    /// Checks the signature over the headers as received and the raw body.
    ///
    /// # Errors
    ///
    /// One [`VerifyError`] per cause. Tell the sender only that it was refused.
    pub fn verify<'a>(
        &self,
        headers: &SignatureHeaders<'a>,
        body: &[u8],
        now_s: i64,
    ) -> Result<SignedMessage<'a>, VerifyError> {
        let id = message_id(headers.id)?;
        let timestamp_s = timestamp(headers.timestamp)?;
        if now_s.abs_diff(timestamp_s) > self.tolerance_s {
            return Err(VerifyError::OutsideTolerance);
        }
        let listed = listed(headers.signature)?;
        let mut matches = Choice::from(0);
        for secret in &self.secrets {
            let expected = mac(secret, headers.id, headers.timestamp, body);
            for signature in &listed {
                matches |= expected.ct_eq(signature);
            }
        }
        if bool::from(matches) {
            Ok(SignedMessage { id, timestamp_s })
        } else {
            Err(VerifyError::Mismatch)
        }
    }
}

fn message_id(id: &[u8]) -> Result<&str, VerifyError> {
    let plain = |byte: &u8| byte.is_ascii_graphic() && *byte != b'.';
    if !(1..=MESSAGE_ID_BYTES_MAX).contains(&id.len()) || !id.iter().all(plain) {
        return Err(VerifyError::InvalidId);
    }
    std::str::from_utf8(id).map_err(|_| VerifyError::InvalidId)
}

fn timestamp(text: &[u8]) -> Result<i64, VerifyError> {
    let plain = matches!(text, [b'1'..=b'9', rest @ ..] if rest.iter().all(u8::is_ascii_digit));
    let text = std::str::from_utf8(text).ok().filter(|_| plain);
    text.and_then(|text| text.parse().ok())
        .ok_or(VerifyError::InvalidTimestamp)
}

/// The well-formed `v1` entries; everything else in the list is passed over.
fn listed(header: &[u8]) -> Result<Vec<[u8; 32]>, VerifyError> {
    if header.len() > SIGNATURE_BYTES_MAX {
        return Err(VerifyError::TooManySignatures);
    }
    let entries = || {
        header
            .split(|byte| *byte == b' ')
            .filter(|entry| !entry.is_empty())
    };
    if entries().count() > SIGNATURE_ENTRIES_MAX {
        return Err(VerifyError::TooManySignatures);
    }
    let decode = |entry: &[u8]| {
        let encoded = entry
            .strip_prefix(b"v1,")
            .filter(|encoded| encoded.len() == 44)?;
        // The estimate of the decoder is 33 bytes for 44 characters.
        let mut bytes = [0; 33];
        match STANDARD.decode_slice(encoded, &mut bytes) {
            Ok(32) => bytes[..32].try_into().ok(),
            Ok(_) | Err(_) => None,
        }
    };
    let listed: Vec<_> = entries().filter_map(decode).collect();
    if listed.is_empty() {
        Err(VerifyError::NoSignature)
    } else {
        Ok(listed)
    }
}

/// Why a message is not verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The sender does not sign, or something on the way drops headers.
    #[error("the header {0} is missing")]
    MissingHeader(&'static str),
    /// The header came twice; which one was meant cannot be known.
    #[error("the header {0} is repeated")]
    RepeatedHeader(&'static str),
    /// The id is empty, too long, contains a dot or is not visible ASCII.
    #[error("the webhook id cannot be used")]
    InvalidId,
    /// The timestamp is not a plain number of seconds.
    #[error("the webhook timestamp is not a number of seconds")]
    InvalidTimestamp,
    /// Look at both clocks; a replayed message ends here too.
    #[error("the webhook timestamp is outside the tolerance")]
    OutsideTolerance,
    /// The header is longer, or lists more, than any honest sender needs.
    #[error("the signature header is too long")]
    TooManySignatures,
    /// There is no well-formed `v1` entry.
    #[error("the signature header lists no v1 signature")]
    NoSignature,
    /// Another secret, or the body was changed on the way.
    #[error("no signature matches")]
    Mismatch,
}
