//! Audiences that ask for other audiences: which comes first, and who goes in circles.

use std::collections::HashMap;

use crate::audience::definition::{Definition, Have, When};
use crate::document::{Mistakes, Place, suggestion};

/// How many audiences may stand on each other.
pub(crate) const CHAIN_MAX: usize = 32;

/// The places of `definitions` in an order in which each comes after those that it asks for.
/// Whatever is wrong is noted, and the order is then of no use.
pub(super) fn order(definitions: &[Definition], mistakes: &mut Mistakes) -> Vec<usize> {
    let places: HashMap<&str, usize> = definitions
        .iter()
        .enumerate()
        .map(|(n, one)| (one.id.as_str(), n))
        .collect();
    let mut asked: Vec<Vec<usize>> = Vec::with_capacity(definitions.len());
    for (n, definition) in definitions.iter().enumerate() {
        if places.get(definition.id.as_str()) != Some(&n) {
            let message = format!("there are two audiences with the id `{}`", definition.id);
            mistakes.add(definition.place, message);
        }
        let mut of_this = Vec::new();
        references(&definition.when, &mut |id, place| match places.get(id) {
            Some(found) => of_this.push(*found),
            None => unknown(id, place, &places, mistakes),
        });
        asked.push(of_this);
    }
    sort(definitions, &asked, mistakes)
}

fn unknown(id: &str, place: Place, places: &HashMap<&str, usize>, mistakes: &mut Mistakes) {
    let mut known: Vec<&str> = places.keys().copied().collect();
    known.sort_unstable();
    let meant = suggestion(id, known);
    let meant = meant
        .map(|meant| format!("; did you mean `{meant}`?"))
        .unwrap_or_default();
    mistakes.add(place, format!("there is no audience `{id}`{meant}"));
}

/// Takes away, again and again, those that ask for nothing that is left. What remains goes in
/// circles.
fn sort(definitions: &[Definition], asked: &[Vec<usize>], mistakes: &mut Mistakes) -> Vec<usize> {
    let mut waits: Vec<usize> = asked.iter().map(Vec::len).collect();
    let mut askers: Vec<Vec<usize>> = vec![Vec::new(); asked.len()];
    for (n, of_this) in asked.iter().enumerate() {
        for other in of_this {
            askers[*other].push(n);
        }
    }
    let mut depth = vec![0; asked.len()];
    let mut order: Vec<usize> = (0..asked.len()).filter(|n| waits[*n] == 0).collect();
    let mut next = 0;
    while let Some(&done) = order.get(next) {
        next += 1;
        for asker in &askers[done] {
            depth[*asker] = depth[*asker].max(depth[done] + 1);
            waits[*asker] -= 1;
            if waits[*asker] == 0 {
                order.push(*asker);
            }
        }
    }
    let mut told = vec![false; asked.len()];
    for (n, definition) in definitions.iter().enumerate() {
        if depth[n] == CHAIN_MAX {
            let message = format!("more than {CHAIN_MAX} audiences stand on each other here");
            mistakes.add(definition.place, message);
        }
        if waits[n] > 0 && !told[n] {
            let circle = circle(n, asked, &waits);
            circle.iter().for_each(|n| told[*n] = true);
            // Those that merely ask for one in a circle are in order once it is broken.
            if circle.last() == Some(&n) {
                let names: Vec<&str> = circle.iter().map(|n| definitions[*n].id.as_str()).collect();
                let message = format!("`{}` asks for itself: {}", definition.id, names.join(" → "));
                mistakes.add(definition.place, message);
            }
        }
    }
    order
}

/// The way from `from` back to itself, if there is one.
fn circle(from: usize, asked: &[Vec<usize>], waits: &[usize]) -> Vec<usize> {
    let mut before: HashMap<usize, usize> = HashMap::new();
    let mut look = vec![from];
    while let Some(here) = look.pop() {
        for &next in asked[here].iter().filter(|next| waits[**next] > 0) {
            if before.contains_key(&next) {
                continue;
            }
            before.insert(next, here);
            if next == from {
                let mut way = vec![from];
                let mut at = here;
                while at != from {
                    way.push(at);
                    at = before[&at];
                }
                way.push(from);
                way.reverse();
                return way;
            }
            look.push(next);
        }
    }
    Vec::new()
}

fn references(when: &When, found: &mut impl FnMut(&str, Place)) {
    match when {
        When::All(items) | When::Any(items) | When::None(items) => {
            for item in items {
                references(item, found);
            }
        }
        When::Have(Have::Audience { id, place }) => found(id, *place),
        When::Did(_) | When::DidNot(_) | When::ThenNot(_) | When::InOrder(_) | When::Have(_) => {}
    }
}
