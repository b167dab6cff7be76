//! Somebody's history, read beside the pipeline's thread.

use super::Pipeline;
use super::history;
use crate::ingest::Event;
use crate::keys::{AccountNo, IdKind};
use crate::profile::Profile;
use crate::store::{ChunkNo, HistoryChunk, Reader, StoreError};

/// How many chunks are in memory at once; most have less than 1 KB.
const CHUNKS_READ: usize = 64;

/// A person's history as it was when somebody asked: what is stored, and what is not yet.
#[expect(
    missing_debug_implementations,
    reason = "a person's events belong in no log"
)]
pub struct Past {
    reader: Box<dyn Reader + Send>,
    newest: Option<ChunkNo>,
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
        for some in self.reader.chunks(self.newest)?.chunks(CHUNKS_READ) {
            let chunks = some
                .iter()
                .map(|no| self.reader.chunk(*no).map(|(chunk, _)| chunk));
            see(&chunks.collect::<Result<Vec<_>, _>>()?, &[])?;
        }
        see(&[], &self.pending)
    }

    /// The encoded events, one after the other.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub fn whole(&self) -> Result<Vec<u8>, StoreError> {
        history::unframe(&self.reader.history(self.newest)?, &self.pending)
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
            newest: cached.newest,
            pending: cached.pending.clone(),
        };
        Ok(Some((cached.profile().clone(), past)))
    }
}
