//! From a raw request to bytes that are verified.

use axum::extract::Request;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, header};
use serde::Deserialize;

use super::log::Record;
use super::{Sender, VerifyRejection, body, diagnose};
use crate::credentials::{Credentials, Presented, members, present};
use crate::receiver::{Entry, Receiver, SignatureMode};
use crate::signature::{SIGNATURE_HEADERS, SignatureHeaders};

/// Which content a route takes; signatures are over the bytes of any content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Plain JSON.
    Json,
    /// Anything that has no content encoding.
    Plain,
    /// Anything, also compressed.
    Any,
}

/// A request whose sender is known and whose bytes are as they were sent.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) sender: Sender,
    /// The request without its body.
    pub(super) parts: Parts,
    pub(super) body: Bytes,
}

/// What the signature vouches for.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) timestamp_s: i64,
}

impl Receiver {
    /// Says which activation sent the request, by the credentials outside its body; none when
    /// they may still be inside.
    pub(super) fn authenticate(
        &self,
        request: &Parts,
        record: &mut Record,
    ) -> Result<Option<usize>, VerifyRejection> {
        match present(&self.inner.credentials, request)? {
            Some(presented) => self.activation_of(&presented, record).map(Some),
            None if self.reads_credentials_in_body() => Ok(None),
            None => Err(VerifyRejection::MissingCredentials),
        }
    }

    fn activation_of(
        &self,
        presented: &Presented,
        record: &mut Record,
    ) -> Result<usize, VerifyRejection> {
        let mut found = None;
        // All activations are compared, so that the time does not tell which one was close.
        for (at, activation) in self.inner.activations.iter().enumerate() {
            if bool::from(activation.matches(presented)) {
                found = Some(at);
            }
        }
        record.activation = found;
        found.ok_or_else(|| {
            record.diagnosis = diagnose::credentials(self, presented);
            VerifyRejection::WrongCredentials
        })
    }

    fn reads_credentials_in_body(&self) -> bool {
        self.inner.credentials.iter().any(Credentials::is_in_body)
    }

    /// Checks credentials, body bound, signature and content.
    pub(super) async fn accept(
        &self,
        request: Request,
        content: Content,
        now: jiff::Timestamp,
        record: &mut Record,
    ) -> Result<Accepted, VerifyRejection> {
        let (parts, unread) = request.into_parts();
        let known = self.authenticate(&parts, record)?;
        let (bytes_max, timeout) = (self.inner.body_bytes_max, self.inner.body_timeout);
        let (parts, body) = body::read(parts, unread, bytes_max, timeout).await?;
        let activation = match known {
            Some(activation) => activation,
            None => self.find_in_body(&parts.headers, &body, now, record)?,
        };
        let entry = &self.inner.activations[activation];
        let message = self.verify(entry, &parts.headers, &body, now);
        let message = message.inspect_err(|why| {
            record.diagnosis = diagnose::signature(self, activation, *why, &parts, &body, now);
        })?;
        if known.is_some() && self.reads_credentials_in_body() {
            self.refuse_second_credentials(&body)?;
        }
        check_content(content, &parts.headers)?;
        let sender = Sender::new(self, activation, message);
        record.verified(self, &sender, &body);
        Ok(Accepted {
            sender,
            parts,
            body,
        })
    }

    /// Looks for the credentials in the body; where a signature is needed, not before one of the
    /// activations has vouched for the bytes.
    fn find_in_body(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: jiff::Timestamp,
        record: &mut Record,
    ) -> Result<usize, VerifyRejection> {
        let mut refused = None;
        let vouched = self.inner.activations.iter().any(|activation| {
            let verified = self.verify(activation, headers, body, now);
            verified.map_err(|why| refused = Some(why)).is_ok()
        });
        match refused {
            Some(why) if !vouched => Err(why),
            Some(_) | None => {
                let presented = members(&self.inner.credentials, body)?;
                let presented = presented.ok_or(VerifyRejection::MissingCredentials)?;
                self.activation_of(&presented, record)
            }
        }
    }

    fn refuse_second_credentials(&self, body: &[u8]) -> Result<(), VerifyRejection> {
        // A body of another shape has no members and is judged later.
        match members(&self.inner.credentials, body) {
            Ok(Some(_)) => Err(VerifyRejection::RepeatedCredentials),
            Ok(None) | Err(_) => Ok(()),
        }
    }

    fn verify(
        &self,
        activation: &Entry,
        headers: &HeaderMap,
        body: &[u8],
        now: jiff::Timestamp,
    ) -> Result<Option<Message>, VerifyRejection> {
        let unsigned = || {
            SIGNATURE_HEADERS
                .iter()
                .all(|name| !headers.contains_key(*name))
        };
        match self.inner.signatures {
            SignatureMode::Off => return Ok(None),
            SignatureMode::Optional if unsigned() => return Ok(None),
            SignatureMode::Optional | SignatureMode::Required => {}
        }
        let signature = signature_headers(headers)?;
        let signed = activation
            .verifier
            .verify(&signature, body, now.as_second())?;
        Ok(Some(Message {
            id: signed.id.to_owned(),
            timestamp_s: signed.timestamp_s,
        }))
    }
}

pub(super) fn signature_headers(
    headers: &HeaderMap,
) -> Result<SignatureHeaders<'_>, VerifyRejection> {
    let pairs = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()));
    Ok(SignatureHeaders::find(pairs)?)
}

/// Reads verified bytes as JSON.
pub(super) fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, VerifyRejection> {
    // Texts of a body that is UTF-8 as a whole are not looked at one by one.
    let parsed = match std::str::from_utf8(body) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(body),
    };
    parsed.map_err(|error| VerifyRejection::from(&error))
}

fn check_content(content: Content, headers: &HeaderMap) -> Result<(), VerifyRejection> {
    if content != Content::Any && is_encoded(headers) {
        Err(VerifyRejection::EncodedBody)
    } else if content == Content::Json && !is_json(headers) {
        Err(VerifyRejection::NotJsonContent)
    } else {
        Ok(())
    }
}

pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.map_or(&b""[..], http::HeaderValue::as_bytes);
    let essence = kind.split(|byte| *byte == b';').next().unwrap_or_default();
    let Some((start, rest)) = essence.trim_ascii().split_at_checked("application/".len()) else {
        return false;
    };
    let ends_in_json = rest
        .len()
        .checked_sub("+json".len())
        .is_some_and(|at| rest[at..].eq_ignore_ascii_case(b"+json"));
    start.eq_ignore_ascii_case(b"application/")
        && (rest.eq_ignore_ascii_case(b"json") || ends_in_json)
}

fn is_encoded(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}
