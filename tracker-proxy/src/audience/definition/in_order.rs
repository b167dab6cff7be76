//! Steps that followed one another, and perhaps silence after them.

use std::fmt;

use super::EventPattern;
use super::filter::{read_path, read_where};
use super::then_not::{Staying, flat, read_rearm};
use crate::audience::span::read_duration;
use crate::audience::value::Path;
use crate::document::{Fields, Mistakes, Node, NodeKind, Place, duration_text};
use crate::profile::condition::STEPS_MAX;

/// `in_order … within …`, with or without `then_not`.
#[derive(Debug, Clone, PartialEq)]
pub struct InOrder {
    /// The steps, each later than the one before it.
    pub steps: Vec<EventPattern>,
    /// How long all of them may take together.
    pub span_ms: Option<i64>,
    /// The property that all of them have to share.
    pub matching: Option<Path>,
    /// What must not follow the last step.
    pub silence: Option<Silence>,
    /// How long a membership lasts; without it, until an event ends it.
    pub stay_ms: Option<i64>,
    /// An event besides the awaited one that ends a membership.
    pub until: Option<EventPattern>,
    /// Where it stands.
    pub place: Place,
}

/// What is awaited after the last step.
#[derive(Debug, Clone, PartialEq)]
pub struct Silence {
    /// What is awaited.
    pub then_not: EventPattern,
    /// How long.
    pub wait_ms: i64,
    /// Whether another last step begins the wait anew.
    pub restart: bool,
}

impl InOrder {
    /// Takes the keys of such a condition out of its map; `None` if it is not one.
    pub(super) fn take(fields: &mut Fields<'_>, mistakes: &mut Mistakes) -> Option<Option<Self>> {
        let list = fields.optional("in_order")?;
        let steps = read_steps(list, mistakes);
        let duration = |fields: &mut Fields<'_>, key: &'static str, mistakes: &mut Mistakes| {
            let node = fields.optional(key)?;
            Some(read_duration(node, &format!("`{key}`"), mistakes))
        };
        let span = duration(fields, "within", mistakes);
        let kept = duration(fields, "in", mistakes);
        let wait = duration(fields, "wait", mistakes);
        let matching = fields.optional("match");
        let matching = matching.map(|node| read_path(node, "`match`", mistakes));
        let rearm = fields.optional("rearm");
        let restart = rearm.map(|node| read_rearm(node, mistakes));
        let then_not = fields.optional("then_not");
        let awaited = then_not.map(|node| EventPattern::read(node, mistakes));
        let staying = Staying::take(fields, list.place, mistakes);
        let silent = then_not.is_some();
        let misplaced = [
            (wait.is_some() && !silent, "`wait` goes with `then_not`"),
            (restart.is_some() && !silent, "`rearm` goes with `then_not`"),
            (
                kept.is_some() && silent,
                "`in` does not go with `then_not`: use `stay`",
            ),
            (
                wait.is_none() && silent,
                "`then_not` needs `wait`, such as `wait: 30m`",
            ),
        ];
        for (_, message) in misplaced.into_iter().filter(|(wrong, _)| *wrong) {
            mistakes.add(list.place, format!("after `in_order` {message}"));
        }
        let silence = match awaited {
            None => None,
            Some(awaited) => Some(Silence {
                then_not: awaited?,
                wait_ms: wait??,
                restart: restart.unwrap_or(Some(false))?,
            }),
        };
        let Staying { stay_ms, until } = staying?;
        let default = silence.as_ref().map(|silence| silence.wait_ms);
        let stay_ms = match (kept, stay_ms, &until) {
            (Some(kept), ..) => Some(kept?),
            (None, Some(stay), _) => Some(stay),
            (None, None, Some(_)) => None,
            (None, None, None) => default,
        };
        let until = until.filter(|until| {
            silence
                .as_ref()
                .is_none_or(|silence| silence.then_not != *until)
        });
        Some(Some(Self {
            steps: steps?,
            span_ms: match span {
                Some(read) => Some(read?),
                None => None,
            },
            matching: flat(matching)?,
            silence,
            stay_ms,
            until,
            place: list.place,
        }))
    }
}

fn read_steps(node: &Node, mistakes: &mut Mistakes) -> Option<Vec<EventPattern>> {
    let items = node.as_list();
    let items = items.filter(|items| (2..=STEPS_MAX).contains(&items.len()));
    let Some(items) = items else {
        let message = format!("`in_order` has to be a list of 2 to {STEPS_MAX} events");
        mistakes.add(node.place, message);
        return None;
    };
    let read: Vec<Option<EventPattern>> =
        items.iter().map(|item| read_step(item, mistakes)).collect();
    read.into_iter().collect()
}

/// Reads `signup`, `signup: { where: … }` or `{ event: signup, where: … }`.
fn read_step(node: &Node, mistakes: &mut Mistakes) -> Option<EventPattern> {
    if let NodeKind::Map(entries) = &node.kind
        && let [(name, _, inner)] = entries.as_slice()
        && name != "event"
        && (inner.is_null() || matches!(inner.kind, NodeKind::Map(_)))
    {
        let mut pattern = EventPattern::named(name);
        if !inner.is_null() {
            let mut fields = Fields::of(inner, "a step", mistakes)?;
            let filter = fields.optional("where");
            let filter = filter.map(|node| read_where(node, mistakes));
            pattern.filter = filter.unwrap_or_default();
            fields.finish(mistakes);
        }
        return pattern.checked(node, mistakes);
    }
    EventPattern::read(node, mistakes)
}

impl fmt::Display for InOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, step) in self.steps.iter().enumerate() {
            write!(f, "{}{step}", if n == 0 { "did " } else { ", then " })?;
        }
        if let Some(span) = self.span_ms {
            write!(f, ", all within {}", duration_text(span))?;
        }
        if let Some(path) = &self.matching {
            write!(f, " with the same {path}")?;
        }
        if let Some(silence) = &self.silence {
            let wait = duration_text(silence.wait_ms);
            write!(f, ", then not {} within {wait}", silence.then_not)?;
            if silence.restart {
                f.write_str(" of the last time")?;
            }
        }
        if let Some(until) = &self.until {
            write!(f, ", until {until}")?;
        }
        match self.stay_ms {
            Some(stay) => write!(f, ", for {}", duration_text(stay)),
            None => Ok(()),
        }
    }
}
