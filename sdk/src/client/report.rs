//! What became of the events: counts that always add up.

use std::fmt;

/// Why an event will not arrive although nobody refused it.
///
/// ```
/// # let client = segue_sdk::testing::TestClient::new();
/// use segue_sdk::DropReason;
///
/// let receipt = client.user("").track_named("visit", &serde_json::json!({}));
/// match receipt.dropped() {
///     None => {}
///     Some(DropReason::EmptyIdentity) => { /* a bug of ours */ }
///     Some(reason) => tracing::warn!(reason = reason.as_str(), "an event was dropped"),
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DropReason {
    /// The queue was full, by count or by bytes: raise its bounds, or look why nothing is taken.
    QueueFull,
    /// The event is over the bound on its size: send less in it.
    TooLarge,
    /// The event's type refused to be serialised: a bug in that type.
    Unserializable,
    /// The id given was empty: a bug in the caller.
    EmptyIdentity,
    /// The client had been shut down.
    Closed,
    /// The endpoint took nothing for as long as a batch may be retried.
    Expired,
    /// The transport, a callback, a middleware or the event's serialisation panicked: a bug in it.
    Panicked,
    /// A middleware let it go, as it was told to.
    Filtered,
    /// What the spool held of it could not be read back: look at the disk.
    SpoolDamaged,
    /// The process was forked, and in the child no client could be started: build one there.
    Forked,
}

impl DropReason {
    /// Every reason.
    pub const ALL: [Self; 10] = [
        Self::QueueFull,
        Self::TooLarge,
        Self::Unserializable,
        Self::EmptyIdentity,
        Self::Closed,
        Self::Expired,
        Self::Panicked,
        Self::Filtered,
        Self::SpoolDamaged,
        Self::Forked,
    ];

    /// The reason as a word for logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::TooLarge => "too_large",
            Self::Unserializable => "unserializable",
            Self::EmptyIdentity => "empty_identity",
            Self::Closed => "closed",
            Self::Expired => "expired",
            Self::Panicked => "panicked",
            Self::Filtered => "filtered",
            Self::SpoolDamaged => "spool_damaged",
            Self::Forked => "forked",
        }
    }
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How many events were dropped, by reason.
///
/// ```
/// # let client = segue_sdk::testing::TestClient::new();
/// use segue_sdk::DropReason;
///
/// client.user("").track_named("visit", &serde_json::json!({}));
/// let dropped = client.stats().dropped;
/// assert_eq!((dropped.total(), dropped.get(DropReason::EmptyIdentity)), (1, 1));
/// for (reason, events) in dropped.iter() {
///     println!("segue_dropped_total{{reason=\"{reason}\"}} {events}");
/// }
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Dropped {
    counts: [u64; DropReason::ALL.len()],
}

impl Dropped {
    /// How many were dropped for this reason.
    #[must_use]
    pub const fn get(&self, reason: DropReason) -> u64 {
        self.counts[reason as usize]
    }

    /// How many were dropped at all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The reasons that occurred, with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (DropReason, u64)> {
        DropReason::ALL
            .into_iter()
            .map(|reason| (reason, self.get(reason)))
            .filter(|(_, count)| *count > 0)
    }

    /// Counts `events` more; true when they are the first for this reason.
    pub(super) fn add(&mut self, reason: DropReason, events: u64) -> bool {
        let count = &mut self.counts[reason as usize];
        *count += events;
        *count == events && events > 0
    }
}

impl fmt::Debug for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// What became of the events of a client so far, counted in events.
///
/// `tracked + recovered == delivered + rejected + dropped.total() + pending` at every moment.
///
/// ```
/// # let client = segue_sdk::testing::TestClient::new();
/// use std::time::Duration;
///
/// client.user("42").track_named("visit", &serde_json::json!({}));
/// let report = client.shutdown_blocking(Duration::from_secs(5));
/// assert!(report.is_complete());
/// let sentence = "1 tracked: 1 delivered, 0 rejected, 0 dropped, 0 pending";
/// assert_eq!(report.to_string(), sentence);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Calls: every event that was handed to the client.
    pub tracked: u64,
    /// Acknowledged by the endpoint: durable there.
    pub delivered: u64,
    /// Refused by the endpoint for good; the callback for rejections was told each.
    pub rejected: u64,
    /// Given up by the client, by reason.
    pub dropped: Dropped,
    /// In the queue or on the way. In the report of a shutdown: not confirmed in time, and given
    /// up unless spooled; those that were in a request may have arrived.
    pub pending: u64,
    /// Of the pending ones, those that are on disk: the next client with this spool delivers
    /// what this one does not.
    pub spooled: u64,
    /// Found on disk, left behind by clients that are no more.
    pub recovered: u64,
    /// Events that should have been on disk and were held in memory alone, because the spool was
    /// full or the disk refused. They are delivered like the others, but a kill loses them.
    pub unspooled: u64,
    /// Calls turned away by [`OverflowPolicy::Refuse`](super::OverflowPolicy::Refuse). They are
    /// not in `tracked`: the caller still has the event.
    pub refused: u64,
    /// Requests made.
    pub requests: u64,
    /// Requests that repeated an earlier one.
    pub retries: u64,
    /// Bytes of the bodies of all requests, before compression.
    pub request_bytes: u64,
}

impl Report {
    /// Whether everything tracked or recovered was delivered.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.tracked + self.recovered == self.delivered
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            tracked,
            delivered,
            rejected,
            pending,
            ..
        } = self;
        let dropped = self.dropped.total();
        write!(
            f,
            "{tracked} tracked: {delivered} delivered, {rejected} rejected, {dropped} dropped"
        )?;
        for (at, (reason, count)) in self.dropped.iter().enumerate() {
            let lead = if at == 0 { " (" } else { ", " };
            write!(f, "{lead}{reason} {count}")?;
        }
        let close = if dropped > 0 { ")" } else { "" };
        write!(f, "{close}, {pending} pending")?;
        let more = [
            (self.spooled, "of them on disk"),
            (self.recovered, "recovered"),
            (self.unspooled, "unspooled"),
            (self.refused, "refused"),
        ];
        for (count, word) in more.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, ", {count} {word}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_own_place() {
        for (at, reason) in DropReason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, at);
        }
    }

    #[test]
    fn a_report_reads_as_a_sentence() {
        let mut report = Report {
            tracked: 9,
            delivered: 5,
            rejected: 1,
            ..Report::default()
        };
        assert!(report.dropped.add(DropReason::QueueFull, 2));
        assert!(
            !report.dropped.add(DropReason::QueueFull, 1),
            "the first ones were before"
        );
        assert_eq!(
            report.to_string(),
            "9 tracked: 5 delivered, 1 rejected, 3 dropped (queue_full 3), 0 pending"
        );
    }
}
