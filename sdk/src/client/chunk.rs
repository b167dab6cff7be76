//! Events that travel together: their JSON, already joined by commas, and where each ends.

use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Notify;

use super::fate::{Decider, Fate, Verdict};
use super::spool::Place;

/// Bytes of a body that are neither events nor context: time, names and brackets.
pub(super) const ENVELOPE_BYTES: usize = 64;

/// A batch in the making and, once sealed, on its way.
#[derive(Debug)]
pub(super) struct Chunk {
    json: Vec<u8>,
    ends: Vec<usize>,
    /// How many events at the front have been let go.
    gone: usize,
    decider: Arc<Decider>,
    /// The place of the first event, gone or not, among those that the decider knows.
    base: u32,
    /// Where the events are on disk, gone ones included.
    place: Option<Place>,
    /// The context of the client that tracked the events, where it was not this one.
    context: Option<Arc<str>>,
}

/// What is left of a chunk in memory while its events are on disk alone.
#[derive(Debug)]
pub(super) struct Stored {
    events: usize,
    event_bytes: usize,
    gone: usize,
    decider: Arc<Decider>,
    base: u32,
    place: Place,
    context: Option<Arc<str>>,
}

impl Chunk {
    /// An empty one that expects to become about as large as `bytes`.
    pub(super) fn new(wake: &Arc<Notify>, bytes: usize) -> Self {
        Self {
            json: Vec::with_capacity(bytes),
            ends: Vec::new(),
            gone: 0,
            decider: Arc::new(Decider::new(wake)),
            base: 0,
            place: None,
            context: None,
        }
    }

    /// How many events it holds.
    pub(super) fn len(&self) -> usize {
        self.ends.len() - self.gone
    }

    /// Whether it holds nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of its events, commas included.
    pub(super) fn bytes(&self) -> usize {
        self.json.len() - self.start()
    }

    /// Bytes of its events alone.
    pub(super) fn event_bytes(&self) -> usize {
        self.bytes() - self.len().saturating_sub(1)
    }

    /// Appends one event's JSON; what became of it can be asked there.
    pub(super) fn push(&mut self, event: &[u8]) -> (Arc<Fate>, u32) {
        let index = self.base + self.ends.len() as u32;
        self.append(event);
        (self.decider.fate(), index)
    }

    fn append(&mut self, event: &[u8]) {
        if !self.ends.is_empty() {
            self.json.push(b',');
        }
        self.json.extend_from_slice(event);
        self.ends.push(self.json.len());
    }

    /// Lets go of the first event, keeping a copy of it where that is asked for.
    pub(super) fn evict_front(&mut self, keep_event: bool) -> Option<Evicted> {
        let event = self.event(0)?;
        let evicted = Evicted {
            bytes: event.len(),
            event: keep_event.then(|| event.to_vec()),
            index: self.base + self.gone as u32,
            decider: Arc::clone(&self.decider),
            place: self.place.as_ref().map(|place| place.from(self.gone)),
        };
        self.gone += 1;
        Some(evicted)
    }

    /// The JSON of one event.
    pub(super) fn event(&self, index: usize) -> Option<&[u8]> {
        let range = self.event_range(index + self.gone)?;
        Some(&self.json[range])
    }

    /// All events, in order.
    #[cfg(any(feature = "spool", test))]
    pub(super) fn events(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).filter_map(|index| self.event(index))
    }

    fn event_range(&self, position: usize) -> Option<Range<usize>> {
        let end = *self.ends.get(position)?;
        let start = position.checked_sub(1).map_or(0, |at| self.ends[at] + 1);
        Some(start..end)
    }

    fn start(&self) -> usize {
        self.event_range(self.gone)
            .map_or(self.json.len(), |range| range.start)
    }

    /// Settles some of the events, counted from the first that is still here.
    pub(super) fn settle(&self, events: Range<usize>, verdict: &Verdict) {
        let first = self.base + self.gone as u32;
        let of = first + events.start as u32..first + events.end as u32;
        self.decider.settle(of, verdict);
    }

    /// Whether somebody waits for one of the events.
    pub(super) fn is_urgent(&self) -> bool {
        self.decider.is_urgent()
    }

    /// Where the events are on disk.
    pub(super) fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    pub(super) fn place_mut(&mut self) -> &mut Option<Place> {
        &mut self.place
    }

    /// The events need not be kept on disk any more.
    pub(super) fn forget(&self) {
        if let Some(place) = &self.place {
            place.done(self.gone..self.ends.len());
        }
    }

    /// The body of one request: a new time of sending, the same events. `context` is an object.
    pub(super) fn body(&self, context: &str, sent_at: Timestamp) -> Vec<u8> {
        use std::io::Write;

        let context = self.context.as_deref().unwrap_or(context);
        let mut body = Vec::with_capacity(ENVELOPE_BYTES + context.len() + self.bytes());
        write!(
            body,
            r#"{{"context":{context},"sentAt":"{sent_at:.3}","batch":["#
        )
        .expect("writing to memory does not fail");
        body.extend_from_slice(&self.json[self.start()..]);
        body.extend_from_slice(b"]}");
        body
    }

    /// Two halves, in order. A single event stays whole, beside an empty half.
    pub(super) fn split(&self) -> (Self, Self) {
        let middle = self.gone + self.len().div_ceil(2);
        (
            self.part(self.gone..middle),
            self.part(middle..self.ends.len()),
        )
    }

    fn part(&self, positions: Range<usize>) -> Self {
        let mut part = Self {
            json: Vec::new(),
            ends: Vec::new(),
            gone: 0,
            decider: Arc::clone(&self.decider),
            base: self.base + positions.start as u32,
            place: self.place.as_ref().map(|place| place.from(positions.start)),
            context: self.context.clone(),
        };
        for range in positions.filter_map(|position| self.event_range(position)) {
            part.append(&self.json[range]);
        }
        part
    }

    /// Lets go of the memory, where the events are on disk.
    pub(super) fn into_stored(self) -> Result<Stored, Self> {
        let (events, event_bytes) = (self.len(), self.event_bytes());
        match self.place {
            Some(place) => Ok(Stored {
                events,
                event_bytes,
                gone: self.gone,
                decider: self.decider,
                base: self.base,
                place,
                context: self.context,
            }),
            None => Err(self),
        }
    }
}

/// An event that was let go, which is still to be told.
#[derive(Debug)]
pub(super) struct Evicted {
    pub(super) bytes: usize,
    pub(super) event: Option<Vec<u8>>,
    index: u32,
    decider: Arc<Decider>,
    place: Option<Place>,
}

impl Evicted {
    /// Tells whoever waits for it, and lets go of it on disk.
    pub(super) fn settle(&self, verdict: &Verdict) {
        self.decider.settle(self.index..self.index + 1, verdict);
        if let Some(place) = &self.place {
            place.done(0..1);
        }
    }

    pub(super) fn was_stored(&self) -> bool {
        self.place.is_some()
    }
}

impl Stored {
    /// Events found on disk, of a client that is no more.
    pub(super) fn found(
        wake: &Arc<Notify>,
        place: Place,
        events: usize,
        event_bytes: usize,
        context: Option<Arc<str>>,
    ) -> Self {
        Self {
            events,
            event_bytes,
            gone: 0,
            decider: Arc::new(Decider::new(wake)),
            base: 0,
            place,
            context,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.events
    }

    pub(super) fn event_bytes(&self) -> usize {
        self.event_bytes
    }

    /// Reads the events back.
    ///
    /// # Errors
    /// When they are not there any more as they were written; the chunk is then empty of content,
    /// and all that is left to do is to settle it.
    pub(super) fn load(self) -> Result<Chunk, (Self, std::io::Error)> {
        let events = match self.place.read() {
            Ok(events) if events.len() == self.gone + self.events => events,
            Ok(_) => return Err((self, std::io::ErrorKind::InvalidData.into())),
            Err(error) => return Err((self, error)),
        };
        let mut chunk = Chunk {
            json: Vec::with_capacity(self.event_bytes + self.events),
            ends: Vec::with_capacity(events.len()),
            gone: 0,
            decider: self.decider,
            base: self.base,
            place: Some(self.place),
            context: self.context,
        };
        for event in &events {
            chunk.append(event);
        }
        chunk.gone = self.gone;
        Ok(chunk)
    }

    /// Settles all of the events as given up.
    pub(super) fn give_up(&self, verdict: &Verdict) {
        let first = self.base + self.gone as u32;
        self.decider
            .settle(first..first + self.events as u32, verdict);
        self.place.done(self.gone..self.gone + self.events);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Batch;

    fn chunk(events: &[&str]) -> Chunk {
        let mut chunk = Chunk::new(&Arc::default(), 0);
        for event in events {
            chunk.push(event.as_bytes());
        }
        chunk
    }

    #[test]
    fn a_body_is_a_batch_with_context_and_the_time_of_sending() {
        let now = "2026-11-20T10:00:00Z".parse().unwrap();
        let context = r#"{"app":"shop"}"#;
        let body = chunk(&[r#"{"a":1}"#, r#"{"b":2}"#]).body(context, now);
        let batch = Batch::from_slice(&body).unwrap();
        assert_eq!(batch.sent_at.as_deref(), Some("2026-11-20T10:00:00.000Z"));
        assert_eq!(batch.batch[1].get(), r#"{"b":2}"#);
        assert_eq!(batch.context.unwrap().get(), context);
        assert!(body.len() <= ENVELOPE_BYTES + context.len() + 15);
    }

    #[test]
    fn halves_keep_every_event_in_order() {
        let (first, second) = chunk(&["1", "22", "333"]).split();
        assert!(first.events().eq([&b"1"[..], b"22"]));
        assert!(second.events().eq([&b"333"[..]]));
    }

    #[test]
    fn what_is_let_go_is_neither_sent_nor_counted() {
        let mut chunk = chunk(&["1", "22", "333"]);
        assert_eq!(chunk.evict_front(true).unwrap().event.unwrap(), b"1");
        assert_eq!((chunk.len(), chunk.bytes(), chunk.event_bytes()), (2, 6, 5));
        let body = chunk.body("{}", Timestamp::UNIX_EPOCH);
        assert_eq!(Batch::from_slice(&body).unwrap().batch.len(), 2);
        let (first, second) = chunk.split();
        assert_eq!(first.event(0), Some(&b"22"[..]));
        assert_eq!(second.event(0), Some(&b"333"[..]));
        assert_eq!(chunk.evict_front(false).unwrap().bytes, 2);
        assert_eq!(chunk.evict_front(false).unwrap().bytes, 3);
        assert!(chunk.evict_front(false).is_none());
        assert_eq!((chunk.bytes(), chunk.event_bytes()), (0, 0));
    }
}
