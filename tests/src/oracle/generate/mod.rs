//! Cases from seeds.

mod checks;
mod conditions;
mod definitions;
mod dice;
mod script;
mod taste;

use super::case::{Case, Memory};
use dice::Dice;
use taste::Taste;

/// The zones in which accounts are: without and with changes of clocks, at midnight too.
const ZONES: [&str; 5] = [
    "UTC",
    "UTC",
    "Europe/Warsaw",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
];

/// The case of a seed; always the same one.
#[must_use]
pub fn case(seed: u64) -> Case {
    let mut dice = Dice::new(seed);
    let zone = *dice.pick(&ZONES);
    let taste = Taste::new(&mut dice, zone);
    let mut audiences = definitions::first(&mut dice, &taste);
    let first = audiences.clone();
    let steps = script::write(&mut dice, &taste, &mut audiences);
    let memory = *dice.pick(&[Memory::Ample, Memory::Ample, Memory::Tight]);
    Case {
        seed,
        zone,
        audiences: first,
        steps,
        memory,
    }
}
