//! Segment groups, their segments, and who is in them.
//!
//! In go verified deliveries, out come answers; what a store answered is durable in it. A
//! change and the claim of its delivery are committed together, so that a repeat finds either
//! both or neither. Jobs survive a crash with their progress.

mod decide;
mod delivery;
mod directory;
mod group;
mod handle;
mod job;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;
mod subscription;
mod tally;

pub use crate::claims::ClaimKey;
#[cfg(feature = "postgres")]
pub use crate::postgres::PostgresError;
#[cfg(feature = "sqlite")]
pub use crate::sqlite::OpenError;
pub(crate) use decide::joining;
pub use decide::{Fate, Member, Standing, decide, decide_replace};
pub use delivery::{
    Answer, Delivered, Delivery, DeliveryOutcome, NumberedChange, Plan, Skipped, Summary,
};
pub use directory::{DirectoryError, PersonDirectory};
pub(crate) use group::is_identifier;
pub use group::{Group, GroupError, Segment, Unlock};
pub use handle::Segments;
pub use job::{Advance, Job, JobId, JobState, JobStep, JobWork};
pub use memory::MemoryStore;
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;
pub use store::{SegmentStore, StoreError, StoreFuture};
pub use subscription::{Moved, SegmentChange, Subscription, SubscriptionError};
pub use tally::Tally;
