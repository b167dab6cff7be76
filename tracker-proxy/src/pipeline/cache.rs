//! Profiles in memory: bounded in bytes, with the changed ones in the order of their journal rows.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use rapidhash::fast::RandomState;

use super::codec::Leaving;
use crate::clock::TimeMs;
use crate::keys::{AccountNo, JournalSeq, ProfileId};
use crate::profile::{Profile, RecentIds};
use crate::store::{ChunkNo, TimerWrite, Written};

/// What a cached profile costs besides its encoded state, in bytes: maps, vectors, bookkeeping.
const OVERHEAD_BYTES: usize = 600;
/// How much larger a decoded state is than an encoded one.
const DECODED_FACTOR: usize = 3;

/// How many profiles the eviction hand passes after one commit.
const EVICTION_STEPS_MAX: usize = 16_384;

/// A profile in memory, and what of it is not in the store yet.
#[derive(Debug)]
pub(super) struct Cached {
    pub(super) account: AccountNo,
    /// Shared with the store's thread while that writes it: changed then, it is copied.
    pub(super) profile: Arc<Profile>,
    /// As for the profile.
    pub(super) recent: Arc<RecentIds>,
    /// Ids stated up to here may have been let go before this profile came into memory.
    pub(super) forgotten_before: Option<TimeMs>,
    /// Its row in the store, once it has one.
    pub(super) row: Option<i64>,
    /// The newest chunk of its stored history.
    pub(super) newest: Option<ChunkNo>,
    /// Its stored timer: never later than what it waits for, but maybe earlier.
    pub(super) timer: Option<TimeMs>,
    /// The stored state is folded up to here: refolding skips what is at or before it.
    pub(super) stored: JournalSeq,
    /// This state is folded up to here.
    pub(super) folded: JournalSeq,
    /// Encoded events that are journaled and were not given to the store yet.
    pub(super) pending: Vec<u8>,
    /// Rows of profiles that were merged into this one.
    pub(super) absorbed: Vec<i64>,
    /// The first journal row that the stored state misses.
    dirty_since: Option<JournalSeq>,
    /// When it became dirty.
    dirty_at: TimeMs,
    /// It is being written: the store may have more of it than is noted here.
    pub(super) in_flight: bool,
    /// It changed since it was given to the store.
    moved_on: bool,
    /// Used since the eviction hand came by last.
    used: bool,
    bytes: usize,
}

impl Cached {
    pub(super) fn new(account: AccountNo, profile: Profile) -> Self {
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
            used: true,
            bytes: OVERHEAD_BYTES,
        }
    }

    /// When this profile has to be looked at without any event.
    pub(super) fn due(&self) -> Option<TimeMs> {
        let held = self.profile.ledger.held.iter().map(|held| held.due).min();
        [self.profile.due, held].into_iter().flatten().min()
    }

    /// Decides what a write does to the stored timer.
    ///
    /// An earlier timer that is still to come stays, because active people put what they wait
    /// for off with every event: when it fires there is nothing to do, and only then it is set
    /// anew.
    pub(super) fn write_timer(&mut self, now: TimeMs) -> TimerWrite {
        let due = self.due();
        let is_early_enough = |timer: TimeMs| timer > now && due.is_none_or(|due| timer <= due);
        if self.timer == due || self.timer.is_some_and(is_early_enough) {
            return TimerWrite::Keep;
        }
        self.timer = due;
        TimerWrite::Set(due)
    }

    /// The stored timer is over: the next write has to set it anew.
    pub(super) fn has_stale_timer(&self, now: TimeMs) -> bool {
        self.timer.is_some_and(|timer| timer <= now)
    }

    pub(super) fn dirty_since(&self) -> Option<JournalSeq> {
        self.dirty_since
    }

    /// Gives it away to be written as it is now.
    pub(super) fn take_off(&mut self, now: TimeMs, horizon: TimeMs) -> Leaving {
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

    pub(super) fn is_dirty(&self) -> bool {
        self.dirty_since.is_some()
    }
}

/// How far a profile was when it was given to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Snapshot {
    id: ProfileId,
    pub(super) folded: JournalSeq,
    pub(super) absorbed: usize,
}

impl Snapshot {
    pub(super) fn of(leaving: &Leaving) -> Self {
        Self {
            id: leaving.profile.id,
            folded: leaving.folded,
            absorbed: leaving.absorbed.len(),
        }
    }
}

/// What is known of an id.
#[derive(Debug)]
enum Slot {
    Profile(Box<Cached>),
    /// The id belongs to another profile.
    Redirect(ProfileId),
}

/// What looking an id up finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A profile of its own.
    Profile,
    /// It belongs to another profile.
    Redirect(ProfileId),
    /// Not in memory.
    Nothing,
}

/// All profiles in memory.
#[derive(Debug)]
pub(super) struct Cache {
    slots: HashMap<ProfileId, Slot, RandomState>,
    /// Every id in memory, in the order in which the eviction hand passes them.
    hand: VecDeque<ProfileId>,
    bytes: usize,
    bytes_max: usize,
    dirty: BTreeSet<(JournalSeq, ProfileId)>,
    dirty_bytes: usize,
}

impl Cache {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self {
            slots: HashMap::default(),
            hand: VecDeque::new(),
            bytes: 0,
            bytes_max,
            dirty: BTreeSet::new(),
            dirty_bytes: 0,
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::new(self.bytes_max);
    }

    pub(super) fn find(&self, id: ProfileId) -> Found {
        match self.slots.get(&id) {
            Some(Slot::Profile(_)) => Found::Profile,
            Some(Slot::Redirect(to)) => Found::Redirect(*to),
            None => Found::Nothing,
        }
    }

    pub(super) fn get(&self, id: ProfileId) -> Option<&Cached> {
        match self.slots.get(&id) {
            Some(Slot::Profile(cached)) => Some(cached),
            _ => None,
        }
    }

    pub(super) fn get_mut(&mut self, id: ProfileId) -> Option<&mut Cached> {
        match self.slots.get_mut(&id) {
            Some(Slot::Profile(cached)) => {
                cached.used = true;
                Some(cached)
            }
            _ => None,
        }
    }

    /// Gives a profile away to be written as it is now. That is no use that keeps it in memory.
    pub(super) fn take_off(
        &mut self,
        id: ProfileId,
        now: TimeMs,
        horizon: TimeMs,
    ) -> Option<Leaving> {
        match self.slots.get_mut(&id) {
            Some(Slot::Profile(cached)) => Some(cached.take_off(now, horizon)),
            _ => None,
        }
    }

    pub(super) fn insert(&mut self, id: ProfileId, mut cached: Cached, state_bytes: usize) {
        cached.bytes = OVERHEAD_BYTES + state_bytes * DECODED_FACTOR;
        self.bytes += cached.bytes;
        self.put(id, Slot::Profile(Box::new(cached)));
    }

    pub(super) fn redirect(&mut self, id: ProfileId, to: ProfileId) {
        self.put(id, Slot::Redirect(to));
    }

    /// Forgets where other ids lead: the store knows all of it.
    pub(super) fn forget_redirects(&mut self) {
        self.slots
            .retain(|_, slot| matches!(slot, Slot::Profile(_)));
        self.hand.retain(|id| self.slots.contains_key(id));
    }

    fn put(&mut self, id: ProfileId, slot: Slot) {
        if self.slots.insert(id, slot).is_none() {
            self.hand.push_back(id);
        }
    }

    /// Takes a profile out: it is merged away or erased.
    pub(super) fn remove(&mut self, id: ProfileId) -> Option<Cached> {
        match self.slots.remove(&id)? {
            Slot::Redirect(_) => None,
            Slot::Profile(cached) => {
                self.bytes -= cached.bytes;
                if let Some(since) = cached.dirty_since {
                    self.dirty.remove(&(since, id));
                    self.dirty_bytes -= cached.bytes.min(self.dirty_bytes);
                }
                Some(*cached)
            }
        }
    }

    /// Forgets an id, whatever is known of it.
    pub(super) fn forget(&mut self, id: ProfileId) {
        drop(self.remove(id));
    }

    /// Notes that the stored state of `id` misses what journal row `since` brought, and that it
    /// grew by `grown` bytes.
    pub(super) fn mark_dirty(
        &mut self,
        id: ProfileId,
        since: JournalSeq,
        at: TimeMs,
        grown: usize,
    ) {
        let Some(Slot::Profile(cached)) = self.slots.get_mut(&id) else {
            return;
        };
        cached.moved_on = true;
        cached.bytes += grown;
        self.bytes += grown;
        self.dirty_bytes += grown;
        match cached.dirty_since {
            Some(known) if known <= since => return,
            Some(known) => {
                self.dirty.remove(&(known, id));
            }
            None => {
                cached.dirty_at = at;
                self.dirty_bytes += cached.bytes - grown;
            }
        }
        cached.dirty_since = Some(since);
        self.dirty.insert((since, id));
    }

    /// Notes that the store has a profile as it was at `snapshot`. What happened since then is in the
    /// journal row `next`, which is not committed yet.
    pub(super) fn written(
        &mut self,
        snapshot: &Snapshot,
        written: Written,
        (next, since): (JournalSeq, TimeMs),
        state_bytes: usize,
    ) {
        let id = snapshot.id;
        let Some(Slot::Profile(cached)) = self.slots.get_mut(&id) else {
            return;
        };
        cached.in_flight = false;
        cached.row = Some(written.row);
        cached.newest = written.newest;
        cached.stored = snapshot.folded;
        cached.absorbed.drain(..snapshot.absorbed);
        if let Some(since) = cached.dirty_since.take() {
            self.dirty.remove(&(since, id));
            self.dirty_bytes -= cached.bytes.min(self.dirty_bytes);
        }
        self.bytes -= cached.bytes;
        cached.bytes = OVERHEAD_BYTES + state_bytes * DECODED_FACTOR + cached.pending.len();
        self.bytes += cached.bytes;
        if cached.moved_on {
            cached.dirty_at = since;
            cached.dirty_since = Some(next);
            self.dirty.insert((next, id));
            self.dirty_bytes += cached.bytes;
        }
    }

    /// The changed profiles, those first whose journal rows are the oldest.
    pub(super) fn dirty(&self) -> impl Iterator<Item = (JournalSeq, ProfileId)> {
        self.dirty.iter().copied()
    }

    pub(super) fn dirty_len(&self) -> usize {
        self.dirty.len()
    }

    pub(super) fn dirty_bytes(&self) -> usize {
        self.dirty_bytes
    }

    /// When the profile with the oldest unwritten journal row became dirty.
    pub(super) fn dirty_since(&self) -> Option<TimeMs> {
        let (_, id) = self.dirty.first()?;
        self.get(*id).map(|cached| cached.dirty_at)
    }

    /// Lets go of profiles that are stored and were not used lately, until the bound holds. Where
    /// other ids lead is only let go with `redirects`: when the store knows all of it.
    pub(super) fn evict(&mut self, redirects: bool) {
        let mut passes = EVICTION_STEPS_MAX;
        while self.bytes > self.bytes_max && passes > 0 {
            passes -= 1;
            let Some(id) = self.hand.pop_front() else {
                return;
            };
            match self.slots.get_mut(&id) {
                None => continue,
                Some(Slot::Profile(cached)) if cached.dirty_since.is_some() => {}
                Some(Slot::Profile(cached)) if cached.used => cached.used = false,
                Some(Slot::Profile(cached)) => {
                    self.bytes -= cached.bytes;
                    self.slots.remove(&id);
                    continue;
                }
                Some(Slot::Redirect(_)) if !redirects => {}
                Some(Slot::Redirect(_)) => {
                    self.slots.remove(&id);
                    continue;
                }
            }
            self.hand.push_back(id);
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }
}
