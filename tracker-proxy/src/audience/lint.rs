//! What is right and still not likely to be meant.

use std::collections::BTreeSet;

use super::definition::{Definition, Did, EventPattern, Have, Measure, When, Window};
use super::span::DAY_MS;
use crate::document::{Mistake, Place, duration_text, suggestion};

/// What is known besides the definitions. Nothing is said about what is not known.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Names of events that came; empty where nobody knows.
    pub events: BTreeSet<String>,
    /// Ids of uploaded lists.
    pub lists: Option<BTreeSet<String>>,
}

/// Warnings about a definition, each with its place.
#[must_use]
pub fn lint(definition: &Definition, known: &Known) -> Vec<Mistake> {
    let mut lints = Lints {
        known,
        found: Vec::new(),
    };
    lints.look_at(&definition.when);
    lints.found.sort();
    lints.found.dedup();
    lints.found
}

struct Lints<'a> {
    known: &'a Known,
    found: Vec<Mistake>,
}

impl Lints<'_> {
    fn warn(&mut self, place: Place, message: String) {
        self.found.push(Mistake { place, message });
    }

    fn look_at(&mut self, when: &When) {
        match when {
            When::All(items) => {
                self.contradictions(items);
                items.iter().for_each(|item| self.look_at(item));
            }
            When::Any(items) | When::None(items) => {
                items.iter().for_each(|item| self.look_at(item));
            }
            When::Did(did) => self.event(&did.on, did.place),
            When::DidNot(did) => {
                self.event(&did.on, did.place);
                self.young_people(did);
            }
            When::ThenNot(one) => {
                for on in [&one.did, &one.then_not].into_iter().chain(&one.until) {
                    self.event(on, one.place);
                }
                if one.matching.is_some() && one.stay_ms.is_none() {
                    let message = "without `stay` each key is kept until its event comes: \
                                   the oldest of more than 64 are given up";
                    self.warn(one.place, message.to_owned());
                }
            }
            When::InOrder(one) => {
                let silence = one.silence.iter().map(|silence| &silence.then_not);
                for on in one.steps.iter().chain(silence).chain(&one.until) {
                    self.event(on, one.place);
                }
            }
            When::Have(have) => self.have(have),
        }
    }

    fn have(&mut self, have: &Have) {
        match have {
            Have::Total(did) => self.event(&did.on, did.place),
            Have::Top { on, place, .. } | Have::Edge { on, place, .. } => self.event(on, *place),
            Have::List { id, place } => {
                let Some(lists) = self
                    .known
                    .lists
                    .as_ref()
                    .filter(|known| !known.contains(id))
                else {
                    return;
                };
                let meant = meant(id, lists);
                let message = format!("no list `{id}` was uploaded: nobody is on it{meant}");
                self.warn(*place, message);
            }
            Have::Attribute(..) | Have::Audience { .. } | Have::Consent(_) => {}
        }
    }

    fn event(&mut self, on: &EventPattern, place: Place) {
        let events = &self.known.events;
        if events.is_empty() || events.contains(on.event.as_ref()) {
            return;
        }
        let meant = meant(&on.event, events);
        self.warn(place, format!("no event `{}` came lately{meant}", on.event));
    }

    /// Who is new did not do anything yet, which is seldom what is meant.
    fn young_people(&mut self, did: &Did) {
        let Window::Last(ms) = did.window else { return };
        if ms > DAY_MS && did.min_age_ms.is_none() {
            let window = duration_text(ms);
            let message = format!(
                "people who are new have not done it either: \
                 `min_age: {window}` waits until they are known for as long"
            );
            self.warn(did.place, message);
        }
    }

    /// Somebody who did it in a window and did not do it in a longer one.
    fn contradictions(&mut self, items: &[When]) {
        let mut found = Vec::new();
        for item in items {
            let When::Did(did) = item else { continue };
            for other in items {
                let When::DidNot(not) = other else { continue };
                if not.on == did.on && is_plain(not) && covers(not.window, did.window) {
                    found.push((not.place, did.to_string()));
                }
            }
        }
        for (place, did) in found {
            let message = format!("nobody can be in both: this excludes everybody who did {did}");
            self.warn(place, message);
        }
    }
}

fn meant(written: &str, known: &BTreeSet<String>) -> String {
    suggestion(written, known.iter().map(String::as_str))
        .map(|known| format!("; did you mean `{known}`?"))
        .unwrap_or_default()
}

/// True for a condition on a single event.
fn is_plain(did: &Did) -> bool {
    let single = |measured: &[super::definition::Measured]| match measured {
        [one] => one.measure == Measure::Count && one.bounds.enough() == 1 && !one.bounds.hold(0.0),
        _ => false,
    };
    did.by.is_none() && did.min_age_ms.is_none() && single(&did.measured)
}

/// True if every event of the inner window is in the outer one.
fn covers(outer: Window, inner: Window) -> bool {
    match (outer, inner) {
        (Window::Ever, _) => true,
        (
            Window::Last(outer),
            Window::Last(inner)
            | Window::Band {
                at_most_ms: inner, ..
            },
        ) => outer >= inner,
        _ => false,
    }
}
