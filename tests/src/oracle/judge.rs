//! Who is a member: every question is answered from the whole history, which is looked through
//! anew for each.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use serde_json::Value as Json;

use super::calendar::{date_instant, pane_start};
use super::event::{Happening, Kind, LIST_EVENT, list_key};
use super::language::{
    Bound, Did, Have, InOrder, Measure, Pattern, Predicate, Take, ThenNot, When, Window,
};
use super::value::{Moment, all_hold, at_path, number, scalar};
use super::wait::{Part, Parts, Rules};

/// Counts that one event more or less can change keep their instants up to here; beyond, they
/// are counted per pane.
const EXACT_COUNT_MAX: f64 = 64.0;

/// Everything that answers may depend on.
#[derive(Debug, Clone, Copy)]
pub struct Judge<'a> {
    /// The account's zone.
    pub zone: &'a TimeZone,
    /// The person's history, in the order of arrival.
    pub history: &'a [Happening],
    /// The time.
    pub now: i64,
    /// The audiences that the person is in, of those that may be asked for.
    pub member_of: &'a BTreeSet<String>,
}

impl Judge<'_> {
    /// Whether the condition is true of the person.
    #[must_use]
    pub fn holds(&self, when: &When) -> bool {
        match when {
            When::All(items) => items.iter().all(|item| self.holds(item)),
            When::Any(items) => items.iter().any(|item| self.holds(item)),
            When::None(items) => !items.iter().any(|item| self.holds(item)),
            When::Did(did) => self.is_old_enough(did) && self.did(did),
            When::DidNot(did) => self.is_old_enough(did) && !self.did(did),
            When::ThenNot(condition) => self.then_not(condition),
            When::InOrder(condition) => self.in_order(condition),
            When::Have(have) => self.have(have),
        }
    }

    fn is_old_enough(&self, did: &Did) -> bool {
        let first = self.history.iter().map(|one| one.time).min();
        did.min_age
            .is_none_or(|age| first.is_some_and(|first| first + age <= self.now))
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
        match &did.by {
            None => self.all_measured(did, measured, |_| true),
            // Events without a value are in no group, and a value of which there is nothing to
            // be measured is none.
            Some(by) => {
                let values: BTreeSet<String> = self
                    .matching(&did.on)
                    .filter_map(|one| key_of(one, by))
                    .collect();
                values.iter().any(|value| {
                    self.all_measured(did, measured, |one| key_of(one, by).as_ref() == Some(value))
                })
            }
        }
    }

    fn all_measured(
        &self,
        did: &Did,
        measured: &[(Measure, Vec<Bound>)],
        counts: impl Fn(&Happening) -> bool,
    ) -> bool {
        measured.iter().all(|(measure, bounds)| {
            let exact = match measure {
                Measure::Count => bounds.iter().all(Bound::is_small),
                Measure::Distinct(_) => true,
                _ => false,
            };
            let inside =
                |one: &&Happening| counts(one) && self.is_inside(one.time, &did.window, exact);
            let events: Vec<&Happening> = self.matching(&did.on).filter(inside).collect();
            let number = measure
                .of(&events)
                .filter(|_| did.by.is_none() || measure.sees(&events));
            number.is_some_and(|number| bounds.iter().all(|bound| bound.holds(number)))
        })
    }

    /// The events of a pattern with the value that they share, or that of not having any.
    fn parts(&self, on: &Pattern, matching: Option<&str>) -> Vec<Part> {
        let key = |one: &Happening| {
            matching
                .and_then(|path| key_of(one, path))
                .unwrap_or_default()
        };
        let part = |one: &Happening| Part {
            at: one.time,
            key: key(one),
        };
        self.matching(on).map(part).collect()
    }

    fn then_not(&self, condition: &ThenNot) -> bool {
        let parts = |on: &Pattern| self.parts(on, condition.matching.as_deref());
        let all = Parts {
            steps: vec![parts(&condition.did)],
            awaited: parts(&condition.then_not),
            ends: condition.until.as_ref().map(parts).unwrap_or_default(),
        };
        let until_it_comes = condition.stay.is_none() && condition.until.is_some();
        let rules = Rules {
            span: None,
            within: condition.within,
            stay: (!until_it_comes).then(|| condition.stay.unwrap_or(condition.within)),
            restart: condition.restart,
        };
        all.hold(rules, self.now)
    }

    fn in_order(&self, condition: &InOrder) -> bool {
        let parts = |on: &Pattern| self.parts(on, condition.matching.as_deref());
        let silence = condition.silence.as_ref();
        let all = Parts {
            steps: condition.steps.iter().map(parts).collect(),
            awaited: silence
                .map(|silence| parts(&silence.then_not))
                .unwrap_or_default(),
            ends: condition.until.as_ref().map(parts).unwrap_or_default(),
        };
        let wait = silence.map(|silence| silence.wait);
        let rules = Rules {
            span: condition.within,
            within: wait.unwrap_or(0),
            stay: condition
                .stay
                .or(wait.filter(|_| condition.until.is_none())),
            restart: silence.is_some_and(|silence| silence.restart),
        };
        all.hold(rules, self.now)
    }

    fn have(&self, have: &Have) -> bool {
        let at = Moment {
            now: self.now,
            zone: self.zone,
        };
        match have {
            Have::Attribute(take, predicate) => {
                let (head, _) = predicate.path.split_at(
                    predicate
                        .path
                        .find(['.', '['])
                        .unwrap_or(predicate.path.len()),
                );
                let given = self.given(head, *take);
                let found: Vec<&Json> = given
                    .iter()
                    .flat_map(|one| at_path(&one.said, &predicate.path))
                    .collect();
                all_hold(&predicate.checks, &found, at)
            }
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
            Have::Audience(id) => self.member_of.contains(id),
            Have::List(id) => self.is_listed(id),
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

    /// The events that gave an attribute the values that are asked for, by their own times; at one
    /// instant arrival decides.
    fn given(&self, name: &str, take: Take) -> Vec<&Happening> {
        let gives = |one: &&Happening| {
            one.kind == Kind::Identify && one.name != LIST_EVENT && one.said.get(name).is_some()
        };
        let mut given: Vec<&Happening> = self.history.iter().filter(gives).collect();
        given.sort_by_key(|one| one.time);
        match take {
            Take::All => given,
            Take::First => given.into_iter().take(1).collect(),
            Take::Last => given.into_iter().last().into_iter().collect(),
        }
    }

    /// What was uploaded last counts.
    fn is_listed(&self, list: &str) -> bool {
        let name = list_key(list);
        let mut uploads: Vec<&Happening> = self
            .history
            .iter()
            .filter(|one| one.name == LIST_EVENT && one.said.get(&name).is_some())
            .collect();
        uploads.sort_by_key(|one| one.time);
        uploads.last().is_some_and(|one| one.said[&name] == true)
    }

    /// The newest decision counts, and of several at one instant a refusal.
    fn agreed(&self, name: &str) -> bool {
        let decisions = self.history.iter().filter(|one| one.kind == Kind::Consent);
        let decided = decisions.filter_map(|one| Some((one.time, !one.said.get(name)?.as_bool()?)));
        decided.max().is_some_and(|(_, refused)| !refused)
    }
}

/// The most frequent scalar; of equally frequent ones the first in the alphabet.
fn favourite<'a>(events: impl Iterator<Item = &'a Happening>, of: &str) -> Option<(String, u32)> {
    let counts = scalars(events, of);
    let most = counts.values().copied().max()?;
    counts.into_iter().find(|(_, count)| *count == most)
}

/// How often each scalar is at a path; the elements of a list count each.
fn scalars<'a>(events: impl Iterator<Item = &'a Happening>, of: &str) -> BTreeMap<String, u32> {
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
    counts
}

/// The scalar that an event is kept apart by.
fn key_of(one: &Happening, path: &str) -> Option<String> {
    let (object, path) = one.object(path);
    scalar(at_path(object, path).first()?)
}

impl Measure {
    /// Whether there is anything to be measured.
    fn sees(&self, events: &[&Happening]) -> bool {
        match self {
            Self::Count => !events.is_empty(),
            Self::Distinct(of) => !scalars(events.iter().copied(), of).is_empty(),
            Self::Sum(of) | Self::Average(of) | Self::Least(of) | Self::Greatest(of) => {
                Self::Least(of.clone()).of(events).is_some()
            }
        }
    }

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
            #[expect(clippy::cast_precision_loss, reason = "stories are short")]
            Self::Distinct(of) => Some(scalars(events.iter().copied(), of).len() as f64),
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
