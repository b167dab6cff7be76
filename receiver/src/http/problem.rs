//! Errors as `application/problem+json` (RFC 9457), with constant bodies.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::limits::RETRY_AFTER_S;

/// What an error says: it depends on the code alone, never on the request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Problem {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) title: &'static str,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.with("")
    }
}

impl Problem {
    /// With the names of the fields that are wrong.
    pub(super) fn naming(self, fields: impl Iterator<Item = &'static str>) -> Response {
        let fields: Vec<_> = fields.map(|field| format!(r#""{field}""#)).collect();
        self.with(&format!(r#","fields":[{}]"#, fields.join(",")))
    }

    fn with(self, more: &str) -> Response {
        let Self {
            status,
            code,
            title,
        } = self;
        let body = format!(
            r#"{{"type":"about:blank","title":"{title}","status":{},"code":"{code}"{more}}}"#,
            status.as_u16()
        );
        let kind = HeaderValue::from_static("application/problem+json");
        let mut response = (status, [(header::CONTENT_TYPE, kind)], body).into_response();
        if let Some((name, value)) = extra_header(status) {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

fn extra_header(status: StatusCode) -> Option<(HeaderName, HeaderValue)> {
    match status {
        StatusCode::UNAUTHORIZED => {
            let challenge = HeaderValue::from_static(r#"Basic realm="cdp", charset="UTF-8""#);
            Some((header::WWW_AUTHENTICATE, challenge))
        }
        StatusCode::SERVICE_UNAVAILABLE => Some((header::RETRY_AFTER, RETRY_AFTER_S.into())),
        _ => None,
    }
}

/// 503 with `Retry-After`.
pub(crate) fn unavailable() -> Response {
    let problem = Problem {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code: "unavailable",
        title: "Try again later",
    };
    problem.into_response()
}
