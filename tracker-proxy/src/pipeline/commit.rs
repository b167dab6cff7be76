//! One durable step: what was folded, what it led to, and a slice of what is written back.

use super::Pipeline;
use super::cache::Snapshot;
use super::codec::Leaving;
use super::flight::{Committing, Flight};
use super::outputs::Outputs;
use super::results::Followup;
use crate::clock::TimeMs;
use crate::keys::{JournalSeq, ProfileId};
use crate::store::{CatalogRow, Commit, JournalRow, StoreError, WriteBack};

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
    /// Commits what was folded, and waits for it. What became durable is in `outbound`.
    ///
    /// # Errors
    ///
    /// This commit or the one before it failed: everything in memory is to be thrown away.
    pub(super) fn commit(
        &mut self,
        now: TimeMs,
        urgency: Urgency,
        catalog: Option<CatalogRow>,
    ) -> Result<(), StoreError> {
        self.settle()?;
        self.take_off(now, urgency, catalog, Followup::default());
        self.settle()
    }

    /// Gives what was folded to the store. Nothing else may be under way.
    ///
    /// The head moves at once, as if the commit had succeeded already: if it does not, the head
    /// is read again with everything else.
    pub(super) fn take_off(
        &mut self,
        now: TimeMs,
        urgency: Urgency,
        catalog: Option<CatalogRow>,
        followup: Followup,
    ) {
        self.outputs.seal(now);
        let append = (!self.packer.is_empty()).then(|| JournalRow {
            seq: JournalSeq(self.head.journal.0 + 1),
            at: now,
            catalog: self.catalog.version.0,
            body: self.packer.take(),
        });
        let ids = self.to_write_back(now, urgency);
        self.list_standings(urgency, &ids);
        if append.is_none() && ids.is_empty() && catalog.is_none() && self.outputs.is_empty() {
            self.followup.extend(followup);
            for (reply, verdicts) in self.waiting.drain(..) {
                drop(reply.send(Ok(verdicts)));
            }
            return;
        }
        let journal = append.as_ref().map_or(self.head.journal, |row| row.seq);
        let leaving = self.leaving(&ids, now);
        let written = ids
            .into_iter()
            .zip(leaving.iter().map(Snapshot::of))
            .collect();
        let folded = self.folded_with(journal);
        let commit = Commit {
            follows: self.head.commits,
            clock: now,
            sequence: self.outputs.sequence,
            warmed_row: self.head.warmed_row,
            append,
            catalog,
            apply: std::mem::take(&mut self.outputs.apply),
            write_back: WriteBack {
                profiles: Vec::new(),
                folded,
                drop_through: self.tail.beyond(self.bounds.feed_bytes, folded),
            },
        };
        self.move_head(&commit);
        let flight = Committing {
            journal,
            written,
            growth: std::mem::take(&mut self.outputs.growth),
            replies: std::mem::take(&mut self.waiting),
            followup,
            tried: self.writer.commit(commit, leaving),
        };
        self.flight = Some(Flight::Commit(Box::new(flight)));
    }

    /// Has the lists of audiences say what the profiles say that are written now; or all profiles,
    /// where so many changes wait that they share pages.
    fn list_standings(&mut self, urgency: Urgency, ids: &[ProfileId]) {
        let Outputs {
            standings, apply, ..
        } = &mut self.outputs;
        if urgency == Urgency::All || standings.are_many() {
            apply.memberships.extend(standings.take_all(&self.catalog));
        } else if !standings.is_empty() {
            let rows = ids.iter().flat_map(|id| standings.take_of(*id));
            apply.memberships.extend(rows);
        }
    }

    /// Brings the lists of audiences up to date, for whoever reads them in the store.
    ///
    /// # Errors
    ///
    /// The store does not work; everything in memory was thrown away.
    pub(super) fn list_all_standings(&mut self) -> Result<(), StoreError> {
        if self.outputs.standings.is_empty() {
            return Ok(());
        }
        let now = self.head.clock;
        let rows = self.outputs.standings.take_all(&self.catalog);
        self.outputs.apply.memberships.extend(rows);
        let committed = self.commit(now, Urgency::Calm, None);
        committed.inspect_err(|error| self.give_up(now, error))
    }

    fn move_head(&mut self, commit: &Commit) {
        self.head.commits += 1;
        self.head.clock = commit.clock;
        self.head.sequence = commit.sequence;
        self.head.folded = self.head.folded.max(commit.write_back.folded);
        if let Some(row) = &commit.append {
            self.head.journal = row.seq;
        }
    }

    /// Which profiles go along with this commit. As few as the bounds allow, because a profile
    /// that waits takes further events for nothing.
    fn to_write_back(&mut self, now: TimeMs, urgency: Urgency) -> Vec<ProfileId> {
        let count = match urgency {
            Urgency::All => usize::MAX,
            Urgency::Slice => self.dirty_over().max(SLICE_MAX),
            Urgency::Calm if self.is_urgent(now) => self.dirty_over().max(SLICE_MAX),
            Urgency::Calm => self.dirty_over(),
        };
        self.sweep.take(&self.cache, count)
    }

    /// About how many changed profiles there are over the bound.
    fn dirty_over(&self) -> usize {
        let bytes = self.cache.dirty_bytes();
        let average = (bytes / self.cache.dirty_len().max(1)).max(1);
        let over = bytes.saturating_sub(self.bounds.dirty_bytes);
        over.div_ceil(average)
    }

    /// True where a profile has waited long enough, or a restart would have to fold much.
    fn is_urgent(&self, now: TimeMs) -> bool {
        self.write_back_due() <= now || self.tail.unfolded_bytes() > self.bounds.tail_bytes / 2
    }

    fn leaving(&mut self, ids: &[ProfileId], now: TimeMs) -> Vec<Leaving> {
        let horizon = self.horizon(now);
        let ids = ids.iter();
        ids.filter_map(|id| self.cache.take_off(*id, now, horizon))
            .collect()
    }

    /// Up to which journal row all profiles are written once those are that are under way.
    fn folded_with(&self, journal: JournalSeq) -> JournalSeq {
        let flies = |id: ProfileId| self.cache.get(id).is_some_and(|cached| cached.in_flight);
        let first_left = self.cache.dirty().find(|(_, id)| !flies(*id));
        first_left.map_or(journal, |(seq, _)| JournalSeq(seq.0 - 1))
    }

    /// When the next write-back is due without any input.
    pub(super) fn write_back_due(&self) -> TimeMs {
        self.cache
            .dirty_since()
            .map_or(TimeMs::MAX, |since| since.plus(self.bounds.write_back_ms))
    }
}
