//! Profiles as they lie in the store: one byte of version, then the fields.

use std::sync::Arc;

use serde::Serialize;

use super::cache::Cached;
use super::history::Framer;
use crate::keys::{AccountNo, JournalSeq};
use crate::profile::{Profile, RecentIds};
use crate::store::{ChunkNo, ProfileRow, StoreError, StoredProfile, TimerWrite};

/// The first byte of an encoded profile. A new layout is a new number and a `From` of the old.
const VERSION: u8 = 2;

/// Reads an encoded state.
///
/// # Errors
///
/// The bytes are of a newer program or damaged.
pub fn decode_profile(bytes: &[u8]) -> Result<Profile, StoreError> {
    match bytes.split_first() {
        Some((&VERSION, body)) => postcard::from_bytes(body)
            .map_err(|error| StoreError::Damaged(format!("a profile: {error}"))),
        _ => Err(StoreError::Damaged(
            "a profile of an unknown layout".to_owned(),
        )),
    }
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
            state: self.bytes(&[VERSION], &*leaving.profile),
            recent: self.bytes(&[], &*leaving.recent),
            events: self.framer.frame(&leaving.pending),
            newest: leaving.newest,
            absorbed: leaving.absorbed,
        }
    }

    fn bytes(&mut self, first: &[u8], value: &impl Serialize) -> Vec<u8> {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        scratch.extend_from_slice(first);
        self.scratch =
            postcard::to_extend(value, scratch).expect("plain fields encode into memory");
        self.scratch.as_slice().into()
    }
}

/// A profile as it comes out of the store.
pub(super) fn decode(stored: &StoredProfile) -> Result<Cached, StoreError> {
    let recent: RecentIds = postcard::from_bytes(&stored.recent)
        .map_err(|error| StoreError::Damaged(format!("recent ids: {error}")))?;
    let mut cached = Cached::new(stored.account, decode_profile(&stored.state)?);
    cached.state_bytes = stored.state.len();
    cached.forgotten_before = recent.forgotten_until();
    cached.recent = Arc::new(recent);
    cached.row = Some(stored.row);
    cached.timer = stored.timer;
    cached.newest = stored.newest;
    cached.stored = stored.folded;
    cached.folded = stored.folded;
    Ok(cached)
}
