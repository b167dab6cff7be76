//! Who is a member: every question is answered from the whole history, which is looked through
//! anew for each.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};

use super::calendar::{date_instant, pane_start};
use super::event::{Happening, Kind};
use super::language::{
    Audience, Bound, Did, Have, Measure, Pattern, Predicate, ThenNot, When, Window,
};
use super::value::{Moment, all_hold, at_path, number, scalar};
use super::wait::{Part, Parts};

/// Counts that one event more or less can change keep their instants up to here; beyond, they
/// are counted per pane.
const EXACT_COUNT_MAX: f64 = 64.0;

/// Everything that answers may depend on.
#[derive(Debug, Clone, Copy)]
pub struct Judge<'a> {
    /// The definitions in force.
    pub audiences: &'a [Audience],
    /// The account's zone.
    pub zone: &'a TimeZone,
    /// The person's history, in the order of arrival.
    pub history: &'a [Happening],
    /// The time.
    pub now: i64,
}

impl Judge<'_> {
    /// Whether the person is a member.
    #[must_use]
    pub fn is_member(&self, id: &str) -> bool {
        let audience = self.audiences.iter().find(|one| one.id == id);
        audience.is_some_and(|one| self.holds(&one.when))
    }

    /// Whether the condition is true of the person.
    #[must_use]
    pub fn holds(&self, when: &When) -> bool {
        match when {
            When::All(items) => items.iter().all(|item| self.holds(item)),
            When::Any(items) => items.iter().any(|item| self.holds(item)),
            When::None(items) => !items.iter().any(|item| self.holds(item)),
            When::Did(did) => self.did(did),
            When::DidNot(did) => !self.did(did),
            When::ThenNot(condition) => self.then_not(condition),
            When::Have(have) => self.have(have),
        }
    }

    fn matching<'a>(&'a self, on: &'a Pattern) -> impl Iterator<Item = &'a Happening> {
        self.history
            .iter()
            .filter(|one| one.name == on.event && self.passes(one, &on.filter))
    }

    /// In filters of events relative dates are relative to the event.
    fn passes(&self, one: &Happening, filter: &[Predicate]) -> bool {
        let at = Moment {
            now: one.time,
            zone: self.zone,
        };
        filter.iter().all(|predicate| {
            let (object, path) = one.object(&predicate.path);
            all_hold(&predicate.checks, &at_path(object, path), at)
        })
    }

    fn is_inside(&self, time: i64, window: &Window, exact: bool) -> bool {
        let date = |text: &Option<String>| {
            text.as_ref()
                .map(|text| date_instant(text, self.zone).expect("the generator knows dates"))
        };
        match window {
            Window::Ever => true,
            Window::Last(ms) if exact => self.now - ms < time,
            Window::Last(ms) => pane_start(self.now - ms, *ms, self.zone) <= time,
            Window::Before(ms) => time <= self.now - ms,
            Window::Band { more_than, at_most } => {
                let edge = |ms: i64| pane_start(self.now - ms, *at_most, self.zone);
                edge(*at_most) <= time && time < edge(*more_than)
            }
            Window::Fixed { from, to } => {
                date(from).is_none_or(|from| from <= time) && date(to).is_none_or(|to| time < to)
            }
        }
    }

    fn did(&self, did: &Did) -> bool {
        let once = [(Measure::Count, vec![Bound::Gte(1.0)])];
        let measured = if did.measured.is_empty() {
            once.as_slice()
        } else {
            did.measured.as_slice()
        };
        measured.iter().all(|(measure, bounds)| {
            let exact = *measure == Measure::Count && bounds.iter().all(Bound::is_small);
            let inside = |one: &&Happening| self.is_inside(one.time, &did.window, exact);
            let events: Vec<&Happening> = self.matching(&did.on).filter(inside).collect();
            let number = measure.of(&events);
            number.is_some_and(|number| bounds.iter().all(|bound| bound.holds(number)))
        })
    }

    fn then_not(&self, condition: &ThenNot) -> bool {
        let parts = |on: &Pattern| -> Vec<Part> {
            let key = |one: &Happening| {
                let path = condition.matching.as_deref()?;
                let (object, path) = one.object(path);
                scalar(at_path(object, path).first()?)
            };
            let part = |one: &Happening| Part {
                at: one.time,
                key: key(one).unwrap_or_default(),
            };
            self.matching(on).map(part).collect()
        };
        let parts = Parts {
            starts: parts(&condition.did),
            awaited: parts(&condition.then_not),
            ends: condition.until.as_ref().map(parts).unwrap_or_default(),
        };
        parts.hold(condition, self.now)
    }

    fn have(&self, have: &Have) -> bool {
        let at = Moment {
            now: self.now,
            zone: self.zone,
        };
        match have {
            Have::Attribute(predicate) => predicate.holds(&self.attributes(), at),
            Have::Total(on, of, bounds) => {
                let events: Vec<&Happening> = self.matching(on).collect();
                let sum = Measure::Sum(of.clone()).of(&events).unwrap_or_default();
                bounds.iter().all(|bound| bound.holds(sum))
            }
            Have::Top {
                on,
                of,
                window,
                checks,
                at_least,
            } => {
                let inside = |one: &&Happening| self.is_inside(one.time, window, false);
                let top = favourite(self.matching(on).filter(inside), of);
                top.filter(|(_, count)| count >= at_least)
                    .is_some_and(|(value, _)| all_hold(checks, &[&value.into()], at))
            }
            Have::Edge {
                first,
                on,
                of,
                checks,
            } => {
                let value = self.edge(*first, on, of);
                all_hold(checks, &value.iter().collect::<Vec<_>>(), at)
            }
            Have::Audience(id) => self.is_member(id),
            Have::Consent(names) => names.iter().all(|name| self.agreed(name)),
        }
    }

    /// The first or last scalar at a path; at one instant arrival decides.
    fn edge(&self, first: bool, on: &Pattern, of: &str) -> Option<Json> {
        let mut found: Option<(i64, Json)> = None;
        for one in self.matching(on) {
            let (object, path) = one.object(of);
            let Some(value) = at_path(object, path).first().copied().cloned() else {
                continue;
            };
            let further = found.as_ref().is_none_or(|(time, _)| {
                if first {
                    one.time < *time
                } else {
                    one.time >= *time
                }
            });
            if further && scalar(&value).is_some() {
                found = Some((one.time, value));
            }
        }
        found.map(|(_, value)| value)
    }

    /// The current attributes: of each the value that was given last, by its own time.
    #[must_use]
    pub fn attributes(&self) -> Json {
        let mut given: Vec<&Happening> = self
            .history
            .iter()
            .filter(|one| one.kind == Kind::Identify)
            .collect();
        given.sort_by_key(|one| one.time);
        let mut attributes = json!({});
        for one in given {
            for (name, value) in one.said.as_object().into_iter().flatten() {
                attributes[name] = value.clone();
            }
        }
        attributes
    }

    /// The newest decision counts, and of several at one instant a refusal.
    fn agreed(&self, name: &str) -> bool {
        let decisions = self.history.iter().filter(|one| one.kind == Kind::Consent);
        let decided = decisions.filter_map(|one| Some((one.time, !one.said.get(name)?.as_bool()?)));
        decided.max().is_some_and(|(_, refused)| !refused)
    }
}

/// The most frequent scalar; the elements of a list count each, and of equally frequent ones the
/// first in the alphabet is it.
fn favourite<'a>(events: impl Iterator<Item = &'a Happening>, of: &str) -> Option<(String, u32)> {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for one in events {
        let (object, path) = one.object(of);
        for value in at_path(object, path) {
            let items = match value {
                Json::Array(items) => items.as_slice(),
                other => std::slice::from_ref(other),
            };
            for text in items.iter().filter_map(scalar) {
                *counts.entry(text).or_default() += 1;
            }
        }
    }
    let most = counts.values().copied().max()?;
    counts.into_iter().find(|(_, count)| *count == most)
}

impl Measure {
    /// The number that events come to; the average, the least and the greatest of nothing is none.
    fn of(&self, events: &[&Happening]) -> Option<f64> {
        let numbers = |of: &str| -> Vec<f64> {
            let each = events.iter().flat_map(|one| {
                let (object, path) = one.object(of);
                at_path(object, path)
                    .into_iter()
                    .filter_map(number)
                    .collect::<Vec<_>>()
            });
            each.collect()
        };
        match self {
            #[expect(clippy::cast_precision_loss, reason = "stories are short")]
            Self::Count => Some(events.len() as f64),
            Self::Sum(of) => Some(numbers(of).iter().sum()),
            #[expect(clippy::cast_precision_loss, reason = "stories are short")]
            Self::Average(of) => {
                let numbers = numbers(of);
                (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / numbers.len() as f64)
            }
            Self::Least(of) => numbers(of).into_iter().reduce(f64::min),
            Self::Greatest(of) => numbers(of).into_iter().reduce(f64::max),
        }
    }
}

impl Bound {
    fn holds(&self, number: f64) -> bool {
        match *self {
            Self::Eq(bound) => number == bound,
            Self::Ne(bound) => number != bound,
            Self::Gt(bound) => number > bound,
            Self::Gte(bound) => number >= bound,
            Self::Lt(bound) => number < bound,
            Self::Lte(bound) => number <= bound,
            Self::Between(low, high) => low <= number && number <= high,
        }
    }

    /// Whether so few events decide that their instants are kept.
    fn is_small(&self) -> bool {
        match *self {
            Self::Gte(bound) | Self::Lt(bound) => bound <= EXACT_COUNT_MAX,
            Self::Eq(bound) | Self::Ne(bound) | Self::Gt(bound) | Self::Lte(bound) => {
                bound < EXACT_COUNT_MAX
            }
            Self::Between(_, high) => high < EXACT_COUNT_MAX,
        }
    }
}
