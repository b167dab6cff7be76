//! Conditions and their combinations.

use std::fmt;

use super::{Did, Have, InOrder, ThenNot};
use crate::document::{Fields, Mistakes, Node, NodeKind, suggestion};

/// How many conditions one audience has at the most.
pub const CONDITIONS_MAX: usize = 500;

/// Who is a member.
#[derive(Debug, Clone, PartialEq)]
pub enum When {
    /// Everything has to hold.
    All(Vec<Self>),
    /// One has to hold.
    Any(Vec<Self>),
    /// Nothing may hold.
    None(Vec<Self>),
    /// Events happened.
    Did(Did),
    /// They did not.
    DidNot(Did),
    /// Something did not follow in time.
    ThenNot(ThenNot),
    /// Steps followed one another.
    InOrder(InOrder),
    /// Something is true of the person.
    Have(Have),
}

const HEADS: [&str; 7] = ["all", "any", "none", "did", "did_not", "in_order", "have"];

impl When {
    /// Reads a condition or a list of them.
    pub fn read(node: &Node, mistakes: &mut Mistakes) -> Option<Self> {
        if size(node) > CONDITIONS_MAX {
            let message = format!("more than {CONDITIONS_MAX} conditions in one audience");
            mistakes.add(node.place, message);
            return None;
        }
        Self::read_one(node, mistakes)
    }

    /// True if a condition asks for that list.
    #[must_use]
    pub fn asks_for_list(&self, list: &str) -> bool {
        match self {
            Self::All(items) | Self::Any(items) | Self::None(items) => {
                items.iter().any(|item| item.asks_for_list(list))
            }
            Self::Have(Have::List { id, .. }) => id == list,
            _ => false,
        }
    }

    fn read_one(node: &Node, mistakes: &mut Mistakes) -> Option<Self> {
        let mut fields = Fields::of(node, "a condition", mistakes)?;
        let in_order = InOrder::take(&mut fields, mistakes);
        let then_not = match in_order {
            Some(_) => None,
            None => ThenNot::take(&mut fields, mistakes),
        };
        let given: Vec<(&str, &Node)> = HEADS
            .iter()
            .filter_map(|key| Some((*key, fields.optional(key)?)))
            .collect();
        fields.finish(mistakes);
        let (key, inner) = match given.as_slice() {
            [one] => *one,
            [] => {
                // A key that nobody knows is told already.
                if is_empty(node) {
                    let message = format!("a condition needs one of `{}`", HEADS.join("`, `"));
                    mistakes.add(node.place, message);
                }
                return None;
            }
            [first, second, ..] => {
                let message = format!(
                    "`{}` and `{}` are two conditions: put them into a list under `all` or `any`",
                    first.0, second.0
                );
                mistakes.add(second.1.place, message);
                return None;
            }
        };
        if let Some(then_not) = then_not {
            if key != "did" {
                mistakes.add(
                    inner.place,
                    format!("`then_not` goes with `did`, not with `{key}`"),
                );
                return None;
            }
            return then_not.map(Self::ThenNot);
        }
        if let Some(in_order) = in_order {
            return in_order.map(Self::InOrder);
        }
        match key {
            "all" => read_list(key, inner, mistakes).map(Self::All),
            "any" => read_list(key, inner, mistakes).map(Self::Any),
            "none" => read_list(key, inner, mistakes).map(Self::None),
            "did" => Did::read(inner, mistakes).map(Self::Did),
            "did_not" => Did::read(inner, mistakes).map(Self::DidNot),
            _ => Have::read(inner, mistakes).map(Self::Have),
        }
    }
}

fn read_list(key: &str, node: &Node, mistakes: &mut Mistakes) -> Option<Vec<When>> {
    let items = node.as_list().filter(|items| !items.is_empty());
    let Some(items) = items else {
        let found = node.describe();
        let message = format!("`{key}` has to be a list of conditions, this is {found}");
        mistakes.add(node.place, message);
        return None;
    };
    // Every item is read, so that every mistake is told.
    let read: Vec<Option<When>> = items
        .iter()
        .map(|item| When::read_one(item, mistakes))
        .collect();
    read.into_iter().collect()
}

/// True for a map without any key that could have been meant as a condition.
fn is_empty(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Map(entries) => entries
            .iter()
            .all(|(key, _, value)| value.is_null() || suggestion(key, HEADS).is_none()),
        _ => true,
    }
}

/// How many maps hang below `all`, `any` and `none`.
fn size(node: &Node) -> usize {
    let lists = ["all", "any", "none"]
        .into_iter()
        .filter_map(|key| node.get(key)?.as_list());
    1 + lists.flatten().map(size).sum::<usize>()
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |items: &[Self]| {
            items
                .iter()
                .map(Self::to_string)
                .collect::<Vec<_>>()
                .join("; ")
        };
        match self {
            Self::All(items) => write!(f, "all of: {}", list(items)),
            Self::Any(items) => write!(f, "any of: {}", list(items)),
            Self::None(items) => write!(f, "none of: {}", list(items)),
            Self::Did(did) => write!(f, "did {did}"),
            Self::DidNot(did) => write!(f, "did not {did}"),
            Self::ThenNot(then_not) => then_not.fmt(f),
            Self::InOrder(in_order) => in_order.fmt(f),
            Self::Have(have) => have.fmt(f),
        }
    }
}
