//! The message ids of a person's recent events: what makes a retry harmless.
//!
//! The newest ids are kept with the profile, so that idempotency needs no index over everybody.
//! When there are more than fit, the ones with the oldest stated times go, and how new the newest
//! of those was is remembered: only an event that is stated to be at least as old as that can be
//! a repeat of one that is forgotten here, and only for such an event the history is asked.

use serde::{Deserialize, Serialize};

use crate::clock::TimeMs;

/// How many ids are kept per profile.
pub const RECENT_IDS_MAX: usize = 128;

/// One id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Recent {
    /// The event's stated time: a retry states the same one.
    stated: TimeMs,
    /// Milliseconds from the stated time to the receipt.
    delay_ms: i64,
    hash: u64,
}

impl Recent {
    fn received(self) -> TimeMs {
        self.stated.plus(self.delay_ms)
    }
}

/// What is known of an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sighting {
    /// Never seen.
    New,
    /// Seen: the event is a repeat.
    Repeat,
    /// Older than what is kept here: only the history knows.
    AskHistory,
}

/// The recent ids of one profile.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RecentIds {
    /// Sorted by stated time.
    ids: Vec<Recent>,
    /// The newest stated time of a forgotten id, and when the newest such one was received.
    forgotten: Option<(TimeMs, TimeMs)>,
}

/// The hash under which a message id is kept. Frozen: it is stored.
#[must_use]
pub fn message_hash(message_id: &str) -> u64 {
    rapidhash::v3::rapidhash_v3(message_id.as_bytes())
}

impl RecentIds {
    /// Whether the event with this id and stated time was seen since `horizon`.
    #[must_use]
    pub fn sighting(&self, hash: u64, stated: TimeMs, horizon: TimeMs) -> Sighting {
        if self
            .ids
            .iter()
            .rev()
            .any(|recent| recent.hash == hash && recent.received() >= horizon)
        {
            return Sighting::Repeat;
        }
        match self.forgotten {
            Some((newest, received)) if stated <= newest && received >= horizon => {
                Sighting::AskHistory
            }
            _ => Sighting::New,
        }
    }

    /// Remembers an id and forgets what is older than `horizon`. Over the bound it lets one go,
    /// and returns its hash and stated time.
    pub fn remember(
        &mut self,
        hash: u64,
        stated: TimeMs,
        received: TimeMs,
        horizon: TimeMs,
    ) -> Option<(u64, TimeMs)> {
        let place = self.ids.partition_point(|recent| recent.stated <= stated);
        let delay_ms = received.since(stated);
        self.ids.insert(
            place,
            Recent {
                stated,
                delay_ms,
                hash,
            },
        );
        if self.ids.len() > RECENT_IDS_MAX && self.ids[0].received() < horizon {
            self.ids.retain(|recent| recent.received() >= horizon);
        }
        if self.ids.len() <= RECENT_IDS_MAX {
            return None;
        }
        let gone = self.ids.remove(0);
        let (newest, seen) = self.forgotten.unwrap_or((gone.stated, gone.received()));
        self.forgotten = Some((newest.max(gone.stated), seen.max(gone.received())));
        Some((gone.hash, gone.stated))
    }

    /// The newest stated time of an id that is forgotten here.
    #[must_use]
    pub fn forgotten_until(&self) -> Option<TimeMs> {
        self.forgotten.map(|(newest, _)| newest)
    }

    /// What the ids take in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.ids.capacity() * size_of::<Recent>()
    }

    /// True where there is something older than `horizon`.
    #[must_use]
    pub fn wants_pruning(&self, horizon: TimeMs) -> bool {
        let forgotten = self.forgotten.map(|(_, received)| received);
        let mut received = self.ids.iter().map(|recent| recent.received());
        received.any(|received| received < horizon) || forgotten.is_some_and(|at| at < horizon)
    }

    /// Forgets what is older than `horizon`.
    pub fn prune(&mut self, horizon: TimeMs) {
        self.ids.retain(|recent| recent.received() >= horizon);
        self.forgotten = self.forgotten.filter(|(_, received)| *received >= horizon);
    }

    /// Takes copies of the ids of a profile that lost a visitor's id to this one; returns hash and
    /// stated time of those that were let go for them.
    pub fn borrow(&mut self, other: Self, horizon: TimeMs) -> Vec<(u64, TimeMs)> {
        let fresh = |recent: &Recent| recent.received() >= horizon;
        let new: Vec<Recent> = other.ids.into_iter().filter(fresh).collect();
        let known = |one: &Recent| self.ids.contains(one);
        let new: Vec<Recent> = new.into_iter().filter(|one| !known(one)).collect();
        new.into_iter()
            .filter_map(|one| self.remember(one.hash, one.stated, one.received(), horizon))
            .collect()
    }

    /// Takes over the ids of a profile that was merged into this one.
    pub fn merge(&mut self, other: Self, horizon: TimeMs) {
        if let Some((newest, received)) = other.forgotten {
            let (ours, seen) = self.forgotten.unwrap_or((newest, received));
            self.forgotten = Some((ours.max(newest), seen.max(received)));
        }
        for recent in other.ids {
            // What is let go is noted above: the history is asked about all of it.
            self.remember(recent.hash, recent.stated, recent.received(), horizon);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HORIZON: TimeMs = TimeMs(0);

    #[test]
    fn a_retry_is_a_repeat() {
        let mut ids = RecentIds::default();
        assert_eq!(ids.sighting(7, TimeMs(5), HORIZON), Sighting::New);
        ids.remember(7, TimeMs(5), TimeMs(6), HORIZON);
        assert_eq!(ids.sighting(7, TimeMs(5), HORIZON), Sighting::Repeat);
    }

    #[test]
    fn beyond_the_bound_only_old_events_ask_the_history() {
        let mut ids = RecentIds::default();
        for n in 0..1_000_u64 {
            let at = TimeMs(i64::try_from(n).unwrap());
            assert_eq!(
                ids.sighting(n, at, HORIZON),
                Sighting::New,
                "live events never ask"
            );
            ids.remember(n, at, at, HORIZON);
        }
        assert_eq!(ids.sighting(3, TimeMs(3), HORIZON), Sighting::AskHistory);
        assert_eq!(ids.sighting(999, TimeMs(999), HORIZON), Sighting::Repeat);
        assert_eq!(
            ids.sighting(3, TimeMs(3), TimeMs(2_000)),
            Sighting::New,
            "past the horizon"
        );
    }

    #[test]
    fn an_old_event_that_arrives_now_is_remembered_from_now() {
        let mut ids = RecentIds::default();
        ids.remember(7, TimeMs(-1_000_000), TimeMs(50), HORIZON);
        assert_eq!(
            ids.sighting(7, TimeMs(-1_000_000), TimeMs(40)),
            Sighting::Repeat
        );
    }
}
