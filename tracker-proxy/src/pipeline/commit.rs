//! One durable step: what was folded, what it led to, and a slice of what is written back.

use super::codec;
use super::{Pipeline, history};
use crate::clock::TimeMs;
use crate::keys::{JournalSeq, ProfileId};
use crate::store::{Apply, CatalogRow, Commit, DeliveryRow, JournalRow, StoreError, WriteBack};

/// How many profiles that are old enough are written back with one commit: a few milliseconds.
const SLICE_MAX: usize = 1_024;

/// How much is written back with a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Urgency {
    /// What is old enough, a slice of it.
    Calm,
    /// A slice of the oldest, whatever their age.
    Slice,
    /// Everything.
    All,
}

impl Pipeline {
    /// Commits what this turn folded. Returns the deliveries that became durable.
    pub(super) fn commit(
        &mut self,
        now: TimeMs,
        urgency: Urgency,
        catalog: Option<CatalogRow>,
    ) -> Result<Vec<DeliveryRow>, StoreError> {
        self.outputs.seal(now);
        let append = (!self.packer.is_empty()).then(|| JournalRow {
            seq: JournalSeq(self.head.journal.0 + 1),
            at: now,
            catalog: self.catalog.version.0,
            body: self.packer.take(),
        });
        let ids = self.to_write_back(now, urgency);
        if append.is_none() && ids.is_empty() && catalog.is_none() && self.outputs.is_empty() {
            return Ok(Vec::new());
        }
        let journal = append.as_ref().map_or(self.head.journal, |row| row.seq);
        let write_back = self.write_back(&ids, journal, now);
        let commit = Commit {
            follows: self.head.commits,
            clock: now,
            sequence: self.outputs.sequence,
            warmed_row: self.head.warmed_row,
            append,
            catalog,
            apply: std::mem::take(&mut self.outputs.apply),
            write_back,
        };
        let begun = std::time::Instant::now();
        let written = self.store.commit(&commit)?;
        metrics::histogram!("segue_commit_seconds").record(begun.elapsed().as_secs_f64());
        let states = commit.write_back.profiles.iter().map(|row| row.state.len());
        for ((id, written), state_bytes) in ids.into_iter().zip(written).zip(states) {
            if let Some(cached) = self.cache.get_mut(id) {
                cached.row = Some(written.row);
                cached.tail_bytes = written.tail_bytes;
                cached.stored = cached.folded;
                cached.pending = Vec::new();
                cached.absorbed = Vec::new();
            }
            self.cache.mark_clean(id, state_bytes);
        }
        self.cache.evict();
        self.committed(&commit);
        let Apply { deliveries, .. } = commit.apply;
        Ok(deliveries)
    }

    /// Moves the head in memory to where the store's is now.
    fn committed(&mut self, commit: &Commit) {
        self.head.commits += 1;
        self.head.clock = commit.clock;
        self.head.sequence = commit.sequence;
        self.head.folded = self.head.folded.max(commit.write_back.folded);
        if let Some(row) = &commit.append {
            self.head.journal = row.seq;
            self.rows.push_back((row.seq, row.body.len() as u64));
            self.rows_bytes += row.body.len() as u64;
        }
        while let Some((seq, bytes)) = self.rows.front().copied()
            && seq <= commit.write_back.drop_through
        {
            self.rows.pop_front();
            self.rows_bytes -= bytes;
        }
        self.shared.grow(std::mem::take(&mut self.outputs.growth));
    }

    /// Which profiles go along with this commit: the ones whose journal rows are the oldest. As
    /// few as the bounds allow, because a profile that waits takes further events for nothing.
    fn to_write_back(&self, now: TimeMs, urgency: Urgency) -> Vec<ProfileId> {
        if urgency == Urgency::All {
            return self.cache.dirty().map(|(_, id)| id).collect();
        }
        let dirty = self.cache.dirty_len();
        let over_bytes = self
            .cache
            .dirty_bytes()
            .saturating_sub(self.bounds.dirty_bytes);
        let average = (self.cache.dirty_bytes() / dirty.max(1)).max(1);
        let mut over = over_bytes.div_ceil(average);
        if urgency == Urgency::Slice || self.unfolded_bytes() > self.bounds.tail_bytes / 2 {
            over = over.max(SLICE_MAX);
        }
        let old = now.plus(-self.bounds.write_back_ms);
        let mut ids = Vec::new();
        for (_, id) in self.cache.dirty() {
            let is_old = || {
                self.cache
                    .get(id)
                    .is_some_and(|cached| cached.dirty_at() <= old)
            };
            if ids.len() >= over && (ids.len() >= SLICE_MAX || !is_old()) {
                break;
            }
            ids.push(id);
        }
        ids
    }

    fn write_back(&mut self, ids: &[ProfileId], journal: JournalSeq, now: TimeMs) -> WriteBack {
        let horizon = self.horizon(now);
        let mut profiles = Vec::with_capacity(ids.len());
        for id in ids {
            if let Some(cached) = self.cache.get_mut(*id) {
                profiles.push(codec::encode(cached, horizon));
            }
        }
        let first_left = self.cache.dirty().nth(ids.len()).map(|(seq, _)| seq);
        let folded = first_left.map_or(journal, |seq| JournalSeq(seq.0 - 1));
        WriteBack {
            profiles,
            folded,
            drop_through: self.to_drop(folded),
        }
    }

    /// Up to which row the journal goes: folded by all, and over the bound of recent events.
    fn to_drop(&self, folded: JournalSeq) -> JournalSeq {
        let mut over = self.rows_bytes.saturating_sub(self.bounds.feed_bytes);
        let mut last = JournalSeq(0);
        for (seq, bytes) in &self.rows {
            if over == 0 || *seq > folded {
                break;
            }
            over = over.saturating_sub(*bytes);
            last = *seq;
        }
        last
    }

    /// Bytes of journal rows that a restart would have to fold again.
    pub(super) fn unfolded_bytes(&self) -> u64 {
        let after = self
            .rows
            .partition_point(|(seq, _)| *seq <= self.head.folded);
        if after == 0 {
            return self.rows_bytes;
        }
        self.rows.range(after..).map(|(_, bytes)| bytes).sum()
    }

    /// When the next write-back is due without any input.
    pub(super) fn write_back_due(&self) -> TimeMs {
        self.cache
            .dirty_since()
            .map_or(TimeMs::MAX, |since| since.plus(self.bounds.write_back_ms))
    }

    /// The encoded history of a profile in memory.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub(super) fn history_of(&self, id: ProfileId) -> Result<Vec<u8>, StoreError> {
        match self.cache.get(id) {
            Some(cached) => super::fold::whole_history(self.store.as_ref(), cached),
            None => history::unframe(&[], &[]),
        }
    }
}
