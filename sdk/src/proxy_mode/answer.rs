//! What a page is told.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::SET_COOKIE;
use serde_json::json;

use super::cookie;
use crate::wire::BatchAnswer;

/// A request of which nothing is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Foreign,
    TooLong,
    Unreadable,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, code, message) = match self {
            Self::Foreign => (
                StatusCode::FORBIDDEN,
                "foreign_site",
                "this is not our page",
            ),
            Self::TooLong => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "body_too_large",
                "it is too long",
            ),
            Self::Unreadable => (StatusCode::BAD_REQUEST, "unreadable_body", "it is no batch"),
        };
        let body = json!({ "success": false, "code": code, "message": message });
        (status, Json(body)).into_response()
    }
}

/// The answer to a batch; a visitor who came with a cookie keeps it for longer.
pub(super) fn taken(answer: BatchAnswer, visitor: Option<&str>, days: u32) -> Response {
    let response = (StatusCode::ACCEPTED, Json(answer));
    match visitor {
        Some(visitor) => {
            let renewed = [(SET_COOKIE, cookie::renewed(visitor, days))];
            (renewed, response).into_response()
        }
        // One who came without may have refused to have one.
        None => response.into_response(),
    }
}
