//! What happens in a case.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use super::checks::{PROPERTIES, Sort, TRAITS, WORDS, quarters, scalar};
use super::definitions;
use super::dice::Dice;
use super::taste::Taste;
use crate::oracle::case::{Action, BEGIN, Step};
use crate::oracle::event::{Happening, Kind, LIST_EVENT, list_key};
use crate::oracle::language::{Audience, LISTS};
use crate::oracle::world::Id;

/// How many steps a script has at the most.
const STEPS_MAX: i64 = 14;

/// Writes a script; `audiences` are those at its start, and are those at its end afterwards.
pub(super) fn write(dice: &mut Dice, taste: &Taste, audiences: &mut Vec<Audience>) -> Vec<Step> {
    let mut writer = Writer {
        taste,
        now: BEGIN + dice.between(0, 100_000),
        used: BTreeSet::new(),
        sent: Vec::new(),
    };
    let mut steps = Vec::new();
    for _ in 0..dice.between(3, STEPS_MAX) {
        writer.now += writer.gap(dice);
        let action = match dice.between(0, 99) {
            0..=6 => {
                *audiences = definitions::edit(dice, taste, audiences);
                Action::Edit(audiences.clone())
            }
            7..=9 => Action::Restart,
            10..=12 => Action::Crash,
            13..=15 => Action::Erase(writer.somebody(dice)),
            16..=19 => Action::Pass,
            _ => Action::Send(writer.events(dice)),
        };
        steps.push(Step {
            at: writer.now,
            action,
        });
    }
    // Long enough for most of what holds to end.
    let end = writer.now + taste.unit * dice.between(5, 40);
    steps.push(Step {
        at: end,
        action: Action::Pass,
    });
    steps
}

struct Writer<'a> {
    taste: &'a Taste,
    now: i64,
    used: BTreeSet<i64>,
    sent: Vec<Happening>,
}

impl Writer<'_> {
    /// How long nothing happens: now and then exactly as long as something takes.
    fn gap(&self, dice: &mut Dice) -> i64 {
        match dice.between(0, 9) {
            0 => 0,
            1 | 2 => *dice.pick(self.taste.durations()),
            _ => dice.between(0, self.taste.unit * 4),
        }
    }

    fn somebody(&self, dice: &mut Dice) -> Id {
        let n = dice.index(self.taste.people);
        if dice.chance(65) {
            Id::User(format!("u{n}"))
        } else {
            Id::Visitor(format!("v{n}"))
        }
    }

    fn events(&mut self, dice: &mut Dice) -> Vec<Happening> {
        let many = *dice.pick(&[1, 1, 1, 2, 3, 6]);
        (0..many).map(|_| self.event(dice)).collect()
    }

    fn event(&mut self, dice: &mut Dice) -> Happening {
        if !self.sent.is_empty() && dice.chance(self.taste.repeat_percent) {
            // A retry.
            return dice.pick(&self.sent).clone();
        }
        if self.taste.ties
            && dice.chance(15)
            && let Some(twin) = self.twin(dice)
        {
            return twin;
        }
        let kind = match dice.between(0, 92) {
            _ if dice.chance(self.taste.consent_percent) => Kind::Consent,
            0..=71 => Kind::Track,
            72..=87 => Kind::Identify,
            _ if self.taste.merges => Kind::Alias,
            _ => Kind::Track,
        };
        let (mut user, mut visitor, previous) = self.ids(dice, kind);
        let lists = kind == Kind::Identify && dice.chance(20);
        if lists {
            // Lists hold the ids of users.
            user = user.or(Some("u0".to_owned()));
            visitor = None;
        }
        let event = Happening {
            kind,
            name: match kind {
                Kind::Track => *dice.pick(&self.taste.events),
                Kind::Identify if lists => LIST_EVENT,
                Kind::Identify => "identify",
                Kind::Alias => "alias",
                Kind::Consent => "consent",
            }
            .to_owned(),
            message: format!("m{}", self.sent.len()),
            user,
            visitor,
            previous,
            time: self.time(dice),
            received: self.now,
            said: match kind {
                Kind::Track => self.said(dice, &PROPERTIES, 65),
                Kind::Identify if lists => {
                    let list = dice.pick::<&str>(&LISTS);
                    json!({ list_key(list): dice.chance(65) })
                }
                Kind::Identify => self.said(dice, &TRAITS, 35),
                Kind::Alias => json!({}),
                Kind::Consent => {
                    let names = dice.some(&["marketing", "profiling"]);
                    let said = names
                        .into_iter()
                        .map(|name| (name.to_owned(), dice.chance(60).into()));
                    Json::Object(said.collect())
                }
            },
        };
        self.sent.push(event.clone());
        event
    }

    /// The same person doing the same thing at the same instant as the last, with other properties.
    fn twin(&mut self, dice: &mut Dice) -> Option<Happening> {
        let last = self.sent.last().filter(|last| last.kind == Kind::Track)?;
        let twin = Happening {
            message: format!("m{}", self.sent.len()),
            received: self.now,
            said: self.said(dice, &PROPERTIES, 65),
            ..last.clone()
        };
        self.sent.push(twin.clone());
        Some(twin)
    }

    fn ids(&self, dice: &mut Dice, kind: Kind) -> (Option<String>, Option<String>, Option<String>) {
        let n = dice.index(self.taste.people);
        let user = Some(format!("u{n}"));
        let visitor = Some(format!("v{}", dice.index(self.taste.people)));
        if !self.taste.merges {
            let visits = kind == Kind::Track && dice.chance(10);
            return if visits {
                (None, visitor, None)
            } else {
                (user, None, None)
            };
        }
        match kind {
            Kind::Alias => (user, None, Some(self.older(dice))),
            Kind::Identify if dice.chance(50) => (user, visitor, None),
            _ => match dice.between(0, 9) {
                0..=4 => (user, None, None),
                5 => (user, visitor, None),
                _ => (None, visitor, None),
            },
        }
    }

    fn older(&self, dice: &mut Dice) -> String {
        match self.somebody(dice) {
            Id::User(id) | Id::Visitor(id) => id,
        }
    }

    /// When it happened: now, earlier, or exactly so long after something that a window ends.
    fn time(&mut self, dice: &mut Dice) -> i64 {
        let mut time = self.now;
        if dice.chance(self.taste.late_percent) {
            time -= dice.between(0, self.taste.unit * 6);
        } else if !self.sent.is_empty() && dice.chance(10) {
            time = dice.pick(&self.sent).time + dice.pick(self.taste.durations());
        } else if dice.chance(8) {
            // At the very instant of a date that definitions may name.
            time = *dice.pick(&self.taste.instants);
        }
        let mut time = time.min(self.now);
        while !self.taste.ties && self.used.contains(&time) {
            time -= 1;
        }
        self.used.insert(time);
        time
    }

    fn said(&self, dice: &mut Dice, paths: &[(&str, Sort)], percent: u64) -> Json {
        let mut said = Map::new();
        for (path, sort) in paths {
            if !dice.chance(percent) {
                continue;
            }
            let value = self.value(dice, *sort);
            match path.split_once('.') {
                None => drop(said.insert((*path).to_owned(), value)),
                Some((outer, inner)) => {
                    let mut object = Map::new();
                    object.insert(inner.to_owned(), value);
                    said.insert(outer.to_owned(), Json::Object(object));
                }
            }
        }
        Json::Object(said)
    }

    fn value(&self, dice: &mut Dice, sort: Sort) -> Json {
        match dice.between(0, 39) {
            0 => return Json::Null,
            1 => return quarters(dice).to_string().into(),
            2 => return scalar(dice, Sort::Word),
            _ => {}
        }
        match sort {
            Sort::Word | Sort::Number | Sort::Truth => scalar(dice, sort),
            Sort::List => (0..dice.between(0, 3))
                .map(|_| Json::from(*dice.pick(&WORDS)))
                .collect(),
            Sort::Orders => (0..dice.between(0, 2))
                .map(|_| json!({ "n": quarters(dice), "sku": *dice.pick(&WORDS) }))
                .collect(),
            Sort::Date => {
                let text = self.taste.date(dice);
                let exact = text
                    .parse::<jiff::Timestamp>()
                    .ok()
                    .filter(|_| dice.chance(30));
                exact.map_or_else(|| text.into(), |at| at.as_millisecond().into())
            }
            Sort::Birthday => Taste::birthday(dice).into(),
        }
    }
}
