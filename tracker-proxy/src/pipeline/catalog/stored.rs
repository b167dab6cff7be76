//! Definitions as they are stored.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::audience::Numbering;
use crate::clock::TimeMs;
use crate::keys::{AccountNo, ActivationNo, CatalogVersion};

/// A definition as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stored {
    /// The author's id.
    pub id: String,
    /// Written in the configuration file: the admin API does not change it.
    pub from_file: bool,
    /// Grows with every edit.
    pub version: u32,
    /// When it was made.
    pub created: TimeMs,
    /// The author's text, as JSON.
    pub definition: Json,
}

/// An activation as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredActivation {
    /// Its creation id.
    pub no: ActivationNo,
    /// Switched on or off through the admin API; what the definition says otherwise.
    pub active: Option<bool>,
    /// The definition.
    #[serde(flatten)]
    pub stored: Stored,
}

/// One account as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredAccount {
    /// Its number.
    pub no: AccountNo,
    /// Its id, as people write it.
    pub id: String,
    /// IANA name of its time zone.
    pub time_zone: String,
    /// The version at which its audiences changed last.
    pub audiences_changed: CatalogVersion,
    /// Numbers of audiences and leaves.
    pub numbering: Numbering,
    /// Audiences.
    pub audiences: Vec<Stored>,
    /// Destinations.
    pub destinations: Vec<Stored>,
    /// Activations.
    pub activations: Vec<StoredActivation>,
    /// Uploaded lists.
    #[serde(default)]
    pub lists: Vec<StoredList>,
}

/// An uploaded list: who is on it is known to the profiles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredList {
    /// Its id.
    pub id: String,
    /// When it was made.
    pub created: TimeMs,
}

/// The id of the audience that counts who is on a list; no author can give it.
#[must_use]
pub fn list_audience(list: &str) -> String {
    format!("list:{list}")
}

impl StoredAccount {
    /// The destination with that id.
    #[must_use]
    pub fn destination(&self, id: &str) -> Option<&Stored> {
        self.destinations.iter().find(|one| one.id == id)
    }
}

/// All definitions of one version, as they are stored.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct StoredCatalog {
    /// The version.
    pub version: CatalogVersion,
    /// The next activation's number.
    pub next_activation: u32,
    /// The accounts.
    pub accounts: Vec<StoredAccount>,
}
