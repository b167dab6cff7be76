//! A person's events as they lie in the store: frames, each compressed on its own.
//!
//! A write-back appends one frame to what is there without reading it.

use lz4_flex::block::{CompressTable, compress_into_with_table, get_maximum_output_size};

use crate::ingest::Event;
use crate::store::{HistoryChunk, StoreError};

/// Packs frames. What compressing needs in memory is made once: for a frame of one event it would
/// cost more than the compression.
pub struct Framer {
    table: CompressTable,
    packed: Vec<u8>,
}

impl Default for Framer {
    fn default() -> Self {
        Self {
            table: CompressTable::small(),
            packed: Vec::new(),
        }
    }
}

impl std::fmt::Debug for Framer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Framer")
    }
}

impl Framer {
    /// One frame around the encoded events `events`; nothing around nothing.
    ///
    /// # Panics
    ///
    /// Never: there is room for what does not get smaller.
    pub fn frame(&mut self, events: &[u8]) -> Vec<u8> {
        if events.is_empty() {
            return Vec::new();
        }
        self.packed.resize(get_maximum_output_size(events.len()), 0);
        let bytes = compress_into_with_table(events, &mut self.packed, &mut self.table)
            .expect("there is room for the longest output");
        let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes();
        let mut frame = Vec::with_capacity(bytes + 8);
        frame.extend_from_slice(&length(bytes + 4));
        frame.extend_from_slice(&length(events.len()));
        frame.extend_from_slice(&self.packed[..bytes]);
        frame
    }
}

/// The encoded events of all chunks, one after the other, followed by `pending`.
///
/// # Errors
///
/// The bytes are not frames: the store is damaged.
pub fn unframe(chunks: &[HistoryChunk], pending: &[u8]) -> Result<Vec<u8>, StoreError> {
    let damaged = || StoreError::Damaged("a frame of a history".to_owned());
    let mut events = Vec::new();
    for HistoryChunk(bytes) in chunks {
        let mut rest = bytes.as_slice();
        while let Some((length, after)) = rest.split_first_chunk::<4>() {
            let length = u32::from_le_bytes(*length) as usize;
            let packed = after.get(..length).ok_or_else(damaged)?;
            let frame = lz4_flex::decompress_size_prepended(packed).map_err(|_| damaged())?;
            events.extend_from_slice(&frame);
            rest = &after[length..];
        }
    }
    events.extend_from_slice(pending);
    Ok(events)
}

/// Decodes the one event that `bytes` are.
///
/// # Errors
///
/// The bytes are no event: the store is damaged.
pub fn event(bytes: &[u8]) -> Result<Event<'_>, StoreError> {
    Event::decode(bytes)
        .map(|(event, _)| event)
        .map_err(|error| StoreError::Damaged(error.to_string()))
}

/// Decodes events that lie one after the other.
///
/// # Errors
///
/// The bytes are not events: the store is damaged.
pub fn events(mut bytes: &[u8]) -> Result<Vec<Event<'_>>, StoreError> {
    let mut events = Vec::new();
    while !bytes.is_empty() {
        let (event, rest) =
            Event::decode(bytes).map_err(|error| StoreError::Damaged(error.to_string()))?;
        events.push(event);
        bytes = rest;
    }
    Ok(events)
}
