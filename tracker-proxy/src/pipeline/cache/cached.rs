//! One profile in memory.

use std::sync::Arc;

use super::super::codec::Leaving;
use crate::clock::TimeMs;
use crate::keys::{AccountNo, JournalSeq, ProfileId};
use crate::profile::{Profile, RecentIds};
use crate::store::{ChunkNo, TimerWrite};

/// What a profile takes besides its state, its message ids and its events, in bytes. This and the
/// next two are rounded from what was resident with a hundred thousand profiles of the load program.
pub(super) const OVERHEAD_BYTES: usize = 1_000;
/// How much larger in memory is what is stored beside the packed memories.
const UNPACKED_FACTOR: usize = 4;
/// What an open memory takes: half as much where it is new, much more where it is of somebody busy.
const OPEN_BYTES: usize = 200;

/// A profile in memory, and what of it is not in the store yet.
#[derive(Debug)]
pub(in crate::pipeline) struct Cached {
    pub(in crate::pipeline) account: AccountNo,
    /// Shared with the store's thread while that writes it: changed then, it is copied.
    profile: Arc<Profile>,
    /// As for the profile.
    pub(in crate::pipeline) recent: Arc<RecentIds>,
    /// Ids stated up to here may have been let go before this profile came into memory.
    pub(in crate::pipeline) forgotten_before: Option<TimeMs>,
    /// Its row in the store, once it has one.
    pub(in crate::pipeline) row: Option<i64>,
    /// The newest chunk of its stored history.
    pub(in crate::pipeline) newest: Option<ChunkNo>,
    /// Its stored timer: never later than what it waits for, but maybe earlier.
    pub(in crate::pipeline) timer: Option<TimeMs>,
    /// The stored state is folded up to here: refolding skips what is at or before it.
    pub(in crate::pipeline) stored: JournalSeq,
    /// This state is folded up to here.
    pub(in crate::pipeline) folded: JournalSeq,
    /// Encoded events that are journaled and were not given to the store yet.
    pub(in crate::pipeline) pending: Vec<u8>,
    /// Rows of profiles that were merged into this one.
    pub(in crate::pipeline) absorbed: Vec<i64>,
    /// The first journal row that the stored state misses.
    pub(super) dirty_since: Option<JournalSeq>,
    /// When it became dirty.
    pub(super) dirty_at: TimeMs,
    /// It is being written: the store may have more of it than is noted here.
    pub(in crate::pipeline) in_flight: bool,
    /// It changed since it was given to the store.
    pub(super) moved_on: bool,
    /// The journal row with which it came into memory.
    pub(super) came: Option<JournalSeq>,
    /// It changed with a later one, since eviction came by last.
    pub(super) used: bool,
    /// It is let go of once it is written, unless it changes before.
    pub(super) cold: bool,
    /// How much of its stored state lies beside the packed memories.
    pub(in crate::pipeline) beside_bytes: usize,
    /// About what it takes in memory.
    pub(super) bytes: usize,
}

impl Cached {
    pub(in crate::pipeline) fn new(account: AccountNo, profile: Profile) -> Self {
        Self {
            account,
            profile: Arc::new(profile),
            recent: Arc::default(),
            forgotten_before: None,
            row: None,
            newest: None,
            timer: None,
            stored: JournalSeq(0),
            folded: JournalSeq(0),
            pending: Vec::new(),
            absorbed: Vec::new(),
            dirty_since: None,
            dirty_at: TimeMs::default(),
            in_flight: false,
            moved_on: false,
            came: None,
            used: false,
            cold: false,
            beside_bytes: 0,
            bytes: 0,
        }
    }

    /// Notes anew about what it takes in memory, and returns it.
    pub(super) fn weigh(&mut self) -> usize {
        let conditions = &self.profile.conditions;
        let memories = conditions.packed_bytes() + conditions.open_len() * OPEN_BYTES;
        let beside = self.beside_bytes * UNPACKED_FACTOR;
        let rest = self.recent.bytes() + self.pending.capacity();
        self.bytes = OVERHEAD_BYTES + memories + beside + rest;
        self.bytes
    }

    pub(in crate::pipeline) fn profile(&self) -> &Profile {
        &self.profile
    }

    pub(in crate::pipeline) fn into_profile(self) -> Profile {
        Arc::unwrap_or_clone(self.profile)
    }

    /// The profile to be changed: from now on it is another one than any that was given away.
    pub(in crate::pipeline) fn profile_mut(&mut self) -> &mut Profile {
        self.moved_on = true;
        Arc::make_mut(&mut self.profile)
    }

    /// Closes all memories with what they were stored as, if this profile is still as it was then.
    /// One that is about to go can stay as it is.
    pub(super) fn close(&mut self, packed: &[u8]) {
        let is_worth_it = !self.cold && self.profile.conditions.open_len() > 0;
        if !self.moved_on && is_worth_it {
            Arc::make_mut(&mut self.profile).conditions.close(packed);
        }
    }

    /// When this profile has to be looked at without any event.
    pub(in crate::pipeline) fn due(&self) -> Option<TimeMs> {
        let held = self.profile.ledger.held.iter().map(|held| held.due).min();
        [self.profile.due, held].into_iter().flatten().min()
    }

    /// Decides what a write does to the stored timer.
    ///
    /// An earlier timer that is still to come stays, because active people put what they wait
    /// for off with every event: when it fires there is nothing to do, and only then it is set
    /// anew.
    pub(in crate::pipeline) fn write_timer(&mut self, now: TimeMs) -> TimerWrite {
        let due = self.due();
        let is_early_enough = |timer: TimeMs| timer > now && due.is_none_or(|due| timer <= due);
        if self.timer == due || self.timer.is_some_and(is_early_enough) {
            return TimerWrite::Keep;
        }
        self.timer = due;
        TimerWrite::Set(due)
    }

    /// The stored timer is over: the next write has to set it anew.
    pub(in crate::pipeline) fn has_stale_timer(&self, now: TimeMs) -> bool {
        self.timer.is_some_and(|timer| timer <= now)
    }

    /// The first journal row that the stored state misses.
    pub(in crate::pipeline) fn dirty_since(&self) -> Option<JournalSeq> {
        self.dirty_since
    }

    /// When it became different from the store.
    pub(in crate::pipeline) fn dirty_at(&self) -> TimeMs {
        self.dirty_at
    }

    /// True if it only waits to be written before it is let go of.
    pub(in crate::pipeline) fn is_cold(&self) -> bool {
        self.cold
    }

    /// Gives it away to be written as it is now.
    pub(in crate::pipeline) fn take_off(&mut self, now: TimeMs, horizon: TimeMs) -> Leaving {
        self.in_flight = true;
        self.moved_on = false;
        if self.recent.wants_pruning(horizon) {
            Arc::make_mut(&mut self.recent).prune(horizon);
        }
        Leaving {
            row: self.row,
            account: self.account,
            folded: self.folded,
            timer: self.write_timer(now),
            profile: self.profile.clone(),
            recent: self.recent.clone(),
            pending: std::mem::take(&mut self.pending),
            newest: self.newest,
            absorbed: self.absorbed.clone(),
        }
    }

    pub(in crate::pipeline) fn is_dirty(&self) -> bool {
        self.dirty_since.is_some()
    }
}

/// How far a profile was when it was given to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pipeline) struct Snapshot {
    pub(super) id: ProfileId,
    pub(in crate::pipeline) folded: JournalSeq,
    pub(in crate::pipeline) absorbed: usize,
}

impl Snapshot {
    pub(in crate::pipeline) fn of(leaving: &Leaving) -> Self {
        Self {
            id: leaving.profile.id,
            folded: leaving.folded,
            absorbed: leaving.absorbed.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Cache;
    use super::*;
    use crate::keys::{CatalogVersion, LeafNo};
    use crate::pipeline::codec::Encoder;
    use crate::profile::LeafState;
    use crate::store::Written;

    const NOW: TimeMs = TimeMs(0);

    fn remember(cache: &mut Cache, id: ProfileId, count: u64) {
        let cached = cache.get_mut(id).unwrap();
        let state = LeafState::Count(count);
        cached.profile_mut().conditions.put(LeafNo(3), state);
        cache.mark_dirty(id, JournalSeq(1), NOW);
    }

    /// Somebody of whom one memory is open is written, and `meanwhile` happens; `after` looks.
    fn written(
        meanwhile: impl FnOnce(&mut Cache, ProfileId),
        after: impl FnOnce(&Cache),
    ) -> Profile {
        let (id, mut cache) = (ProfileId([7; 16]), Cache::new(usize::MAX));
        let profile = Profile::new(id, JournalSeq(1), NOW, CatalogVersion(1));
        cache.insert(id, Cached::new(AccountNo(1), profile));
        remember(&mut cache, id, 1);
        let leaving = cache.take_off(id, NOW, NOW).unwrap();
        let snapshot = Snapshot::of(&leaving);
        let stored = Encoder::default().encode(leaving);
        meanwhile(&mut cache, id);
        let (row, newest) = (1, None);
        let next = (JournalSeq(2), NOW);
        cache.written(&snapshot, Written { row, newest }, next, &stored.state);
        after(&cache);
        cache.get(id).unwrap().profile().clone()
    }

    #[test]
    fn memories_are_closed_when_they_are_stored() {
        let still = written(|_, _| {}, |_| {});
        assert_eq!(still.conditions.open_len(), 0);
        let count = still.conditions.get(LeafNo(3)).unwrap();
        assert_eq!(*count, LeafState::Count(1));
    }

    #[test]
    fn what_is_about_to_change_while_it_is_written_stays_as_it_is_and_is_written_again() {
        let mut dirty = Vec::new();
        let changing = written(
            |cache, id| {
                let profile = cache.get_mut(id).unwrap().profile_mut();
                profile.conditions.put(LeafNo(3), LeafState::Count(2));
            },
            |cache| dirty.extend(cache.dirty()),
        );
        let count = changing.conditions.get(LeafNo(3)).unwrap();
        assert_eq!(*count, LeafState::Count(2));
        assert_eq!(dirty, [(JournalSeq(2), ProfileId([7; 16]))]);
    }

    #[test]
    fn what_changed_while_it_was_written_stays_as_it_is() {
        let busy = written(|cache, id| remember(cache, id, 2), |_| {});
        let count = busy.conditions.get(LeafNo(3)).unwrap();
        assert_eq!(*count, LeafState::Count(2));
    }
}
