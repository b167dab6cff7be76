//! The request as it goes out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use indexmap::IndexMap;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use segue_receiver::signature::{SIGNATURE_HEADERS, sign};
use serde_json::Value;
use url::Url;

use super::{Frozen, SendError};
use crate::clock::TimeMs;
use crate::delivery::destination::{Destination, Method};

/// The longest URL with the fields of a GET or DELETE in its query, in bytes. Many servers stop
/// reading earlier.
const URL_WITH_QUERY_BYTES_MAX: usize = 32 * 1024;

/// Headers that belong to the connection or to the body. Every name that begins with `webhook-`
/// is ours too.
const RESERVED: &[&str] = &[
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// True for a header that is set by us on every request, so that no destination may have one of
/// its own.
pub(in crate::delivery) fn is_reserved_header(name: &HeaderName) -> bool {
    let name = name.as_str();
    RESERVED.contains(&name) || name.starts_with("webhook-")
}

/// The request for people to look at: exactly what would be sent, its secrets masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The HTTP method.
    pub method: String,
    /// The URL with its query.
    pub url: String,
    /// The headers in the order of sending.
    pub headers: Vec<(String, String)>,
    /// The body, if there is one.
    pub body: Option<Bytes>,
}

/// Shows the request that [`super::Client::send`] would send.
///
/// # Errors
///
/// It could not be sent either.
pub fn preview(
    destination: &Destination,
    frozen: &Frozen,
    now: TimeMs,
) -> Result<Preview, SendError> {
    let outgoing = Outgoing::build(destination, frozen, now)?;
    let shown = |value: &HeaderValue| {
        if value.is_sensitive() {
            "redacted".to_owned()
        } else {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        }
    };
    Ok(Preview {
        method: outgoing.method.to_string(),
        url: outgoing.url.to_string(),
        headers: outgoing
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), shown(value)))
            .collect(),
        body: outgoing.body,
    })
}

/// A request that is ready to be sent.
#[derive(Debug)]
pub(super) struct Outgoing {
    method: reqwest::Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Bytes>,
}

impl Outgoing {
    pub(super) fn build(
        destination: &Destination,
        frozen: &Frozen,
        now: TimeMs,
    ) -> Result<Self, SendError> {
        let mut url = destination.url.clone();
        let (method, body) = match destination.method {
            Method::Post => (reqwest::Method::POST, Some(frozen.body.clone())),
            Method::Put => (reqwest::Method::PUT, Some(frozen.body.clone())),
            Method::Get => (reqwest::Method::GET, None),
            Method::Delete => (reqwest::Method::DELETE, None),
        };
        if body.is_none() {
            append_query(&mut url, &frozen.body)?;
        }
        let signed = body.as_deref().unwrap_or_default();
        let mut headers = own_headers(destination)?;
        if body.is_some() {
            let content_type = HeaderValue::from_static(frozen.content_type.as_str());
            headers.insert(CONTENT_TYPE, content_type);
        }
        write_signature(&mut headers, destination, &frozen.id, now, signed)?;
        Ok(Self {
            method,
            url,
            headers,
            body,
        })
    }

    pub(super) fn into_request(self) -> reqwest::Request {
        let mut request = reqwest::Request::new(self.method, self.url);
        *request.headers_mut() = self.headers;
        *request.body_mut() = self.body.map(Into::into);
        request
    }
}

/// The destination's headers and credentials. What is reserved is left out here even if a
/// destination was saved with it.
fn own_headers(destination: &Destination) -> Result<HeaderMap, SendError> {
    let mut headers = HeaderMap::with_capacity(destination.headers.len() + 5);
    for (name, value) in &destination.headers {
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| SendError::Unsendable("a header name is not valid"))?;
        if !is_reserved_header(&name) {
            headers.append(name, secret_value(value.expose())?);
        }
    }
    if let Some((username, password)) = &destination.basic {
        let credentials = STANDARD.encode(format!("{username}:{}", password.expose()));
        headers.insert(
            AUTHORIZATION,
            secret_value(&format!("Basic {credentials}"))?,
        );
    }
    Ok(headers)
}

fn secret_value(text: &str) -> Result<HeaderValue, SendError> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| SendError::Unsendable("a header value is not valid"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Signs what is in the body of the request: with GET and DELETE, nothing.
fn write_signature(
    headers: &mut HeaderMap,
    destination: &Destination,
    id: &str,
    now: TimeMs,
    body: &[u8],
) -> Result<(), SendError> {
    let [id_header, timestamp_header, signature_header] =
        SIGNATURE_HEADERS.map(HeaderName::from_static);
    let invalid = |_| SendError::Unsendable("the delivery's id is not valid in a header");
    let timestamp_s = now.0.div_euclid(1_000);
    headers.insert(id_header, HeaderValue::from_str(id).map_err(invalid)?);
    headers.insert(timestamp_header, HeaderValue::from(timestamp_s));
    if !destination.signing_secrets.is_empty() {
        let signature = sign(&destination.signing_secrets, id, timestamp_s, body);
        let signature = HeaderValue::from_str(&signature).map_err(invalid)?;
        headers.insert(signature_header, signature);
    }
    Ok(())
}

/// Writes the members of a JSON object behind the query that the URL has already.
fn append_query(url: &mut Url, body: &[u8]) -> Result<(), SendError> {
    let members: IndexMap<String, Value> = serde_json::from_slice(body).map_err(|_| {
        SendError::Unsendable("with GET and DELETE the payload has to be a JSON object")
    })?;
    let mut texts = Vec::with_capacity(members.len());
    for (name, value) in &members {
        match value {
            Value::Array(items) => texts.extend(items.iter().map(|item| (name, text_of(item)))),
            single => texts.push((name, text_of(single))),
        }
    }
    texts.retain(|(_, text)| text.is_some());
    if !texts.is_empty() {
        let mut query = url.query_pairs_mut();
        for (name, text) in texts {
            query.append_pair(name, &text.unwrap_or_default());
        }
    }
    if url.as_str().len() > URL_WITH_QUERY_BYTES_MAX {
        return Err(SendError::Unsendable("the fields are too long for a URL"));
    }
    Ok(())
}

/// A value as a query parameter; null is not sent.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests;
