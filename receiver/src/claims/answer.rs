//! The answer that repeats get.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::limits::CLAIM_ANSWER_BYTES_MAX;

/// An answer as it is kept for repeats: status, content type and body.
///
/// A body above [`CLAIM_ANSWER_BYTES_MAX`] is not kept; repeats then get an empty one.
///
/// ```
/// use segue_receiver::claims::KeptAnswer;
///
/// let answer = KeptAnswer::json(&["done"])?;
/// assert_eq!((answer.status().as_u16(), &answer.body()[..]), (200, &br#"["done"]"#[..]));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    status: StatusCode,
    content_type: Option<HeaderValue>,
    body: Bytes,
}

impl KeptAnswer {
    /// An answer without a body.
    #[must_use]
    pub const fn empty(status: StatusCode) -> Self {
        Self {
            status,
            content_type: None,
            body: Bytes::new(),
        }
    }

    /// An answer of any content.
    #[must_use]
    pub fn new(status: StatusCode, content_type: HeaderValue, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            content_type: Some(content_type),
            body: body.into(),
        }
    }

    /// 200 with JSON.
    ///
    /// # Errors
    ///
    /// When the value cannot be written as JSON.
    pub fn json(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        let kind = HeaderValue::from_static("application/json");
        Ok(Self::new(StatusCode::OK, kind, serde_json::to_vec(value)?))
    }

    /// The status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The content type, when there is one.
    #[must_use]
    pub const fn content_type(&self) -> Option<&HeaderValue> {
        self.content_type.as_ref()
    }

    /// The body.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// Puts an answer together from the columns of a store.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(super) fn assemble(
        status: u16,
        content_type: Option<Vec<u8>>,
        body: Option<Vec<u8>>,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let content_type = content_type.map(|kind| HeaderValue::from_bytes(&kind));
        Ok(Self {
            status: StatusCode::from_u16(status)?,
            content_type: content_type.transpose()?,
            body: body.unwrap_or_default().into(),
        })
    }

    /// Reads the whole of a response, so that it can be sent and kept.
    pub(super) async fn read(response: Response) -> Result<(Response, Self), axum::Error> {
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await?;
        let kept = Self {
            status: parts.status,
            content_type: parts.headers.get(header::CONTENT_TYPE).cloned(),
            body: body.clone(),
        };
        Ok((Response::from_parts(parts, Body::from(body)), kept.short()))
    }

    /// Without its body when that is too long to be kept.
    #[must_use]
    pub(super) fn short(self) -> Self {
        if self.body.len() > CLAIM_ANSWER_BYTES_MAX {
            Self::empty(self.status)
        } else {
            self
        }
    }
}

impl IntoResponse for KeptAnswer {
    fn into_response(self) -> Response {
        let mut response = (self.status, Body::from(self.body)).into_response();
        if let Some(kind) = self.content_type {
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
        }
        response
    }
}
