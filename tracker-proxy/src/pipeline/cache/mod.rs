//! Profiles in memory: bounded in bytes, with the changed ones in the order of their journal rows.

mod cached;
mod evict;
mod queues;

use std::collections::{BTreeSet, HashMap};

use rapidhash::fast::RandomState;

use self::queues::Queues;
use super::codec::{self, Leaving};
use crate::clock::TimeMs;
use crate::keys::{JournalSeq, ProfileId};
use crate::store::Written;

pub(super) use self::cached::{Cached, Snapshot};

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
    queues: Queues,
    /// Changed profiles that are let go of once they are written, and maybe others.
    cold: Vec<ProfileId>,
    cold_bytes: usize,
    bytes: usize,
    bytes_max: usize,
    dirty: BTreeSet<(JournalSeq, ProfileId)>,
    dirty_bytes: usize,
}

impl Cache {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self {
            slots: HashMap::default(),
            queues: Queues::default(),
            cold: Vec::new(),
            cold_bytes: 0,
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
            Some(Slot::Profile(cached)) => Some(cached),
            _ => None,
        }
    }

    /// Gives a profile away to be written as it is now.
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

    pub(super) fn insert(&mut self, id: ProfileId, mut cached: Cached) {
        self.bytes += cached.weigh();
        self.put(id, Slot::Profile(Box::new(cached)));
    }

    pub(super) fn redirect(&mut self, id: ProfileId, to: ProfileId) {
        self.put(id, Slot::Redirect(to));
    }

    /// Forgets where other ids lead: the store knows all of it.
    pub(super) fn forget_redirects(&mut self) {
        self.slots
            .retain(|_, slot| matches!(slot, Slot::Profile(_)));
        self.queues.retain(|id| self.slots.contains_key(&id));
    }

    fn put(&mut self, id: ProfileId, slot: Slot) {
        if self.slots.insert(id, slot).is_none() {
            self.queues.arrived(id);
        }
    }

    /// Takes a profile out: it is merged away or erased.
    pub(super) fn remove(&mut self, id: ProfileId) -> Option<Cached> {
        match self.slots.remove(&id)? {
            Slot::Redirect(_) => None,
            Slot::Profile(cached) => {
                self.bytes -= cached.bytes;
                if cached.cold {
                    self.cold_bytes -= cached.bytes;
                }
                if let Some(since) = cached.dirty_since {
                    self.dirty.remove(&(since, id));
                    self.dirty_bytes -= cached.bytes;
                }
                Some(*cached)
            }
        }
    }

    /// Forgets an id, whatever is known of it.
    pub(super) fn forget(&mut self, id: ProfileId) {
        drop(self.remove(id));
    }

    /// Notes that the stored state of `id` misses what journal row `since` brought.
    pub(super) fn mark_dirty(&mut self, id: ProfileId, since: JournalSeq, at: TimeMs) {
        let Some(Slot::Profile(cached)) = self.slots.get_mut(&id) else {
            return;
        };
        cached.moved_on = true;
        cached.used |= *cached.came.get_or_insert(since) < since;
        if std::mem::take(&mut cached.cold) {
            self.cold_bytes -= cached.bytes;
            self.queues.stays(id);
        }
        let before = cached.bytes;
        let bytes = cached.weigh();
        self.bytes = self.bytes - before + bytes;
        match cached.dirty_since {
            Some(known) => {
                self.dirty_bytes = self.dirty_bytes - before + bytes;
                if known <= since {
                    return;
                }
                self.dirty.remove(&(known, id));
            }
            None => {
                cached.dirty_at = at;
                self.dirty_bytes += bytes;
            }
        }
        cached.dirty_since = Some(since);
        self.dirty.insert((since, id));
    }

    /// Notes that the store has a profile as it was at `snapshot`. What happened since then is in the
    /// journal row `next`, which is not committed yet. Where nothing did, its memories are closed as
    /// they are in `state`, which was stored.
    pub(super) fn written(
        &mut self,
        snapshot: &Snapshot,
        written: Written,
        (next, since): (JournalSeq, TimeMs),
        state: &[u8],
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
            self.dirty_bytes -= cached.bytes;
        }
        if let Some(packed) = codec::packed(state) {
            cached.beside_bytes = state.len() - packed.len();
            cached.close(packed);
        }
        let before = cached.bytes;
        let bytes = cached.weigh();
        self.bytes = self.bytes - before + bytes;
        if cached.cold {
            self.cold_bytes = self.cold_bytes - before + bytes;
        }
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

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }
}
