//! Profiles as they lie in the store: a byte of version, a checksum of what follows, the length of
//! the packed memories, these, and then the other fields.
//!
//! The memories stay packed when a profile is read, so that it is the checksum that tells damaged
//! bytes from others.

use std::sync::Arc;

use super::cache::Cached;
use super::history::Framer;
use crate::keys::{AccountNo, JournalSeq};
use crate::profile::{Profile, RecentIds};
use crate::store::{ChunkNo, ProfileRow, StoreError, StoredProfile, TimerWrite};

/// The first byte of an encoded profile. What is stored of it, down to the single memory, may only
/// change together with this: an older program must not read what it would lose.
const VERSION: u8 = 3;
/// The layout before: all fields, memories included, one after the other.
const VERSION_BEFORE: u8 = 2;
/// Where the checksum of all that follows ends.
const SUM_ENDS: usize = 5;
/// Version, checksum and length.
const HEAD_BYTES: usize = SUM_ENDS + 4;

/// Reads an encoded state.
///
/// # Errors
///
/// The bytes are of a newer program or damaged.
pub fn decode_profile(bytes: &[u8]) -> Result<Profile, StoreError> {
    let (packed, fields) = match bytes.first() {
        Some(&VERSION_BEFORE) => (None, &bytes[1..]),
        Some(&VERSION) => {
            let (packed, fields) = parts(bytes).ok_or_else(|| damaged("a profile"))?;
            (Some(packed), fields)
        }
        _ => return Err(damaged("a profile of an unknown layout")),
    };
    let mut profile: Profile = postcard::from_bytes(fields)
        .map_err(|error| StoreError::Damaged(format!("a profile: {error}")))?;
    if let Some(packed) = packed {
        profile.conditions.close(packed);
    }
    Ok(profile)
}

fn damaged(what: &str) -> StoreError {
    StoreError::Damaged(what.to_owned())
}

/// The packed memories and the other fields, if the checksum holds.
fn parts(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (sum, rest) = bytes.get(1..)?.split_first_chunk()?;
    if *sum != checksum(rest) {
        return None;
    }
    let (length, rest) = rest.split_first_chunk()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

/// The packed memories of a state, as [`Encoder::encode`] makes one.
pub(super) fn packed(state: &[u8]) -> Option<&[u8]> {
    let (length, rest) = state.get(SUM_ENDS..)?.split_first_chunk()?;
    rest.get(..u32::from_le_bytes(*length) as usize)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "half of the hash is enough"
)]
fn checksum(bytes: &[u8]) -> [u8; 4] {
    (rapidhash::v3::rapidhash_v3(bytes) as u32).to_le_bytes()
}

/// A profile as it was when it was given to the store. It is encoded there, while the next events
/// are folded here.
#[derive(Debug)]
pub(super) struct Leaving {
    pub(super) row: Option<i64>,
    pub(super) account: AccountNo,
    pub(super) folded: JournalSeq,
    pub(super) timer: TimerWrite,
    pub(super) profile: Arc<Profile>,
    pub(super) recent: Arc<RecentIds>,
    pub(super) pending: Vec<u8>,
    pub(super) newest: Option<ChunkNo>,
    pub(super) absorbed: Vec<i64>,
}

/// Encodes profiles, each into bytes of its own that are not longer than they need to be.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    framer: Framer,
    scratch: Vec<u8>,
}

impl Encoder {
    pub(super) fn encode(&mut self, leaving: Leaving) -> ProfileRow {
        ProfileRow {
            row: leaving.row,
            account: leaving.account,
            id: leaving.profile.id,
            folded: leaving.folded,
            timer: leaving.timer,
            state: self.state(&leaving.profile),
            recent: self.recent(&leaving.recent),
            events: self.framer.frame(&leaving.pending),
            newest: leaving.newest,
            absorbed: leaving.absorbed,
        }
    }

    fn state(&mut self, profile: &Profile) -> Vec<u8> {
        let mut state = std::mem::take(&mut self.scratch);
        state.clear();
        state.resize(HEAD_BYTES, 0);
        profile.conditions.pack_into(&mut state);
        let length = u32::try_from(state.len() - HEAD_BYTES).expect("a profile is bounded");
        state = postcard::to_extend(profile, state).expect(ENCODES);
        state[0] = VERSION;
        state[SUM_ENDS..HEAD_BYTES].copy_from_slice(&length.to_le_bytes());
        let sum = checksum(&state[SUM_ENDS..]);
        state[1..SUM_ENDS].copy_from_slice(&sum);
        self.scratch = state;
        self.scratch.as_slice().into()
    }

    fn recent(&mut self, recent: &RecentIds) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.scratch);
        bytes.clear();
        self.scratch = postcard::to_extend(recent, bytes).expect(ENCODES);
        self.scratch.as_slice().into()
    }
}

const ENCODES: &str = "plain fields encode into memory";

/// A profile as it comes out of the store.
pub(super) fn decode(stored: &StoredProfile) -> Result<Cached, StoreError> {
    let recent: RecentIds = postcard::from_bytes(&stored.recent)
        .map_err(|error| StoreError::Damaged(format!("recent ids: {error}")))?;
    let mut cached = Cached::new(stored.account, decode_profile(&stored.state)?);
    let packed = cached.profile().conditions.packed_bytes();
    cached.beside_bytes = stored.state.len() - packed;
    cached.forgotten_before = recent.forgotten_until();
    cached.recent = Arc::new(recent);
    cached.row = Some(stored.row);
    cached.timer = stored.timer;
    cached.newest = stored.newest;
    cached.stored = stored.folded;
    cached.folded = stored.folded;
    Ok(cached)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::TimeMs;
    use crate::keys::{CatalogVersion, LeafNo, ProfileId};
    use crate::profile::LeafState;

    fn somebody() -> Profile {
        let id = ProfileId([7; 16]);
        let mut profile = Profile::new(id, JournalSeq(3), TimeMs(1_000), CatalogVersion(2));
        profile.conditions.put(LeafNo(4), LeafState::Count(12));
        profile.conditions.put(LeafNo(9), LeafState::Count(1));
        profile.conditions.late_mut().mark(LeafNo(9));
        profile
    }

    #[test]
    fn a_profile_survives_storing() {
        let state = Encoder::default().state(&somebody());
        let stored = decode_profile(&state).unwrap();
        assert_eq!(stored, somebody());
        assert_eq!(stored.conditions.open_len(), 0);
        let mut written = somebody();
        written.conditions.close(packed(&state).unwrap());
        assert_eq!(written, somebody());
    }

    #[test]
    fn damage_anywhere_is_an_error() {
        let state = Encoder::default().state(&somebody());
        for place in 0..state.len() {
            assert!(decode_profile(&state[..place]).is_err());
            for bit in 0..8 {
                let mut flipped = state.clone();
                flipped[place] ^= 1 << bit;
                assert!(
                    decode_profile(&flipped).is_err(),
                    "bit {bit} of byte {place}"
                );
            }
        }
    }

    #[test]
    fn the_layout_before_is_read() {
        let is = somebody();
        let memories = [4, 9].map(|leaf| {
            let state = is.conditions.get(LeafNo(leaf)).unwrap();
            (LeafNo(leaf), state.into_owned())
        });
        let fields = (
            (&is.id, &is.user_ids, &is.anonymous_ids, &is.attributes),
            (&is.consents, memories.to_vec(), is.conditions.late()),
            (&is.memberships, &is.ledger, is.incarnation, is.events),
            (is.first_seen, is.last_seen, is.warm, is.due, is.merges),
        );
        let mut state = vec![VERSION_BEFORE];
        state.extend(postcard::to_stdvec(&fields).unwrap());
        assert_eq!(decode_profile(&state).unwrap(), is);
    }
}
