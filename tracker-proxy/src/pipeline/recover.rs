//! Starting, and starting again: the journal's tail is folded into the profiles that miss it.

use std::collections::HashMap;
use std::sync::Arc;

use super::Pipeline;
use super::catalog::{Catalog, StoredCatalog};
use super::commit::Urgency;
use super::fold::Position;
use super::journal::{Entry, Unpacked};
use super::tail::Tail;
use crate::clock::TimeMs;
use crate::keys::JournalSeq;
use crate::store::{JournalRow, StoreError};

/// How many journal rows are read at once.
const ROWS_READ: u32 = 64;

impl Pipeline {
    /// Forgets everything in memory and reads it again from the store.
    ///
    /// The inputs of rows that are not folded into every stored profile are folded again, each
    /// with the catalog and the time of its row. What they lead to is in the store already.
    pub(super) fn recover(&mut self) -> Result<(), StoreError> {
        self.store.release()?;
        self.cache.clear();
        self.timers.clear();
        self.sweep.clear();
        self.forgotten = super::Forgotten::default();
        self.outputs.forget();
        drop(self.packer.take());
        self.head = self.store.head()?;
        self.outputs.sequence = self.head.sequence;
        self.outputs.id_salt = self.head.store_id.to_vec();
        self.outputs
            .id_salt
            .extend_from_slice(&self.head.epoch.to_be_bytes());
        self.tail = Tail::of(self.store.journal_sizes()?, self.head.folded);
        let current = self.catalog.clone();
        let refolded = self.refold(&current);
        self.catalog = current;
        let rows = refolded?;
        if rows > 0 {
            tracing::info!(
                rows,
                profiles = self.cache.dirty_len(),
                "folded the journal's tail again"
            );
        }
        self.outputs.discard();
        self.outputs.sequence = self.head.sequence;
        let (profiles, last_row) = self.store.profile_count()?;
        self.stats.profiles = profiles;
        self.tombstones = self.store.tombstones()?.into_iter().collect();
        // A merge that is folded again leads its ids where they led then; the store knows where
        // they lead now.
        self.cache.forget_redirects();
        let aliases = &mut self.aliases;
        self.store.each_alias(&mut |id| aliases.add(id))?;
        self.recall_mirrors()?;
        self.warm_until = (self.head.warmed_row < last_row).then_some(last_row);
        self.commit(self.head.clock, Urgency::All, None)?;
        self.shared.reset_sizes(self.store.audience_sizes()?);
        Ok(())
    }

    fn refold(&mut self, current: &Arc<Catalog>) -> Result<u64, StoreError> {
        let mut catalogs: HashMap<u32, Arc<Catalog>> = HashMap::new();
        catalogs.insert(current.version.0, current.clone());
        let (mut after, mut count) = (self.head.folded, 0);
        loop {
            let rows = self.store.journal_after(after, ROWS_READ)?;
            let Some(last) = rows.last() else {
                return Ok(count);
            };
            after = last.seq;
            count += rows.len() as u64;
            for row in rows {
                let catalog = match catalogs.get(&row.catalog) {
                    Some(known) => known.clone(),
                    None => self.catalog_of(row.catalog)?,
                };
                catalogs.insert(row.catalog, catalog.clone());
                self.catalog = catalog;
                self.refold_row(&row)?;
                self.outputs.discard();
            }
        }
    }

    /// A catalog that was in force once.
    fn catalog_of(&self, version: u32) -> Result<Arc<Catalog>, StoreError> {
        let damaged = |what: &str| StoreError::Damaged(format!("catalog {version} {what}"));
        let row = self
            .store
            .catalog(version)?
            .ok_or_else(|| damaged("is missing"))?;
        let stored: StoredCatalog =
            serde_json::from_str(&row.body).map_err(|_| damaged("cannot be read"))?;
        let compiled = stored.compile_as_of_then();
        Ok(Arc::new(
            compiled.map_err(|_| damaged("does not compile any more"))?,
        ))
    }

    fn refold_row(&mut self, row: &JournalRow) -> Result<(), StoreError> {
        let unpacked = Unpacked::new(&row.body)?;
        let mut at = Position {
            seq: row.seq,
            now: row.at,
        };
        for entry in unpacked.entries()? {
            match entry {
                Entry::Tick { now } => at.now = now,
                entry => self.fold(&entry, at)?,
            }
        }
        Ok(())
    }

    /// The position of the row that the next commit appends. What is packed from now on is folded
    /// at `now`, and again at that instant after a crash: the row says when its time went on.
    pub(super) fn position(&mut self, now: TimeMs) -> Position {
        if self.packer.is_empty() {
            self.row_at = now;
        } else if now > self.packed_at {
            self.packer.push(&Entry::Tick { now });
        }
        self.packed_at = now;
        Position {
            seq: JournalSeq(self.head.journal.0 + 1),
            now,
        }
    }
}
