//! Where segments are kept: the edge at which a host plugs in its own database.

use std::error::Error;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use super::{
    Advance, Delivered, Delivery, Group, GroupError, Job, JobId, JobStep, JobWork, Segment,
    SegmentChange, Unlock,
};
use crate::payload::PersonId;

/// What the methods of a [`SegmentStore`] return: boxed, so that the trait can be a `dyn`.
pub type StoreFuture<'a, T, E = StoreError> =
    Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>>;

/// Keeps segment groups, segments, members, claims and jobs.
///
/// Each method is one transaction: when its future is ready, what it says is durable (as far
/// as the store is), and an error means that nothing was changed. `MemoryStore`, `SqliteStore`
/// and `PostgresStore` are built in; a host can write its own on the functions
/// [`decide`](super::decide()) and [`decide_replace`](super::decide_replace), and prove it with
/// the conformance suite of the feature `testing`. The group, segment and person ids that come
/// in are checked already. Ids are ordered by their bytes.
pub trait SegmentStore: Debug + Send + Sync + 'static {
    /// Creates an empty group.
    fn create_group<'a>(&'a self, group: &'a str, name: &'a str)
    -> StoreFuture<'a, (), GroupError>;

    /// Renames a group that is not locked.
    fn rename_group<'a>(&'a self, group: &'a str, name: &'a str)
    -> StoreFuture<'a, (), GroupError>;

    /// Deletes a group that is not locked, with all that is in it, its jobs included.
    fn delete_group<'a>(&'a self, group: &'a str) -> StoreFuture<'a, (), GroupError>;

    /// Locks a group, because an activation writes it.
    fn lock_group<'a>(&'a self, group: &'a str) -> StoreFuture<'a, (), GroupError>;

    /// Unlocks a group and keeps the account of it, also when the group is deleted.
    fn unlock_group<'a>(
        &'a self,
        group: &'a str,
        unlock: Unlock,
    ) -> StoreFuture<'a, (), GroupError>;

    /// The accounts of a group's unlocks, oldest first.
    fn unlocks<'a>(&'a self, group: &'a str) -> StoreFuture<'a, Vec<Unlock>>;

    /// Looks up a group.
    fn group<'a>(&'a self, group: &'a str) -> StoreFuture<'a, Option<Group>>;

    /// All groups, ordered by identifier.
    fn groups(&self) -> StoreFuture<'_, Vec<Group>>;

    /// The segments of a group, ordered by identifier.
    fn segments<'a>(&'a self, group: &'a str) -> StoreFuture<'a, Vec<Segment>>;

    /// The next `limit` members of a segment above `after`, ordered by id.
    fn members<'a>(
        &'a self,
        group: &'a str,
        segment: &'a str,
        after: Option<&'a PersonId>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<PersonId>>;

    /// The segments of a group in which a person is a member, ordered by identifier.
    fn segments_of<'a>(
        &'a self,
        group: &'a str,
        person: &'a PersonId,
    ) -> StoreFuture<'a, Vec<Segment>>;

    /// Carries out a delivery.
    ///
    /// In one transaction: when `claim` is known, nothing but its answer; else the group is
    /// locked, the changes are applied or stored as a job, and the answer is kept under
    /// `claim`. With [`Plan::Try`](super::Plan::Try) nothing at all is kept.
    fn deliver(&self, delivery: Delivery) -> StoreFuture<'_, Delivered>;

    /// Looks up a job.
    fn job<'a>(&'a self, job: &'a JobId) -> StoreFuture<'a, Option<Job>>;

    /// Whether a group has a job that is not done.
    fn has_open_job<'a>(&'a self, group: &'a str) -> StoreFuture<'a, bool>;

    /// The oldest job that is not done, with its changes.
    fn next_job(&self) -> StoreFuture<'_, Option<JobWork>>;

    /// Applies the next piece of a job and records how far it is.
    ///
    /// When the job's progress is not `step.from`, nothing happens.
    fn advance_job(&self, step: JobStep) -> StoreFuture<'_, Advance>;

    /// The next `limit` persons above `after` that are pending somewhere, ordered by id.
    fn pending<'a>(
        &'a self,
        after: Option<&'a PersonId>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<PersonId>>;

    /// Makes pending persons members, and says of which segments.
    fn settle(&self, persons: Vec<PersonId>) -> StoreFuture<'_, Vec<SegmentChange>>;
}

/// The store failed, and nothing was changed; the request is answered with 503.
#[derive(Debug, thiserror::Error)]
#[error("the segment store failed")]
pub struct StoreError(#[source] Box<dyn Error + Send + Sync>);

impl StoreError {
    /// Wraps the cause.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}
