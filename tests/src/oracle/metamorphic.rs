//! Pairs of cases that have to end alike, whatever the right answer is: the judge has no say here.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::case::{Action, Case, Step};
use super::engine::Engine;
use super::event::{Happening, Kind};
use super::generate;
use super::language::{Audience, Bound, Did, Measure, Pattern, When, Window};
use super::world::Id;
use crate::random::Random;

/// Who is in what, after each step.
pub type Memberships = BTreeMap<(usize, Id, String), bool>;

/// Drives the engine through a case and notes who is in what after each of the steps from `from`
/// on.
#[must_use]
pub fn drive(case: &Case, people: &[Id], from: usize) -> Memberships {
    let mut engine = Engine::start(case, super::case::BEGIN).expect("the definitions are right");
    let mut seen = Memberships::new();
    for (place, step) in case.steps.iter().enumerate() {
        engine.advance_to(step.at);
        match &step.action {
            Action::Send(events) => {
                let receive = |event: &Happening| Happening {
                    received: step.at,
                    time: event.time.min(step.at),
                    ..event.clone()
                };
                engine.send(&events.iter().map(receive).collect::<Vec<_>>());
            }
            Action::Edit(audiences) => engine.edit(audiences).expect("the definitions are right"),
            Action::Restart => engine.restart(),
            Action::Crash => engine.crash(),
            Action::Erase(id) => drop(engine.erase(id)),
            Action::Pass => {}
        }
        if place < from {
            continue;
        }
        for (id, standings) in people.iter().zip(engine.standings(people)) {
            for (audience, standing) in standings.into_iter().flatten() {
                seen.insert((place, id.clone(), audience), standing.member);
            }
        }
    }
    // Who never was in an audience has no standing there.
    seen.retain(|_, member| *member);
    seen
}

/// What several steps of somebody come to: no links, no edits, every event once and at an instant
/// of its own, and nothing that depends on when the engine was told.
#[must_use]
pub fn plain(seed: u64) -> Option<Case> {
    let mut case = generate::case(seed);
    let (mut messages, mut times) = (BTreeSet::new(), BTreeSet::new());
    for audience in &mut case.audiences {
        audience.lasts = None;
    }
    case.steps.retain_mut(|step| match &mut step.action {
        Action::Send(events) => {
            events.retain(|event| {
                event.kind != Kind::Alias
                    && event.visitor.is_none()
                    && messages.insert(event.message.clone())
                    && times.insert(event.time)
            });
            !events.is_empty()
        }
        Action::Pass => true,
        _ => false,
    });
    (messages.len() > 3).then_some(case)
}

/// The users of plain cases.
#[must_use]
pub fn users() -> Vec<Id> {
    (0..3).map(|n| Id::User(format!("u{n}"))).collect()
}

fn events(case: &Case) -> Vec<Happening> {
    let sent = case.steps.iter().filter_map(|step| match &step.action {
        Action::Send(events) => Some(events.clone()),
        _ => None,
    });
    sent.flatten().collect()
}

/// Everything is heard at once, and then time passes.
#[must_use]
pub fn at_once(case: &Case, order: impl FnOnce(&mut Vec<Happening>)) -> Case {
    let mut all = events(case);
    order(&mut all);
    let at = case.steps.last().map_or(super::case::BEGIN, |step| step.at);
    let waits = [1, 60_001, 3_600_000, 86_400_000].map(|ms| Step {
        at: at + ms,
        action: Action::Pass,
    });
    let action = Action::Send(all);
    let steps = std::iter::once(Step { at, action }).chain(waits).collect();
    Case {
        steps,
        ..case.clone()
    }
}

/// Any order.
pub fn shuffle(events: &mut [Happening], seed: u64) {
    let mut random = Random::new(seed);
    for place in (1..events.len()).rev() {
        let other = random.below(place as u64 + 1);
        events.swap(place, usize::try_from(other).expect("it is an index"));
    }
}

/// Half of what the first user did was done by a visitor, who logs in at the end. With `split` or
/// without the two cases have the same events.
#[must_use]
pub fn logging_in(case: &Case, split: bool) -> Case {
    let mut case = case.clone();
    for (n, step) in case.steps.iter_mut().enumerate() {
        if let Action::Send(events) = &mut step.action
            && split
            && n % 2 == 0
        {
            for event in events.iter_mut().filter(|event| event.kind == Kind::Track) {
                if event.user.as_deref() == Some("u0") {
                    event.visitor = Some("v0".to_owned());
                    event.user = None;
                }
            }
        }
    }
    let at = case.steps.last().map_or(super::case::BEGIN, |step| step.at) + 1;
    let login = Happening {
        kind: Kind::Identify,
        name: "identify".to_owned(),
        message: "login".to_owned(),
        user: Some("u0".to_owned()),
        visitor: Some("v0".to_owned()),
        previous: None,
        time: at,
        received: at,
        said: json!({}),
    };
    case.steps.push(Step {
        at,
        action: Action::Send(vec![login]),
    });
    for ms in [1, 60_000, 86_400_000] {
        case.steps.push(Step {
            at: at + ms,
            action: Action::Pass,
        });
    }
    case
}

/// The definitions come only after everything has happened.
#[must_use]
pub fn defined_late(case: &Case) -> Case {
    let mut late = case.clone();
    late.audiences = unrelated();
    let end = late.steps.len() - 1;
    let at = late.steps[end].at;
    let action = Action::Edit(case.audiences.clone());
    late.steps[end] = Step { at, action };
    late
}

/// A crash after every step.
#[must_use]
pub fn crashing(case: &Case) -> Case {
    let crash = |step: &Step| {
        let at = step.at;
        let action = Action::Crash;
        [step.clone(), Step { at, action }]
    };
    Case {
        steps: case.steps.iter().flat_map(crash).collect(),
        ..case.clone()
    }
}

/// Every step is followed by one in which nothing happens.
#[must_use]
pub fn pausing(case: &Case) -> Case {
    let mut paused = crashing(case);
    for step in paused.steps.iter_mut().skip(1).step_by(2) {
        step.action = Action::Pass;
    }
    paused
}

/// Whoever does something also does something that nobody asks for.
#[must_use]
pub fn chattering(case: &Case) -> Case {
    let mut case = case.clone();
    for step in &mut case.steps {
        if let Action::Send(events) = &mut step.action {
            let chatter: Vec<Happening> = events
                .iter()
                .map(|event| Happening {
                    kind: Kind::Track,
                    name: "chatter".to_owned(),
                    message: format!("chatter {}", event.message),
                    said: json!({ "k": "apple", "n": 7 }),
                    ..event.clone()
                })
                .collect();
            events.extend(chatter);
        }
    }
    case
}

/// Other names for events and people.
#[must_use]
pub fn renamed(case: &Case) -> Case {
    let mut case = case.clone();
    let other = |name: &str| format!("another {name}");
    for audience in &mut case.audiences {
        rename(&mut audience.when, &other);
    }
    for step in &mut case.steps {
        if let Action::Send(events) = &mut step.action {
            for event in events {
                if event.kind == Kind::Track {
                    event.name = other(&event.name);
                }
                event.user = event.user.as_deref().map(other);
            }
        }
    }
    case
}

fn rename(when: &mut When, other: &impl Fn(&str) -> String) {
    let patterns: Vec<&mut Pattern> = match when {
        When::All(items) | When::Any(items) | When::None(items) => {
            items.iter_mut().for_each(|item| rename(item, other));
            Vec::new()
        }
        When::Did(did) | When::DidNot(did) => vec![&mut did.on],
        When::ThenNot(one) => {
            let until = one.until.as_mut();
            [&mut one.did, &mut one.then_not]
                .into_iter()
                .chain(until)
                .collect()
        }
        When::InOrder(one) => {
            let silence = one.silence.as_mut().map(|silence| &mut silence.then_not);
            one.steps
                .iter_mut()
                .chain(silence)
                .chain(one.until.as_mut())
                .collect()
        }
        When::Have(have) => have.pattern_mut().into_iter().collect(),
    };
    for pattern in patterns {
        pattern.event = other(&pattern.event);
    }
}

/// Not not so.
#[must_use]
pub fn twice_negated(case: &Case) -> Case {
    let mut case = case.clone();
    for audience in &mut case.audiences {
        let when = std::mem::replace(&mut audience.when, When::All(Vec::new()));
        audience.when = When::None(vec![When::None(vec![when])]);
    }
    case
}

/// Ten audiences more that look at the same events.
#[must_use]
pub fn crowded(case: &Case) -> Case {
    let mut case = case.clone();
    case.audiences.extend(unrelated());
    case
}

fn unrelated() -> Vec<Audience> {
    let did = |n: i64| Did {
        on: Pattern {
            event: "view".to_owned(),
            filter: Vec::new(),
        },
        window: Window::Last(1_000 * n + 1),
        #[expect(clippy::cast_precision_loss, reason = "it is small")]
        measured: vec![(Measure::Count, vec![Bound::Gte(n as f64)])],
        by: None,
        min_age: None,
    };
    let one = |n: i64| Audience {
        id: format!("unrelated{n}"),
        when: When::Did(did(n)),
        lasts: None,
    };
    (1..=10).map(one).collect()
}

/// One audience per threshold of how often something was done: whoever is in a later one is in
/// all before it.
#[must_use]
pub fn thresholds(case: &Case, seed: u64) -> Case {
    let mut random = Random::new(seed);
    let window = i64::try_from(1 + random.below(100_000_000)).expect("it is small");
    let one = |n: i32| Audience {
        id: format!("t{n}"),
        when: When::Did(Did {
            on: Pattern {
                event: "view".to_owned(),
                filter: Vec::new(),
            },
            window: Window::Last(window),
            measured: vec![(Measure::Count, vec![Bound::Gte(f64::from(n))])],
            by: None,
            min_age: None,
        }),
        lasts: None,
    };
    Case {
        audiences: (1..=6).map(one).collect(),
        ..case.clone()
    }
}
