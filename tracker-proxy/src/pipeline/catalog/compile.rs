//! From stored definitions to compiled ones.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value as Json;

use super::{
    Account, Catalog, CompiledActivation, Stored, StoredAccount, StoredCatalog, list_audience,
};
use crate::activation::{Activation, On};
use crate::audience::{AudienceSet, Definition};
use crate::delivery::Destination;
use crate::document::{Mistake, Mistakes, Node, Place};
use crate::keys::AudienceNo;

/// A mistake and the definition that it is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DefinitionMistake {
    /// `audience vip`, for example.
    pub of: String,
    /// What is wrong.
    #[serde(flatten)]
    pub mistake: Mistake,
}

/// Replaces `${NAME}` in a node, or says what is missing. Asked for definitions of the file only.
pub type Substitute<'a> = dyn Fn(&Node, &mut Mistakes) -> Node + 'a;

impl StoredCatalog {
    /// Compiles everything; numbers that are given on the way end up in the stored form.
    ///
    /// # Errors
    ///
    /// Every mistake in every definition.
    pub fn compile(self, substitute: &Substitute<'_>) -> Result<Catalog, Vec<DefinitionMistake>> {
        self.compile_with(Some(substitute))
    }

    /// Compiles what is needed to fold: destinations are left out, because what they take from
    /// the environment may be gone.
    ///
    /// # Errors
    ///
    /// Every mistake in every definition.
    pub fn compile_as_of_then(self) -> Result<Catalog, Vec<DefinitionMistake>> {
        self.compile_with(None)
    }

    fn compile_with(
        mut self,
        substitute: Option<&Substitute<'_>>,
    ) -> Result<Catalog, Vec<DefinitionMistake>> {
        let mut mistakes = Vec::new();
        let mut accounts = Vec::new();
        for stored in std::mem::take(&mut self.accounts) {
            match compile_account(stored, substitute) {
                Ok(account) => accounts.push(Arc::new(account)),
                Err(found) => mistakes.extend(found),
            }
        }
        if mistakes.is_empty() {
            let (version, next_activation) = (self.version, self.next_activation);
            Ok(Catalog {
                version,
                next_activation,
                accounts,
            })
        } else {
            Err(mistakes)
        }
    }
}

/// Reads one kind of definition, each with its mistakes under its own name.
fn read_all<'a, T>(
    kind: &str,
    stored: impl Iterator<Item = &'a Stored>,
    substitute: &Substitute<'_>,
    read: impl Fn(&Node, &mut Mistakes) -> Option<T>,
    found: &mut Vec<DefinitionMistake>,
) -> Vec<T> {
    let mut all = Vec::new();
    for stored in stored {
        let mut mistakes = Mistakes::default();
        let written = node_of(&stored.definition);
        let node = if stored.from_file {
            substitute(&written, &mut mistakes)
        } else {
            // Whoever may change definitions could otherwise have the environment sent to them.
            written
        };
        all.extend(read(&node, &mut mistakes));
        let of = format!("{kind} {}", stored.id);
        found.extend(
            mistakes
                .into_sorted()
                .into_iter()
                .map(|mistake| DefinitionMistake {
                    of: of.clone(),
                    mistake,
                }),
        );
    }
    all
}

fn compile_account(
    mut stored: StoredAccount,
    substitute: Option<&Substitute<'_>>,
) -> Result<Account, Vec<DefinitionMistake>> {
    let mut found = Vec::new();
    let zone = jiff::tz::TimeZone::get(&stored.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let known = if substitute.is_some() {
        stored.destinations.as_slice()
    } else {
        &[]
    };
    let as_written: &Substitute<'_> = &|node, _| node.clone();
    let replaced = substitute.unwrap_or(as_written);
    let mut definitions = read_all(
        "audience",
        stored.audiences.iter(),
        replaced,
        Definition::read,
        &mut found,
    );
    let destinations = read_all(
        "destination",
        known.iter(),
        replaced,
        Destination::read,
        &mut found,
    );
    let written = stored
        .activations
        .iter()
        .map(|activation| &activation.stored);
    let activations = read_all(
        "activation",
        written,
        replaced,
        Activation::read,
        &mut found,
    );
    if !found.is_empty() {
        return Err(found);
    }
    let lists = stored.lists.iter();
    definitions.extend(lists.map(|list| Definition::of_list(&list_audience(&list.id), &list.id)));
    let changed = stored.audiences_changed;
    let audiences = AudienceSet::compile(&definitions, changed, &mut stored.numbering, &zone)
        .map_err(in_audiences)?;
    let destinations: HashMap<String, Arc<Destination>> = destinations
        .into_iter()
        .map(|one| (one.id.clone(), Arc::new(one)))
        .collect();
    let activations = link(&stored, activations, &audiences);
    let mut by_audience: HashMap<AudienceNo, Vec<usize>> = HashMap::new();
    let mut on_events = Vec::new();
    for (place, activation) in activations.iter().enumerate() {
        match activation.definition.on {
            On::Event(_) => on_events.push(place),
            On::Join | On::Leave | On::Change => {
                for audience in &activation.audiences {
                    by_audience.entry(*audience).or_default().push(place);
                }
            }
        }
    }
    Ok(Account {
        stored,
        audiences: Arc::new(audiences),
        activations,
        destinations,
        by_audience,
        on_events,
    })
}

fn in_audiences(mistakes: Vec<Mistake>) -> Vec<DefinitionMistake> {
    let of = "audiences".to_owned();
    mistakes
        .into_iter()
        .map(|mistake| DefinitionMistake {
            of: of.clone(),
            mistake,
        })
        .collect()
}

/// Ties activations to the audiences and destinations that they name.
///
/// One whose audience or destination was taken away stays and is off: somebody may put back what
/// is missing, and definitions of the API must not keep a proxy from starting because the file
/// changed. The destinations are looked for as they are stored, so that a catalog that is folded
/// with again has the same activations on.
fn link(
    stored: &StoredAccount,
    activations: Vec<Activation>,
    audiences: &AudienceSet,
) -> Vec<CompiledActivation> {
    let mut linked = Vec::with_capacity(activations.len());
    for (kept, mut definition) in stored.activations.iter().zip(activations) {
        let written = definition.audiences.iter();
        let numbers: Vec<AudienceNo> = written.filter_map(|id| audiences.by_id(id)).collect();
        let whole = numbers.len() == definition.audiences.len()
            && stored.destination(&definition.to).is_some();
        definition.active = whole && kept.active.unwrap_or(definition.active);
        linked.push(CompiledActivation {
            no: kept.no,
            definition,
            audiences: numbers,
        });
    }
    linked
}

/// A stored definition as a document, so that one reader serves files, the API and the store.
fn node_of(definition: &Json) -> Node {
    crate::document::parse(&definition.to_string())
        .unwrap_or_else(|_| Node::empty_map(Place::default()))
}
