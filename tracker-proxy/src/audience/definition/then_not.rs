//! Something was done, and what was awaited did not follow in time.

use std::fmt;

use super::EventPattern;
use super::filter::read_path;
use crate::audience::span::{parse_duration, read_duration};
use crate::audience::value::Path;
use crate::document::{Fields, Mistakes, Node, duration_text};

/// `did … then_not … within …`.
#[derive(Debug, Clone, PartialEq)]
pub struct ThenNot {
    /// What starts the wait.
    pub did: EventPattern,
    /// What is awaited.
    pub then_not: EventPattern,
    /// How long.
    pub within_ms: i64,
    /// The property that both have to share: one wait per value of it.
    pub matching: Option<Path>,
    /// Whether a second start begins the wait anew.
    pub restart: bool,
    /// How long a membership lasts; without it, until an event ends it.
    pub stay_ms: Option<i64>,
    /// An event besides the awaited one that ends a membership.
    pub until: Option<EventPattern>,
}

/// The keys that belong to `then_not`, besides `did` and itself.
const COMPANIONS: [&str; 5] = ["within", "match", "rearm", "stay", "stay_until"];

impl ThenNot {
    /// Takes the keys of such a condition out of its map; `None` if it is not one.
    pub(super) fn take(fields: &mut Fields<'_>, mistakes: &mut Mistakes) -> Option<Option<Self>> {
        let companions = COMPANIONS.map(|key| fields.optional(key));
        let Some(awaited) = fields.optional("then_not") else {
            for (key, node) in COMPANIONS.iter().zip(companions) {
                if let Some(node) = node {
                    mistakes.add(
                        node.place,
                        format!("`{key}` goes with `then_not`, which is missing"),
                    );
                }
            }
            return None;
        };
        let [within, matching, rearm, stay, stay_until] = companions;
        let did = fields.required("did", mistakes);
        let did = did.and_then(|node| EventPattern::read(node, mistakes));
        let then_not = EventPattern::read(awaited, mistakes);
        if within.is_none() {
            mistakes.add(
                awaited.place,
                "`then_not` needs `within`, such as `within: 10m`",
            );
        }
        let within_ms = within.and_then(|node| read_duration(node, "`within`", mistakes));
        let matching = matching.map(|node| read_path(node, "`match`", mistakes));
        let restart = rearm.map_or(Some(false), |node| read_rearm(node, mistakes));
        let stay = stay.map(|node| read_duration(node, "`stay`", mistakes));
        let until = stay_until.map(|node| read_until(node, mistakes));
        let (stay_ms, until) = match (stay, until) {
            (stay, Some(Some(Until::Event(until)))) => {
                (stay.map(|stay| stay.unwrap_or_default()), Some(until))
            }
            (None, Some(Some(Until::After(stay)))) => (Some(stay), None),
            (Some(_), Some(Some(Until::After(_)))) => {
                mistakes.add(
                    awaited.place,
                    "`stay` and `stay_until` both give a duration",
                );
                (None, None)
            }
            (stay, _) => (stay.unwrap_or(within_ms), None),
        };
        let then_not = then_not?;
        Some(Some(Self {
            did: did?,
            until: until.filter(|until| *until != then_not),
            then_not,
            within_ms: within_ms?,
            matching: flat(matching)?,
            restart: restart?,
            stay_ms,
        }))
    }
}

/// `None` where there was something that could not be read.
fn flat(path: Option<Option<Path>>) -> Option<Option<Path>> {
    match path {
        None => Some(None),
        Some(read) => read.map(Some),
    }
}

fn read_rearm(node: &Node, mistakes: &mut Mistakes) -> Option<bool> {
    match node.as_text() {
        Some("first") => Some(false),
        Some("last") => Some(true),
        _ => {
            mistakes.add(node.place, "`rearm` has to be `first` or `last`");
            None
        }
    }
}

enum Until {
    After(i64),
    Event(EventPattern),
}

fn read_until(node: &Node, mistakes: &mut Mistakes) -> Option<Until> {
    match node.as_text().and_then(parse_duration) {
        Some(stay) => Some(Until::After(stay)),
        None => EventPattern::read(node, mistakes).map(Until::Event),
    }
}

impl fmt::Display for ThenNot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let within = duration_text(self.within_ms);
        write!(
            f,
            "did {}, then not {} within {within}",
            self.did, self.then_not
        )?;
        if let Some(path) = &self.matching {
            write!(f, " with the same {path}")?;
        }
        if self.restart {
            f.write_str(", from the last one on")?;
        }
        if let Some(until) = &self.until {
            write!(f, ", until {until}")?;
        }
        match self.stay_ms {
            Some(stay) if stay == self.within_ms => Ok(()),
            Some(stay) => write!(f, ", for {}", duration_text(stay)),
            None => f.write_str(", until it comes"),
        }
    }
}
