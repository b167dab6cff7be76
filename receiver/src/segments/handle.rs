//! What a host does with segments.

use std::sync::Arc;

use super::group::{is_identifier, is_name};
use super::{Group, GroupError, Segment, SegmentStore, StoreError};
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
        self.store.settle(persons).await
    }

    pub(crate) fn store(&self) -> &dyn SegmentStore {
        &*self.store
    }
}

impl From<Arc<dyn SegmentStore>> for Segments {
    fn from(store: Arc<dyn SegmentStore>) -> Self {
        Self { store }
    }
}
