//! The one loop between what comes in and what goes out.
//!
//! In: submissions of ingest, timers, results of deliveries, questions of the admin API. Out:
//! commits, then replies and deliveries. Everything that arrives while a commit is under way is
//! folded meanwhile and forms the next one; an idle pipeline commits at once.
//!
//! Profiles are folded in place. A commit that fails throws the whole cache away, and the journal
//! is folded again from the store: memory never holds what is not durable for longer than the
//! commit that tries.

mod cache;
pub mod catalog;
mod codec;
mod commit;
mod erase;
mod failure;
mod feed;
mod filter;
mod flight;
mod fold;
mod forgotten;
mod handle;
pub mod history;
mod inputs;
pub mod journal;
mod merging;
mod mirrors;
mod outputs;
mod past;
mod recover;
mod render;
mod repeats;
mod repoint;
mod resolve;
mod results;
mod resync;
mod retention;
mod run;
mod standings;
mod start;
mod sweep;
mod switch;
mod tail;
mod timers;
mod upload;
mod view;
mod write_back;
mod writer;

pub use codec::decode_profile;
pub use erase::{Erased, erase};
pub use handle::{Asked, Handle, Progress, Shared};
pub use past::Past;
pub use resolve::MERGES_MAX;
pub use resync::{REPLACE_BYTES_MAX, resync};
pub use run::Channels;
pub use start::{Start, start};
pub use switch::{Compile, SwitchError};
pub use upload::{Name, Uploaded};
pub use view::{Names, Person};
pub use write_back::write_back;

use std::collections::HashMap;
use std::sync::Arc;

use cache::Cache;
use catalog::Catalog;
use feed::Feed;
use filter::Filter;
use flight::Flight;
use fold::Scratch;
use forgotten::Forgotten;
use inputs::Reply;
use journal::Packer;
use mirrors::Mirrors;
use outputs::Outputs;
use results::Followup;
use retention::Retention;
use sweep::Sweep;
use tail::Tail;
use timers::Timers;
use writer::Writer;

use crate::clock::TimeMs;
use crate::delivery::Destinations;
use crate::ingest::Verdict;
use crate::keys::ProfileId;
use crate::store::{DeliveryRow, Head, Reader};

/// The bounds of the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Profiles in memory, in bytes.
    pub cache_bytes: usize,
    /// Changed profiles that are not written back, in bytes: what is over it is written back after
    /// every commit.
    pub dirty_bytes: usize,
    /// How long a changed profile waits before a round of write-backs begins, in milliseconds.
    pub write_back_ms: i64,
    /// Journal rows are kept for the list of recent events up to this many bytes.
    pub feed_bytes: u64,
    /// Journal rows that are not folded into stored profiles, in bytes; beyond it nothing more is
    /// taken until write-back has caught up.
    pub tail_bytes: u64,
    /// How long a message id makes its event idempotent, in milliseconds.
    pub idempotency_ms: i64,
    /// How long outbox rows are kept that have a final state, in milliseconds.
    pub outbox_age_ms: i64,
    /// How many outbox rows are kept, besides those without a final state.
    pub outbox_rows: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            cache_bytes: 256 << 20,
            dirty_bytes: 128 << 20,
            write_back_ms: 5_000,
            feed_bytes: 256 << 20,
            tail_bytes: 512 << 20,
            idempotency_ms: 48 * 60 * 60 * 1_000,
            outbox_age_ms: 30 * 24 * 60 * 60 * 1_000,
            outbox_rows: 2_000_000,
        }
    }
}

/// Figures that are kept while running.
#[derive(Debug, Clone, Copy, Default)]
struct Stats {
    profiles: u64,
    merges: u64,
}

/// The pipeline's state: owned by its thread, asked through its [`Handle`].
#[derive(Debug)]
pub struct Pipeline {
    /// Reads what is committed.
    store: Box<dyn Reader + Send>,
    writer: Writer,
    /// The commit that is under way.
    flight: Option<Flight>,
    /// Commits have left work behind.
    wants_tending: bool,
    /// Who waits for the next commit.
    waiting: Vec<(Reply, Vec<Verdict>)>,
    /// What the commits that have landed ask for.
    followup: Followup,
    feed: Feed,
    catalog: Arc<Catalog>,
    shared: Arc<Shared>,
    bounds: Bounds,
    head: Head,
    cache: Cache,
    timers: Timers,
    packer: Packer,
    /// When the first of the packed inputs was folded.
    row_at: TimeMs,
    /// When the newest one was.
    packed_at: TimeMs,
    /// Timers that fired since the last journal row.
    fired: usize,
    outputs: Outputs,
    scratch: Scratch,
    stats: Stats,
    /// Ids that may have an alias.
    aliases: Filter,
    /// Erased ids that clients may still retry for, with the times of their erasures.
    tombstones: HashMap<ProfileId, TimeMs>,
    forgotten: Forgotten,
    tail: Tail,
    sweep: Sweep,
    /// The last row of profiles that background warming has to reach; none while all are warm.
    warm_until: Option<i64>,
    destinations: Destinations,
    /// Deliveries that became durable, for the worker.
    outbound: Vec<DeliveryRow>,
    mirrors: Mirrors,
    retention: Retention,
    /// Set while commits fail: nothing is taken before this instant.
    refusing_until: Option<TimeMs>,
}

#[cfg(test)]
mod tests;
