//! Reading a body within bounds of its own, whatever the headers say.

use std::error::Error;
use std::time::Duration;

use axum::RequestExt as _;
use axum::body::{Body, HttpBody};
use axum::extract::Request;
use bytes::Bytes;
use http::request::Parts;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::VerifyRejection;

/// The request without its body, and the whole body: at most `bytes_max` and at most what the
/// host's own limit allows.
pub(super) async fn read(
    parts: Parts,
    unread: Body,
    bytes_max: usize,
    timeout: Duration,
) -> Result<(Parts, Bytes), VerifyRejection> {
    let request = Request::from_parts(parts, unread).with_limited_body();
    let (parts, body) = request.into_parts();
    let announced = HttpBody::size_hint(&body).lower();
    if usize::try_from(announced).map_or(true, |bytes| bytes > bytes_max) {
        return Err(VerifyRejection::BodyTooLarge);
    }
    let collected = tokio::time::timeout(timeout, Limited::new(body, bytes_max).collect()).await;
    match collected {
        Ok(Ok(body)) => Ok((parts, body.to_bytes())),
        Ok(Err(error)) if is_limit(&*error) => Err(VerifyRejection::BodyTooLarge),
        Ok(Err(_)) => Err(VerifyRejection::BodyUnreadable),
        Err(_) => Err(VerifyRejection::BodyTimeout),
    }
}

/// Whether a limit, ours or the host's, is what ended the reading.
fn is_limit(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}
