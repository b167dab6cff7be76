//! The message ids that busy profiles had no room for, for as long as a retry is likely.
//!
//! A profile keeps its newest ids. Events of somebody very busy pass each other on the way, and
//! each that is a little older than the oldest id kept could be a repeat of one that is not.
//! Asking the history each time would grow with the square of it. This set answers instead, for
//! the last few million ids that were let go; what it does not reach, the history knows.

use crate::clock::TimeMs;
use crate::keys::ProfileId;

/// Bits of one generation: 32 MB, of which the machine gives what is used.
const BITS: usize = 1 << 28;
/// Bits of one block: a line of the processor's memory.
const BLOCK_BITS: usize = 512;
/// Ids of one generation: four in a block on average. Of a hundred million that are not there one
/// is found all the same, and costs somebody's history.
const IDS_MAX: usize = 2_000_000;
/// The places of an id, all in one block.
type Places = [usize; 7];

/// The ids of some stretch of time.
#[derive(Debug)]
struct Generation {
    bits: Vec<u64>,
    count: usize,
    /// The newest stated time among them.
    newest: TimeMs,
}

impl Generation {
    fn new() -> Self {
        Self {
            bits: Vec::new(),
            count: 0,
            newest: TimeMs(i64::MIN),
        }
    }

    fn add(&mut self, places: Places, stated: TimeMs) {
        if self.bits.is_empty() {
            self.bits = vec![0; BITS / 64];
        }
        for place in places {
            self.bits[place / 64] |= 1 << (place % 64);
        }
        self.count += 1;
        self.newest = self.newest.max(stated);
    }

    fn has(&self, places: Places) -> bool {
        !self.bits.is_empty()
            && places
                .iter()
                .all(|place| self.bits[place / 64] & (1 << (place % 64)) != 0)
    }
}

/// What was let go lately.
#[derive(Debug)]
pub(super) struct Forgotten {
    now: Generation,
    before: Generation,
    /// Ids stated up to here may have been let go with a generation that is gone.
    unknown_until: TimeMs,
}

impl Default for Forgotten {
    fn default() -> Self {
        let unknown_until = TimeMs(i64::MIN);
        Self {
            now: Generation::new(),
            before: Generation::new(),
            unknown_until,
        }
    }
}

fn places(profile: ProfileId, hash: u64) -> Places {
    let mut key = [0; 24];
    key[..16].copy_from_slice(&profile.0);
    key[16..].copy_from_slice(&hash.to_le_bytes());
    let inside = rapidhash::v3::rapidhash_v3(&key);
    // The id's hash chooses the block, so that what chooses in it owes nothing to that.
    let block = usize::try_from(hash >> 32).unwrap_or(0) % (BITS / BLOCK_BITS);
    [0, 9, 18, 27, 36, 45, 54].map(|shift| {
        let place = usize::try_from(inside >> shift).unwrap_or(0) % BLOCK_BITS;
        block * BLOCK_BITS + place
    })
}

impl Forgotten {
    /// Notes an id that a profile lets go.
    pub(super) fn note(&mut self, profile: ProfileId, hash: u64, stated: TimeMs) {
        if self.now.count >= IDS_MAX {
            self.unknown_until = self.unknown_until.max(self.before.newest);
            self.before = std::mem::replace(&mut self.now, Generation::new());
        }
        self.now.add(places(profile, hash), stated);
    }

    /// Whether the id is among them, or nothing where only the history knows.
    pub(super) fn has(&self, profile: ProfileId, hash: u64, stated: TimeMs) -> Option<bool> {
        if stated <= self.unknown_until {
            return None;
        }
        let places = places(profile, hash);
        // What is found may be an accident, so the history is asked.
        let found = self.now.has(places) || self.before.has(places);
        if found { None } else { Some(false) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_never_let_go_is_known_to_be_new() {
        let (one, other) = (ProfileId([1; 16]), ProfileId([2; 16]));
        let mut forgotten = Forgotten::default();
        let hash = |n: u32| crate::profile::message_hash(&n.to_string());
        for n in 0..1_000_000 {
            forgotten.note(one, hash(n), TimeMs(5));
        }
        assert_eq!(
            forgotten.has(one, hash(7), TimeMs(5)),
            None,
            "ask the history"
        );
        let found = |who, n| forgotten.has(who, hash(n), TimeMs(5)).is_none();
        let strangers = (0..1_000_000).filter(|n| found(other, *n) || found(one, *n + 1_000_000));
        assert_eq!(strangers.count(), 0);
    }

    #[test]
    fn what_went_with_an_old_generation_is_left_to_the_history() {
        let one = ProfileId([1; 16]);
        let mut forgotten = Forgotten::default();
        let ids = u64::try_from(IDS_MAX * 2 + 1).unwrap();
        for hash in 0..ids {
            forgotten.note(one, hash, TimeMs(i64::try_from(hash).unwrap()));
        }
        assert_eq!(forgotten.has(one, u64::MAX, TimeMs(9)), None);
        let newest = TimeMs(i64::try_from(ids).unwrap());
        assert_eq!(forgotten.has(one, u64::MAX, newest), Some(false));
    }
}
