//! What one event has for one leaf.

use super::compile::{Memory, Number};
use super::value::{Path, Slot, Values, canonical, number_of};
use crate::clock::TimeMs;
use crate::profile::Dated;
use crate::profile::condition::{Distinct, KEY_BYTES_MAX, LeafState, Sum};
use crate::value::Value;

/// How much of a tallied or remembered text is kept.
pub const TEXT_BYTES_MAX: usize = 256;

/// What an event has for one leaf.
pub(super) struct Part<'a> {
    pub(super) at: TimeMs,
    pub(super) of: Option<&'a (Slot, Path)>,
    pub(super) by: Option<&'a (Slot, Path)>,
    pub(super) values: &'a Values,
}

impl Part<'_> {
    /// The memory before the first event.
    pub(super) fn fresh(&self, memory: Memory) -> Option<LeafState> {
        Some(match memory {
            Memory::Newest(_) => LeafState::Newest(Default::default()),
            Memory::Oldest(_) => LeafState::Oldest(Default::default()),
            Memory::Count => LeafState::Count(0),
            Memory::Number(Number::Sum) => LeafState::Sum(Sum::default()),
            Memory::Number(Number::Least) => LeafState::Extreme(f64::INFINITY),
            Memory::Number(Number::Greatest) => LeafState::Extreme(f64::NEG_INFINITY),
            Memory::CountPanes(..) => LeafState::CountPanes(Default::default()),
            Memory::NumberPanes(Number::Sum, ..) => LeafState::SumPanes(Default::default()),
            Memory::NumberPanes(..) => LeafState::ExtremePanes(Default::default()),
            Memory::Distinct(_) => LeafState::Distinct(Distinct::default()),
            Memory::Tally => LeafState::Tally(Default::default()),
            Memory::PanedTally(..) => LeafState::PanedTally(Default::default()),
            Memory::First | Memory::Last => LeafState::Edge(Dated {
                value: self.kept()?,
                at: self.at,
            }),
            Memory::Armed(_) => return None,
        })
    }

    fn each(&self, mut take: impl FnMut(&Value)) {
        if let Some((slot, path)) = self.of
            && let Some(root) = self.values.get(*slot)
        {
            path.any(root, |value| {
                take(value);
                false
            });
        }
    }

    pub(super) fn numbers(&self, mut take: impl FnMut(f64)) {
        self.each(|value| number_of(value).into_iter().for_each(&mut take));
    }

    /// The scalars; a list's elements count each.
    pub(super) fn texts(&self, mut take: impl FnMut(&str)) {
        self.each(|value| {
            let items = match value {
                Value::List(items) => items.as_slice(),
                other => std::slice::from_ref(other),
            };
            for text in items.iter().filter_map(canonical) {
                take(cut(&text, TEXT_BYTES_MAX));
            }
        });
    }

    fn first(&self, at: Option<&(Slot, Path)>) -> Option<&Value> {
        let (slot, path) = at?;
        path.first(self.values.get(*slot)?)
    }

    /// The value that a first or last one keeps: a scalar, cut where it is very long.
    fn kept(&self) -> Option<Value> {
        match self.first(self.of)? {
            Value::Text(text) => Some(cut(text, TEXT_BYTES_MAX).into()),
            Value::Null | Value::List(_) | Value::Map(_) => None,
            scalar => Some(scalar.clone()),
        }
    }

    pub(super) fn replace(&self, edge: &mut Dated) {
        if let Some(value) = self.kept() {
            *edge = Dated { value, at: self.at };
        }
    }

    /// The value that parts of a condition share. Events without it share that.
    pub(super) fn key(&self, of: Option<&(Slot, Path)>) -> Box<str> {
        let text = self.first(of).and_then(canonical).unwrap_or_default();
        if text.len() <= KEY_BYTES_MAX {
            return text.into();
        }
        // Long keys differ at their ends, if anywhere.
        format!(
            "{}…{:016x}",
            cut(&text, 32),
            rapidhash::v3::rapidhash_v3(text.as_bytes())
        )
        .into()
    }
}

fn cut(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}
