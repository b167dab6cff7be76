//! The keys of `v1a`: ed25519, one half for each side.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_PAD_INDIFFERENT};
use ed25519_dalek::{Signature, Signer as _};
use zeroize::Zeroizing;

use super::signed_content;

const PRIVATE_PREFIX: &str = "whsk_";
const PUBLIC_PREFIX: &str = "whpk_";

/// A private ed25519 key, with which a sender signs; it prints as `redacted` and is wiped on
/// drop.
///
/// It is read from `whsk_` and the base64 of either the 32 bytes of the seed or these and the 32
/// bytes of the public key (Standard Webhooks specification v1.0.0, "Signature scheme").
///
/// ```
/// use segue_receiver::signature::SigningKey;
///
/// let key: SigningKey = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==".parse()?;
/// assert_eq!(
///     key.verifying_key().to_string(),
///     "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
/// );
/// # Ok::<(), segue_receiver::signature::InvalidKey>(())
/// ```
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// The public half, for the receiver.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(self.0.verifying_key())
    }

    /// The key with its prefix. Keep it out of logs.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        let pair = Zeroizing::new(self.0.to_keypair_bytes());
        Zeroizing::new(format!("{PRIVATE_PREFIX}{}", STANDARD.encode(pair)))
    }

    /// The `v1a` entry for a message; the header lists entries separated by spaces.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp_s: i64, body: &[u8]) -> String {
        let timestamp = timestamp_s.to_string();
        let content = signed_content(id.as_bytes(), timestamp.as_bytes(), body);
        format!("v1a,{}", STANDARD.encode(self.0.sign(&content).to_bytes()))
    }
}

impl FromStr for SigningKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let bytes = decode(text, PRIVATE_PREFIX)?;
        if let Ok(seed) = bytes.as_slice().try_into() {
            Ok(Self(ed25519_dalek::SigningKey::from_bytes(seed)))
        } else if let Ok(pair) = bytes.as_slice().try_into() {
            ed25519_dalek::SigningKey::from_keypair_bytes(pair)
                .map(Self)
                .map_err(|_| InvalidKey::NoKey)
        } else {
            Err(InvalidKey::NoKey)
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(redacted)")
    }
}

/// A public ed25519 key, with which a receiver verifies; it is no secret.
///
/// ```
/// use segue_receiver::signature::VerifyingKey;
///
/// let key: VerifyingKey = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=".parse()?;
/// assert!("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".parse::<VerifyingKey>().is_err());
/// # Ok::<(), segue_receiver::signature::InvalidKey>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct VerifyingKey(ed25519_dalek::VerifyingKey);

impl VerifyingKey {
    /// Whether the signature is of this key; malleable ones and those of weak keys are not.
    pub(super) fn vouches(&self, content: &[u8], signature: &[u8; 64]) -> bool {
        let signature = Signature::from_bytes(signature);
        self.0.verify_strict(content, &signature).is_ok()
    }
}

impl FromStr for VerifyingKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let bytes = decode(text, PUBLIC_PREFIX)?;
        let bytes = bytes.as_slice().try_into().map_err(|_| InvalidKey::NoKey)?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| InvalidKey::NoKey)?;
        if key.is_weak() {
            return Err(InvalidKey::Weak);
        }
        Ok(Self(key))
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PUBLIC_PREFIX}{}", STANDARD.encode(self.0.as_bytes()))
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({self})")
    }
}

fn decode(text: &str, prefix: &str) -> Result<Zeroizing<Vec<u8>>, InvalidKey> {
    let encoded = text.trim().strip_prefix(prefix);
    let encoded = encoded.ok_or(InvalidKey::Prefix)?;
    let bytes = STANDARD_PAD_INDIFFERENT.decode(encoded);
    bytes.map(Zeroizing::new).map_err(|_| InvalidKey::NotBase64)
}

/// Why a text is no ed25519 key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidKey {
    /// The sender's private key begins with `whsk_`, the receiver's public one with `whpk_`. The
    /// prefix is needed, so that no key is taken for one of another kind.
    #[error("an ed25519 key begins with `whsk_` when it is private, with `whpk_` when public")]
    Prefix,
    /// What follows the prefix is not standard base64.
    #[error("an ed25519 key is its prefix followed by base64")]
    NotBase64,
    /// These bytes are no key: too few, too many, or halves that do not belong together.
    #[error("these bytes are no ed25519 key")]
    NoKey,
    /// Anybody could sign for such a key.
    #[error("this ed25519 key is weak")]
    Weak,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::{SignatureHeaders, SigningSecret, Verifier, VerifyError, sign};

    const PRIVATE: &str = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
    const PUBLIC: &str = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const AT: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;

    fn verify(verifier: &Verifier, signature: &str) -> Result<(), VerifyError> {
        let timestamp = AT.to_string();
        let headers = SignatureHeaders {
            id: ID.as_bytes(),
            timestamp: timestamp.as_bytes(),
            signature: signature.as_bytes(),
        };
        verifier.verify(&headers, BODY, AT).map(drop)
    }

    fn only_keys() -> Verifier {
        Verifier::new(Vec::new()).keys(vec![PUBLIC.parse().unwrap()])
    }

    #[test]
    fn the_published_vector_comes_out() {
        let key: SigningKey = PRIVATE.parse().unwrap();
        let entry = key.sign(ID, AT, BODY);
        assert_eq!(
            entry,
            "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="
        );
        assert!(verify(&only_keys(), &entry).is_ok());
        assert_eq!(
            (
                key.expose().as_str(),
                key.verifying_key().to_string().as_str()
            ),
            (PRIVATE, PUBLIC)
        );
        assert_eq!(format!("{key:?}"), "SigningKey(redacted)");
    }

    #[test]
    fn a_key_is_never_used_for_the_other_version() {
        let public_as_secret = PUBLIC.strip_prefix("whpk_").unwrap();
        let public_as_secret: SigningSecret = public_as_secret.parse().unwrap();
        let confused = sign(&[public_as_secret], ID, AT, BODY);
        let relabelled = confused.replace("v1,", "v1a,");
        let entry = PRIVATE.parse::<SigningKey>().unwrap().sign(ID, AT, BODY);
        for (signature, expected) in [
            (confused, VerifyError::Mismatch),
            (relabelled, VerifyError::NoSignature),
            (entry.replace("v1a,", "v1,"), VerifyError::NoSignature),
            (entry.replace("v1a,", "V1A,"), VerifyError::NoSignature),
            (
                entry[..entry.len() - 4].to_owned(),
                VerifyError::NoSignature,
            ),
        ] {
            assert_eq!(
                verify(&only_keys(), &signature),
                Err(expected),
                "{signature}"
            );
        }
        let hmac_only = Verifier::new(vec!["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap()]);
        assert_eq!(verify(&hmac_only, &entry), Err(VerifyError::Mismatch));
    }

    #[test]
    fn a_list_of_many_ed25519_entries_is_refused_before_any_is_checked() {
        let entry = PRIVATE.parse::<SigningKey>().unwrap().sign(ID, AT, BODY);
        let list = |entries: usize| vec![entry.as_str(); entries].join(" ");
        assert!(verify(&only_keys(), &list(4)).is_ok());
        assert_eq!(
            verify(&only_keys(), &list(5)),
            Err(VerifyError::TooManySignatures)
        );
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let seed = STANDARD.encode([7; 32]);
        assert!(format!("whsk_{seed}").parse::<SigningKey>().is_ok());
        let unfitting = STANDARD.encode([7; 64]);
        let small_order = STANDARD.encode([&[1_u8][..], &[0; 31]].concat());
        for (text, expected) in [
            (seed.clone(), InvalidKey::Prefix),
            (format!("whsec_{seed}"), InvalidKey::Prefix),
            (format!("whpk_{seed}"), InvalidKey::Prefix),
            ("whsk_!".to_owned(), InvalidKey::NotBase64),
            ("whsk_".to_owned(), InvalidKey::NoKey),
            (format!("whsk_{unfitting}"), InvalidKey::NoKey),
        ] {
            assert_eq!(text.parse::<SigningKey>().unwrap_err(), expected, "{text}");
        }
        for (text, expected) in [
            (PRIVATE.to_owned(), InvalidKey::Prefix),
            ("whpk_AAAA".to_owned(), InvalidKey::NoKey),
            (format!("whpk_{small_order}"), InvalidKey::Weak),
        ] {
            assert_eq!(
                text.parse::<VerifyingKey>().unwrap_err(),
                expected,
                "{text}"
            );
        }
    }
}
