//! Collects what definitions need, each thing once.

use std::collections::HashMap;

use jiff::tz::TimeZone;

use super::leaf::{Branch, Grouped, Intake, Memory, Number, Question, Role, Span, Tree};
use super::leaf_draft::{LeafDraft, key, larger, memory};
use crate::audience::definition::{Did, EventPattern, Have, Measure, Measured, Take, When, Window};
use crate::audience::grain::Grain;
use crate::audience::value::{Check, Operator, Path, Predicate};
use crate::clock::TimeMs;
use crate::document::duration_text;
use crate::keys::AudienceNo;
use crate::profile::list_attribute;

/// Everything that the definitions read so far need.
pub(super) struct Draft<'a> {
    pub(super) zone: &'a TimeZone,
    pub(super) audiences: &'a HashMap<String, AudienceNo>,
    pub(super) leaves: Vec<LeafDraft>,
    pub(super) questions: Vec<Question>,
    leaf_places: HashMap<String, usize>,
    question_places: HashMap<String, usize>,
    /// Every combination of conditions, with its number.
    nodes: HashMap<(Branch, Vec<Part>), usize>,
}

/// What a combination consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Part {
    Question(usize),
    Node(usize),
}

impl Part {
    fn of(tree: &Tree) -> Self {
        match tree {
            Tree::Ask { question, .. } => Self::Question(*question),
            Tree::Branch { node, .. } => Self::Node(*node),
        }
    }
}

impl<'a> Draft<'a> {
    pub(super) fn new(zone: &'a TimeZone, audiences: &'a HashMap<String, AudienceNo>) -> Self {
        Self {
            zone,
            audiences,
            leaves: Vec::new(),
            questions: Vec::new(),
            leaf_places: HashMap::new(),
            question_places: HashMap::new(),
            nodes: HashMap::new(),
        }
    }

    /// How many combinations of conditions there are.
    pub(super) fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// Reads one definition's conditions.
    pub(super) fn tree(&mut self, when: &When) -> Tree {
        let (kind, items) = match when {
            When::All(items) => (Branch::All, items),
            When::Any(items) => (Branch::Any, items),
            When::None(items) => (Branch::None, items),
            When::Did(did) => return self.did(did),
            When::DidNot(did) => return self.did_not(did, when.to_string().into()),
            When::ThenNot(then_not) => return self.then_not(then_not),
            When::InOrder(in_order) => return self.in_order(in_order),
            When::Have(have) => return self.have(have),
        };
        let children = items.iter().map(|item| self.tree(item)).collect();
        let text = match kind {
            Branch::All => "all of",
            Branch::Any => "any of",
            Branch::None => "none of",
        };
        self.branch(kind, children, text.into())
    }

    fn did_not(&mut self, did: &Did, text: Box<str>) -> Tree {
        let ageless = Did {
            min_age_ms: None,
            ..did.clone()
        };
        let did_it = self.did(&ageless);
        let not = self.branch(Branch::None, vec![did_it], text.clone());
        let Some(age) = did.min_age_ms else {
            return not;
        };
        let age = self.age(age);
        self.branch(Branch::All, vec![not, age], text)
    }

    /// Several conditions combined; the same combination has one number, whoever wrote it.
    fn branch(&mut self, kind: Branch, children: Vec<Tree>, text: Box<str>) -> Tree {
        let mut parts: Vec<Part> = children.iter().map(Part::of).collect();
        parts.sort_unstable();
        parts.dedup();
        let next = self.nodes.len();
        let node = *self.nodes.entry((kind, parts)).or_insert(next);
        Tree::Branch {
            kind,
            children,
            text,
            node,
        }
    }

    fn age(&mut self, ms: i64) -> Tree {
        let text = format!("known for {}", duration_text(ms)).into();
        self.ask(Question::Age(ms), text)
    }

    fn did(&mut self, did: &Did) -> Tree {
        let mut children = Vec::with_capacity(did.measured.len() + 1);
        children.extend(did.min_age_ms.map(|age| self.age(age)));
        for one in &did.measured {
            let single = Did {
                measured: vec![one.clone()],
                min_age_ms: None,
                ..did.clone()
            };
            children.push(self.measured(did, one, format!("did {single}").into()));
        }
        if children.len() == 1 {
            return children.remove(0);
        }
        self.branch(Branch::All, children, format!("did {did}").into())
    }

    fn measured(&mut self, did: &Did, one: &Measured, text: Box<str>) -> Tree {
        let (span, range) = self.span(did.window);
        let Measured { measure, bounds } = one;
        let (of, number) = match measure {
            Measure::Count => (None, None),
            Measure::Sum(of) | Measure::Average(of) => (Some(of), Some(Number::Sum)),
            Measure::Least(of) => (Some(of), Some(Number::Least)),
            Measure::Greatest(of) => (Some(of), Some(Number::Greatest)),
            Measure::Distinct(of) => (Some(of), None),
        };
        let memory = match measure {
            Measure::Distinct(_) => Memory::Distinct(bounds.enough()),
            _ => memory(span, number, bounds),
        };
        let grouped = did.by.as_ref().map(|_| Grouped {
            window_ms: match span {
                Span::Last(ms) | Span::Band { at_most_ms: ms, .. } => Some(ms),
                Span::Ever | Span::Before(_) => None,
            },
        });
        let intake = Intake {
            by: did.by.clone(),
            ..feed(&did.on, of)
        };
        let leaf = self.leaf(memory, grouped, range, vec![intake]);
        let average = matches!(measure, Measure::Average(_));
        self.ask(
            Question::Measured {
                leaf,
                span,
                average,
                bounds: bounds.clone(),
            },
            text,
        )
    }

    /// How a question looks at its window, and which events the leaf takes at all.
    fn span(&self, window: Window) -> (Span, Option<(TimeMs, TimeMs)>) {
        match window {
            Window::Ever => (Span::Ever, None),
            Window::Last(ms) => (Span::Last(ms), None),
            Window::Before(ms) => (Span::Before(ms), None),
            Window::Band {
                more_than_ms,
                at_most_ms,
            } => (
                Span::Band {
                    more_than_ms,
                    at_most_ms,
                },
                None,
            ),
            Window::Fixed { from, to } => {
                let from = from.map_or(TimeMs(i64::MIN), |from| from.instant(self.zone));
                let to = to.map_or(TimeMs::MAX, |to| to.instant(self.zone));
                (Span::Ever, Some((from, to)))
            }
        }
    }

    fn have(&mut self, have: &Have) -> Tree {
        let text: Box<str> = have.to_string().into();
        let question = match have {
            Have::Total(did) => return self.did(did),
            Have::Attribute(take, predicate) => {
                let whole = predicate.path.to_string();
                let whole = (whole != predicate.path.head()).then(|| whole.into());
                Question::Attribute {
                    predicate: predicate.clone(),
                    whole,
                    take: *take,
                }
            }
            Have::Top {
                on,
                of,
                window,
                checks,
                at_least,
                ..
            } => {
                let (span, range) = self.span(*window);
                let memory = tally(span);
                let leaf = self.leaf(memory, None, range, vec![feed(on, Some(of))]);
                Question::Top {
                    leaf,
                    span,
                    checks: checks.clone(),
                    at_least: *at_least,
                }
            }
            Have::Edge {
                first,
                on,
                of,
                checks,
                ..
            } => {
                let memory = if *first { Memory::First } else { Memory::Last };
                let leaf = self.leaf(memory, None, None, vec![feed(on, Some(of))]);
                Question::Edge {
                    leaf,
                    checks: checks.clone(),
                }
            }
            Have::List { id, .. } => {
                let predicate = on_list(id);
                Question::Attribute {
                    predicate,
                    whole: None,
                    take: Take::Last,
                }
            }
            Have::Audience { id, .. } => {
                // Whether there is such an audience was looked at before.
                Question::Member(self.audiences.get(id).copied().unwrap_or_default())
            }
            Have::Consent(names) => {
                let children = names.iter().map(|name| {
                    let text = format!("have consent {name}").into();
                    self.ask(Question::Consent(name.as_str().into()), text)
                });
                let children = children.collect();
                return self.branch(Branch::All, children, text);
            }
        };
        self.ask(question, text)
    }

    /// The place of a leaf; the same one for all that can share it.
    pub(super) fn leaf(
        &mut self,
        memory: Memory,
        grouped: Option<Grouped>,
        range: Option<(TimeMs, TimeMs)>,
        intakes: Vec<Intake>,
    ) -> usize {
        let key = key(memory, range, &intakes, self.zone);
        let place = *self
            .leaf_places
            .entry(key.clone())
            .or_insert(self.leaves.len());
        match self.leaves.get_mut(place) {
            None => {
                let questions = Vec::new();
                self.leaves.push(LeafDraft {
                    key,
                    memory,
                    grouped,
                    range,
                    intakes,
                    questions,
                });
            }
            Some(known) => {
                known.memory = larger(known.memory, memory);
                known.grouped = wider(known.grouped, grouped);
            }
        }
        place
    }

    /// The place of a question in the tree; the same question is asked once.
    pub(super) fn ask(&mut self, question: Question, text: Box<str>) -> Tree {
        let key = format!("{question:?}");
        let place = *self
            .question_places
            .entry(key)
            .or_insert(self.questions.len());
        if place == self.questions.len() {
            if let Some(leaf) = question.leaf() {
                self.leaves[leaf].questions.push(place);
            }
            self.questions.push(question);
        }
        Tree::Ask {
            question: place,
            text,
        }
    }
}

fn tally(span: Span) -> Memory {
    match span {
        Span::Last(ms) => {
            let grain = Grain::of_window(ms);
            Memory::PanedTally(grain, grain.depth(ms))
        }
        _ => Memory::Tally,
    }
}

/// What is true of those who are on a list.
fn on_list(list: &str) -> Predicate {
    let on_it = Check {
        operator: Operator::Eq("true".into()),
        negated: false,
    };
    Predicate {
        path: Path::of_key(&list_attribute(list)),
        checks: vec![on_it],
    }
}

/// The grouping that is of use to both.
fn wider(a: Option<Grouped>, b: Option<Grouped>) -> Option<Grouped> {
    let window_ms = a?.window_ms.zip(b?.window_ms).map(|(a, b)| a.max(b));
    Some(Grouped { window_ms })
}

fn feed(on: &EventPattern, of: Option<&Path>) -> Intake {
    Intake {
        on: on.clone(),
        role: Role::Feed,
        of: of.cloned(),
        by: None,
    }
}
