//! From definitions to a set that can be asked: parsed once, shared wherever it can be.
//!
//! Each condition is split into a *matcher* (which events), a *leaf* (what is remembered of them)
//! and a *question* (the bound). Equal matchers, leaves and questions of all audiences are one.
//! An event finds its matchers by its name and by the values that equalities ask for; so what an
//! event costs does not depend on audiences that it has nothing to do with.

mod attributes;
mod draft;
mod graph;
mod index;
mod leaf;
mod leaf_draft;
mod orders;
mod ranges;

pub(super) use attributes::ByAttribute;
pub(super) use index::ByName;
pub(super) use leaf::{Branch, Leaf, Memory, Number, Question, Role, Span, Tree};
pub(super) use ranges::Threshold;

use std::collections::HashMap;

use jiff::tz::TimeZone;
use rapidhash::RapidHashMap;

use self::draft::Draft;
use super::Numbering;
use super::definition::Definition;
use crate::document::{Mistake, Mistakes};
use crate::keys::{AudienceNo, CatalogVersion, LeafNo};

/// One account's audiences, compiled. Never changes.
#[derive(Debug)]
pub struct AudienceSet {
    pub(super) version: CatalogVersion,
    pub(super) zone: TimeZone,
    /// Each after those that it asks for.
    pub(super) audiences: Vec<Compiled>,
    pub(super) ranks: RapidHashMap<AudienceNo, usize>,
    pub(super) ids: RapidHashMap<Box<str>, AudienceNo>,
    pub(super) leaves: Vec<Leaf>,
    pub(super) leaf_places: RapidHashMap<LeafNo, usize>,
    pub(super) questions: Vec<Question>,
    /// Per question: the ranks of the audiences that ask it.
    pub(super) askers: Vec<Vec<usize>>,
    pub(super) names: RapidHashMap<Box<str>, ByName>,
    /// How many combinations of conditions there are.
    pub(super) nodes: usize,
    /// The questions about an attribute, by the names that could hold it.
    pub(super) attributes: RapidHashMap<Box<str>, ByAttribute>,
    pub(super) consents: RapidHashMap<Box<str>, Vec<usize>>,
    /// The questions about how long somebody has been known.
    pub(super) ages: Vec<usize>,
    /// The ranks of the audiences that somebody is in of whom nothing is known, and of those
    /// that ask for them: all that can hold of a new profile besides what touches it.
    pub(super) born: Vec<usize>,
}

/// One audience.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) no: AudienceNo,
    pub(super) definition: Definition,
    pub(super) tree: Tree,
    /// The places of leaves whose keys, when they run out, join or renew a membership.
    pub(super) renewing: Vec<usize>,
    /// The ranks of the audiences that ask for this one.
    pub(super) dependants: Vec<usize>,
}

impl AudienceSet {
    /// Compiles the audiences of one account. Catalog versions only grow; a leaf that is new in
    /// `version` has to be folded from history for every profile.
    ///
    /// # Errors
    ///
    /// Every mistake that shows only when definitions are seen together: ids given twice,
    /// audiences that do not exist, circles. `numbering` is then as before.
    pub fn compile(
        definitions: &[Definition],
        version: CatalogVersion,
        numbering: &mut Numbering,
        zone: &TimeZone,
    ) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Mistakes::default();
        let order = graph::order(definitions, &mut mistakes);
        if !mistakes.is_empty() {
            return Err(mistakes.into_sorted());
        }
        let numbers: HashMap<String, AudienceNo> = definitions
            .iter()
            .map(|one| (one.id.clone(), numbering.number_audience(&one.id)))
            .collect();
        let mut draft = Draft::new(zone, &numbers);
        let mut audiences = Vec::with_capacity(order.len());
        for place in order {
            let definition = definitions[place].clone();
            let tree = draft.tree(&definition.when);
            let no = numbers[&definition.id];
            let (renewing, dependants) = (Vec::new(), Vec::new());
            audiences.push(Compiled {
                no,
                definition,
                tree,
                renewing,
                dependants,
            });
        }
        let names = index::build(&draft.leaves);
        let leaves: Vec<Leaf> = draft
            .leaves
            .iter()
            .map(|leaf| leaf.finish(numbering, version))
            .collect();
        numbering.retain(
            &audiences.iter().map(|audience| audience.no).collect(),
            &leaves.iter().map(|leaf| leaf.no).collect(),
        );
        let nodes = draft.nodes();
        let questions = draft.questions;
        let mut set = Self {
            version,
            zone: zone.clone(),
            ranks: audiences
                .iter()
                .enumerate()
                .map(|(rank, one)| (one.no, rank))
                .collect(),
            audiences,
            askers: vec![Vec::new(); questions.len()],
            ids: numbers
                .iter()
                .map(|(id, no)| (id.as_str().into(), *no))
                .collect(),
            leaf_places: leaves
                .iter()
                .enumerate()
                .map(|(place, leaf)| (leaf.no, place))
                .collect(),
            leaves,
            questions,
            names,
            nodes,
            attributes: RapidHashMap::default(),
            consents: RapidHashMap::default(),
            ages: Vec::new(),
            born: Vec::new(),
        };
        set.link();
        set.born = set.find_born();
        Ok(set)
    }

    /// Fills in what points backwards: from questions to audiences, from names to questions.
    fn link(&mut self) {
        for rank in 0..self.audiences.len() {
            let mut asked = Vec::new();
            let mut renewing = Vec::new();
            self.collect(&self.audiences[rank].tree, true, &mut asked, &mut renewing);
            asked.sort_unstable();
            asked.dedup();
            renewing.sort_unstable();
            renewing.dedup();
            self.audiences[rank].renewing = renewing;
            for question in asked {
                self.askers[question].push(rank);
                if let Question::Member(other) = &self.questions[question] {
                    let other = self.ranks[other];
                    self.audiences[other].dependants.push(rank);
                }
            }
        }
        for (place, question) in self.questions.iter().enumerate() {
            match question {
                Question::Attribute {
                    predicate, whole, ..
                } => {
                    let head = predicate.path.head().into();
                    for name in whole.iter().cloned().chain([head]) {
                        self.attributes
                            .entry(name)
                            .or_default()
                            .add(place, question);
                    }
                }
                Question::Consent(name) => {
                    self.consents.entry(name.clone()).or_default().push(place);
                }
                Question::Age(_) => self.ages.push(place),
                _ => {}
            }
        }
    }

    fn collect(
        &self,
        tree: &Tree,
        positive: bool,
        asked: &mut Vec<usize>,
        renewing: &mut Vec<usize>,
    ) {
        match tree {
            Tree::Branch { kind, children, .. } => {
                let positive = positive == (*kind != Branch::None);
                for child in children {
                    self.collect(child, positive, asked, renewing);
                }
            }
            Tree::Ask { question, .. } => {
                asked.push(*question);
                if let Question::Unanswered { leaf, renews: true } = &self.questions[*question]
                    && positive
                {
                    renewing.push(*leaf);
                }
            }
        }
    }

    /// All audiences with their numbers; each after those that it asks for.
    pub fn audiences(&self) -> impl Iterator<Item = (AudienceNo, &Definition)> {
        self.audiences.iter().map(|one| (one.no, &one.definition))
    }

    /// The number of the audience `id`.
    #[must_use]
    pub fn by_id(&self, id: &str) -> Option<AudienceNo> {
        self.ids.get(id).copied()
    }

    /// The definition of an audience.
    #[must_use]
    pub fn definition(&self, audience: AudienceNo) -> Option<&Definition> {
        Some(&self.audiences[*self.ranks.get(&audience)?].definition)
    }

    /// The name of an audience; empty if there is none of this number.
    #[must_use]
    pub fn name(&self, audience: AudienceNo) -> &str {
        self.definition(audience)
            .map(|definition| definition.name.as_str())
            .unwrap_or_default()
    }

    /// The catalog version that it was compiled for.
    #[must_use]
    pub fn version(&self) -> CatalogVersion {
        self.version
    }

    /// True if no condition asks for events of this name.
    #[must_use]
    pub fn ignores(&self, event_name: &str) -> bool {
        !self.names.contains_key(event_name)
    }
}
