//! Telling the host who joined and who left.

use std::sync::Arc;

use serde::Serialize;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::limits::SUBSCRIPTION_CHANGES_MAX;
use crate::payload::PersonId;

/// Who joined and who left one segment with one commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SegmentChange {
    /// The segment group.
    pub group: String,
    /// The segment, by its identifier.
    pub segment: String,
    /// Who is a member now and was none.
    pub joined: Vec<Moved>,
    /// Who was a member and is none now.
    pub left: Vec<Moved>,
}

/// A person who joined or left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// Who.
    pub person: PersonId,
    /// The order of the change that did it: deliveries that are carried out at once may be told
    /// in either order, and of one person in one segment the higher sequence holds.
    pub sequence: u64,
}

/// Changes as they become durable; made by [`Segments::subscribe`](super::Segments::subscribe).
///
/// It tells what happens from now on, and what this process does. Read the members themselves
/// after subscribing, and again after [`SubscriptionError::Missed`]: a crash between a commit
/// and its telling, or another process on the same database, tells nothing here.
#[derive(Debug)]
pub struct Subscription {
    changes: broadcast::Receiver<Arc<SegmentChange>>,
}

impl Subscription {
    /// Waits for the next change.
    ///
    /// # Errors
    ///
    /// [`SubscriptionError::Missed`] when the host was too slow; go on calling.
    /// [`SubscriptionError::Closed`] when there is nothing to come any more.
    pub async fn next(&mut self) -> Result<Arc<SegmentChange>, SubscriptionError> {
        self.changes.recv().await.map_err(|error| match error {
            RecvError::Lagged(count) => SubscriptionError::Missed { count },
            RecvError::Closed => SubscriptionError::Closed,
        })
    }
}

/// Why there is no next change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubscriptionError {
    /// Read the members again: changes came faster than they were taken.
    #[error("{count} changes were missed")]
    Missed {
        /// How many.
        count: u64,
    },
    /// All handles of the segments are gone.
    #[error("there are no segments any more")]
    Closed,
}

/// The sending side.
#[derive(Clone, Debug)]
pub(super) struct Publisher {
    changes: broadcast::Sender<Arc<SegmentChange>>,
}

impl Publisher {
    pub(super) fn new() -> Self {
        Self {
            changes: broadcast::Sender::new(SUBSCRIPTION_CHANGES_MAX),
        }
    }

    pub(super) fn subscribe(&self) -> Subscription {
        Subscription {
            changes: self.changes.subscribe(),
        }
    }

    pub(super) fn is_heard(&self) -> bool {
        self.changes.receiver_count() > 0
    }

    pub(super) fn publish(&self, changes: Vec<SegmentChange>) {
        if !self.is_heard() {
            return;
        }
        for change in changes {
            // Nobody may be listening any more.
            drop(self.changes.send(Arc::new(change)));
        }
    }
}
