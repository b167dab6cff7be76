//! What is known of one person, and how events change it.
//!
//! In: an event that belongs to the profile. Out: what changed. A profile is a cache of its
//! history: everything in it can be folded again.

mod attributes;
pub mod condition;
mod consent;
mod fold;
mod ledger;
mod lists;
mod membership;
mod recent;
mod sorted;

pub use attributes::{ATTRIBUTES_MAX, Attribute, Attributes, Dated, VALUES_KEPT_MAX};
pub use condition::{Conditions, LeafState};
pub use consent::{CONSENTS_MAX, Consent, Consents};
pub use fold::{ATTRIBUTE_BYTES_MAX, Changed, IDS_MAX, fold, merge};
pub use ledger::{Activated, Held, Ledger, Mirrored};
pub use lists::{LIST_EVENT, is_list_attribute, list_attribute};
pub use membership::{Cause, Membership, MembershipChange, Memberships, Transition};
pub use recent::{RECENT_IDS_MAX, RecentIds, Sighting, message_hash};

use serde::{Deserialize, Serialize};

use crate::clock::TimeMs;
use crate::keys::{CatalogVersion, JournalSeq, ProfileId};

/// An id of a person and since when it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownId {
    /// The id.
    pub id: Box<str>,
    /// Event time of its first appearance.
    pub since: TimeMs,
}

/// All that is known of one person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// The key.
    pub id: ProfileId,
    /// User ids, oldest first.
    pub user_ids: Vec<KnownId>,
    /// Anonymous ids, oldest first.
    pub anonymous_ids: Vec<KnownId>,
    /// Traits with their histories.
    pub attributes: Attributes,
    /// Consent decisions.
    pub consents: Consents,
    /// What behavioural conditions remember; the memories are stored beside all else.
    #[serde(serialize_with = "Conditions::without_memories")]
    pub conditions: Conditions,
    /// Audience memberships, past ones included.
    pub memberships: Memberships,
    /// What activations did with this person.
    pub ledger: Ledger,
    /// The journal row that created the profile: someone who was erased and comes back is another.
    pub incarnation: JournalSeq,
    /// How many events were folded.
    pub events: u64,
    /// Event time of the first event.
    pub first_seen: TimeMs,
    /// Event time of the newest event.
    pub last_seen: TimeMs,
    /// Definitions up to this version are folded into `conditions`.
    pub warm: CatalogVersion,
    /// The next instant at which a condition can change by itself.
    pub due: Option<TimeMs>,
    /// How many other profiles were merged into this one.
    pub merges: u32,
}

impl Profile {
    /// A profile that nothing is known of yet.
    #[must_use]
    pub fn new(
        id: ProfileId,
        incarnation: JournalSeq,
        first_seen: TimeMs,
        warm: CatalogVersion,
    ) -> Self {
        Self {
            id,
            user_ids: Vec::new(),
            anonymous_ids: Vec::new(),
            attributes: Attributes::default(),
            consents: Consents::default(),
            conditions: Conditions::default(),
            memberships: Memberships::default(),
            ledger: Ledger::default(),
            incarnation,
            events: 0,
            first_seen,
            last_seen: first_seen,
            warm,
            due: None,
            merges: 0,
        }
    }

    /// The user id that other systems know this person by: the newest one.
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        self.user_ids.last().map(|known| known.id.as_ref())
    }

    /// The newest anonymous id.
    #[must_use]
    pub fn anonymous_id(&self) -> Option<&str> {
        self.anonymous_ids.last().map(|known| known.id.as_ref())
    }
}
