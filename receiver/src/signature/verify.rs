//! Checking a signature.

use subtle::Choice;

use super::entries::Entries;
use super::{SignatureHeaders, SigningSecret, VerifyingKey, equal, mac, signed_content, words};
use crate::limits::{MESSAGE_ID_BYTES_MAX, TOLERANCE_S};

/// Checks messages against the active secrets and keys of one sender.
///
/// A secret is tried with `v1` entries only and a key with `v1a` entries only, whatever the
/// header claims.
#[derive(Clone, Debug)]
pub struct Verifier {
    secrets: Vec<SigningSecret>,
    keys: Vec<VerifyingKey>,
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
            keys: Vec::new(),
            tolerance_s: TOLERANCE_S,
        }
    }

    /// Accepts any of these ed25519 keys as well.
    #[must_use]
    pub fn keys(mut self, keys: Vec<VerifyingKey>) -> Self {
        self.keys = keys;
        self
    }

    /// Sets how many seconds the sender's clock may be off, both ways.
    #[must_use]
    pub const fn tolerance_s(mut self, seconds: u64) -> Self {
        self.tolerance_s = seconds;
        self
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
        if !self.is_near(timestamp_s, now_s) {
            return Err(VerifyError::OutsideTolerance);
        }
        let listed = Entries::read(headers.signature)?;
        if self.vouches(&listed, headers, body) {
            Ok(SignedMessage { id, timestamp_s })
        } else {
            Err(VerifyError::Mismatch)
        }
    }

    pub(super) const fn is_near(&self, timestamp_s: i64, now_s: i64) -> bool {
        now_s.abs_diff(timestamp_s) <= self.tolerance_s
    }

    /// Whether one of the entries is over exactly these texts.
    pub(super) fn vouches(
        &self,
        listed: &Entries,
        headers: &SignatureHeaders<'_>,
        body: &[u8],
    ) -> bool {
        let mut matches = Choice::from(0);
        if !listed.v1.is_empty() {
            for secret in &self.secrets {
                let expected = words(&mac(secret, headers.id, headers.timestamp, body));
                for signature in &listed.v1 {
                    matches |= equal(&expected, &words(signature));
                }
            }
        }
        bool::from(matches) || self.any_key_vouches(listed, headers, body)
    }

    fn any_key_vouches(
        &self,
        listed: &Entries,
        headers: &SignatureHeaders<'_>,
        body: &[u8],
    ) -> bool {
        if listed.v1a.is_empty() || self.keys.is_empty() {
            return false;
        }
        let content = signed_content(headers.id, headers.timestamp, body);
        let mut pairs = self
            .keys
            .iter()
            .flat_map(|key| listed.v1a.iter().map(move |signature| (key, signature)));
        pairs.any(|(key, signature)| key.vouches(&content, signature))
    }
}

fn message_id(id: &[u8]) -> Result<&str, VerifyError> {
    let plain = |byte: &u8| byte.is_ascii_graphic() && *byte != b'.';
    if !(1..=MESSAGE_ID_BYTES_MAX).contains(&id.len()) || !id.iter().all(plain) {
        return Err(VerifyError::InvalidId);
    }
    std::str::from_utf8(id).map_err(|_| VerifyError::InvalidId)
}

pub(super) fn timestamp(text: &[u8]) -> Result<i64, VerifyError> {
    let plain = matches!(text, [b'1'..=b'9', rest @ ..] if rest.iter().all(u8::is_ascii_digit));
    let text = std::str::from_utf8(text).ok().filter(|_| plain);
    text.and_then(|text| text.parse().ok())
        .ok_or(VerifyError::InvalidTimestamp)
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
    /// There is no well-formed `v1` or `v1a` entry.
    #[error("the signature header lists no v1 or v1a signature")]
    NoSignature,
    /// Another secret, or the body was changed on the way.
    #[error("no signature matches")]
    Mismatch,
}

impl VerifyError {
    /// A word for the cause that never changes: for logs and metrics, not for the sender.
    #[must_use]
    pub const fn cause(&self) -> &'static str {
        match self {
            Self::MissingHeader(_) => "missing_signature_header",
            Self::RepeatedHeader(_) => "repeated_signature_header",
            Self::InvalidId => "invalid_id",
            Self::InvalidTimestamp => "invalid_timestamp",
            Self::OutsideTolerance => "outside_tolerance",
            Self::TooManySignatures => "too_many_signatures",
            Self::NoSignature => "no_signature",
            Self::Mismatch => "signature_mismatch",
        }
    }
}
