//! From an event's name and values to the leaves that take it.

use rapidhash::RapidHashMap;

use super::leaf::Role;
use super::leaf_draft::LeafDraft;
use super::ranges::Ranges;
use crate::audience::value::{Extraction, Path, Predicate, Slot};

/// All that is asked of events with one name.
#[derive(Debug, Default)]
pub(crate) struct ByName {
    pub(crate) extraction: Extraction,
    pub(crate) matchers: Vec<Matcher>,
    /// Matchers that may hold of an event without any properties.
    pub(crate) always: Vec<usize>,
    /// All others, by a value that they need.
    pub(crate) slots: RapidHashMap<Slot, AtSlot>,
}

/// Matchers by the scalar that they need.
pub(crate) type ByScalar = RapidHashMap<Box<str>, Vec<usize>>;

/// The matchers that need a certain value.
#[derive(Debug, Default)]
pub(crate) struct AtSlot {
    /// Those that have to be asked whatever it is.
    pub(crate) present: Vec<usize>,
    /// Those that need a certain scalar at a path inside it.
    pub(crate) equalities: Vec<(Path, ByScalar)>,
    /// Those that need a number beyond a threshold at a path inside it.
    pub(crate) ranges: Vec<(Path, Ranges)>,
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
    pub(crate) by: Option<(Slot, Path)>,
}

/// Builds the index of all leaves.
pub(super) fn build(leaves: &[LeafDraft]) -> RapidHashMap<Box<str>, ByName> {
    let mut names: RapidHashMap<Box<str>, ByName> = RapidHashMap::default();
    let mut known: RapidHashMap<String, usize> = RapidHashMap::default();
    for (leaf, draft) in leaves.iter().enumerate() {
        for intake in &draft.intakes {
            let name = names.entry(intake.on.event.clone()).or_default();
            let of = intake.of.as_ref().map(|path| name.extraction.want(path));
            let by = intake.by.as_ref().map(|path| name.extraction.want(path));
            let hook = Hook {
                leaf,
                role: intake.role,
                of,
                by,
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
        self.index(place, &filter);
        self.matchers.push(Matcher {
            filter,
            hooks: Vec::new(),
        });
        place
    }

    /// Puts a matcher where as few events as possible find it.
    fn index(&mut self, place: usize, filter: &[(Slot, Predicate)]) {
        let equality = filter
            .iter()
            .filter_map(|(slot, predicate)| Some((*slot, predicate, predicate.equalities()?)))
            .min_by_key(|(.., scalars)| scalars.len());
        let Some((slot, predicate, scalars)) = equality else {
            let threshold = filter
                .iter()
                .find_map(|(slot, one)| Some((*slot, &one.path, one.threshold()?)));
            if let Some((slot, path, threshold)) = threshold {
                let ranges = &mut self.slots.entry(slot).or_default().ranges;
                at_path(ranges, path).add(threshold, place);
                return;
            }
            match filter
                .iter()
                .find(|(_, predicate)| predicate.needs_a_value())
            {
                Some((slot, _)) => self.slots.entry(*slot).or_default().present.push(place),
                None => self.always.push(place),
            }
            return;
        };
        let equalities = &mut self.slots.entry(slot).or_default().equalities;
        let matchers = at_path(equalities, &predicate.path);
        for scalar in scalars {
            matchers.entry(scalar.clone()).or_default().push(place);
        }
    }
}

/// What is kept for a path, made if it is missing.
fn at_path<'a, T: Default>(kept: &'a mut Vec<(Path, T)>, path: &Path) -> &'a mut T {
    let known = kept.iter().position(|(known, _)| known == path);
    let place = known.unwrap_or_else(|| {
        kept.push((path.clone(), T::default()));
        kept.len() - 1
    });
    &mut kept[place].1
}
