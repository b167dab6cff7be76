//! Profiles as they lie in the store: one byte of version, then the fields.

use super::cache::Cached;
use super::history::Framer;
use crate::clock::TimeMs;
use crate::profile::{Profile, RecentIds};
use crate::store::{ProfileRow, StoreError, StoredProfile};

/// The first byte of an encoded profile. A new layout is a new number and a `From` of the old.
const VERSION: u8 = 2;

/// The encoded state of a profile.
pub(super) fn encode_profile(profile: &Profile) -> Vec<u8> {
    postcard::to_extend(profile, vec![VERSION]).expect("plain fields encode into memory")
}

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

/// A profile on its way into the store.
pub(super) fn encode(
    cached: &mut Cached,
    now: TimeMs,
    horizon: TimeMs,
    framer: &mut Framer,
) -> ProfileRow {
    cached.recent.prune(horizon);
    ProfileRow {
        row: cached.row,
        account: cached.account,
        id: cached.profile.id,
        folded: cached.folded,
        timer: cached.write_timer(now),
        state: encode_profile(&cached.profile),
        recent: postcard::to_stdvec(&cached.recent).expect("plain fields encode into memory"),
        events: framer.frame(&cached.pending),
        newest: cached.newest,
        absorbed: cached.absorbed.clone(),
    }
}

/// A profile as it comes out of the store.
pub(super) fn decode(stored: &StoredProfile) -> Result<Cached, StoreError> {
    let recent: RecentIds = postcard::from_bytes(&stored.recent)
        .map_err(|error| StoreError::Damaged(format!("recent ids: {error}")))?;
    let mut cached = Cached::new(stored.account, decode_profile(&stored.state)?);
    cached.forgotten_before = recent.forgotten_until();
    cached.recent = recent;
    cached.row = Some(stored.row);
    cached.timer = stored.timer;
    cached.newest = stored.newest;
    cached.stored = stored.folded;
    cached.folded = stored.folded;
    Ok(cached)
}
