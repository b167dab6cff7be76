//! Reading a payload from a request that has passed all checks.

use bytes::Bytes;
use http::HeaderValue;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::VerifyRejection;
use super::accept::{is_json, parse};

/// What a [`Verified`](super::Verified) can hold.
///
/// Whatever serde can deserialize is read as JSON. The payloads of [`senders`](crate::senders)
/// read themselves, from JSON, from a form or from a query, and so can a host's own:
///
/// ```
/// use segue_receiver::{CheckedRequest, Input, Verified, VerifyRejection};
///
/// /// The whole body, whatever it is.
/// struct Raw(Vec<u8>);
///
/// impl Input for Raw {
///     fn read(request: &CheckedRequest<'_>) -> Result<Self, VerifyRejection> {
///         Ok(Self(request.body().to_vec()))
///     }
/// }
///
/// async fn archive(message: Verified<Raw>) -> String {
///     format!("{} bytes", message.payload().0.len())
/// }
/// # drop(archive);
/// ```
pub trait Input: Sized {
    /// Reads the payload.
    ///
    /// # Errors
    ///
    /// When the content is of another type or shape.
    fn read(request: &CheckedRequest<'_>) -> Result<Self, VerifyRejection>;
}

impl<T: DeserializeOwned> Input for T {
    fn read(request: &CheckedRequest<'_>) -> Result<Self, VerifyRejection> {
        request.json()
    }
}

/// A request whose sender is known and whose bytes are as they were sent.
#[derive(Clone, Copy, Debug)]
pub struct CheckedRequest<'a> {
    parts: &'a Parts,
    body: &'a Bytes,
}

impl<'a> CheckedRequest<'a> {
    pub(super) const fn new(parts: &'a Parts, body: &'a Bytes) -> Self {
        Self { parts, body }
    }

    /// The method, the address and the headers.
    #[must_use]
    pub const fn parts(&self) -> &'a Parts {
        self.parts
    }

    /// The body.
    #[must_use]
    pub const fn body(&self) -> &'a Bytes {
        self.body
    }

    /// The body as JSON, when the content type says so.
    ///
    /// # Errors
    ///
    /// [`VerifyRejection::NotJsonContent`], [`VerifyRejection::NotJson`] and
    /// [`VerifyRejection::WrongShape`].
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, VerifyRejection> {
        if is_json(&self.parts.headers) {
            parse(self.body)
        } else {
            Err(VerifyRejection::NotJsonContent)
        }
    }

    /// The content type without its parameters, in lower case; empty when there is none.
    #[must_use]
    pub fn content_type(&self) -> String {
        let kind = self.parts.headers.get(http::header::CONTENT_TYPE);
        let kind = kind.map_or(&b""[..], HeaderValue::as_bytes);
        let essence = kind.split(|byte| *byte == b';').next().unwrap_or_default();
        String::from_utf8_lossy(essence.trim_ascii()).to_ascii_lowercase()
    }
}

/// Which fields of a payload are missing or cannot be used; it prints their names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BadFields {
    names: &'static [&'static str],
    /// One bit for each of the names.
    bad: u16,
}

impl BadFields {
    /// None of these fields is bad yet; at most 16.
    #[must_use]
    pub(crate) const fn none(names: &'static [&'static str]) -> Self {
        Self { names, bad: 0 }
    }

    pub(crate) fn add(&mut self, name: &str) {
        if let Some(at) = self.names.iter().position(|known| *known == name) {
            self.bad |= 1 << at;
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.bad == 0
    }

    /// The names, in the order of the sender's documentation.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let bad = self.bad;
        let numbered = self.names.iter().enumerate();
        numbered.filter_map(move |(at, name)| (bad & (1 << at) != 0).then_some(*name))
    }
}

impl std::fmt::Display for BadFields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.names().collect();
        f.write_str(&names.join(", "))
    }
}

impl std::fmt::Debug for BadFields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}
