//! All definitions of one version: as they are stored, and compiled.
//!
//! A switch is a commit of its own, so that every journal row was folded with one catalog and
//! can be folded again with the same. The stored form holds the authors' texts before `${NAME}`
//! is replaced: secrets stay in the environment.

mod compile;
mod stored;

use std::collections::HashMap;
use std::sync::Arc;

use crate::activation::{Activation, Mode};
use crate::audience::AudienceSet;
use crate::delivery::Destination;
use crate::keys::{AccountNo, ActivationNo, AudienceNo, CatalogVersion};

pub use compile::{DefinitionMistake, Substitute};
pub use stored::{
    Stored, StoredAccount, StoredActivation, StoredCatalog, StoredList, list_audience,
};

/// An activation that is in force.
#[derive(Debug, Clone)]
pub struct CompiledActivation {
    /// Its creation id.
    pub no: ActivationNo,
    /// What its author wrote.
    pub definition: Activation,
    /// Its audiences, by number.
    pub audiences: Vec<AudienceNo>,
}

/// One account's definitions, compiled.
#[derive(Debug, Clone)]
pub struct Account {
    /// As stored.
    pub stored: StoredAccount,
    /// The audiences.
    pub audiences: Arc<AudienceSet>,
    /// The activations.
    pub activations: Vec<CompiledActivation>,
    /// The destinations, by id.
    pub destinations: HashMap<String, Arc<Destination>>,
    /// Places in `activations`, by audience.
    by_audience: HashMap<AudienceNo, Vec<usize>>,
    /// Places of activations that fire on events.
    on_events: Vec<usize>,
}

impl Account {
    /// The activations that listen to an audience.
    pub fn listening(&self, audience: AudienceNo) -> impl Iterator<Item = &CompiledActivation> {
        self.by_audience
            .get(&audience)
            .into_iter()
            .flatten()
            .map(|place| &self.activations[*place])
    }

    /// The activations that fire on events.
    pub fn on_events(&self) -> impl Iterator<Item = &CompiledActivation> {
        self.on_events.iter().map(|place| &self.activations[*place])
    }

    /// The same account with everything that sends to `destination` switched off.
    pub(super) fn without(&self, destination: &str) -> Self {
        let mut stored = self.stored.clone();
        let mut activations: Vec<CompiledActivation> = self.activations.clone();
        for (kept, activation) in stored.activations.iter_mut().zip(&mut activations) {
            if activation.definition.to == destination {
                kept.active = Some(false);
                activation.definition.active = false;
            }
        }
        Self {
            stored,
            activations,
            ..self.clone()
        }
    }

    /// An audience's id, as its author wrote it.
    #[must_use]
    pub fn audience_id(&self, no: AudienceNo) -> &str {
        self.audiences
            .definition(no)
            .map(|one| one.id.as_str())
            .unwrap_or_default()
    }

    /// The numbers of all audiences.
    pub fn audience_numbers(&self) -> impl Iterator<Item = AudienceNo> {
        self.audiences.audiences().map(|(no, _)| no)
    }

    /// True if any activation is a mirror.
    #[must_use]
    pub fn has_mirrors(&self) -> bool {
        self.mirrors().next().is_some()
    }

    /// The activations that are mirrors.
    pub fn mirrors(&self) -> impl Iterator<Item = &CompiledActivation> {
        self.activations
            .iter()
            .filter(|one| one.definition.mode == Mode::Mirror)
    }

    /// The activation with that id.
    #[must_use]
    pub fn activation(&self, id: &str) -> Option<&CompiledActivation> {
        self.activations
            .iter()
            .find(|activation| activation.definition.id == id)
    }
}

/// All definitions of one version, compiled. Never changed, only replaced.
#[derive(Debug)]
pub struct Catalog {
    /// The version.
    pub version: CatalogVersion,
    /// As stored.
    pub next_activation: u32,
    /// The accounts; their numbers are their places plus one.
    pub accounts: Vec<Arc<Account>>,
}

impl Catalog {
    /// The account with that number.
    #[must_use]
    pub fn account(&self, no: AccountNo) -> Option<&Arc<Account>> {
        self.accounts.iter().find(|account| account.stored.no == no)
    }

    /// The stored form, for changing one thing in it.
    #[must_use]
    pub fn stored(&self) -> StoredCatalog {
        StoredCatalog {
            version: self.version,
            next_activation: self.next_activation,
            accounts: self
                .accounts
                .iter()
                .map(|account| account.stored.clone())
                .collect(),
        }
    }
}
