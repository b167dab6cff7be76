//! One durable step: what was folded and what it led to, and then a slice of what is written back.

use super::Pipeline;
use super::cache::Snapshot;
use super::codec::Leaving;
use super::flight::{Appending, Flight, Writing};
use super::results::Followup;
use crate::clock::TimeMs;
use crate::keys::{JournalSeq, ProfileId};
use crate::store::{Apply, CatalogRow, Commit, JournalRow, MembershipRow, StoreError, WriteBack};

/// How many profiles are written back at once where one is old enough: some milliseconds.
const SLICE_MAX: usize = 1_024;

/// How much is written back with a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Urgency {
    /// A slice where something is old enough or too much.
    Calm,
    /// A slice, whatever its age.
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
            at: self.row_at,
            catalog: self.catalog.version.0,
            body: self.packer.take(),
        });
        self.fired = 0;
        let mut flight = Flight::default();
        if append.is_some() || catalog.is_some() || !self.outputs.is_empty() {
            if let Some(row) = &append {
                self.head.journal = row.seq;
            }
            let commit = Commit {
                append,
                catalog,
                apply: std::mem::take(&mut self.outputs.apply),
                ..self.next_commit(now)
            };
            flight.appending = Some(Appending {
                growth: std::mem::take(&mut self.outputs.growth),
                replies: std::mem::take(&mut self.waiting),
                followup,
                tried: self.writer.commit(commit, Vec::new()),
            });
        } else {
            self.followup.extend(followup);
            for (reply, verdicts) in self.waiting.drain(..) {
                drop(reply.send(Ok(verdicts)));
            }
        }
        flight.writing = self.begin_write_back(now, urgency);
        if flight.appending.is_some() || flight.writing.is_some() {
            self.flight = Some(flight);
        }
    }

    /// Gives changed profiles to the store, as they are with what was given to it before.
    fn begin_write_back(&mut self, now: TimeMs, urgency: Urgency) -> Option<Writing> {
        let ids = self.next_to_write(now, urgency);
        let memberships = self.standings_with(urgency, &ids);
        if ids.is_empty() && memberships.is_empty() {
            return None;
        }
        let leaving = self.leaving(&ids, now);
        let journal = self.head.journal;
        let folded = self.folded_with(journal);
        self.head.folded = self.head.folded.max(folded);
        let commit = Commit {
            apply: Apply {
                memberships,
                ..Apply::default()
            },
            write_back: WriteBack {
                profiles: Vec::new(),
                folded,
                drop_through: self.tail.beyond(self.bounds.feed_bytes, folded),
            },
            ..self.next_commit(now)
        };
        Some(Writing {
            journal,
            began: now,
            written: leaving.iter().map(Snapshot::of).collect(),
            tried: self.writer.commit(commit, leaving),
        })
    }

    /// An empty commit that follows what was given to the store before.
    fn next_commit(&mut self, now: TimeMs) -> Commit {
        let follows = self.head.commits;
        self.head.commits += 1;
        self.head.clock = now.max(self.packed_at);
        self.head.sequence = self.outputs.sequence;
        Commit {
            follows,
            clock: self.head.clock,
            sequence: self.outputs.sequence,
            warmed_row: self.head.warmed_row,
            ..Commit::default()
        }
    }

    /// What the lists of audiences are to say when these profiles are written; or all that they
    /// do not say yet, where that is so much that changes share pages.
    fn standings_with(&mut self, urgency: Urgency, ids: &[ProfileId]) -> Vec<MembershipRow> {
        let standings = &mut self.outputs.standings;
        if urgency == Urgency::All || standings.are_many() {
            return standings.take_all(&self.catalog);
        }
        if standings.is_empty() {
            return Vec::new();
        }
        ids.iter().flat_map(|id| standings.take_of(*id)).collect()
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

    /// Which profiles are written back now. None while the bounds allow it, because a profile that
    /// waits takes further events for nothing, but for the cold ones, which wait for nothing
    /// else; then a slice in the order of rows. Where it is time that makes it urgent, those that
    /// changed lately may wait for the next round.
    fn next_to_write(&mut self, now: TimeMs, urgency: Urgency) -> Vec<ProfileId> {
        let over = self.dirty_over();
        let has_waited = self.write_back_due() <= now;
        let is_long = self.tail.unfolded_bytes() > self.bounds.tail_bytes / 2;
        let count = match urgency {
            Urgency::All => usize::MAX,
            Urgency::Calm if !has_waited && !is_long => over,
            Urgency::Calm | Urgency::Slice => over.max(SLICE_MAX),
        };
        let is_only_late = urgency == Urgency::Calm && over == 0 && !is_long;
        let before = if is_only_late {
            now.plus(-self.bounds.write_back_ms / 2)
        } else {
            TimeMs::MAX
        };
        self.sweep.take(&self.cache, count, before)
    }

    /// About how many changed profiles there are over the bound.
    fn dirty_over(&self) -> usize {
        let bytes = self.cache.dirty_bytes();
        let average = (bytes / self.cache.dirty_len().max(1)).max(1);
        let over = bytes.saturating_sub(self.bounds.dirty_bytes);
        over.div_ceil(average)
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
