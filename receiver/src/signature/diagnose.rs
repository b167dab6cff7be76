//! Why a signature does not match, for somebody who has the keys.

use super::entries::Entries;
use super::{SignatureHeaders, Verifier, VerifyError, respace, verify};
use crate::limits::DIAGNOSIS_BODY_BYTES_MAX;

/// What is probably wrong with a message that does not verify. It belongs into the log of the one
/// who has the keys, never into an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Diagnosis {
    /// The signature is good: set the clocks, or it is an old message that came again.
    #[error("the signature is good, but the sender's clock differs by {seconds} s")]
    ClockSkew {
        /// How many seconds the sender is ahead; negative when it is behind.
        seconds: i64,
    },
    /// The signature is good: the sender has to send seconds.
    #[error("the signature is good, but the timestamp is in milliseconds")]
    Milliseconds,
    /// Something on the way reads the JSON and writes it again: let it pass the bytes on.
    #[error("the body differs from what was signed only in JSON white space")]
    WhiteSpace,
    /// The sender signs with another secret, or the content was changed on the way.
    #[error("no secret matches: it is another one, or the content was changed on the way")]
    WrongSecret,
}

impl Verifier {
    /// Looks for the cause of a [`VerifyError`]; none when the error says it already.
    ///
    /// It costs several verifications, so ask only when somebody reads the result. Bodies above
    /// [`DIAGNOSIS_BODY_BYTES_MAX`] are not laid out anew.
    ///
    /// ```
    /// use segue_receiver::signature::{Diagnosis, SignatureHeaders, SigningSecret, Verifier, sign};
    ///
    /// let secret: SigningSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".parse()?;
    /// let signature = sign(std::slice::from_ref(&secret), "msg_1", 1_700_000_000, br#"{"a": 1}"#);
    /// let headers = SignatureHeaders {
    ///     id: b"msg_1",
    ///     timestamp: b"1700000000",
    ///     signature: signature.as_bytes(),
    /// };
    /// let verifier = Verifier::new(vec![secret]);
    /// let error = verifier.verify(&headers, br#"{"a":1}"#, 1_700_000_000).unwrap_err();
    /// let diagnosis = verifier.diagnose(error, &headers, br#"{"a":1}"#, 1_700_000_000);
    /// assert_eq!(diagnosis, Some(Diagnosis::WhiteSpace));
    /// # Ok::<(), segue_receiver::signature::InvalidSigningSecret>(())
    /// ```
    #[must_use]
    pub fn diagnose(
        &self,
        error: VerifyError,
        headers: &SignatureHeaders<'_>,
        body: &[u8],
        now_s: i64,
    ) -> Option<Diagnosis> {
        if !matches!(error, VerifyError::OutsideTolerance | VerifyError::Mismatch) {
            return None;
        }
        let listed = Entries::read(headers.signature).ok()?;
        if self.vouches(&listed, headers, body) {
            let sent_s = verify::timestamp(headers.timestamp).ok()?;
            return Some(if self.is_near(sent_s / 1_000, now_s) {
                Diagnosis::Milliseconds
            } else {
                let seconds = sent_s.saturating_sub(now_s);
                Diagnosis::ClockSkew { seconds }
            });
        }
        let bounded = body.len() <= DIAGNOSIS_BODY_BYTES_MAX;
        let mut layouts = bounded
            .then(|| respace::layouts(body))
            .into_iter()
            .flatten();
        Some(
            if layouts.any(|body| self.vouches(&listed, headers, &body)) {
                Diagnosis::WhiteSpace
            } else {
                Diagnosis::WrongSecret
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::{SigningSecret, sign};

    const NOW: i64 = 1_700_000_000;
    const SIGNED: &str = r#"{"a": [1, 2], "b": "x y"}"#;

    fn secret() -> SigningSecret {
        let secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".parse();
        secret.expect("it is a secret")
    }

    /// What is said about a message that was signed at `sent_s` and arrives with this body.
    fn diagnosis(sent_s: i64, body: &str) -> Option<Diagnosis> {
        let signature = sign(&[secret()], "msg_1", sent_s, SIGNED.as_bytes());
        let timestamp = sent_s.to_string();
        let headers = SignatureHeaders {
            id: b"msg_1",
            timestamp: timestamp.as_bytes(),
            signature: signature.as_bytes(),
        };
        let verifier = Verifier::new(vec![secret()]);
        let error = verifier.verify(&headers, body.as_bytes(), NOW).err()?;
        verifier.diagnose(error, &headers, body.as_bytes(), NOW)
    }

    #[test]
    fn each_usual_cause_is_told() {
        let skew = |seconds| Some(Diagnosis::ClockSkew { seconds });
        assert_eq!(diagnosis(NOW, SIGNED), None);
        assert_eq!(diagnosis(NOW - 400, SIGNED), skew(-400));
        assert_eq!(diagnosis(NOW + 7_200, SIGNED), skew(7_200));
        assert_eq!(diagnosis(i64::MAX, SIGNED), skew(i64::MAX - NOW));
        assert_eq!(
            diagnosis(NOW * 1_000, SIGNED),
            Some(Diagnosis::Milliseconds)
        );
        for body in [
            r#"{"a":[1,2],"b":"x y"}"#,
            "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": \"x y\"\n}\n",
            &format!("{SIGNED}\r\n"),
        ] {
            assert_eq!(diagnosis(NOW, body), Some(Diagnosis::WhiteSpace), "{body}");
        }
        for body in [
            r#"{"a": [1, 2], "b": "xy"}"#,
            "",
            "no json",
            r#"{"a": [1, 3], "b": "x y"}"#,
        ] {
            assert_eq!(diagnosis(NOW, body), Some(Diagnosis::WrongSecret), "{body}");
            assert_eq!(
                diagnosis(NOW - 400, body),
                Some(Diagnosis::WrongSecret),
                "{body}"
            );
        }
    }

    #[test]
    fn an_error_that_speaks_for_itself_needs_no_diagnosis() {
        let headers = SignatureHeaders {
            id: b"msg.1",
            timestamp: b"1",
            signature: b"",
        };
        let verifier = Verifier::new(vec![secret()]);
        for error in [VerifyError::InvalidId, VerifyError::NoSignature] {
            assert_eq!(verifier.diagnose(error, &headers, b"{}", NOW), None);
        }
    }
}
