//! Tokens that let a browser say who its user is.
//!
//! A browser's write key is public, so anybody could claim to be anybody with it. The app's
//! backend, which knows who is logged in, signs a token for its own page; the page's tracker sends
//! it as `context.userToken`, and the proxy links the browser to that user.
//!
//! A token is a JSON Web Token (RFC 7519) signed with HS256 (RFC 7515, RFC 7518): `sub` is the
//! user id, `exp` the end of its life in seconds since 1970. Any JWT library can sign one.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//!
//! use segue_sdk::user_token::UserTokenKey;
//!
//! let key = UserTokenKey::new("a secret of at least thirty-two bytes")?;
//! let in_an_hour = SystemTime::UNIX_EPOCH + Duration::from_secs(1_763_636_400);
//! let token = key.sign("42", in_an_hour);
//!
//! let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_763_632_800);
//! assert_eq!(key.verify(&token, now)?, "42");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;
use zeroize::Zeroizing;

/// Fewest bytes of a signing key: the length of the digest, as RFC 7518 §3.2 asks for.
pub const KEY_BYTES_MIN: usize = 32;

/// Most bytes of a token: a user id fits many times.
pub const TOKEN_BYTES_MAX: usize = 4096;

/// How far the clocks of backend and proxy may be apart.
pub const LEEWAY: Duration = Duration::from_mins(1);

/// The secret that the app's backend and the proxy share.
#[derive(Clone)]
pub struct UserTokenKey(Zeroizing<Vec<u8>>);

/// The key is shorter than [`KEY_BYTES_MIN`]: take a longer one.
///
/// ```
/// use segue_sdk::user_token::{KeyTooShort, UserTokenKey};
///
/// assert_eq!(UserTokenKey::new("short").unwrap_err(), KeyTooShort);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key for user tokens needs at least {KEY_BYTES_MIN} bytes")]
pub struct KeyTooShort;

/// Why a token is not believed.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use segue_sdk::user_token::{TokenError, UserTokenKey};
///
/// let (ours, theirs) = (UserTokenKey::new([1; 32])?, UserTokenKey::new([2; 32])?);
/// let noon = SystemTime::UNIX_EPOCH + Duration::from_secs(1_763_640_000);
/// let token = ours.sign("42", noon);
/// assert_eq!(theirs.verify(&token, noon), Err(TokenError::WrongSignature));
/// assert_eq!(ours.verify(&token, noon + Duration::from_secs(60)), Err(TokenError::Expired));
/// # Ok::<(), segue_sdk::user_token::KeyTooShort>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It is no token, or longer than [`TOKEN_BYTES_MAX`].
    #[error("the token is malformed")]
    Malformed,
    /// It is signed in another way than HS256.
    #[error("the token is not signed with HS256")]
    WrongAlgorithm,
    /// It was signed with another key, or changed since.
    #[error("the token's signature is wrong")]
    WrongSignature,
    /// Its life is over: sign a new one.
    #[error("the token is expired")]
    Expired,
    /// Its life has not begun: look at the clocks.
    #[error("the token is not valid yet")]
    NotYetValid,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: f64,
    nbf: Option<f64>,
}

impl UserTokenKey {
    /// Takes a secret of at least [`KEY_BYTES_MIN`] bytes.
    ///
    /// # Errors
    /// When it is shorter.
    pub fn new(secret: impl Into<Vec<u8>>) -> Result<Self, KeyTooShort> {
        let secret = Zeroizing::new(secret.into());
        if secret.len() < KEY_BYTES_MIN {
            return Err(KeyTooShort);
        }
        Ok(Self(secret))
    }

    /// Signs that the bearer is this user until then.
    ///
    /// Keep the life short, such as an hour: a token cannot be taken back.
    #[must_use]
    pub fn sign(&self, user_id: &str, expires_at: SystemTime) -> String {
        let claims = serde_json::json!({ "sub": user_id, "exp": seconds(expires_at) }).to_string();
        let mut token = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
        token.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signature = self.mac(token.as_bytes()).finalize().into_bytes();
        token.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        token
    }

    /// The user id of a token that is believed now.
    ///
    /// Nothing of the token is read before its signature is right.
    ///
    /// # Errors
    /// When the token is not one of this key's, or outside its life by more than [`LEEWAY`].
    pub fn verify(&self, token: &str, now: SystemTime) -> Result<String, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        self.mac(signed.as_bytes())
            .verify_slice(&decode(signature)?)
            .map_err(|_| TokenError::WrongSignature)?;
        let header: Header = read(header)?;
        if header.alg != "HS256" {
            return Err(TokenError::WrongAlgorithm);
        }
        let claims: Claims = read(claims)?;
        let (now, leeway) = (seconds(now) as f64, LEEWAY.as_secs_f64());
        if claims.exp <= now - leeway {
            return Err(TokenError::Expired);
        }
        if claims.nbf.is_some_and(|begin| begin > now + leeway) {
            return Err(TokenError::NotYetValid);
        }
        if claims.sub.is_empty() {
            return Err(TokenError::Malformed);
        }
        Ok(claims.sub)
    }

    fn mac(&self, message: &[u8]) -> Hmac<Sha256> {
        let mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.chain_update(message)
    }
}

impl fmt::Debug for UserTokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserTokenKey(redacted)")
    }
}

fn seconds(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

fn decode(text: &str) -> Result<Vec<u8>, TokenError> {
    let decoded = BASE64_URL_SAFE_NO_PAD.decode(text);
    decoded.map_err(|_| TokenError::Malformed)
}

fn read<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, TokenError> {
    serde_json::from_slice(&decode(text)?).map_err(|_| TokenError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Duration = Duration::from_secs(1_763_640_000);

    fn at(shift: i64) -> SystemTime {
        let noon = SystemTime::UNIX_EPOCH + NOON;
        match u64::try_from(shift) {
            Ok(later) => noon + Duration::from_secs(later),
            Err(_) => noon - Duration::from_secs(shift.unsigned_abs()),
        }
    }

    fn key() -> UserTokenKey {
        UserTokenKey::new([7; 32]).unwrap()
    }

    fn signed(header: &str, claims: &str) -> String {
        let text = [header, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
        let text = text.join(".");
        let signature = key().mac(text.as_bytes()).finalize().into_bytes();
        format!("{text}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    #[test]
    fn the_example_of_rfc_7515_is_believed_as_far_as_its_signature_goes() {
        let secret = BASE64_URL_SAFE_NO_PAD
            .decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
            .unwrap();
        let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let verdict = UserTokenKey::new(secret).unwrap().verify(token, at(0));
        assert_eq!(verdict, Err(TokenError::Malformed), "it names no user");
    }

    #[test]
    fn a_token_is_believed_until_its_end_and_a_minute() {
        let token = key().sign("ä\"42", at(0));
        assert_eq!(key().verify(&token, at(-3600)).unwrap(), "ä\"42");
        assert!(key().verify(&token, at(59)).is_ok());
        assert_eq!(key().verify(&token, at(60)), Err(TokenError::Expired));
    }

    #[test]
    fn another_key_or_another_user_does_not_verify() {
        let token = key().sign("42", at(0));
        let other = UserTokenKey::new([8; 32]).unwrap();
        assert_eq!(
            other.verify(&token, at(-1)),
            Err(TokenError::WrongSignature)
        );
        let forged = BASE64_URL_SAFE_NO_PAD.encode(r#"{"sub":"1","exp":1763640000}"#);
        let mut parts: Vec<&str> = token.split('.').collect();
        parts[1] = &forged;
        let verdict = key().verify(&parts.join("."), at(-1));
        assert_eq!(verdict, Err(TokenError::WrongSignature));
    }

    #[test]
    fn only_hs256_counts() {
        let claims = r#"{"sub":"42","exp":1763640000}"#;
        for alg in ["none", "HS512", "hs256"] {
            let token = signed(&format!(r#"{{"alg":"{alg}"}}"#), claims);
            assert_eq!(
                key().verify(&token, at(-1)),
                Err(TokenError::WrongAlgorithm)
            );
        }
    }

    #[test]
    fn what_other_libraries_add_is_read_or_left_alone() {
        let header = r#"{"typ":"JWT","alg":"HS256","kid":"1"}"#;
        let begun = r#"{"sub":"42","exp":1763640000.5,"nbf":1763639000,"iat":1,"x":{}}"#;
        assert_eq!(key().verify(&signed(header, begun), at(-1)).unwrap(), "42");
        let later = r#"{"sub":"42","exp":1763650000,"nbf":1763641000}"#;
        let verdict = key().verify(&signed(header, later), at(0));
        assert_eq!(verdict, Err(TokenError::NotYetValid));
    }

    #[test]
    fn what_is_no_token_is_malformed_and_never_a_panic() {
        let long = "a".repeat(TOKEN_BYTES_MAX + 1);
        for token in ["", ".", "a.b", "a.b.!", long.as_str()] {
            assert_eq!(
                key().verify(token, at(0)),
                Err(TokenError::Malformed),
                "{token}"
            );
        }
        for (header, claims) in [
            ("{}", "{}"),
            ("[]", "1"),
            (r#"{"alg":"HS256"}"#, r#"{"sub":1}"#),
        ] {
            let verdict = key().verify(&signed(header, claims), at(0));
            assert_eq!(verdict, Err(TokenError::Malformed));
        }
    }

    #[test]
    fn a_short_key_is_refused_and_none_is_printed() {
        assert_eq!(UserTokenKey::new("short").unwrap_err(), KeyTooShort);
        assert_eq!(format!("{:?}", key()), "UserTokenKey(redacted)");
    }
}
