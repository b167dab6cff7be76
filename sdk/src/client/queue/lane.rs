//! The events of one priority: a chunk that is filling, and those that are full or due.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Notify;

use crate::client::chunk::{Chunk, Stored};
use crate::priority::Priority;

#[derive(Debug)]
pub(super) struct Lane {
    pub(super) open: Chunk,
    /// When the open chunk is sent although it is not full.
    pub(super) due: Option<Instant>,
    /// In the order of their numbers.
    pub(super) sealed: VecDeque<Sealed>,
}

/// A chunk that takes no more events, with its number in order.
#[derive(Debug)]
pub(in crate::client) struct Sealed {
    pub(in crate::client) number: u64,
    pub(in crate::client) priority: Priority,
    pub(in crate::client) content: Content,
}

/// Where the events of a sealed chunk are.
#[derive(Debug)]
pub(in crate::client) enum Content {
    /// In memory; perhaps on disk too.
    Memory(Chunk),
    /// In memory, and the disk refused them.
    Unspooled(Chunk),
    /// On disk alone.
    Stored(Stored),
    /// With the worker, which is writing them to disk.
    Away,
}

impl Lane {
    pub(super) fn new(wake: &Arc<Notify>) -> Self {
        Self {
            open: Chunk::new(wake, 0),
            due: None,
            sealed: VecDeque::new(),
        }
    }

    /// Ends the open chunk, unless it is empty. Returns whether there was one.
    pub(super) fn seal(&mut self, number: u64, priority: Priority, wake: &Arc<Notify>) -> bool {
        if self.open.is_empty() {
            return false;
        }
        let successor = Chunk::new(wake, self.open.bytes());
        let chunk = std::mem::replace(&mut self.open, successor);
        self.sealed.push_back(Sealed {
            number,
            priority,
            content: Content::Memory(chunk),
        });
        self.due = None;
        true
    }

    /// Takes the first chunk that should be on disk and is not.
    pub(super) fn take_unwritten(&mut self) -> Option<(u64, Chunk)> {
        let unwritten = |sealed: &&mut Sealed| match &sealed.content {
            Content::Memory(chunk) => chunk.place().is_none(),
            Content::Unspooled(_) | Content::Stored(_) | Content::Away => false,
        };
        let sealed = self.sealed.iter_mut().find(unwritten)?;
        match std::mem::replace(&mut sealed.content, Content::Away) {
            Content::Memory(chunk) => Some((sealed.number, chunk)),
            other => {
                sealed.content = other;
                None
            }
        }
    }

    /// Puts back a chunk that was taken for writing.
    pub(super) fn put_back(&mut self, number: u64, content: Content) {
        let place = self.sealed.binary_search_by_key(&number, |one| one.number);
        if let Ok(at) = place {
            self.sealed[at].content = content;
        }
    }

    /// Lets go of the memory of the newest chunk that is on disk too. Returns its events and bytes.
    pub(super) fn spill(&mut self) -> Option<(usize, usize)> {
        for sealed in self.sealed.iter_mut().rev() {
            let taken = std::mem::replace(&mut sealed.content, Content::Away);
            let (content, freed) = match taken {
                Content::Memory(chunk) => {
                    let (events, bytes) = (chunk.len(), chunk.event_bytes());
                    match chunk.into_stored() {
                        Ok(stored) => (Content::Stored(stored), Some((events, bytes))),
                        Err(chunk) => (Content::Memory(chunk), None),
                    }
                }
                other => (other, None),
            };
            sealed.content = content;
            if freed.is_some() {
                return freed;
            }
        }
        None
    }
}
