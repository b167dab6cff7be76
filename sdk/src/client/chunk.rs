//! Events that travel together: their JSON, already joined by commas, and where each ends.

use jiff::Timestamp;

/// The start of every body; the time of the request and the events follow.
const HEAD: &str = concat!(
    r#"{"context":{"library":{"name":"segue-sdk","version":""#,
    env!("CARGO_PKG_VERSION"),
    r#""}},"sentAt":""#
);

/// Bytes of a body that are not events: head, time and brackets.
pub(super) const ENVELOPE_BYTES: usize = HEAD.len() + 64;

/// A batch in the making and, once sealed, on its way.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    json: Vec<u8>,
    ends: Vec<usize>,
}

impl Chunk {
    /// An empty one that expects to become about as large as `bytes`.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self {
            json: Vec::with_capacity(bytes),
            ends: Vec::new(),
        }
    }

    /// How many events it holds.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether it holds nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Bytes of its events, commas included.
    pub(super) fn bytes(&self) -> usize {
        self.json.len()
    }

    /// Bytes of its events alone.
    pub(super) fn event_bytes(&self) -> usize {
        self.bytes() - self.len().saturating_sub(1)
    }

    /// Appends one event's JSON.
    pub(super) fn push(&mut self, event: &[u8]) {
        if !self.is_empty() {
            self.json.push(b',');
        }
        self.json.extend_from_slice(event);
        self.ends.push(self.json.len());
    }

    /// The JSON of one event.
    pub(super) fn event(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)?;
        let start = match index.checked_sub(1) {
            Some(before) => self.ends[before] + 1,
            None => 0,
        };
        Some(&self.json[start..end])
    }

    /// The body of one request: a new time of sending, the same events.
    pub(super) fn body(&self, sent_at: Timestamp) -> Vec<u8> {
        use std::io::Write;

        let mut body = Vec::with_capacity(ENVELOPE_BYTES + self.json.len());
        body.extend_from_slice(HEAD.as_bytes());
        write!(body, "{sent_at:.3}").expect("writing to memory does not fail");
        body.extend_from_slice(br#"","batch":["#);
        body.extend_from_slice(&self.json);
        body.extend_from_slice(b"]}");
        body
    }

    /// Two halves, in order. A single event stays whole, beside an empty half.
    pub(super) fn split(&self) -> (Self, Self) {
        let (mut first, mut second) = (Self::default(), Self::default());
        for index in 0..self.len() {
            let half = if index < self.len().div_ceil(2) {
                &mut first
            } else {
                &mut second
            };
            half.push(self.event(index).expect("the index is below the length"));
        }
        (first, second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Batch;

    fn chunk(events: &[&str]) -> Chunk {
        let mut chunk = Chunk::default();
        for event in events {
            chunk.push(event.as_bytes());
        }
        chunk
    }

    #[test]
    fn a_body_is_a_batch_with_the_time_of_sending() {
        let body =
            chunk(&[r#"{"a":1}"#, r#"{"b":2}"#]).body("2026-11-20T10:00:00Z".parse().unwrap());
        let batch = Batch::from_slice(&body).unwrap();
        assert_eq!(batch.sent_at.as_deref(), Some("2026-11-20T10:00:00.000Z"));
        assert_eq!(batch.batch[1].get(), r#"{"b":2}"#);
        assert!(batch.context.unwrap().get().contains("segue-sdk"));
        assert!(body.len() < ENVELOPE_BYTES + 15);
    }

    #[test]
    fn halves_keep_every_event_in_order() {
        let (first, second) = chunk(&["1", "22", "333"]).split();
        assert_eq!(
            (first.event(0), first.event(1)),
            (Some(&b"1"[..]), Some(&b"22"[..]))
        );
        assert_eq!(
            (second.event(0), second.event(1)),
            (Some(&b"333"[..]), None)
        );
    }
}
