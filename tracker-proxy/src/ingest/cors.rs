//! What a browser has to be told on every route, and the count of answers.
//!
//! The browser client always asks first (its `Authorization` header makes it), and reads neither
//! an error nor `Retry-After` without permission. Whether a key may be used from an origin is
//! decided with the key, at the request itself: the question before it carries none.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ORIGIN, VARY,
};
use http::{HeaderValue, Method, StatusCode};

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, OPTIONS");
const HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, content-encoding, x-retry-count, x-write-key",
);
const EXPOSED: HeaderValue = HeaderValue::from_static("Retry-After");
/// A day, in seconds; browsers cut it to what they think long.
const AGE: HeaderValue = HeaderValue::from_static("86400");

/// Answers the question before a request, and adds to every other answer.
pub(super) async fn answer(request: Request, next: Next) -> Response {
    let origin = request.headers().get(ORIGIN).cloned();
    let is_question = request.method() == Method::OPTIONS;
    let mut response = if is_question {
        StatusCode::NO_CONTENT.into_response()
    } else {
        let response = next.run(request).await;
        let status = label(response.status());
        metrics::counter!("segue_requests_total", "status" => status).increment(1);
        response
    };
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
    if is_question {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
        headers.insert(ACCESS_CONTROL_MAX_AGE, AGE);
    }
    response
}

/// The statuses that ingest answers with; a bounded set for the counter.
fn label(status: StatusCode) -> &'static str {
    match status.as_u16() {
        200 => "200",
        400 => "400",
        401 => "401",
        403 => "403",
        405 => "405",
        408 => "408",
        413 => "413",
        503 => "503",
        _ => "other",
    }
}
