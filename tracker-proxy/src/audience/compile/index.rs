//! From an event's name and values to the leaves that take it.

use rapidhash::RapidHashMap;

use super::leaf::Role;
use super::leaf_draft::LeafDraft;
use crate::audience::value::{Extraction, Path, Predicate, Slot};

/// All that is asked of events with one name.
#[derive(Debug, Default)]
pub(crate) struct ByName {
    pub(crate) extraction: Extraction,
    pub(crate) matchers: Vec<Matcher>,
    /// Matchers without an equality to look them up by.
    pub(crate) always: Vec<usize>,
    /// Per value that equalities look at: its scalars, and the matchers that want them.
    pub(crate) by_value: Vec<Equalities>,
}

/// The matchers that want a certain value to be a certain scalar.
#[derive(Debug)]
pub(crate) struct Equalities {
    pub(crate) slot: Slot,
    pub(crate) path: Path,
    pub(crate) matchers: RapidHashMap<Box<str>, Vec<usize>>,
}

/// Conditions on one event, and who wants to know.
#[derive(Debug)]
pub(crate) struct Matcher {
    pub(crate) filter: Vec<(Slot, Predicate)>,
    pub(crate) hooks: Vec<Hook>,
}

/// One leaf that takes what a matcher lets through.
#[derive(Debug, Clone)]
pub(crate) struct Hook {
    pub(crate) leaf: usize,
    pub(crate) role: Role,
    pub(crate) of: Option<(Slot, Path)>,
}

/// Builds the index of all leaves.
pub(super) fn build(leaves: &[LeafDraft]) -> RapidHashMap<Box<str>, ByName> {
    let mut names: RapidHashMap<Box<str>, ByName> = RapidHashMap::default();
    let mut known: RapidHashMap<String, usize> = RapidHashMap::default();
    for (leaf, draft) in leaves.iter().enumerate() {
        for intake in &draft.intakes {
            let name = names.entry(intake.on.event.clone()).or_default();
            let of = intake.of.as_ref().map(|path| name.extraction.want(path));
            let hook = Hook {
                leaf,
                role: intake.role,
                of,
            };
            let key = format!("{:?}", intake.on);
            let place = *known
                .entry(key)
                .or_insert_with(|| name.add(&intake.on.filter));
            name.matchers[place].hooks.push(hook);
        }
    }
    names
}

impl ByName {
    fn add(&mut self, filter: &[Predicate]) -> usize {
        let place = self.matchers.len();
        let filter: Vec<(Slot, Predicate)> = filter
            .iter()
            .map(|predicate| {
                let (slot, path) = self.extraction.want(&predicate.path);
                (
                    slot,
                    Predicate {
                        path,
                        checks: predicate.checks.clone(),
                    },
                )
            })
            .collect();
        // The equality with the fewest scalars lets the fewest events through.
        let equality = filter
            .iter()
            .filter_map(|(slot, predicate)| Some((*slot, predicate, predicate.equalities()?)))
            .min_by_key(|(.., scalars)| scalars.len());
        match equality {
            None => self.always.push(place),
            Some((slot, predicate, scalars)) => {
                let known = self
                    .by_value
                    .iter()
                    .position(|one| one.slot == slot && one.path == predicate.path);
                let known = known.unwrap_or_else(|| {
                    let path = predicate.path.clone();
                    self.by_value.push(Equalities {
                        slot,
                        path,
                        matchers: RapidHashMap::default(),
                    });
                    self.by_value.len() - 1
                });
                for scalar in scalars {
                    let matchers = &mut self.by_value[known].matchers;
                    matchers.entry(scalar.clone()).or_default().push(place);
                }
            }
        }
        self.matchers.push(Matcher {
            filter,
            hooks: Vec::new(),
        });
        place
    }
}
