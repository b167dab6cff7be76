//! One event on the caller's thread: written once, with what is known of the request at hand.

use std::cell::Cell;

use serde::Serialize;

use super::engine::Engine;
use super::queue::Ticket;
use super::{DropReason, MessageId, Options};
use crate::context::Current;
use crate::limits::SCRATCH_BYTES_MAX;
use crate::priority::Priority;
use crate::wire::Outgoing;

thread_local! {
    /// Taken while in use, so that an event whose serialisation tracks another one is no harm.
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Writes an event to JSON and queues it.
pub(super) fn enqueue<P: Serialize + ?Sized>(
    engine: &Engine,
    event: &Outgoing<'_, P>,
    id: &MessageId,
    at: jiff::Timestamp,
    priority: Priority,
    options: &Options,
) -> Result<Ticket, DropReason> {
    if event.user_id.is_none() && event.anonymous_id.is_none() {
        return Err(engine.queue.refuse(DropReason::EmptyIdentity));
    }
    let own = match &options.context {
        None => None,
        Some(Ok(context)) => Some(context.as_ref()),
        Some(Err(_)) => return Err(engine.queue.refuse(DropReason::Unserializable)),
    };
    let request = Current::get();
    let merged = match (&request, own) {
        (Some(request), Some(own)) => request.under(own),
        _ => None,
    };
    let around = request.as_deref().and_then(Current::json);
    let mut id_text = [0; 36];
    let mut time = TimeText::default();
    let event = Outgoing {
        message_id: id.encode(&mut id_text),
        timestamp: time.write(at),
        anonymous_id: event
            .anonymous_id
            .or_else(|| visitor_of(request.as_deref(), event.user_id)),
        context: merged.as_deref().or(own).or(around),
        ..*event
    };
    let mut json = SCRATCH.try_with(Cell::take).unwrap_or_default();
    let taken = engine.enqueue(&mut json, priority, |json| event.write_to(json));
    json.clear();
    if json.capacity() <= SCRATCH_BYTES_MAX {
        // A thread that is ending has no scratch any more; the buffer is freed then.
        SCRATCH
            .try_with(|scratch| scratch.set(json))
            .unwrap_or_default();
    }
    taken
}

/// The anonymous id of the request at hand, where the event is about who made it.
///
/// An event about somebody else, such as one that an administrator causes, must not get it.
fn visitor_of<'a>(request: Option<&'a Current>, user_id: Option<&str>) -> Option<&'a str> {
    let request = request?;
    (request.user_id().is_some() && request.user_id() == user_id)
        .then(|| request.anonymous_id())
        .flatten()
}

/// An event's time as text on the stack: RFC 3339 with milliseconds.
#[derive(Default)]
struct TimeText {
    bytes: [u8; 32],
}

impl TimeText {
    fn write(&mut self, at: jiff::Timestamp) -> &str {
        use std::io::Write;

        let mut rest = &mut self.bytes[..];
        write!(rest, "{at:.3}").expect("32 bytes hold every time that there is");
        let written = 32 - rest.len();
        std::str::from_utf8(&self.bytes[..written]).expect("a time is ASCII")
    }
}
