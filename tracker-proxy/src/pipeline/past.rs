//! Somebody's history, read beside the pipeline's thread.

use super::Pipeline;
use super::history;
use crate::ingest::Event;
use crate::keys::{AccountNo, IdKind};
use crate::profile::Profile;
use crate::store::{HistoryChunk, Reader, StoreError};

/// How many sealed chunks are in memory at once; about 64 KB of the store.
const CHUNKS_READ: u32 = 32;

/// A person's history as it was when somebody asked: what is stored, and what is not yet.
#[expect(
    missing_debug_implementations,
    reason = "a person's events belong in no log"
)]
pub struct Past {
    reader: Box<dyn Reader + Send>,
    row: Option<i64>,
    pending: Vec<u8>,
}

impl Past {
    /// Calls `with` for every event in the order of arrival, a few chunks in memory at a time.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub fn each(&self, with: &mut dyn FnMut(&Event<'_>)) -> Result<(), StoreError> {
        let mut see = |chunks: &[HistoryChunk], pending: &[u8]| -> Result<(), StoreError> {
            let bytes = history::unframe(chunks, pending)?;
            history::events(&bytes)?.iter().for_each(&mut *with);
            Ok(())
        };
        if let Some(row) = self.row {
            let mut after = -1;
            loop {
                let chunks = self.reader.history_after(row, after, CHUNKS_READ)?;
                let Some((last, _)) = chunks.last() else {
                    break;
                };
                after = *last;
                let chunks: Vec<_> = chunks.into_iter().map(|(_, chunk)| chunk).collect();
                see(&chunks, &[])?;
            }
            see(&[self.reader.history_tail(row)?], &[])?;
        }
        see(&[], &self.pending)
    }

    /// The encoded events, one after the other.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub fn whole(&self) -> Result<Vec<u8>, StoreError> {
        let chunks = match self.row {
            Some(row) => self.reader.history(row)?,
            None => Vec::new(),
        };
        history::unframe(&chunks, &self.pending)
    }
}

impl Pipeline {
    /// The person with that id, and their history for whoever wants to read it elsewhere.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub fn past(
        &mut self,
        account: AccountNo,
        kind: IdKind,
        id: &str,
    ) -> Result<Option<(Profile, Past)>, StoreError> {
        let found = self.find(account, kind, id)?;
        let Some(cached) = found.and_then(|id| self.cache.get(id)) else {
            return Ok(None);
        };
        let past = Past {
            reader: self.writer.snapshot()?,
            row: cached.row,
            pending: cached.pending.clone(),
        };
        Ok(Some((cached.profile.clone(), past)))
    }
}
