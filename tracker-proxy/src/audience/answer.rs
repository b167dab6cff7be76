//! Answers one question about one profile: now, and when the answer can change by itself.

use std::borrow::Cow;

use jiff::tz::TimeZone;

use super::compile::{Leaf, Memory, Number, Question, Span};
use super::definition::Bounds;
use super::grain::Grain;
use crate::clock::TimeMs;
use crate::profile::Profile;
use crate::profile::condition::{LeafState, Sum, Summand, Totals};
use crate::value::Value;

/// A question with everything that its answer depends on.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) question: &'a Question,
    pub(super) leaf: Option<&'a Leaf>,
    /// Unpacked for this question, or open anyway.
    pub(super) state: Option<Cow<'a, LeafState>>,
    pub(super) profile: &'a Profile,
    pub(super) zone: &'a TimeZone,
}

impl Asked<'_> {
    /// What the leaf remembers of this person, if anything.
    pub(super) fn state(&self) -> Option<&LeafState> {
        self.state.as_deref()
    }

    /// The answer at `now`.
    pub(super) fn holds(&self, now: TimeMs) -> bool {
        match self.question {
            Question::Measured { bounds, .. } => {
                let held = |state| {
                    self.number(state, now)
                        .is_some_and(|number| bounds.hold(number))
                };
                match self.state() {
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
            Question::Unanswered { .. } => {
                match (self.state(), self.leaf.map(|leaf| leaf.memory)) {
                    (Some(LeafState::Armed(armed)), Some(Memory::Armed(rules))) => {
                        armed.holding(now, rules).next().is_some()
                    }
                    _ => false,
                }
            }
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
            Question::Measured { span, bounds, .. } => match self.state()? {
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
            } => match (self.state()?, self.leaf?.memory) {
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
            Question::Unanswered { .. } => match (self.state()?, self.leaf?.memory) {
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
        match self.state()? {
            LeafState::Edge(edge) => Some(&edge.value),
            _ => None,
        }
    }

    /// The most frequent value and how often it was seen.
    pub(super) fn top(&self, now: TimeMs) -> Option<(&str, u32)> {
        match (self.question, self.state()?, self.leaf?.memory) {
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
            return memory.of_nothing(*average);
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
                self.counted_in_panes(panes.between(from, to).sum())
            }
            (LeafState::SumPanes(panes), Memory::NumberPanes(_, grain, _)) => {
                let (from, to) = self.panes(*span, grain, now);
                let sum = panes.between(from, to).sum();
                self.summed(sum.unwrap_or_default(), *average)
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

    #[expect(clippy::cast_precision_loss, reason = "nobody does a thing 2^53 times")]
    fn counted_in_panes(&self, many: Option<u64>) -> Option<f64> {
        many.map_or_else(|| self.counted(0), |many| Some(many as f64))
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
                let number = |left| self.counted_in_panes(left);
                self.total_changes_at(panes, grain, span, bounds, from, number)
            }
            (LeafState::SumPanes(panes), Memory::NumberPanes(_, grain, _), _) => {
                let average = matches!(self.question, Question::Measured { average: true, .. });
                let number = |left: Option<Sum>| self.summed(left.unwrap_or_default(), average);
                self.total_changes_at(panes, grain, span, bounds, from, number)
            }
            (LeafState::ExtremePanes(panes), Memory::NumberPanes(which, grain, _), _) => {
                let holds = |kept: Option<f64>| kept.is_some_and(|kept| bounds.hold(kept));
                self.extreme_changes_at(panes.as_slice(), which, grain, span, from, holds)
            }
            _ => None,
        }
    }

    /// When a pane comes into a band or leaves it.
    fn band_changes_at(
        &self,
        panes: impl Iterator<Item = i32>,
        grain: Grain,
        [more_than_ms, at_most_ms]: [i64; 2],
        from: TimeMs,
    ) -> Option<TimeMs> {
        // Panes come and go here; the next one to do so is near enough.
        let ends = panes.map(|pane| grain.end(pane, self.zone));
        let edges = ends.flat_map(|end| [end.plus(more_than_ms), end.plus(at_most_ms)]);
        edges.filter(|at| *at > from).min()
    }

    /// When so many panes have left a window of sums that it makes a difference.
    fn total_changes_at<T: Summand>(
        &self,
        panes: &Totals<T>,
        grain: Grain,
        span: Span,
        bounds: &Bounds,
        from: TimeMs,
        number: impl Fn(Option<T>) -> Option<f64>,
    ) -> Option<TimeMs> {
        let ms = match span {
            Span::Last(ms) => ms,
            Span::Band {
                more_than_ms,
                at_most_ms,
            } => {
                let panes = panes.panes().iter().copied();
                return self.band_changes_at(panes, grain, [more_than_ms, at_most_ms], from);
            }
            Span::Ever | Span::Before(_) => return None,
        };
        let (first, end) = self.panes(span, grain, from);
        let window = panes.between(first, end);
        let many = window.panes().len();
        let holds = |gone| number(window.left(gone)).is_some_and(|left| bounds.hold(left));
        let now = holds(0);
        let average = matches!(self.question, Question::Measured { average: true, .. });
        let gone = if window.falls() && !average {
            // What is left gets less and less: it turns where it falls past a bound, if anywhere.
            let turns = bounds.edges().map(|edge| {
                window.gone_until_not(|left| {
                    number(Some(left)).is_some_and(|left| edge.is_ahead(left))
                })
            });
            let turns = turns.chain([many]);
            turns.filter(|gone| *gone > 0 && holds(*gone) != now).min()
        } else {
            (1..=many).find(|gone| holds(*gone) != now)
        }?;
        Some(grain.end(window.panes()[gone - 1], self.zone).plus(ms))
    }

    /// When so many panes have left a window of least or greatest values that it makes a
    /// difference.
    fn extreme_changes_at(
        &self,
        panes: &[(i32, f64)],
        which: Number,
        grain: Grain,
        span: Span,
        from: TimeMs,
        holds: impl Fn(Option<f64>) -> bool,
    ) -> Option<TimeMs> {
        let ms = match span {
            Span::Last(ms) => ms,
            Span::Band {
                more_than_ms,
                at_most_ms,
            } => {
                let panes = panes.iter().map(|(pane, _)| *pane);
                return self.band_changes_at(panes, grain, [more_than_ms, at_most_ms], from);
            }
            Span::Ever | Span::Before(_) => return None,
        };
        let (first, _) = self.panes(span, grain, from);
        let inside = &panes[panes.partition_point(|(pane, _)| *pane < first)..];
        // From the newest backwards: what is left once all older panes are gone. The oldest pane
        // after which the answer was another one is the one whose leaving makes it so again.
        let mut left = None;
        let mut answer = holds(None);
        let mut turn = None;
        for (pane, part) in inside.iter().rev() {
            left = Some(left.map_or(*part, |left| which.further(left, *part)));
            let with_it = holds(left);
            if with_it != answer {
                turn = Some(*pane);
            }
            answer = with_it;
        }
        Some(grain.end(turn?, self.zone).plus(ms))
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

#[expect(clippy::cast_precision_loss, reason = "at most 256")]
fn count(count: usize) -> f64 {
    count as f64
}
