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
    let is_in_order = cached.profile().merges == 0;
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

#[cfg(test)]
mod tests {
    use super::super::history::Framer;
    use super::*;
    use crate::audience::testing::event;
    use crate::ingest::Event;
    use crate::keys::{AccountNo, CatalogVersion, JournalSeq, ProfileId};
    use crate::profile::Profile;
    use crate::store::sqlite::SqliteStore;
    use crate::store::{Commit, ProfileRow, Store as _, TimerWrite, WriteBack};

    const HORIZON: TimeMs = TimeMs(1_000);

    fn received(message_id: &str, at: i64) -> Vec<u8> {
        let event = Event {
            message_id,
            ..event("buy", at)
        };
        Framer::default().frame(&event.encode_into(Vec::new()))
    }

    /// Somebody with these chunks of history, oldest first, in a store.
    fn somebody(dir: &std::path::Path, chunks: &[Vec<u8>]) -> (SqliteStore, Cached) {
        let mut store = SqliteStore::open(dir).unwrap();
        let (account, id) = (AccountNo(1), ProfileId([7; 16]));
        let profile = Profile::new(id, JournalSeq(1), TimeMs(0), CatalogVersion(1));
        let mut cached = Cached::new(account, profile);
        for events in chunks {
            let row = ProfileRow {
                row: cached.row,
                account,
                id,
                folded: JournalSeq(0),
                timer: TimerWrite::Keep,
                state: Vec::new(),
                recent: Vec::new(),
                events: events.clone(),
                newest: cached.newest,
                absorbed: Vec::new(),
            };
            let commit = Commit {
                follows: store.head().unwrap().commits,
                write_back: WriteBack {
                    profiles: vec![row],
                    ..WriteBack::default()
                },
                ..Commit::default()
            };
            let written = store.commit(&commit).unwrap()[0];
            (cached.row, cached.newest) = (Some(written.row), written.newest);
        }
        (store, cached)
    }

    #[test]
    fn an_id_is_found_in_whichever_chunk_it_is_unless_it_is_too_old() {
        let dir = tempfile::tempdir().unwrap();
        let chunks = [
            received("old", 999),
            received("a", 1_000),
            received("b", 3_000),
        ];
        let (store, cached) = somebody(dir.path(), &chunks);
        let known =
            ["old", "a", "b", "c"].map(|id| is_in_history(&store, &cached, id, HORIZON).unwrap());
        assert_eq!(known, [false, true, true, false]);
    }

    #[test]
    fn the_search_ends_where_all_is_too_old_unless_histories_were_put_together() {
        let dir = tempfile::tempdir().unwrap();
        let unreadable = vec![9; 9];
        let chunks = [unreadable, received("a", 500), received("b", 3_000)];
        let (store, mut cached) = somebody(dir.path(), &chunks);
        assert_eq!(
            is_in_history(&store, &cached, "c", HORIZON).ok(),
            Some(false)
        );
        cached.profile_mut().merges = 1;
        is_in_history(&store, &cached, "c", HORIZON).unwrap_err();
    }
}
