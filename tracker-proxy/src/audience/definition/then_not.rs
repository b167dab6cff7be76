//! Something was done, and what was awaited did not follow in time.

use std::fmt;

use super::EventPattern;
use super::filter::read_path;
use crate::audience::span::{parse_duration, read_duration};
use crate::audience::value::Path;
use crate::document::{Fields, Mistakes, Node, Place, duration_text};

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
    /// Where it stands.
    pub place: Place,
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
        let staying = Staying::of(stay, stay_until, awaited.place, mistakes);
        let then_not = then_not?;
        let Staying { stay_ms, until } = staying?;
        let for_good = stay_ms.is_none() && until.is_some();
        Some(Some(Self {
            did: did?,
            until: until.filter(|until| *until != then_not),
            then_not,
            within_ms: within_ms?,
            matching: flat(matching)?,
            restart: restart?,
            place: awaited.place,
            stay_ms: if for_good {
                None
            } else {
                stay_ms.or(within_ms)
            },
        }))
    }
}

/// What ends a membership besides the awaited event, as written.
pub(super) struct Staying {
    pub(super) stay_ms: Option<i64>,
    pub(super) until: Option<EventPattern>,
}

impl Staying {
    /// Takes `stay` and `stay_until`; `None` where one of them could not be read.
    pub(super) fn take(
        fields: &mut Fields<'_>,
        place: Place,
        mistakes: &mut Mistakes,
    ) -> Option<Self> {
        let (stay, until) = (fields.optional("stay"), fields.optional("stay_until"));
        Self::of(stay, until, place, mistakes)
    }

    fn of(
        stay: Option<&Node>,
        until: Option<&Node>,
        place: Place,
        mistakes: &mut Mistakes,
    ) -> Option<Self> {
        let stay = stay.map(|node| read_duration(node, "`stay`", mistakes));
        let until = until.map(|node| read_until(node, mistakes));
        let stay_ms = match stay {
            Some(read) => Some(read?),
            None => None,
        };
        match until {
            None => Some(Self {
                stay_ms,
                until: None,
            }),
            Some(read) => match read? {
                Until::Event(until) => Some(Self {
                    stay_ms,
                    until: Some(until),
                }),
                Until::After(_) if stay_ms.is_some() => {
                    mistakes.add(place, "`stay` and `stay_until` both give a duration");
                    None
                }
                Until::After(stay) => Some(Self {
                    stay_ms: Some(stay),
                    until: None,
                }),
            },
        }
    }
}

/// `None` where there was something that could not be read.
pub(super) fn flat(path: Option<Option<Path>>) -> Option<Option<Path>> {
    match path {
        None => Some(None),
        Some(read) => read.map(Some),
    }
}

pub(super) fn read_rearm(node: &Node, mistakes: &mut Mistakes) -> Option<bool> {
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
