//! What the compiled set remembers per profile, and what it asks of that.

use serde::Serialize;

use crate::audience::definition::{Bounds, EventPattern, Take};
use crate::audience::grain::Grain;
use crate::audience::value::{Check, Path, Predicate};
use crate::clock::TimeMs;
use crate::keys::{AudienceNo, CatalogVersion, LeafNo};
use crate::profile::condition::{Arming, Part};

/// One memory, shared by every question that can be answered from it.
#[derive(Debug, Clone)]
pub(crate) struct Leaf {
    pub(crate) no: LeafNo,
    /// The first catalog that had it.
    pub(crate) since: CatalogVersion,
    pub(crate) memory: Memory,
    /// One memory for each value of a property.
    pub(crate) grouped: Option<Grouped>,
    /// Only events from the first instant on and before the second count.
    pub(crate) range: Option<(TimeMs, TimeMs)>,
    /// The questions that it answers.
    pub(crate) questions: Vec<usize>,
}

impl Leaf {
    /// True if events of this time do not count for it.
    pub(crate) fn is_outside(&self, at: TimeMs) -> bool {
        self.range.is_some_and(|(from, to)| at < from || to <= at)
    }
}

/// How a memory is kept for each value of a property by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grouped {
    /// Groups without events for so long are of no use any more; always of use without one.
    pub(crate) window_ms: Option<i64>,
}

/// What a leaf keeps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Memory {
    /// So many newest times.
    Newest(usize),
    /// So many oldest times.
    Oldest(usize),
    /// A count over all of history.
    Count,
    /// A number over all of history.
    Number(Number),
    /// Counts per pane, so many panes back.
    CountPanes(Grain, i32),
    /// Numbers per pane, so many panes back.
    NumberPanes(Number, Grain, i32),
    /// The most frequent values.
    Tally,
    /// The most frequent values per pane, so many panes back.
    PanedTally(Grain, i32),
    /// The first value.
    First,
    /// The last value.
    Last,
    /// What was started and awaits its end.
    Armed(Arming),
    /// The newest times of so many different values.
    Distinct(usize),
}

impl Memory {
    /// The number where nothing ever happened.
    pub(crate) fn of_nothing(self, average: bool) -> Option<f64> {
        match self {
            Self::Number(Number::Least | Number::Greatest)
            | Self::NumberPanes(Number::Least | Number::Greatest, ..) => None,
            _ => (!average).then_some(0.0),
        }
    }
}

/// What is computed of a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Number {
    /// Sum and number of values; averages as well.
    Sum,
    Least,
    Greatest,
}

/// The part an event plays for a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// One in an order of events. First, so that what is played at one instant is so in the order
    /// of parts, whatever matcher it hangs on.
    Play(Part),
    /// It is counted.
    Feed,
}

/// One kind of event that a leaf takes.
#[derive(Debug, Clone)]
pub(crate) struct Intake {
    pub(crate) on: EventPattern,
    pub(crate) role: Role,
    /// The property that is summed up, tallied or matched.
    pub(crate) of: Option<Path>,
    /// The property whose values are kept apart.
    pub(crate) by: Option<Path>,
}

/// In which time a question looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Span {
    Ever,
    Last(i64),
    Before(i64),
    Band { more_than_ms: i64, at_most_ms: i64 },
}

/// What is asked, once per set however many audiences ask it.
#[derive(Debug, Clone)]
pub(crate) enum Question {
    /// Is the number within the bounds?
    Measured {
        leaf: usize,
        span: Span,
        average: bool,
        bounds: Bounds,
    },
    /// Is the most frequent value so?
    Top {
        leaf: usize,
        span: Span,
        checks: Vec<Check>,
        at_least: u32,
    },
    /// Is the first or last value so?
    Edge { leaf: usize, checks: Vec<Check> },
    /// Does something hold that was started and was not ended?
    Unanswered {
        leaf: usize,
        /// Whether each key that runs out renews a membership.
        renews: bool,
    },
    /// Is the attribute so? With the attribute's whole name, if the path could be one.
    Attribute {
        predicate: Predicate,
        whole: Option<Box<str>>,
        take: Take,
    },
    /// Has the person been known for so many milliseconds?
    Age(i64),
    /// Is the consent given?
    Consent(Box<str>),
    /// Is the person in another audience?
    Member(AudienceNo),
}

impl Question {
    /// The leaf that it is asked of.
    pub(crate) fn leaf(&self) -> Option<usize> {
        match self {
            Self::Measured { leaf, .. }
            | Self::Top { leaf, .. }
            | Self::Edge { leaf, .. }
            | Self::Unanswered { leaf, .. } => Some(*leaf),
            Self::Attribute { .. } | Self::Age(_) | Self::Consent(_) | Self::Member(_) => None,
        }
    }

    /// True if its answer can change by the passing of time.
    pub(crate) fn is_timed(&self) -> bool {
        match self {
            Self::Measured { span, .. } | Self::Top { span, .. } => *span != Span::Ever,
            Self::Edge { checks, .. } => checks.iter().any(|check| check.operator.is_relative()),
            Self::Unanswered { .. } | Self::Age(_) => true,
            Self::Attribute { predicate, .. } => predicate.is_relative(),
            Self::Consent(_) | Self::Member(_) => false,
        }
    }
}

/// How the answers combine to a membership.
#[derive(Debug, Clone)]
pub(crate) enum Tree {
    /// All, any or none of the branches hold.
    Branch {
        kind: Branch,
        children: Vec<Self>,
        text: Box<str>,
        /// Its number; the same combination has the same in every audience.
        node: usize,
    },
    /// One question.
    Ask { question: usize, text: Box<str> },
}

/// How a branch combines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Branch {
    All,
    Any,
    None,
}
