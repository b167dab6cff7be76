//! What a host does with segments.

use std::sync::Arc;

use super::group::{is_identifier, is_name};
use super::subscription::Publisher;
use super::{
    Advance, Delivery, DeliveryOutcome, Group, GroupError, JobStep, Segment, SegmentStore,
    StoreError, Subscription, Unlock,
};
use crate::clock;
use crate::payload::PersonId;

/// The host's view of a store: groups to set up, segments and members to read.
///
/// ```
/// use segue_receiver::segments::{GroupError, MemoryStore, Segments};
///
/// # async fn example() -> Result<(), GroupError> {
/// let segments = Segments::new(MemoryStore::new());
/// segments.create_group("shop", "Audiences of the shop").await?;
/// assert!(segments.segments("shop").await?.is_empty());
/// # Ok(())
/// # }
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(example()).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Segments {
    store: Arc<dyn SegmentStore>,
    publisher: Publisher,
}

impl Segments {
    /// Wraps a store.
    #[must_use]
    pub fn new(store: impl SegmentStore) -> Self {
        Self::from(Arc::new(store) as Arc<dyn SegmentStore>)
    }

    /// Creates an empty group; audiences become segments in it by themselves.
    ///
    /// # Errors
    ///
    /// [`GroupError::Exists`], or an identifier or name that cannot be used.
    pub async fn create_group(&self, group: &str, name: &str) -> Result<(), GroupError> {
        if !is_identifier(group) {
            return Err(GroupError::InvalidIdentifier);
        }
        if !is_name(name) {
            return Err(GroupError::InvalidName);
        }
        self.store.create_group(group, name).await
    }

    /// Makes sure that a group is there: what an app does whenever it starts.
    ///
    /// A group that is there already is left as it is, its name included.
    ///
    /// ```
    /// # use segue_receiver::segments::{MemoryStore, Segments};
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let segments = Segments::new(MemoryStore::new());
    /// segments.ensure_group("shop", "Audiences of the shop").await?;
    /// segments.ensure_group("shop", "Audiences of the shop").await?;
    /// assert_eq!(segments.groups().await?.len(), 1);
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(example()).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// An identifier or name that cannot be used, or the store fails.
    pub async fn ensure_group(&self, group: &str, name: &str) -> Result<(), GroupError> {
        match self.create_group(group, name).await {
            Err(GroupError::Exists) => Ok(()),
            created => created,
        }
    }

    /// Renames a group that is not connected yet.
    ///
    /// # Errors
    ///
    /// [`GroupError::Locked`] once the CDP is connected, [`GroupError::Unknown`].
    pub async fn rename_group(&self, group: &str, name: &str) -> Result<(), GroupError> {
        if !is_name(name) {
            return Err(GroupError::InvalidName);
        }
        self.store.rename_group(group, name).await
    }

    /// Deletes a group that is not connected yet, with all that is in it.
    ///
    /// # Errors
    ///
    /// [`GroupError::Locked`] once the CDP is connected, [`GroupError::Unknown`].
    pub async fn delete_group(&self, group: &str) -> Result<(), GroupError> {
        self.store.delete_group(group).await
    }

    /// Unlocks a connected group, so that it can be renamed or deleted; the next delivery and
    /// the next [`connect`](crate::Receiver::connect) lock it again.
    ///
    /// The account of who did it and why is kept, also when the group is deleted, and logged as
    /// a warning.
    ///
    /// ```
    /// use segue_receiver::segments::{GroupError, MemoryStore, Segments};
    ///
    /// # async fn example() -> Result<(), GroupError> {
    /// # let segments = Segments::new(MemoryStore::new());
    /// # segments.create_group("shop", "Audiences of the shop").await?;
    /// segments.unlock_group("shop", "ada@example.com", "the CDP was disconnected").await?;
    /// segments.rename_group("shop", "Audiences of 2026").await?;
    /// assert_eq!(segments.unlocks("shop").await?[0].by, "ada@example.com");
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(example()).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// [`GroupError::Unaccounted`] without who or why, [`GroupError::Unknown`].
    pub async fn unlock_group(
        &self,
        group: &str,
        by: &str,
        reason: &str,
    ) -> Result<(), GroupError> {
        if !is_name(by) || !is_name(reason) {
            return Err(GroupError::Unaccounted);
        }
        let unlock = Unlock {
            at: clock::now(),
            by: by.to_owned(),
            reason: reason.to_owned(),
        };
        self.store.unlock_group(group, unlock).await?;
        tracing::warn!(target: "cdp::webhook", group, by, reason, "segment group unlocked");
        Ok(())
    }

    /// Who unlocked a group, oldest first.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn unlocks(&self, group: &str) -> Result<Vec<Unlock>, StoreError> {
        self.store.unlocks(group).await
    }

    /// Looks up a group.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn group(&self, group: &str) -> Result<Option<Group>, StoreError> {
        self.store.group(group).await
    }

    /// All groups, ordered by identifier.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn groups(&self) -> Result<Vec<Group>, StoreError> {
        self.store.groups().await
    }

    /// The segments of a group, ordered by identifier; none when there is no such group.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn segments(&self, group: &str) -> Result<Vec<Segment>, StoreError> {
        self.store.segments(group).await
    }

    /// The next `limit` members of a segment above `after`, ordered by id.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn members(
        &self,
        group: &str,
        segment: &str,
        after: Option<&PersonId>,
        limit: usize,
    ) -> Result<Vec<PersonId>, StoreError> {
        self.store.members(group, segment, after, limit).await
    }

    /// The segments of a group in which a person is a member.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn segments_of(
        &self,
        group: &str,
        person: &PersonId,
    ) -> Result<Vec<Segment>, StoreError> {
        self.store.segments_of(group, person).await
    }

    /// Makes persons members wherever they were pending, because the host knows them now.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn settle(&self, persons: Vec<PersonId>) -> Result<usize, StoreError> {
        let changes = self.store.settle(persons).await?;
        let settled = changes.iter().map(|change| change.joined.len()).sum();
        self.publisher.publish(changes);
        Ok(settled)
    }

    /// Tells who joins and who leaves from now on, each time after it is durable.
    ///
    /// ```
    /// # use segue_receiver::segments::{MemoryStore, Segments, SubscriptionError};
    /// # async fn example(segments: Segments) {
    /// let mut subscription = segments.subscribe();
    /// loop {
    ///     match subscription.next().await {
    ///         Ok(change) => println!("{} joined {}", change.joined.len(), change.segment),
    ///         Err(SubscriptionError::Missed { .. }) => println!("reading all members again"),
    ///         Err(_) => return,
    ///     }
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn subscribe(&self) -> Subscription {
        self.publisher.subscribe()
    }

    pub(crate) fn store(&self) -> &dyn SegmentStore {
        &*self.store
    }

    /// Carries out a delivery and tells those who listen.
    pub(crate) async fn deliver(&self, delivery: Delivery) -> Result<DeliveryOutcome, StoreError> {
        if self.publisher.is_heard() {
            // The commit may outlive a request that is given up, and so must the telling.
            let segments = self.clone();
            let work = async move { segments.deliver_and_tell(delivery).await };
            tokio::spawn(work).await.map_err(StoreError::new)?
        } else {
            self.deliver_and_tell(delivery).await
        }
    }

    async fn deliver_and_tell(&self, delivery: Delivery) -> Result<DeliveryOutcome, StoreError> {
        let delivered = self.store.deliver(delivery).await?;
        self.publisher.publish(delivered.changes);
        Ok(delivered.outcome)
    }

    /// Applies a piece of a job and tells those who listen; false when the job is lost.
    pub(crate) async fn advance_job(&self, step: JobStep) -> Result<bool, StoreError> {
        match self.store.advance_job(step).await? {
            Advance::Applied(changes) => {
                self.publisher.publish(changes);
                Ok(true)
            }
            Advance::Lost => Ok(false),
        }
    }
}

impl From<Arc<dyn SegmentStore>> for Segments {
    fn from(store: Arc<dyn SegmentStore>) -> Self {
        Self {
            store,
            publisher: Publisher::new(),
        }
    }
}
