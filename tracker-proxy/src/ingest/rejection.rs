//! Requests of which nothing was taken, and how that is answered.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::RETRY_AFTER;
use serde::Serialize;

use super::parse::BodyError;

/// Nothing of the request was taken. Every client of the field looks for `code` and `message`;
/// some of them fail over an error that lacks them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IngestRejection {
    /// The path is right and the method is not.
    #[error("events are sent with POST")]
    MethodNotAllowed,
    /// The request carries no write key in any of the places where one may be.
    #[error("a write key is required: as the user of HTTP Basic, in X-Write-Key or as `writeKey`")]
    MissingKey,
    /// The write key is none of ours.
    #[error("the write key is unknown")]
    UnknownKey,
    /// User data comes without the id of its stream.
    #[error("a stream id is required, in X-StreamId")]
    MissingStreamId,
    /// The account has no stream of this id.
    #[error("the stream is unknown")]
    UnknownStream,
    /// The write key is for other web origins.
    #[error("the write key may not be used from this origin")]
    OriginNotAllowed,
    /// The body broke off or is not what its encoding says.
    #[error("the body cannot be read: {0}")]
    BrokenBody(&'static str),
    /// The body took longer to arrive than anybody waits.
    #[error("the body did not arrive within {0} seconds")]
    SlowBody(u64),
    /// The body is over the bound.
    #[error("the body is longer than {0} bytes after decompression (body_bytes_max)")]
    LargeBody(usize),
    /// Nothing of the body can be taken.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The events cannot be made durable right now: the queue is full or the store is failing.
    #[error("events cannot be made durable right now; try again in {retry_after_s} s")]
    Unavailable {
        /// When to try again, in seconds.
        retry_after_s: u32,
    },
}

#[derive(Serialize)]
struct Answer {
    success: bool,
    code: &'static str,
    message: String,
}

impl IngestRejection {
    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::MissingKey | Self::UnknownKey | Self::MissingStreamId | Self::UnknownStream => {
                StatusCode::UNAUTHORIZED
            }
            Self::OriginNotAllowed => StatusCode::FORBIDDEN,
            Self::BrokenBody(_) | Self::Body(BodyError::Unreadable(_)) => StatusCode::BAD_REQUEST,
            Self::SlowBody(_) => StatusCode::REQUEST_TIMEOUT,
            Self::LargeBody(_)
            | Self::Body(BodyError::TooManyEvents { .. } | BodyError::ContextTooLarge { .. }) => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The reason, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::MethodNotAllowed => "method_not_allowed",
            Self::MissingKey => "missing_write_key",
            Self::UnknownKey => "unknown_write_key",
            Self::MissingStreamId => "missing_stream_id",
            Self::UnknownStream => "unknown_stream",
            Self::OriginNotAllowed => "origin_not_allowed",
            Self::BrokenBody(_) | Self::Body(BodyError::Unreadable(_)) => "unreadable_body",
            Self::SlowBody(_) => "body_too_slow",
            Self::LargeBody(_) | Self::Body(BodyError::ContextTooLarge { .. }) => "body_too_large",
            Self::Body(BodyError::TooManyEvents { .. }) => "too_many_events",
            Self::Unavailable { .. } => "unavailable",
        }
    }
}

impl IntoResponse for IngestRejection {
    fn into_response(self) -> Response {
        let answer = Answer {
            success: false,
            code: self.code(),
            message: self.to_string(),
        };
        let mut response = (self.status(), Json(answer)).into_response();
        if let Self::Unavailable { retry_after_s } = self {
            response
                .headers_mut()
                .insert(RETRY_AFTER, retry_after_s.into());
        }
        response
    }
}
