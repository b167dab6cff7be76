//! Segment groups, their segments, and who is in them.
//!
//! In go verified deliveries, out come answers; what a store answered is durable in it. A
//! change and the claim of its delivery are committed together, so that a repeat finds either
//! both or neither. Jobs survive a crash with their progress.
//!
//! # Groups
//!
//! The app creates a group, and may rename or delete it until the CDP is connected. From then on
//! every change is refused as [`GroupError::Locked`]; only [`Segments::unlock_group`] opens it
//! again, for somebody who says who they are and why, until the next delivery. Inside, audiences
//! become segments by their stable ids: one that is renamed keeps its segment, and two that share
//! a name stay two.
//!
//! # Which change counts
//!
//! Each person of a segment has the newest sequence that was applied, also when it was a removal,
//! and each segment a floor, the sequence of its newest replace. A change counts when its sequence
//! is above both; [`decide()`] and [`decide_replace`] say so as pure functions, and every store
//! follows them. Deliveries may therefore come late, twice and in any order.
//!
//! # A list that is longer than a body
//!
//! A body of the default bound (2 MiB) lists about 100,000 persons. A sender with more of them
//! takes two sequences before it reads its list, `floor` and `floor + 1`, and sends
//!
//! 1. the list as `add`s with sequence `floor + 1`, in as many deliveries as it likes;
//! 2. when all of them are answered with 2xx, a `replace` of nobody with sequence `floor`.
//!
//! Whoever was in a part stays, because their sequence is above the floor; everybody else goes, but
//! for those whom a newer change has added. A receiver puts the `replace` behind jobs of the same
//! group that are not done, so that nobody is missing in between; were it to come early all the
//! same, the end would be the same. Nothing of this is new to the contract, so that it works with
//! any receiver.
//!
//! # What is told
//!
//! [`Segments::subscribe`] tells the host who joined and who left, each time after it is durable.
//!
//! # Stores
//!
//! | store | feature | one process | several |
//! |---|---|---|---|
//! | [`MemoryStore`] | | forgets with it | |
//! | `SqliteStore` | `sqlite` | durable | |
//! | `PostgresStore` | `postgres` | durable | durable |
//!
//! A host with a database of its own implements [`SegmentStore`], and proves it with the module
//! `conformance` (feature `testing`).

#[cfg(feature = "testing")]
pub mod conformance;
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
pub use crate::postgres::{PostgresError, PostgresTls};
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
