//! Collects what definitions need, each thing once.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use serde_json::json;

use super::leaf::{Branch, Intake, Leaf, Memory, Number, Question, Role, Span, Tree};
use crate::audience::Numbering;
use crate::audience::definition::{
    Bounds, Did, EventPattern, Have, Measure, Measured, ThenNot, When, Window,
};
use crate::audience::grain::Grain;
use crate::audience::value::Path;
use crate::clock::TimeMs;
use crate::keys::{AudienceNo, CatalogVersion};
use crate::profile::condition::{Arming, TIMES_MAX};

/// A leaf whose size is not known until all definitions are read.
pub(super) struct LeafDraft {
    /// What makes it the same as another one, its size apart.
    key: String,
    pub(super) memory: Memory,
    range: Option<(TimeMs, TimeMs)>,
    pub(super) intakes: Vec<Intake>,
    pub(super) questions: Vec<usize>,
}

impl LeafDraft {
    /// Gives the leaf its number. Its size is part of what it is: a larger one has to be folded
    /// from history anew.
    pub(super) fn finish(&self, numbering: &mut Numbering, version: CatalogVersion) -> Leaf {
        let size = match self.memory {
            Memory::Newest(cap) | Memory::Oldest(cap) => cap,
            Memory::CountPanes(_, depth)
            | Memory::NumberPanes(_, _, depth)
            | Memory::PanedTally(_, depth) => usize::try_from(depth).unwrap_or_default(),
            _ => 0,
        };
        let (no, since) = numbering.number_leaf(&format!("{size} {}", self.key), version);
        Leaf {
            no,
            since,
            memory: self.memory,
            range: self.range,
            questions: self.questions.clone(),
        }
    }
}

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
        let key = self.key(memory, range, &intakes);
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

    /// What the leaf remembers, as text that stays the same from version to version.
    fn key(&self, memory: Memory, range: Option<(TimeMs, TimeMs)>, intakes: &[Intake]) -> String {
        let zone = || {
            self.zone
                .iana_name()
                .map_or_else(|| format!("{:?}", self.zone), str::to_owned)
        };
        // Only days are cut by the zone.
        let cut = |grain: Grain| match grain {
            Grain::Day => json!([grain, zone()]),
            Grain::Minute | Grain::Hour => json!(grain),
        };
        let memory = match memory {
            Memory::Newest(_) => json!("newest"),
            Memory::Oldest(_) => json!("oldest"),
            Memory::Count => json!("count"),
            Memory::Number(number) => json!(number),
            Memory::CountPanes(grain, _) => json!(["count", cut(grain)]),
            Memory::NumberPanes(number, grain, _) => json!([number, cut(grain)]),
            Memory::Tally => json!("tally"),
            Memory::PanedTally(grain, _) => json!(["tally", cut(grain)]),
            Memory::First => json!("first"),
            Memory::Last => json!("last"),
            Memory::Armed(rules) => json!([rules.within_ms, rules.stay_ms, rules.restart]),
        };
        let intakes: Vec<_> = intakes
            .iter()
            .map(|intake| {
                let role = format!("{:?}", intake.role);
                // A civil date in a filter is an instant in a zone only.
                let zone = intake
                    .on
                    .filter
                    .iter()
                    .any(|p| p.depends_on_zone())
                    .then(zone);
                json!([role, intake.on, intake.of, zone])
            })
            .collect();
        json!([memory, range, intakes]).to_string()
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

fn memory(span: Span, number: Option<Number>, bounds: &Bounds) -> Memory {
    let ms = match span {
        Span::Ever => return number.map_or(Memory::Count, Memory::Number),
        Span::Before(_) => return Memory::Oldest(bounds.enough()),
        Span::Last(_) if number.is_none() && bounds.enough() <= TIMES_MAX => {
            return Memory::Newest(bounds.enough());
        }
        Span::Last(ms) | Span::Band { at_most_ms: ms, .. } => ms,
    };
    let grain = Grain::of_window(ms);
    let depth = grain.depth(ms);
    match number {
        None => Memory::CountPanes(grain, depth),
        Some(number) => Memory::NumberPanes(number, grain, depth),
    }
}

/// The memory that answers what either does.
fn larger(a: Memory, b: Memory) -> Memory {
    match (a, b) {
        (Memory::Newest(a), Memory::Newest(b)) => Memory::Newest(a.max(b)),
        (Memory::Oldest(a), Memory::Oldest(b)) => Memory::Oldest(a.max(b)),
        (Memory::CountPanes(grain, a), Memory::CountPanes(_, b)) => {
            Memory::CountPanes(grain, a.max(b))
        }
        (Memory::NumberPanes(number, grain, a), Memory::NumberPanes(_, _, b)) => {
            Memory::NumberPanes(number, grain, a.max(b))
        }
        (Memory::PanedTally(grain, a), Memory::PanedTally(_, b)) => {
            Memory::PanedTally(grain, a.max(b))
        }
        (same, _) => same,
    }
}
