//! Taking a person's inputs out of the journal.
//!
//! Rows that every stored profile has folded are never folded again, so they are rewritten ahead
//! of the erasure, some with each commit. Which ones mention the person is found beside the
//! pipeline's thread.

use crate::keys::{JournalSeq, ProfileId};
use crate::pipeline::Pipeline;
use crate::pipeline::commit::Urgency;
use crate::pipeline::journal::{Packer, Unpacked};
use crate::store::{JournalRow, Reader, StoreError};

/// How many journal rows are read at once.
const ROWS_READ: u32 = 64;
/// How many journal rows are rewritten with one commit.
pub(super) const ROWS_REWRITTEN: usize = 32;

/// Where a person is mentioned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Mentions {
    /// The ids that were looked for.
    pub(super) ids: Vec<ProfileId>,
    /// The rows that mention one of them.
    pub(super) rows: Vec<JournalSeq>,
    /// The last row that was looked at.
    pub(super) through: JournalSeq,
}

impl Mentions {
    /// Looks through everything that `reader` sees.
    pub(super) fn find(reader: &dyn Reader, ids: Vec<ProfileId>) -> Result<Self, StoreError> {
        let mut found = Self {
            ids,
            ..Self::default()
        };
        found.read_on(reader)?;
        Ok(found)
    }

    /// Looks through what was added since.
    pub(super) fn read_on(&mut self, reader: &dyn Reader) -> Result<(), StoreError> {
        loop {
            let rows = reader.journal_after(self.through, ROWS_READ)?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            self.through = last.seq;
            for row in &rows {
                if without(row, &self.ids)?.is_some() {
                    self.rows.push(row.seq);
                }
            }
        }
    }
}

/// The row without the entries that mention one of these ids; nothing if none does.
fn without(row: &JournalRow, ids: &[ProfileId]) -> Result<Option<JournalRow>, StoreError> {
    let unpacked = Unpacked::new(&row.body)?;
    let entries = unpacked.entries()?;
    let kept: Vec<_> = entries
        .iter()
        .filter(|entry| !ids.iter().any(|id| entry.mentions(*id)))
        .collect();
    if kept.len() == entries.len() {
        return Ok(None);
    }
    let mut packer = Packer::default();
    kept.into_iter().for_each(|entry| packer.push(entry));
    let body = super::super::journal::compress(&packer.take());
    Ok(Some(JournalRow {
        body,
        ..row.clone()
    }))
}

impl Pipeline {
    /// Rewrites some rows with a commit of their own, and says which are left.
    pub(super) fn rewrite_some(&mut self, mut mentions: Mentions) -> Result<Mentions, StoreError> {
        let now = self.head.clock;
        let folded = mentions
            .rows
            .partition_point(|seq| *seq <= self.head.folded);
        let rest = mentions.rows.split_off(folded.min(ROWS_REWRITTEN));
        self.outputs.apply.rewritten = self.without_entries(&mentions)?;
        if let Err(error) = self.commit(now, Urgency::Calm, None) {
            self.give_up(now, &error);
            return Err(error);
        }
        mentions.rows = rest;
        Ok(mentions)
    }

    /// The rows of `mentions` as they are to be. Rows that were dropped meanwhile are left out.
    pub(super) fn without_entries(
        &self,
        mentions: &Mentions,
    ) -> Result<Vec<JournalRow>, StoreError> {
        let mut rewritten = Vec::with_capacity(mentions.rows.len());
        for seq in &mentions.rows {
            let found = self.store.journal_after(JournalSeq(seq.0 - 1), 1)?;
            let row = found.iter().find(|row| row.seq == *seq);
            if let Some(row) = row {
                rewritten.extend(without(row, &mentions.ids)?);
            }
        }
        Ok(rewritten)
    }
}
