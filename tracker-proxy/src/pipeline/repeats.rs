//! Whether an event is in somebody's history: asked of an id that their profile has let go.

use super::cache::Cached;
use super::history;
use crate::clock::TimeMs;
use crate::store::{Reader, StoreError};

/// Whether a message id was received since `horizon`.
///
/// What is sent again was sent lately, so the history is read from its end, one chunk in memory at
/// a time: the busiest have hundreds of megabytes.
pub(super) fn is_in_history(
    store: &(dyn Reader + Send),
    cached: &Cached,
    message_id: &str,
    horizon: TimeMs,
) -> Result<bool, StoreError> {
    // Once histories were put together, what is older may stand behind what is newer.
    let is_in_order = cached.profile.merges == 0;
    let mut seen = Seen::of(&cached.pending, message_id, horizon)?;
    let mut next = cached.newest;
    while let Some(no) = next
        && !seen.it
        && !(is_in_order && seen.is_past)
    {
        let (chunk, before) = store.chunk(no)?;
        let events = history::unframe(&[chunk], &[])?;
        seen = Seen::of(&events, message_id, horizon)?;
        next = before;
    }
    Ok(seen.it)
}

/// What some encoded events tell.
struct Seen {
    /// The id is among them.
    it: bool,
    /// There are events, and all are older than anybody asks for.
    is_past: bool,
}

impl Seen {
    fn of(events: &[u8], message_id: &str, horizon: TimeMs) -> Result<Self, StoreError> {
        let events = history::events(events)?;
        let lately = || events.iter().filter(|event| event.received >= horizon);
        Ok(Self {
            it: lately().any(|event| event.message_id == message_id),
            is_past: !events.is_empty() && lately().next().is_none(),
        })
    }
}
