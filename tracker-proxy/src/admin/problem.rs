//! How a call is refused: `application/problem+json` with a code that stays.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use crate::document::Mistake;
use crate::ingest::Unavailable;
use crate::pipeline::catalog::DefinitionMistake;
use crate::store::StoreError;

/// When to try again after a 429 or 503, in seconds.
const RETRY_AFTER_S: u32 = 1;

/// Why a call was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) status: StatusCode,
    /// For programs: it never changes.
    pub(super) code: &'static str,
    /// For people.
    detail: String,
    mistakes: Vec<Told>,
}

/// A mistake in the body, as it is told. A place is left out where the text is not the sender's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Told {
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
    message: String,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            mistakes: Vec::new(),
        }
    }

    pub(super) fn bad_request(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    pub(super) fn not_found(what: &str, id: &str) -> Self {
        let detail = format!("there is no {what} `{id}`");
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// Nobody has that id. It is not repeated: answers to errors end up in logs.
    pub(super) fn nobody() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "unknown_profile",
            "nobody has this id",
        )
    }

    pub(super) fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    pub(super) fn unprocessable(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    pub(super) fn unavailable() -> Self {
        let detail = "the store cannot be used right now";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
    }

    pub(super) fn busy(detail: &str) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "busy", detail)
    }

    /// What is wrong in the body that was sent.
    pub(super) fn mistakes(found: Vec<Mistake>) -> Self {
        let told = found.into_iter().map(|mistake| Told {
            of: None,
            line: Some(mistake.place.line),
            column: Some(mistake.place.column),
            message: mistake.message,
        });
        Self::invalid(told.collect())
    }

    /// What is wrong once all definitions are seen together. Their texts are not the sender's,
    /// so places in them would lead nowhere.
    pub(super) fn together(found: Vec<DefinitionMistake>) -> Self {
        let told = found.into_iter().map(|found| Told {
            of: Some(found.of),
            line: None,
            column: None,
            message: found.mistake.message,
        });
        Self::invalid(told.collect())
    }

    fn invalid(mistakes: Vec<Told>) -> Self {
        let detail = match mistakes.len() {
            1 => "there is a mistake in the body".to_owned(),
            many => format!("there are {many} mistakes in the body"),
        };
        Self {
            mistakes,
            ..Self::unprocessable("invalid", detail)
        }
    }
}

impl From<Unavailable> for Problem {
    fn from(_: Unavailable) -> Self {
        Self::unavailable()
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store did not answer a call of the admin API");
        Self::unavailable()
    }
}

#[derive(Serialize)]
struct Answer<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    code: &'static str,
    detail: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    mistakes: &'a [Told],
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let answer = Answer {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or_default(),
            status: self.status.as_u16(),
            code: self.code,
            detail: &self.detail,
            mistakes: &self.mistakes,
        };
        let mut response = (self.status, Json(answer)).into_response();
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/problem+json");
        headers.insert(CONTENT_TYPE, json);
        match self.status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(RETRY_AFTER, RETRY_AFTER_S.into());
            }
            _ => {}
        }
        response
    }
}
