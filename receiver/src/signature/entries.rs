//! The list in `webhook-signature`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::VerifyError;
use crate::limits::{ASYMMETRIC_ENTRIES_MAX, SIGNATURE_BYTES_MAX, SIGNATURE_ENTRIES_MAX};

/// The well-formed entries, by version; everything else in the list is passed over.
///
/// What is listed under one version is never tried with a key of the other.
#[derive(Debug, Default)]
pub(super) struct Entries {
    /// HMAC-SHA256.
    pub(super) v1: Vec<[u8; 32]>,
    /// ed25519.
    pub(super) v1a: Vec<[u8; 64]>,
}

impl Entries {
    pub(super) fn read(header: &[u8]) -> Result<Self, VerifyError> {
        if header.len() > SIGNATURE_BYTES_MAX {
            return Err(VerifyError::TooManySignatures);
        }
        let mut entries = Self::default();
        let listed = header.split(|byte| *byte == b' ');
        for (at, entry) in listed.filter(|entry| !entry.is_empty()).enumerate() {
            if at == SIGNATURE_ENTRIES_MAX {
                return Err(VerifyError::TooManySignatures);
            }
            if let Some(encoded) = entry.strip_prefix(b"v1,") {
                entries.v1.extend(decode::<32, 33>(encoded));
            } else if let Some(encoded) = entry.strip_prefix(b"v1a,") {
                entries.v1a.extend(decode::<64, 66>(encoded));
            }
        }
        if entries.v1a.len() > ASYMMETRIC_ENTRIES_MAX {
            Err(VerifyError::TooManySignatures)
        } else if entries.v1.is_empty() && entries.v1a.is_empty() {
            Err(VerifyError::NoSignature)
        } else {
            Ok(entries)
        }
    }
}

/// Exactly `N` bytes in canonical, padded base64; the decoder needs room for `ROOM`.
fn decode<const N: usize, const ROOM: usize>(encoded: &[u8]) -> Option<[u8; N]> {
    if encoded.len() != N.div_ceil(3) * 4 {
        return None;
    }
    let mut bytes = [0; ROOM];
    match STANDARD.decode_slice(encoded, &mut bytes) {
        Ok(length) if length == N => bytes[..N].try_into().ok(),
        Ok(_) | Err(_) => None,
    }
}
