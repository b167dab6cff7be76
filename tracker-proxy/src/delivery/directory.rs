//! The destinations as they are now, for everyone who sends.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::watch;

use super::destination::Destination;
use crate::keys::AccountNo;

/// An account and its own id for a destination.
pub type DestinationKey = (AccountNo, String);
/// All destinations of all accounts.
pub type DestinationMap = HashMap<DestinationKey, Arc<Destination>>;

/// The destinations as they are now. Clones share them.
///
/// They are looked up for each attempt, so that an edit counts for what is queued already.
#[derive(Debug, Clone)]
pub struct Destinations(Arc<watch::Sender<Arc<DestinationMap>>>);

impl Destinations {
    /// Starts with these.
    #[must_use]
    pub fn new(all: DestinationMap) -> Self {
        Self(Arc::new(watch::Sender::new(Arc::new(all))))
    }

    /// Replaces all; whoever waits behind a breaker looks again at once.
    ///
    /// Keep the `Arc` of a destination that has not changed: a new one closes its breaker.
    pub fn replace(&self, all: DestinationMap) {
        self.0.send_replace(Arc::new(all));
    }

    /// All of them, as they are now.
    #[must_use]
    pub fn all(&self) -> Arc<DestinationMap> {
        self.0.borrow().clone()
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<Arc<DestinationMap>> {
        self.0.subscribe()
    }
}
