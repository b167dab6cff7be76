//! Makes a failing case smaller for as long as it fails.

use super::case::{Action, Case};
use super::language::{Audience, Have, When};
use super::run::{Failure, run};

/// How many smaller cases are tried.
const TRIES_MAX: u32 = 600;

/// The smallest case that was found, and how it fails.
#[must_use]
pub fn shrink(case: &Case, failure: Failure) -> (Case, Failure) {
    let mut smallest = (case.clone(), failure);
    let mut tries = 0;
    'smaller: loop {
        for smaller in smaller(&smallest.0) {
            tries += 1;
            if tries > TRIES_MAX {
                return smallest;
            }
            match run(&smaller) {
                // What a cut made impossible is another failure than the one that is looked for.
                Err(failure) if !failure.what.contains("refused") => {
                    smallest = (smaller, failure);
                    continue 'smaller;
                }
                _ => {}
            }
        }
        return smallest;
    }
}

/// Cases with a little less in them, the boldest cuts first.
fn smaller(case: &Case) -> Vec<Case> {
    let mut all = Vec::new();
    let steps = case.steps.len();
    for size in [steps / 2, steps / 4, 1] {
        for start in (0..steps).step_by(size.max(1)) {
            let mut cut = case.clone();
            cut.steps.drain(start..(start + size.max(1)).min(steps));
            all.push(cut);
        }
    }
    for (place, step) in case.steps.iter().enumerate() {
        match &step.action {
            Action::Send(events) if events.len() > 1 => {
                for gone in 0..events.len() {
                    let mut events = events.clone();
                    events.remove(gone);
                    all.push(with_action(case, place, Action::Send(events)));
                }
            }
            Action::Edit(audiences) => {
                for fewer in fewer(audiences) {
                    all.push(with_action(case, place, Action::Edit(fewer)));
                }
            }
            _ => {}
        }
    }
    for audiences in fewer(&case.audiences) {
        all.push(Case {
            audiences,
            ..case.clone()
        });
    }
    for (place, step) in case.steps.iter().enumerate() {
        if let Action::Send(events) = &step.action {
            for (n, event) in events.iter().enumerate() {
                for key in event
                    .said
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(key, _)| key)
                {
                    let mut events = events.clone();
                    if let Some(said) = events[n].said.as_object_mut() {
                        said.remove(key);
                    }
                    all.push(with_action(case, place, Action::Send(events)));
                }
            }
        }
    }
    all
}

fn with_action(case: &Case, place: usize, action: Action) -> Case {
    let mut changed = case.clone();
    changed.steps[place].action = action;
    changed
}

/// One audience less, or one with a simpler condition.
fn fewer(audiences: &[Audience]) -> Vec<Vec<Audience>> {
    let mut all = Vec::new();
    for place in 0..audiences.len() {
        let id = &audiences[place].id;
        let asked = audiences.iter().any(|one| asks_for(&one.when, id));
        if audiences.len() > 1 && !asked {
            let mut fewer = audiences.to_vec();
            fewer.remove(place);
            all.push(fewer);
        }
        if audiences[place].lasts.is_some() {
            let mut changed = audiences.to_vec();
            changed[place].lasts = None;
            all.push(changed);
        }
        for when in simpler(&audiences[place].when) {
            let mut changed = audiences.to_vec();
            changed[place].when = when;
            all.push(changed);
        }
    }
    all
}

fn asks_for(when: &When, id: &str) -> bool {
    let mut asks = false;
    when.each(&mut |when| asks |= matches!(when, When::Have(Have::Audience(other)) if other == id));
    asks
}

fn simpler(when: &When) -> Vec<When> {
    let items = when.children();
    let mut all = items.to_vec();
    let with = |items: Vec<When>| match when {
        When::All(_) => When::All(items),
        When::Any(_) => When::Any(items),
        _ => When::None(items),
    };
    for place in 0..items.len() {
        if items.len() > 1 {
            let mut fewer = items.to_vec();
            fewer.remove(place);
            all.push(with(fewer));
        }
        for inner in simpler(&items[place]) {
            let mut changed = items.to_vec();
            changed[place] = inner;
            all.push(with(changed));
        }
    }
    if let When::Did(did) | When::DidNot(did) = when {
        for place in 0..did.on.filter.len() {
            let mut did = did.clone();
            did.on.filter.remove(place);
            all.push(if matches!(when, When::Did(_)) {
                When::Did(did)
            } else {
                When::DidNot(did)
            });
        }
    }
    all
}
