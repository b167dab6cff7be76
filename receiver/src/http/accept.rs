//! From a raw request to bytes that are verified.

use axum::extract::Request;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, header};
use serde::de::DeserializeOwned;

use super::{VerifyRejection, body};
use crate::credentials::present;
use crate::receiver::{Entry, Receiver, SignatureMode};
use crate::signature::{SIGNATURE_HEADERS, SignatureHeaders};

/// A request whose sender is known and whose bytes are as they were sent.
#[derive(Debug)]
pub(super) struct Accepted {
    /// The place of the activation in the receiver's list.
    pub(super) activation: usize,
    pub(super) message: Option<Message>,
    pub(super) body: Bytes,
}

/// What the signature vouches for.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) timestamp_s: i64,
}

impl Receiver {
    /// Says which activation sent the request, by its credentials alone.
    pub(super) fn authenticate(&self, request: &Parts) -> Result<usize, VerifyRejection> {
        let presented = present(&self.inner.credentials, request)?;
        let mut found = None;
        // All activations are compared, so that the time does not tell which one was close.
        for (at, activation) in self.inner.activations.iter().enumerate() {
            if bool::from(activation.matches(&presented)) {
                found = Some(at);
            }
        }
        found.ok_or(VerifyRejection::WrongCredentials)
    }

    /// Checks credentials, body bound, signature and content type; `known` is set as soon as
    /// the sender is known, for the log.
    pub(super) async fn accept(
        &self,
        request: Request,
        now: jiff::Timestamp,
        known: &mut Option<usize>,
    ) -> Result<Accepted, VerifyRejection> {
        let (mut parts, unread) = request.into_parts();
        let activation = self.authenticate(&parts)?;
        *known = Some(activation);

        let headers = std::mem::take(&mut parts.headers);
        let request = Request::from_parts(parts, unread);
        let body = body::read(request, self.inner.body_bytes_max, self.inner.body_timeout).await?;
        let message = self.verify(&self.inner.activations[activation], &headers, &body, now)?;
        if is_encoded(&headers) {
            return Err(VerifyRejection::EncodedBody);
        }
        if !is_json(&headers) {
            return Err(VerifyRejection::NotJsonContent);
        }
        Ok(Accepted {
            activation,
            message,
            body,
        })
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
        let pairs = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()));
        let signature = SignatureHeaders::find(pairs)?;
        let signed = activation
            .verifier
            .verify(&signature, body, now.as_second())?;
        Ok(Some(Message {
            id: signed.id.to_owned(),
            timestamp_s: signed.timestamp_s,
        }))
    }
}

/// Reads verified bytes as JSON.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, VerifyRejection> {
    serde_json::from_slice(body).map_err(|error| VerifyRejection::from(&error))
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(kind)) = headers
        .get(header::CONTENT_TYPE)
        .map(http::HeaderValue::to_str)
    else {
        return false;
    };
    let essence = kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn is_encoded(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}
