//! Sets of audiences, and edits of them.

use super::conditions::when;
use super::dice::Dice;
use super::taste::Taste;
use crate::oracle::language::{Audience, Have, When};

/// How many audiences there are at the most.
const AUDIENCES_MAX: i64 = 5;

/// The audiences at the start of a script.
pub(super) fn first(dice: &mut Dice, taste: &Taste) -> Vec<Audience> {
    let mut all = Vec::new();
    for n in 0..dice.between(1, AUDIENCES_MAX) {
        push(dice, taste, &mut all, format!("a{n}"));
    }
    all
}

fn push(dice: &mut Dice, taste: &Taste, all: &mut Vec<Audience>, id: String) {
    let others: Vec<String> = all.iter().map(|one| one.id.clone()).collect();
    let when = when(dice, taste, &others);
    let lasts = dice.chance(15).then(|| taste.duration(dice));
    all.push(Audience { id, when, lasts });
}

/// Keeps some, changes some, removes some and adds one.
pub(super) fn edit(dice: &mut Dice, taste: &Taste, before: &[Audience]) -> Vec<Audience> {
    let mut all: Vec<Audience> = Vec::new();
    for audience in before {
        match dice.between(0, 9) {
            0..=5 if asks_for_only(&audience.when, &all) => all.push(audience.clone()),
            0..=8 => push(dice, taste, &mut all, audience.id.clone()),
            _ => {}
        }
    }
    if all.is_empty() || dice.chance(40) {
        // An id that was there once may be given anew, and is another audience then.
        let free = (0..)
            .map(|n| format!("a{n}"))
            .find(|id| all.iter().all(|one| one.id != *id));
        push(
            dice,
            taste,
            &mut all,
            free.expect("there is always one more"),
        );
    }
    all
}

fn asks_for_only(when: &When, all: &[Audience]) -> bool {
    let mut only = true;
    when.each(&mut |when| {
        if let When::Have(Have::Audience(id)) = when {
            only &= all.iter().any(|one| one.id == *id);
        }
    });
    only
}
