//! Answers one question about one profile: now, and when the answer can change by itself.

use jiff::tz::TimeZone;

use super::compile::{Leaf, Memory, Number, Question, Span};
use super::definition::Bounds;
use super::grain::Grain;
use crate::clock::TimeMs;
use crate::profile::Profile;
use crate::profile::condition::{LeafState, Sum};
use crate::value::Value;

/// A question with everything that its answer depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) question: &'a Question,
    pub(super) leaf: Option<&'a Leaf>,
    /// What the leaf remembers of this person, if anything.
    pub(super) state: Option<&'a LeafState>,
    pub(super) profile: &'a Profile,
    pub(super) zone: &'a TimeZone,
}

impl Asked<'_> {
    /// The answer at `now`.
    pub(super) fn holds(&self, now: TimeMs) -> bool {
        match self.question {
            Question::Measured { bounds, .. } => {
                let held = |state| {
                    self.number(state, now)
                        .is_some_and(|number| bounds.hold(number))
                };
                match self.state {
                    Some(LeafState::Groups(groups)) => {
                        groups.iter().any(|(_, state)| held(Some(state)))
                    }
                    None if self.leaf.is_some_and(|leaf| leaf.grouped.is_some()) => false,
                    state => held(state),
                }
            }
            Question::Top {
                checks, at_least, ..
            } => {
                let top = self.top(now).filter(|(_, count)| count >= at_least);
                let value = top.map(|(value, _)| Value::from(value));
                checks
                    .iter()
                    .all(|check| check.holds(value.as_ref(), now, self.zone))
                    && top.is_some()
            }
            Question::Edge { checks, .. } => {
                let value = self.edge();
                checks
                    .iter()
                    .all(|check| check.holds(value, now, self.zone))
            }
            Question::Unanswered { .. } => match (self.state, self.leaf.map(|leaf| leaf.memory)) {
                (Some(LeafState::Armed(armed)), Some(Memory::Armed(rules))) => {
                    armed.holding(now, rules).next().is_some()
                }
                _ => false,
            },
            Question::Attribute {
                predicate,
                whole,
                take,
            } => self.attribute_holds(predicate, whole.as_deref(), *take, now),
            Question::Age(ms) => now >= self.profile.first_seen.plus(*ms),
            Question::Consent(name) => self.profile.consents.granted(name),
            Question::Member(audience) => self.profile.memberships.is_member(*audience),
        }
    }

    /// The first instant after `from` at which the answer can be another one if nothing happens.
    /// It may be earlier than the change, never later, and is always after `from`: a timer that
    /// fires without getting ahead would never end.
    pub(super) fn changes_at(&self, from: TimeMs) -> Option<TimeMs> {
        self.next_change(from).filter(|at| *at > from)
    }

    fn next_change(&self, from: TimeMs) -> Option<TimeMs> {
        match self.question {
            Question::Measured { span, bounds, .. } => match self.state? {
                LeafState::Groups(groups) => {
                    let changes = groups.iter().filter_map(|(_, state)| {
                        self.number_changes_at(state, *span, bounds, from)
                    });
                    changes.filter(|at| *at > from).min()
                }
                state => self.number_changes_at(state, *span, bounds, from),
            },
            Question::Age(ms) => Some(self.profile.first_seen.plus(*ms)),
            Question::Top {
                span: Span::Last(ms),
                ..
            } => match (self.state?, self.leaf?.memory) {
                (LeafState::PanedTally(tally), Memory::PanedTally(grain, _)) => {
                    let since = grain.index(from.plus(-ms), self.zone);
                    let first = tally.panes().into_iter().find(|pane| *pane >= since)?;
                    Some(grain.end(first, self.zone).plus(*ms))
                }
                _ => None,
            },
            Question::Edge { checks, .. } => {
                let value = self.edge()?;
                let changes = checks
                    .iter()
                    .filter_map(|check| check.operator.changes_at(value, from, self.zone));
                changes.min()
            }
            Question::Unanswered { .. } => match (self.state?, self.leaf?.memory) {
                (LeafState::Armed(armed), Memory::Armed(rules)) => armed.changes_at(from, rules),
                _ => None,
            },
            Question::Attribute {
                predicate,
                whole,
                take,
            } => self.attribute_changes_at(predicate, whole.as_deref(), *take, from),
            Question::Top { .. } | Question::Consent(_) | Question::Member(_) => None,
        }
    }

    /// The first or last value.
    pub(super) fn edge(&self) -> Option<&Value> {
        match self.state? {
            LeafState::Edge(edge) => Some(&edge.value),
            _ => None,
        }
    }

    /// The most frequent value and how often it was seen.
    pub(super) fn top(&self, now: TimeMs) -> Option<(&str, u32)> {
        match (self.question, self.state?, self.leaf?.memory) {
            (_, LeafState::Tally(tally), _) => tally.top(),
            (
                Question::Top {
                    span: Span::Last(ms),
                    ..
                },
                LeafState::PanedTally(tally),
                Memory::PanedTally(grain, _),
            ) => tally.top(grain.index(now.plus(-ms), self.zone)),
            _ => None,
        }
    }

    /// The number that a measured question compares in one memory; none for the average of nothing.
    pub(super) fn number(&self, state: Option<&LeafState>, now: TimeMs) -> Option<f64> {
        let Question::Measured { span, average, .. } = self.question else {
            return None;
        };
        let memory = self.leaf?.memory;
        let Some(state) = state else {
            return empty(memory, *average);
        };
        match (state, memory) {
            (LeafState::Newest(times), _) => {
                let Span::Last(ms) = span else { return None };
                let edge = now.plus(-ms);
                let times = times.as_slice();
                self.counted(times.len() - times.partition_point(|at| *at <= edge))
            }
            (LeafState::Distinct(distinct), _) => {
                let edge = match span {
                    Span::Last(ms) => now.plus(-ms),
                    _ => TimeMs(i64::MIN),
                };
                self.counted(distinct.times().filter(|at| *at > edge).count())
            }
            (LeafState::Oldest(times), _) => {
                let Span::Before(ms) = span else { return None };
                let edge = now.plus(-ms);
                self.counted(times.as_slice().partition_point(|at| *at <= edge))
            }
            #[expect(clippy::cast_precision_loss, reason = "nobody does a thing 2^53 times")]
            (LeafState::Count(count), _) => Some(*count as f64),
            (LeafState::Sum(sum), _) => self.summed(*sum, *average),
            (LeafState::Extreme(extreme), _) => Some(*extreme).filter(|number| number.is_finite()),
            (LeafState::CountPanes(panes), Memory::CountPanes(grain, _)) => {
                let (from, to) = self.panes(*span, grain, now);
                let parts = panes.between(from, to);
                let sum = parts.iter().map(|(_, part)| f64::from(*part)).sum();
                (!parts.is_empty() || !self.is_grouped()).then_some(sum)
            }
            (LeafState::SumPanes(panes), Memory::NumberPanes(_, grain, _)) => {
                let (from, to) = self.panes(*span, grain, now);
                let mut sum = Sum::default();
                panes
                    .between(from, to)
                    .iter()
                    .for_each(|(_, part)| sum.add(*part));
                self.summed(sum, *average)
            }
            (LeafState::ExtremePanes(panes), Memory::NumberPanes(which, grain, _)) => {
                let (from, to) = self.panes(*span, grain, now);
                let parts = panes.between(from, to).iter().map(|(_, part)| *part);
                parts.reduce(|a, b| which.further(a, b))
            }
            _ => None,
        }
    }

    fn is_grouped(&self) -> bool {
        self.leaf.is_some_and(|leaf| leaf.grouped.is_some())
    }

    /// A count; none for a group that has nothing in the window: it is no group there.
    fn counted(&self, many: usize) -> Option<f64> {
        (many > 0 || !self.is_grouped()).then(|| count(many))
    }

    /// A sum or an average; none for the sum of a group that has nothing to be summed up.
    fn summed(&self, sum: Sum, average: bool) -> Option<f64> {
        let found = sum.average();
        if average || (self.is_grouped() && found.is_none()) {
            return found;
        }
        Some(sum.total())
    }

    /// The panes that a window has at `now`: from the first, before the second.
    fn panes(&self, span: Span, grain: Grain, now: TimeMs) -> (i32, i32) {
        let pane = |ms: i64| grain.index(now.plus(-ms), self.zone);
        match span {
            Span::Last(ms) => (pane(ms), i32::MAX),
            Span::Band {
                more_than_ms,
                at_most_ms,
            } => (pane(at_most_ms), pane(more_than_ms)),
            Span::Ever | Span::Before(_) => (i32::MIN, i32::MAX),
        }
    }

    fn number_changes_at(
        &self,
        state: &LeafState,
        span: Span,
        bounds: &Bounds,
        from: TimeMs,
    ) -> Option<TimeMs> {
        let hold = |many: usize| self.counted(many).is_some_and(|many| bounds.hold(many));
        match (state, self.leaf?.memory, span) {
            (LeafState::Newest(times), _, Span::Last(ms)) => {
                count_changes_at(times.as_slice().iter().copied(), ms, hold, from)
            }
            (LeafState::Distinct(distinct), _, Span::Last(ms)) => {
                count_changes_at(distinct.times(), ms, hold, from)
            }
            (LeafState::Oldest(times), _, Span::Before(ms)) => {
                let times = times.as_slice();
                let inside = times.partition_point(|at| *at <= from.plus(-ms));
                let holds = hold(inside);
                let next = (inside + 1..=times.len()).find(|many| hold(*many) != holds)?;
                Some(times[next - 1].plus(ms))
            }
            (LeafState::CountPanes(panes), Memory::CountPanes(grain, _), _) => {
                let merge = |sum: &mut u32, part| *sum = sum.saturating_add(part);
                let holds = |sum: Option<u32>| match sum {
                    Some(sum) => bounds.hold(f64::from(sum)),
                    None => hold(0),
                };
                self.panes_change_at(panes.as_slice(), grain, span, from, merge, holds)
            }
            (LeafState::SumPanes(panes), Memory::NumberPanes(_, grain, _), _) => {
                let average = matches!(self.question, Question::Measured { average: true, .. });
                let holds = |sum: Option<Sum>| {
                    let number = self.summed(sum.unwrap_or_default(), average);
                    number.is_some_and(|number| bounds.hold(number))
                };
                self.panes_change_at(panes.as_slice(), grain, span, from, Sum::add, holds)
            }
            (LeafState::ExtremePanes(panes), Memory::NumberPanes(which, grain, _), _) => {
                let merge = |kept: &mut f64, part| *kept = which.further(*kept, part);
                let holds = |kept: Option<f64>| kept.is_some_and(|kept| bounds.hold(kept));
                self.panes_change_at(panes.as_slice(), grain, span, from, merge, holds)
            }
            _ => None,
        }
    }

    /// When a pane leaves (or, with a band, enters) the window and that makes a difference.
    fn panes_change_at<T: Copy>(
        &self,
        panes: &[(i32, T)],
        grain: Grain,
        span: Span,
        from: TimeMs,
        merge: impl Fn(&mut T, T),
        holds: impl Fn(Option<T>) -> bool,
    ) -> Option<TimeMs> {
        if let Span::Band {
            more_than_ms,
            at_most_ms,
        } = span
        {
            // Panes come and go here; the next one to do so is near enough.
            let ends = panes.iter().map(|(pane, _)| grain.end(*pane, self.zone));
            let edges = ends.flat_map(|end| [end.plus(more_than_ms), end.plus(at_most_ms)]);
            return edges.filter(|at| *at > from).min();
        }
        let Span::Last(ms) = span else { return None };
        let (first, _) = self.panes(span, grain, from);
        let inside = &panes[panes.partition_point(|(pane, _)| *pane < first)..];
        // From the newest backwards: what is left once all older panes are gone.
        let mut left: Option<T> = None;
        let mut answers = Vec::with_capacity(inside.len() + 1);
        answers.push(holds(None));
        for (_, part) in inside.iter().rev() {
            match &mut left {
                Some(left) => merge(left, *part),
                None => left = Some(*part),
            }
            answers.push(holds(left));
        }
        let now = answers.pop()?;
        let gone = answers.iter().rev().position(|answer| *answer != now)?;
        Some(grain.end(inside[gone].0, self.zone).plus(ms))
    }
}

/// When so many of these times, oldest first, are out of a window that it makes a difference.
fn count_changes_at(
    times: impl Iterator<Item = TimeMs> + Clone,
    ms: i64,
    hold: impl Fn(usize) -> bool,
    from: TimeMs,
) -> Option<TimeMs> {
    let edge = from.plus(-ms);
    let inside = times.skip_while(|at| *at <= edge);
    let many = inside.clone().count();
    let holds = hold(many);
    let mut left = (0..many).rev().zip(inside);
    let (_, gone) = left.find(|(left, _)| hold(*left) != holds)?;
    Some(gone.plus(ms))
}

/// The number where nothing ever happened.
fn empty(memory: Memory, average: bool) -> Option<f64> {
    match memory {
        Memory::Number(Number::Least | Number::Greatest)
        | Memory::NumberPanes(Number::Least | Number::Greatest, ..) => None,
        _ => (!average).then_some(0.0),
    }
}

#[expect(clippy::cast_precision_loss, reason = "at most 256")]
fn count(count: usize) -> f64 {
    count as f64
}
