//! Standard Webhooks: signing and verifying with HMAC-SHA256 (`v1`) and ed25519 (`v1a`).
//!
//! Signed is `{webhook-id}.{webhook-timestamp}.{body}`, over the exact bytes; the header
//! `webhook-signature` lists `v1,{base64}` and `v1a,{base64}` entries separated by spaces, one
//! for each active key (Standard Webhooks specification v1.0.0). Where the specification is
//! silent, the reading here is the strict one: the timestamp has digits only, an id is visible
//! ASCII without dots, a repeated header is refused, a malformed entry is skipped, and a key is
//! tried only with entries of its own version.
//!
//! ```
//! use segue_receiver::signature::{SignatureHeaders, SigningSecret, Verifier, sign};
//!
//! let secret: SigningSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".parse()?;
//! let header = sign(std::slice::from_ref(&secret), "msg_1", 1_700_000_000, b"{}");
//!
//! let headers = SignatureHeaders {
//!     id: b"msg_1",
//!     timestamp: b"1700000000",
//!     signature: header.as_bytes(),
//! };
//! let message = Verifier::new(vec![secret]).verify(&headers, b"{}", 1_700_000_060)?;
//! assert_eq!(message.id, "msg_1");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod asymmetric;
mod diagnose;
mod entries;
mod headers;
mod respace;
mod secret;
mod verify;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::Mac as _;
use subtle::{Choice, ConstantTimeEq as _};

pub use asymmetric::{InvalidKey, SigningKey, VerifyingKey};
pub use diagnose::Diagnosis;
pub use headers::{SIGNATURE_HEADERS, SignatureHeaders};
pub use secret::{InvalidSigningSecret, SigningSecret};
pub use verify::{SignedMessage, Verifier, VerifyError};

/// The `webhook-signature` value for a message: one entry for each secret, in their order.
///
/// Receivers refuse an id that is empty or contains a dot, because the signed text could then
/// be split in more than one way.
#[must_use]
pub fn sign(secrets: &[SigningSecret], id: &str, timestamp_s: i64, body: &[u8]) -> String {
    let timestamp = timestamp_s.to_string();
    let mut header = String::with_capacity(secrets.len() * 48);
    for secret in secrets {
        if !header.is_empty() {
            header.push(' ');
        }
        header.push_str("v1,");
        STANDARD.encode_string(
            mac(secret, id.as_bytes(), timestamp.as_bytes(), body),
            &mut header,
        );
    }
    header
}

/// The same bytes in four words: comparing them in constant time takes an eighth of the steps.
pub(crate) fn words(bytes: &[u8; 32]) -> [u64; 4] {
    let (chunks, _) = bytes.as_chunks::<8>();
    std::array::from_fn(|at| u64::from_ne_bytes(chunks[at]))
}

/// Compares in constant time; nothing else compares secrets, digests or signatures.
pub(crate) fn equal(one: &[u64; 4], other: &[u64; 4]) -> Choice {
    #[cfg(all(test, feature = "http"))]
    crate::work::add(|work| work.comparisons += 1);
    one.ct_eq(other)
}

/// What a signature is over.
fn signed_content(id: &[u8], timestamp: &[u8], body: &[u8]) -> Vec<u8> {
    [id, b".", timestamp, b".", body].concat()
}

pub(crate) fn mac(secret: &SigningSecret, id: &[u8], timestamp: &[u8], body: &[u8]) -> [u8; 32] {
    #[cfg(all(test, feature = "http"))]
    crate::work::add(|work| work.macs += 1);
    let mut mac = secret.keyed();
    mac.update(id);
    mac.update(b".");
    mac.update(timestamp);
    mac.update(b".");
    mac.update(body);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests;
