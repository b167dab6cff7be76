//! The bounds of taking and keeping events, each with its unit and its reason. Those of deliveries
//! and of the admin API stand beside what they bound.

use crate::document::{Fields, Mistakes, Node};

const KIB: usize = 1_024;
const MIB: usize = 1_024 * KIB;

/// The shortest time for which message ids are remembered, in hours: official clients retry a
/// batch for up to a day.
pub const IDEMPOTENCY_HOURS_MIN: u32 = 24;

/// What is refused, dropped or put off beyond some size, number or age.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The longest request body, after decompression. Our SDK sends at most 512 KiB, the
    /// official ones 500 KB; the rest is room for imports.
    pub body_bytes_max: usize,
    /// The longest event; what the official clients promise never to exceed.
    pub event_bytes_max: usize,
    /// The deepest nesting of an event: far above what people send, far below what would strain
    /// the stack of a reader.
    pub depth_max: usize,
    /// The most properties, traits or context entries at the top of one event.
    pub properties_max: usize,
    /// The most events of one batch: so many small events cannot hold up a commit for long.
    pub batch_events_max: usize,
    /// The longest user id, anonymous id, message id or write key: each is kept for long.
    pub id_bytes_max: usize,
    /// The longest event name: names become entries of an index.
    pub name_bytes_max: usize,

    /// The most requests whose batches wait for a commit; beyond it 503 with `Retry-After`.
    pub queue_requests_max: usize,
    /// The most bytes of batches that wait for a commit, so that many large bodies cannot fill
    /// the memory before the number of requests does.
    pub queue_bytes_max: usize,
    /// The `Retry-After` of a 503, in seconds: about the time in which a full queue empties.
    pub retry_after_s: u32,

    /// Profiles in memory, in bytes. A profile that is not there is one read away.
    pub cache_bytes_max: usize,
    /// Profiles that differ from the store, in bytes; beyond it the pipeline waits for the
    /// write-back.
    pub dirty_bytes_max: usize,
    /// How long a changed profile waits before a round of write-backs begins, in seconds: bounds the
    /// tail that a start has to fold again.
    pub write_back_seconds_max: u32,
    /// Journal rows that are not folded by all profiles, in bytes; beyond it 503.
    pub journal_bytes_max: u64,
    /// The newest events that the admin API lists, in bytes on disk; the oldest go first. The
    /// history of each person is kept apart from them.
    pub event_feed_bytes_max: u64,
    /// How long message ids are remembered, in hours; never below [`IDEMPOTENCY_HOURS_MIN`].
    pub idempotency_hours: u32,

    /// How long transitions and deliveries that have a final state are kept, in days: for as long
    /// as somebody asks what was sent, and dead letters can be sent again.
    pub delivery_days_max: u32,
    /// How many of them are kept; beyond it the oldest go first. A row and its delivery have
    /// about 400 bytes.
    pub delivery_rows_max: u64,

    /// How long a shutdown waits for what is under way, in seconds.
    pub drain_seconds_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 4 * MIB,
            event_bytes_max: 32 * KIB,
            depth_max: 32,
            properties_max: 500,
            batch_events_max: 5_000,
            id_bytes_max: 512,
            name_bytes_max: 200,

            queue_requests_max: 1_024,
            queue_bytes_max: 64 * MIB,
            retry_after_s: 1,

            cache_bytes_max: 256 * MIB,
            dirty_bytes_max: 192 * MIB,
            write_back_seconds_max: 10,
            journal_bytes_max: 512 * MIB as u64,
            event_feed_bytes_max: 256 * MIB as u64,
            idempotency_hours: 48,

            delivery_days_max: 30,
            delivery_rows_max: 2_000_000,

            drain_seconds_max: 10,
        }
    }
}

impl Limits {
    /// Reads `limits:`, the few bounds that depend on the machine and on the clients.
    pub(super) fn read(node: &Node, mistakes: &mut Mistakes) -> Self {
        let mut limits = Self::default();
        let Some(mut fields) = Fields::of(node, "`limits`", mistakes) else {
            return limits;
        };
        let (mib, tib) = (MIB as u64, (MIB as u64) << 20);
        if let Some(bytes) = fields.whole("cache_bytes", 16 * mib..=tib, mistakes) {
            limits.cache_bytes_max = usize::try_from(bytes).unwrap_or(usize::MAX);
            limits.dirty_bytes_max = limits.cache_bytes_max / 4 * 3;
        }
        let hours = u64::from(IDEMPOTENCY_HOURS_MIN)..=24 * 365;
        if let Some(hours) = fields.whole("idempotency_hours", hours, mistakes) {
            limits.idempotency_hours = u32::try_from(hours).unwrap_or(u32::MAX);
        }
        if let Some(seconds) = fields.whole("write_back_seconds", 1..=600, mistakes) {
            limits.write_back_seconds_max = u32::try_from(seconds).unwrap_or(u32::MAX);
        }
        if let Some(days) = fields.whole("delivery_days", 1..=3_650, mistakes) {
            limits.delivery_days_max = u32::try_from(days).unwrap_or(u32::MAX);
        }
        if let Some(rows) = fields.whole("delivery_rows", 1_000..=10_000_000_000, mistakes) {
            limits.delivery_rows_max = rows;
        }
        fields.finish(mistakes);
        limits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::parse;

    fn read(text: &str) -> (Limits, Vec<String>) {
        let mut mistakes = Mistakes::default();
        let limits = Limits::read(&parse(text).unwrap(), &mut mistakes);
        let mistakes = mistakes.into_sorted();
        let messages = mistakes.iter().map(ToString::to_string).collect();
        (limits, messages)
    }

    #[test]
    fn an_operator_may_move_a_few_bounds() {
        let (limits, mistakes) =
            read("cache_bytes: 1073741824\nidempotency_hours: 24\nwrite_back_seconds: \"5\"\n");
        assert_eq!(mistakes, [""; 0]);
        assert_eq!(limits.cache_bytes_max, 1_024 * MIB);
        assert_eq!(limits.dirty_bytes_max, 768 * MIB);
        assert_eq!(
            (limits.idempotency_hours, limits.write_back_seconds_max),
            (24, 5)
        );
        assert_eq!(limits.event_bytes_max, 32 * KIB);
    }

    #[test]
    fn message_ids_are_remembered_for_a_day_at_least() {
        let (limits, mistakes) = read("idempotency_hours: 23");
        assert_eq!(limits, Limits::default());
        assert_eq!(
            mistakes,
            ["line 1, column 20: `idempotency_hours` has to be a whole number from 24 to 8760"]
        );
    }

    #[test]
    fn the_other_bounds_are_not_for_moving() {
        let (_, mistakes) = read("body_bytes_max: 1");
        assert!(mistakes[0].contains("unknown key `body_bytes_max`"));
    }
}
