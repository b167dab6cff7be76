//! Why a request is not verified.

use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::BadFields;
use super::problem::Problem;
use crate::credentials::CredentialProblem;
use crate::signature::VerifyError;

/// Why a request is not verified: one variant for each cause.
///
/// The sender sees only the status and a constant body, and the same 401 for every cause that
/// concerns who it is; the cause itself is for the host and its log.
///
/// A handler that wants to answer in its own way takes the extractor as a `Result`:
///
/// ```
/// use axum::http::StatusCode;
/// use segue_receiver::payload::Envelope;
/// use segue_receiver::{Verified, VerifyRejection};
///
/// async fn webhook(delivery: Result<Verified<Envelope>, VerifyRejection>) -> StatusCode {
///     match delivery {
///         Ok(_) => StatusCode::NO_CONTENT,
///         Err(why) => why.status(),
///     }
/// }
///
/// assert_eq!(VerifyRejection::WrongCredentials.status(), StatusCode::UNAUTHORIZED);
/// assert_eq!(VerifyRejection::WrongCredentials.cause(), "wrong_credentials");
/// # drop(webhook);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyRejection {
    /// There are none in any of the places that are allowed.
    #[error("the request has no credentials")]
    MissingCredentials,
    /// There are several; which ones were meant cannot be known.
    #[error("the request has credentials twice")]
    RepeatedCredentials,
    /// They cannot be read, or one half is missing.
    #[error("the credentials cannot be read")]
    MalformedCredentials,
    /// No activation has these.
    #[error("the credentials are of no activation")]
    WrongCredentials,
    /// The signature is missing or wrong.
    #[error(transparent)]
    Signature(#[from] VerifyError),
    /// The body is compressed; signatures are over the bytes as sent.
    #[error("the body has a content encoding")]
    EncodedBody,
    /// The content type is not JSON.
    #[error("the content type is not JSON")]
    NotJsonContent,
    /// The body is larger than this receiver, or its host, takes.
    #[error("the body is too large")]
    BodyTooLarge,
    /// The body did not arrive in time.
    #[error("the body did not arrive in time")]
    BodyTimeout,
    /// The connection broke before the body was complete.
    #[error("the body cannot be read")]
    BodyUnreadable,
    /// The body is not JSON.
    #[error("the body is not JSON, line {line} column {column}")]
    NotJson {
        /// Where reading ended, from 1.
        line: usize,
        /// Where reading ended.
        column: usize,
    },
    /// The body is JSON of another shape.
    #[error("the body has an unexpected shape, line {line} column {column}")]
    WrongShape {
        /// Where reading ended, from 1.
        line: usize,
        /// Where reading ended.
        column: usize,
    },
    /// Fields of another sender's payload are missing or cannot be used; the answer names them.
    #[error("these fields are missing or cannot be used: {0}")]
    BadFields(BadFields),
}

impl VerifyRejection {
    /// The status of the response.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.problem().status
    }

    /// The stable code in the body of the response.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.problem().code
    }

    /// A word for the cause that never changes: for logs and metrics, not for the sender.
    #[must_use]
    pub const fn cause(&self) -> &'static str {
        match self {
            Self::MissingCredentials => "missing_credentials",
            Self::RepeatedCredentials => "repeated_credentials",
            Self::MalformedCredentials => "malformed_credentials",
            Self::WrongCredentials => "wrong_credentials",
            Self::Signature(error) => error.cause(),
            Self::EncodedBody => "encoded_body",
            Self::NotJsonContent => "not_json_content",
            Self::BodyTooLarge => "body_too_large",
            Self::BodyTimeout => "body_timeout",
            Self::BodyUnreadable => "body_unreadable",
            Self::NotJson { .. } => "not_json",
            Self::WrongShape { .. } => "wrong_shape",
            Self::BadFields(_) => "bad_fields",
        }
    }

    pub(super) const fn problem(&self) -> Problem {
        let (status, code, title) = match self {
            Self::MissingCredentials
            | Self::RepeatedCredentials
            | Self::MalformedCredentials
            | Self::WrongCredentials
            | Self::Signature(_) => (
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "The credentials or the signature are missing or wrong",
            ),
            Self::EncodedBody | Self::NotJsonContent => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "The content must be plain JSON",
            ),
            Self::BodyTooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "body_too_large",
                "The body is too large",
            ),
            Self::BodyTimeout => (
                StatusCode::REQUEST_TIMEOUT,
                "body_timeout",
                "The body did not arrive in time",
            ),
            Self::BodyUnreadable => (
                StatusCode::BAD_REQUEST,
                "body_unreadable",
                "The body could not be read",
            ),
            Self::NotJson { .. } => (
                StatusCode::BAD_REQUEST,
                "invalid_json",
                "The body is not JSON",
            ),
            Self::WrongShape { .. } => (
                StatusCode::BAD_REQUEST,
                "invalid_payload",
                "The JSON has not the agreed shape",
            ),
            Self::BadFields(_) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "bad_fields",
                "Fields are missing or cannot be used",
            ),
        };
        Problem {
            status,
            code,
            title,
        }
    }
}

impl From<CredentialProblem> for VerifyRejection {
    fn from(problem: CredentialProblem) -> Self {
        match problem {
            CredentialProblem::Repeated => Self::RepeatedCredentials,
            CredentialProblem::Malformed => Self::MalformedCredentials,
        }
    }
}

impl From<&serde_json::Error> for VerifyRejection {
    /// Keeps the place and drops the text, which may quote the body.
    fn from(error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        if error.is_data() {
            Self::WrongShape { line, column }
        } else {
            Self::NotJson { line, column }
        }
    }
}

impl IntoResponse for VerifyRejection {
    fn into_response(self) -> Response {
        match self {
            Self::BadFields(fields) => self.problem().naming(fields.names()),
            _ => self.problem().into_response(),
        }
    }
}
