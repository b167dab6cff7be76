//! What changed in a profile, and what was done about it.

use super::compile::Role;
use super::pending::Pending;
use super::value::Values;

/// What an evaluation has to look at. Made once and used for many events: it keeps its memory.
#[derive(Debug, Default)]
pub struct Touched {
    /// Places of leaves.
    pub(super) leaves: Vec<usize>,
    /// Questions about attributes and consents.
    pub(super) questions: Vec<usize>,
    /// Ranks of audiences.
    pub(super) ranks: Vec<usize>,
    pub(super) all: bool,
    pub(super) due: bool,
    pub(super) work: Work,
    pub(super) scratch: Scratch,
}

/// Memory that is used again and says nothing.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// The values of one event.
    pub(super) values: Values,
    /// Candidates among matchers.
    pub(super) matchers: Vec<usize>,
    /// The hooks of those that match: their role, their matcher and their place there.
    pub(super) hooks: Vec<(Role, usize, usize)>,
    /// Per question, then per node: in which evaluation it was answered, and how.
    pub(super) answers: Vec<(u32, bool)>,
    pub(super) evaluation: u32,
    /// The audiences that still have to be looked at; none between evaluations.
    pub(super) pending: Pending,
}

/// What was done, counted: the proof that the cost of an event does not grow with what it does
/// not touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Work {
    /// Predicates and checks of events that were evaluated.
    pub predicates: u64,
    /// Leaves that took an event.
    pub leaves: u64,
    /// Questions that were answered.
    pub questions: u64,
    /// Nodes of condition trees that were visited.
    pub nodes: u64,
}

impl Touched {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every audience is to be looked at.
    #[must_use]
    pub fn everything() -> Self {
        Self {
            all: true,
            ..Self::default()
        }
    }

    /// What time alone may have changed is to be looked at.
    #[must_use]
    pub fn due() -> Self {
        Self {
            due: true,
            ..Self::default()
        }
    }

    /// Every audience is to be looked at, whatever was touched.
    pub fn look_at_everything(&mut self) {
        self.all = true;
    }

    /// What time alone may have changed is to be looked at as well. Loops that fire many timers
    /// use one [`Touched`] for all of them, whose memory grows with the number of conditions.
    pub fn look_at_due(&mut self) {
        self.due = true;
    }

    /// Everything is forgotten but the counted work.
    pub fn clear(&mut self) {
        self.leaves.clear();
        self.questions.clear();
        self.ranks.clear();
        self.all = false;
        self.due = false;
    }

    /// True if nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let nothing = self.leaves.is_empty() && self.questions.is_empty() && self.ranks.is_empty();
        nothing && !self.all && !self.due
    }

    /// What was done with it so far.
    #[must_use]
    pub fn work(&self) -> Work {
        self.work
    }
}
