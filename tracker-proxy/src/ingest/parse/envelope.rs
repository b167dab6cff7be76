//! What is around the events of a body.

use std::borrow::Cow;

use segue_sdk::wire::Batch;
use serde_json::value::RawValue;

use super::check::Checker;
use super::context::BatchContext;
use super::vouch::Vouched;
use super::{BodyError, EventKind, Limits, Parsed, Source, TimeMs, json, time};

/// How much of a parser's message is passed on, in bytes.
const MESSAGE_BYTES_MAX: usize = 200;

/// A body whose events are still raw: its key can be asked for before they are looked at.
#[derive(Debug)]
pub struct Envelope<'a> {
    body: Body<'a>,
}

#[derive(Debug)]
enum Body<'a> {
    Batch(Batch<'a>),
    Single(EventKind, &'a RawValue),
}

impl<'a> Envelope<'a> {
    /// Reads the outside of a batch.
    ///
    /// # Errors
    ///
    /// It is no batch, or has too many events.
    pub fn batch(body: &'a [u8], limits: &Limits) -> Result<Self, BodyError> {
        let batch: Batch<'a> = serde_json::from_str(text(body)?).map_err(unreadable)?;
        let (events, events_max) = (batch.batch.len(), limits.batch_events_max);
        if events > events_max {
            return Err(BodyError::TooManyEvents { events, events_max });
        }
        // As if the client had written the context into each event: otherwise a small body
        // could become a thousand times as long in memory and on disk.
        let context = batch.context.map_or(0, |context| context.get().len());
        let bytes = body.len().saturating_add(events.saturating_mul(context));
        if context > 0 && bytes > limits.body_bytes_max {
            let bytes_max = limits.body_bytes_max;
            return Err(BodyError::ContextTooLarge { bytes, bytes_max });
        }
        Ok(Self {
            body: Body::Batch(batch),
        })
    }

    /// Reads the outside of a single event.
    ///
    /// # Errors
    ///
    /// It is no JSON object.
    pub fn single(kind: EventKind, body: &'a [u8]) -> Result<Self, BodyError> {
        let event: &RawValue = serde_json::from_str(text(body)?).map_err(unreadable)?;
        if !event.get().starts_with('{') {
            let reason = "an event has to be an object".to_owned();
            return Err(BodyError::Unreadable(reason));
        }
        Ok(Self {
            body: Body::Single(kind, event),
        })
    }

    /// The write key in the body.
    #[must_use]
    pub fn write_key(&self) -> Option<Cow<'_, str>> {
        let key = match &self.body {
            Body::Batch(batch) => batch.write_key.as_deref().map(Cow::Borrowed),
            Body::Single(_, event) => {
                let event = event.get();
                json::word(event, "writeKey").or_else(|| json::word(event, "api_key"))
            }
        };
        key.filter(|key| !key.is_empty())
    }

    /// Checks, dates and encodes the events.
    #[must_use]
    pub fn check(&self, source: &Source, received: TimeMs, limits: &Limits) -> Parsed {
        let mut checker = Checker {
            source,
            received,
            limits,
            sent: None,
            context: None,
            vouched: Vouched::default(),
            parsed: Parsed::default(),
        };
        match &self.body {
            Body::Single(kind, event) => checker.take(0, event.get(), Some(*kind)),
            Body::Batch(batch) => {
                checker.sent = batch.sent_at.as_deref().and_then(time::read);
                let context = batch.context.map(|context| context.get());
                checker.context = context.and_then(|json| BatchContext::read(json, limits));
                checker.reserve(&batch.batch);
                for (index, event) in batch.batch.iter().enumerate() {
                    checker.take(index, event.get(), None);
                }
            }
        }
        checker.parsed
    }
}

/// The body as text: checked once here, it need not be checked again string by string. Some
/// clients write a byte order mark, which JSON does not know.
fn text(body: &[u8]) -> Result<&str, BodyError> {
    let text = std::str::from_utf8(body)
        .map_err(|_| BodyError::Unreadable("it is not UTF-8 text".to_owned()))?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that `map_err` wants"
)]
fn unreadable(error: serde_json::Error) -> BodyError {
    let mut message = error.to_string();
    // The parser quotes what it did not expect, however long that is.
    let end = message.floor_char_boundary(MESSAGE_BYTES_MAX);
    message.truncate(end);
    BodyError::Unreadable(message)
}
