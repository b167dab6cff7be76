//! Collects what definitions need, each thing once.

use std::collections::HashMap;

use jiff::tz::TimeZone;

use super::leaf::{Branch, Intake, Memory, Number, Question, Role, Span, Tree};
use super::leaf_draft::{LeafDraft, key, larger, memory};
use crate::audience::definition::{
    Did, EventPattern, Have, Measure, Measured, ThenNot, When, Window,
};
use crate::audience::grain::Grain;
use crate::audience::value::Path;
use crate::clock::TimeMs;
use crate::keys::AudienceNo;
use crate::profile::condition::Arming;

/// Everything that the definitions read so far need.
pub(super) struct Draft<'a> {
    pub(super) zone: &'a TimeZone,
    pub(super) audiences: &'a HashMap<String, AudienceNo>,
    pub(super) leaves: Vec<LeafDraft>,
    pub(super) questions: Vec<Question>,
    leaf_places: HashMap<String, usize>,
    question_places: HashMap<String, usize>,
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
        }
    }

    /// Reads one definition's conditions.
    pub(super) fn tree(&mut self, when: &When) -> Tree {
        let (kind, items) = match when {
            When::All(items) => (Branch::All, items),
            When::Any(items) => (Branch::Any, items),
            When::None(items) => (Branch::None, items),
            When::Did(did) => return self.did(did),
            When::DidNot(did) => {
                let text = when.to_string().into();
                return Tree::Branch {
                    kind: Branch::None,
                    children: vec![self.did(did)],
                    text,
                };
            }
            When::ThenNot(then_not) => return self.then_not(then_not),
            When::Have(have) => return self.have(have),
        };
        let children = items.iter().map(|item| self.tree(item)).collect();
        let text = match kind {
            Branch::All => "all of",
            Branch::Any => "any of",
            Branch::None => "none of",
        };
        Tree::Branch {
            kind,
            children,
            text: text.into(),
        }
    }

    fn did(&mut self, did: &Did) -> Tree {
        let mut children = Vec::with_capacity(did.measured.len());
        for one in &did.measured {
            let single = Did {
                measured: vec![one.clone()],
                ..did.clone()
            };
            children.push(self.measured(did, one, format!("did {single}").into()));
        }
        if children.len() == 1 {
            return children.remove(0);
        }
        Tree::Branch {
            kind: Branch::All,
            children,
            text: format!("did {did}").into(),
        }
    }

    fn measured(&mut self, did: &Did, one: &Measured, text: Box<str>) -> Tree {
        let (span, range) = self.span(did.window);
        let Measured { measure, bounds } = one;
        let (of, number) = match measure {
            Measure::Count => (None, None),
            Measure::Sum(of) | Measure::Average(of) => (Some(of), Some(Number::Sum)),
            Measure::Least(of) => (Some(of), Some(Number::Least)),
            Measure::Greatest(of) => (Some(of), Some(Number::Greatest)),
        };
        let memory = memory(span, number, bounds);
        let leaf = self.leaf(memory, range, vec![feed(&did.on, of)]);
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

    fn then_not(&mut self, condition: &ThenNot) -> Tree {
        let key = condition.matching.as_ref();
        let intake = |on: &EventPattern, role| Intake {
            on: on.clone(),
            role,
            of: key.cloned(),
        };
        let mut intakes = vec![
            intake(&condition.then_not, Role::Awaited),
            intake(&condition.did, Role::Start),
        ];
        intakes.extend(
            condition
                .until
                .as_ref()
                .map(|until| intake(until, Role::End)),
        );
        let rules = Arming {
            within_ms: condition.within_ms,
            stay_ms: condition.stay_ms,
            restart: condition.restart,
        };
        let leaf = self.leaf(Memory::Armed(rules), None, intakes);
        self.ask(Question::Unanswered { leaf }, condition.to_string().into())
    }

    fn have(&mut self, have: &Have) -> Tree {
        let text: Box<str> = have.to_string().into();
        let question = match have {
            Have::Total(did) => return self.did(did),
            Have::Attribute(predicate) => {
                let whole = predicate.path.to_string();
                let whole = (whole != predicate.path.head()).then(|| whole.into());
                Question::Attribute {
                    predicate: predicate.clone(),
                    whole,
                }
            }
            Have::Top {
                on,
                of,
                window,
                checks,
                at_least,
            } => {
                let (span, range) = self.span(*window);
                let memory = match span {
                    Span::Last(ms) => {
                        let grain = Grain::of_window(ms);
                        Memory::PanedTally(grain, grain.depth(ms))
                    }
                    _ => Memory::Tally,
                };
                let leaf = self.leaf(memory, range, vec![feed(on, Some(of))]);
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
            } => {
                let memory = if *first { Memory::First } else { Memory::Last };
                let leaf = self.leaf(memory, None, vec![feed(on, Some(of))]);
                Question::Edge {
                    leaf,
                    checks: checks.clone(),
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
                return Tree::Branch {
                    kind: Branch::All,
                    children: children.collect(),
                    text,
                };
            }
        };
        self.ask(question, text)
    }

    /// The place of a leaf; the same one for all that can share it.
    fn leaf(
        &mut self,
        memory: Memory,
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
                    range,
                    intakes,
                    questions,
                });
            }
            Some(known) => known.memory = larger(known.memory, memory),
        }
        place
    }

    /// The place of a question in the tree; the same question is asked once.
    fn ask(&mut self, question: Question, text: Box<str>) -> Tree {
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

fn feed(on: &EventPattern, of: Option<&Path>) -> Intake {
    Intake {
        on: on.clone(),
        role: Role::Feed,
        of: of.cloned(),
    }
}
