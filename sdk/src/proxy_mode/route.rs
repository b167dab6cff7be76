//! One request of a page.

use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use http::HeaderMap;
use http::header::USER_AGENT;
use jiff::Timestamp;

use super::answer::{self, Refused};
use super::event::{self, Sender};
use super::{ProxyMode, cookie};
use crate::clock;
use crate::wire::{Batch, BatchAnswer, Message, RejectCode, Rejected};

/// The longest body, in bytes: many times what the tracker sends at once.
const BODY_BYTES_MAX: usize = 512 * 1_024;
/// The most events of one body.
const EVENTS_MAX: usize = 500;

pub(super) async fn take(mode: ProxyMode, request: Request) -> Result<Response, Refused> {
    let (head, body) = request.into_parts();
    if is_foreign(&head.headers) {
        return Err(Refused::Foreign);
    }
    let body = to_bytes(body, BODY_BYTES_MAX).await;
    let body: Bytes = body.map_err(|_| Refused::TooLong)?;
    let batch = Batch::from_slice(&body).map_err(|_| Refused::Unreadable)?;
    if batch.batch.len() > EVENTS_MAX {
        return Err(Refused::TooLong);
    }
    let user_agent = head.headers.get(USER_AGENT);
    let sender = Sender {
        visitor: cookie::visitor(&head.headers),
        user: (mode.who)(&head).filter(|user| !user.is_empty()),
        user_agent: user_agent.and_then(|text| Some(text.to_str().ok()?.to_owned())),
        ahead_ms: ahead_ms(&batch, clock::now()),
    };
    let mut said = BatchAnswer {
        success: true,
        ..BatchAnswer::default()
    };
    for (index, raw) in batch.batch.iter().enumerate() {
        let read = Message::from_raw(raw);
        let unreadable = (RejectCode::InvalidJson, "it is no event");
        let taken = read
            .map_err(|_| unreadable)
            .and_then(|message| event::take(&mode.client, &sender, &message));
        match taken {
            Ok(()) => said.accepted += 1,
            Err((code, message)) => said.rejected.push(Rejected {
                index,
                message_id: None,
                code,
                message: message.to_owned(),
            }),
        }
    }
    let visitor = sender.visitor.as_deref();
    Ok(answer::taken(said, visitor, mode.visitor_days))
}

/// Whether the browser says that another site's page sent this.
fn is_foreign(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site");
    site.is_some_and(|site| site == "cross-site")
}

/// How far our clock is ahead of the page's.
fn ahead_ms(batch: &Batch<'_>, now: Timestamp) -> i64 {
    let sent = batch.sent_at.as_deref().and_then(|text| text.parse().ok());
    sent.map_or(0, |sent: Timestamp| {
        now.as_millisecond().saturating_sub(sent.as_millisecond())
    })
}
