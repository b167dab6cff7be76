//! Which profiles have to be looked at, and when, without any event.
//!
//! The store holds one timer per profile; the near ones are here. An entry may be stale (the
//! profile's timer moved): whoever takes it looks at the profile and sees.

use std::collections::BTreeSet;

use crate::clock::TimeMs;
use crate::keys::{AccountNo, ProfileId};
use crate::store::{Reader, StoreError};

/// How far ahead timers are held in memory, in milliseconds.
const AHEAD_MS: i64 = 10 * 60 * 1_000;
/// How many timers are read from the store at once.
const READ_MAX: u32 = 20_000;

/// The near timers.
#[derive(Debug)]
pub(super) struct Timers {
    near: BTreeSet<(TimeMs, ProfileId, AccountNo)>,
    /// Timers of the store up to this instant are in `near`, or were.
    read_until: TimeMs,
    /// The last timer that was read, with the row of its profile.
    last_read: (TimeMs, i64),
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            near: BTreeSet::new(),
            read_until: TimeMs::default(),
            last_read: (TimeMs(i64::MIN), 0),
        }
    }
}

impl Timers {
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Holds a timer, if it is a near one; the others are found in the store when they are near.
    pub(super) fn arm(&mut self, due: TimeMs, profile: ProfileId, account: AccountNo) {
        if due <= self.read_until {
            self.near.insert((due, profile, account));
        }
    }

    /// The next instant at which there is something to do here.
    pub(super) fn next(&self) -> TimeMs {
        let near = self.near.first().map_or(TimeMs::MAX, |(due, ..)| *due);
        near.min(self.read_until)
    }

    /// True if timers of the store have to be read before `limit` of them can fire at `now`. A
    /// wave of timers is read as it is worked off.
    pub(super) fn wants_reading(&self, now: TimeMs, limit: usize) -> bool {
        let due = self.near.iter().take_while(|(due, ..)| *due <= now);
        now >= self.read_until && due.take(limit).count() < limit
    }

    /// Reads what became near. `unwritten` are the timers of profiles that the store has not yet.
    pub(super) fn read(
        &mut self,
        store: &(dyn Reader + Send),
        now: TimeMs,
        unwritten: impl Iterator<Item = (TimeMs, ProfileId, AccountNo)>,
    ) -> Result<(), StoreError> {
        let until = now.plus(AHEAD_MS);
        let found = store.timers_after(self.last_read, until, READ_MAX)?;
        // A full page says nothing about what lies after its last row.
        let full = found.len() >= READ_MAX as usize;
        (self.read_until, self.last_read) = match found.last() {
            Some(last) if full => (last.due, (last.due, last.row)),
            _ => (until, (until, i64::MAX)),
        };
        let until = self.read_until;
        self.near.extend(
            found
                .iter()
                .map(|timer| (timer.due, timer.id, timer.account)),
        );
        self.near
            .extend(unwritten.filter(|(due, ..)| *due <= until));
        Ok(())
    }

    /// Takes up to `limit` timers that are due.
    pub(super) fn take(&mut self, now: TimeMs, limit: usize) -> Vec<(ProfileId, AccountNo)> {
        let mut taken = Vec::new();
        while taken.len() < limit {
            match self.near.first() {
                Some((due, ..)) if *due <= now => {}
                _ => break,
            }
            if let Some((_, profile, account)) = self.near.pop_first() {
                taken.push((profile, account));
            }
        }
        taken
    }
}
