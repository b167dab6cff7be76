//! What behavioural conditions remember of one person: one small state per leaf.

use serde::{Deserialize, Serialize};

use crate::clock::TimeMs;
use crate::keys::LeafNo;

/// The memory of one leaf.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum LeafState {
    /// The newest matching event times, oldest first.
    Newest(Vec<TimeMs>),
}

/// The memories of all leaves that were ever touched.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Conditions {
    /// Sorted by leaf.
    pub leaves: Vec<(LeafNo, LeafState)>,
}
