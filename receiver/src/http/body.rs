//! Reading a body within bounds of its own, whatever the headers say.

use std::error::Error;
use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use axum::RequestExt as _;
use axum::body::{Body, HttpBody};
use axum::extract::Request;
use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http_body_util::{BodyExt as _, LengthLimitError};

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
    let mut reading = pin!(collect(body, bytes_max));
    // A body that is there already needs no timer: neither one in memory nor one that the server
    // has read but hands out only when it is asked, at the task's next turn.
    let mut asked = false;
    let at_once = poll_fn(|context| match reading.as_mut().poll(context) {
        Poll::Pending if !asked => {
            asked = true;
            context.waker().wake_by_ref();
            Poll::Pending
        }
        poll => Poll::Ready(poll),
    });
    let body = match at_once.await {
        Poll::Ready(body) => body,
        Poll::Pending => tokio::time::timeout(timeout, reading)
            .await
            .unwrap_or(Err(VerifyRejection::BodyTimeout)),
    };
    Ok((parts, body?))
}

/// The whole body; of one that comes in one piece nothing is copied.
async fn collect(mut body: Body, bytes_max: usize) -> Result<Bytes, VerifyRejection> {
    let mut whole = Bytes::new();
    let mut joined = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| refusal(&error))?;
        // Trailers are of no use.
        let Ok(piece) = frame.into_data() else {
            continue;
        };
        let read = whole.len() + joined.len();
        if piece.len() > bytes_max.saturating_sub(read) {
            return Err(VerifyRejection::BodyTooLarge);
        }
        if read == 0 {
            whole = piece;
        } else {
            joined.extend_from_slice(&std::mem::take(&mut whole));
            joined.extend_from_slice(&piece);
        }
    }
    Ok(if joined.is_empty() {
        whole
    } else {
        joined.freeze()
    })
}

fn refusal(error: &axum::Error) -> VerifyRejection {
    if is_limit(error) {
        VerifyRejection::BodyTooLarge
    } else {
        VerifyRejection::BodyUnreadable
    }
}

/// Whether a limit of the host is what ended the reading.
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
