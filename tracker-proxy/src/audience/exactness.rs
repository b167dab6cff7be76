//! How exact each condition is, and what it costs per profile.

use std::fmt;

use serde::Serialize;

use super::compile::{AudienceSet, Leaf, Memory, Number, Tree};
use super::grain::Grain;
use super::part::TEXT_BYTES_MAX;
use crate::keys::AudienceNo;
use crate::profile::condition::{
    ARMED_KEYS_MAX, GROUPS_MAX, KEY_BYTES_MAX, RECENT_MAX, TALLY_CELLS_MAX, TALLY_VALUES_MAX,
};

/// One condition: how exact it is, and what it costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exactness {
    /// The condition in words.
    pub condition: String,
    /// To what it is exact.
    pub exact_to: ExactTo,
    /// From where on it is approximate, and by how much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approximate: Option<String>,
    /// What is kept of each profile that it concerns.
    pub state: String,
    /// The most that may come to, stored, in bytes.
    pub state_bytes_max: usize,
}

/// To what a condition is exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExactTo {
    /// It changes with events only, and is always right.
    Event,
    /// It changes at the very instant.
    Millisecond,
    /// It changes when a pane of a minute is over.
    Minute,
    /// It changes when a pane of an hour is over.
    Hour,
    /// It changes when a day of the account's time zone is over.
    Day,
}

impl From<Grain> for ExactTo {
    fn from(grain: Grain) -> Self {
        match grain {
            Grain::Minute => Self::Minute,
            Grain::Hour => Self::Hour,
            Grain::Day => Self::Day,
        }
    }
}

impl fmt::Display for Exactness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.condition)?;
        match self.exact_to {
            ExactTo::Event => f.write_str("exact")?,
            ExactTo::Millisecond => f.write_str("exact to the millisecond")?,
            ExactTo::Minute => {
                f.write_str("exact to the minute, a window begins with a whole one")?
            }
            ExactTo::Hour => f.write_str("exact to the hour, a window begins with a whole one")?,
            ExactTo::Day => f.write_str("exact to the day, a window begins with a whole one")?,
        }
        if let Some(approximate) = &self.approximate {
            write!(f, ", {approximate}")?;
        }
        write!(f, "; {}", self.state)?;
        match self.state_bytes_max {
            0 => Ok(()),
            bytes => write!(f, " per profile, {bytes} bytes at most"),
        }
    }
}

impl AudienceSet {
    /// How exact each condition of an audience is, and what it costs.
    #[must_use]
    pub fn exactness(&self, audience: AudienceNo) -> Vec<Exactness> {
        let mut found = Vec::new();
        if let Some(rank) = self.ranks.get(&audience) {
            self.exactness_of(&self.audiences[*rank].tree, &mut found);
        }
        found
    }

    fn exactness_of(&self, tree: &Tree, found: &mut Vec<Exactness>) {
        match tree {
            Tree::Branch { children, .. } => {
                for child in children {
                    self.exactness_of(child, found);
                }
            }
            Tree::Ask { question, text } => {
                let question = &self.questions[*question];
                let one = match question.leaf() {
                    Some(leaf) => of_leaf(text, &self.leaves[leaf]),
                    None => Exactness {
                        condition: text.to_string(),
                        exact_to: if question.is_timed() {
                            ExactTo::Millisecond
                        } else {
                            ExactTo::Event
                        },
                        approximate: None,
                        state: "nothing is kept".to_owned(),
                        state_bytes_max: 0,
                    },
                };
                if !found.contains(&one) {
                    found.push(one);
                }
            }
        }
    }
}

fn of_leaf(text: &str, leaf: &Leaf) -> Exactness {
    let (exact_to, state, bytes) = kept(leaf.memory);
    let approximate = match leaf.memory {
        Memory::Tally | Memory::PanedTally(..) => Some(format!(
            "up to {TALLY_VALUES_MAX} different values; beyond, a frequent one may be counted too high"
        )),
        Memory::Armed(_) => Some(format!(
            "up to {ARMED_KEYS_MAX} keys at once; beyond, the oldest are given up and counted"
        )),
        _ if leaf.grouped.is_some() => Some(format!(
            "up to {GROUPS_MAX} values at once; beyond, the oldest are given up and counted"
        )),
        _ => None,
    };
    let grouped = leaf.grouped.is_some();
    Exactness {
        condition: text.to_owned(),
        exact_to,
        approximate,
        state: if grouped {
            format!("for each value {state}")
        } else {
            state
        },
        state_bytes_max: if grouped {
            GROUPS_MAX * (bytes + KEY_BYTES_MAX + TIME_BYTES)
        } else {
            bytes
        },
    }
}

/// What a time takes beside its neighbour, in bytes.
const TIME_BYTES: usize = 7;
/// What a sum takes at the most, in bytes.
const SUM_BYTES: usize = 24;
/// What the number and the count of a pane take, in bytes.
const PANE_BYTES: usize = 8;

fn kept(memory: Memory) -> (ExactTo, String, usize) {
    let panes = |grain: Grain, depth: i32, each: usize| {
        let many = usize::try_from(depth).unwrap_or_default();
        let state = format!("up to {depth} panes of a {}", grain.name());
        (grain.into(), state, many * each)
    };
    match memory {
        Memory::Newest(cap) | Memory::Oldest(cap) => {
            let state = format!("up to {cap} timestamps");
            (ExactTo::Millisecond, state, cap * TIME_BYTES)
        }
        Memory::Distinct(cap) => {
            let state = format!("up to {cap} timestamps with a hash of a value");
            (ExactTo::Millisecond, state, cap * (TIME_BYTES + 8))
        }
        Memory::Count => (ExactTo::Event, "a counter".to_owned(), 10),
        Memory::Number(Number::Sum) => {
            (ExactTo::Event, "a sum in millionths".to_owned(), SUM_BYTES)
        }
        Memory::Number(_) => (ExactTo::Event, "a number".to_owned(), 8),
        Memory::First | Memory::Last => {
            let state = "a value".to_owned();
            (ExactTo::Event, state, TEXT_BYTES_MAX + TIME_BYTES)
        }
        Memory::CountPanes(grain, depth) => panes(grain, depth, PANE_BYTES),
        Memory::NumberPanes(Number::Sum, grain, depth) => panes(grain, depth, 4 + SUM_BYTES),
        Memory::NumberPanes(_, grain, depth) => panes(grain, depth, 4 + PANE_BYTES),
        Memory::Tally => {
            let state = format!("up to {TALLY_VALUES_MAX} counters");
            (
                ExactTo::Event,
                state,
                TALLY_VALUES_MAX * (TEXT_BYTES_MAX + 12),
            )
        }
        Memory::PanedTally(grain, _) => {
            let state = format!("up to {TALLY_CELLS_MAX} counters, one for each value and pane");
            let values = TALLY_VALUES_MAX * (TEXT_BYTES_MAX + 2);
            (grain.into(), state, values + TALLY_CELLS_MAX * PANE_BYTES)
        }
        Memory::Armed(rules) => {
            let steps = usize::from(rules.steps).saturating_sub(1);
            let chains = if steps > 0 {
                KEY_BYTES_MAX + (steps + 1) * TIME_BYTES
            } else {
                0
            };
            let key = KEY_BYTES_MAX + 2 * TIME_BYTES + chains;
            let state = format!("a few timestamps for each key and the newest {RECENT_MAX} events");
            // Before the newest events, and after them.
            let both = 2 * ARMED_KEYS_MAX * key;
            let recent = RECENT_MAX * (KEY_BYTES_MAX + TIME_BYTES + 2);
            (ExactTo::Millisecond, state, both + recent)
        }
    }
}
