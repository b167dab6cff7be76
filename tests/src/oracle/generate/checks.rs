//! Operators, each for values that it can be true of.

use serde_json::{Value as Json, json};

use super::dice::Dice;
use super::taste::Taste;
use crate::oracle::calendar::DAY;
use crate::oracle::language::{Check, Predicate};

/// Texts that properties and attributes have; some say numbers.
pub(super) const WORDS: [&str; 6] = ["apple", "banana", "band", "cherry", "5", "-2.5"];

/// What a path is expected to lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Word,
    Number,
    Truth,
    List,
    Orders,
    Date,
    Birthday,
}

/// The paths that events have.
pub(super) const PROPERTIES: [(&str, Sort); 7] = [
    ("k", Sort::Word),
    ("n", Sort::Number),
    ("item.price", Sort::Number),
    ("sale", Sort::Truth),
    ("tags", Sort::List),
    ("orders", Sort::Orders),
    ("when", Sort::Date),
];

/// The paths that people have.
pub(super) const TRAITS: [(&str, Sort); 8] = [
    ("city", Sort::Word),
    ("age", Sort::Number),
    ("address.country", Sort::Word),
    ("vip", Sort::Truth),
    ("tags", Sort::List),
    ("orders", Sort::Orders),
    ("trial_ends", Sort::Date),
    ("born", Sort::Birthday),
];

/// A scalar of the kind that values are.
pub(super) fn scalar(dice: &mut Dice, sort: Sort) -> Json {
    match sort {
        Sort::Truth => dice.chance(50).into(),
        Sort::Number => quarters(dice),
        _ => (*dice.pick(&WORDS)).into(),
    }
}

/// Numbers whose sums are exact, whole ones as whole numbers.
pub(super) fn quarters(dice: &mut Dice) -> Json {
    match dice.between(-4, 32) {
        quarters if quarters % 4 == 0 => (quarters / 4).into(),
        #[expect(clippy::cast_precision_loss, reason = "it is small")]
        quarters => json!(quarters as f64 / 4.0),
    }
}

#[expect(clippy::cast_precision_loss, reason = "it is small")]
fn bound(dice: &mut Dice) -> f64 {
    dice.between(-2, 16) as f64 / 2.0
}

/// What a path is asked; now and then something that its values are not.
pub(super) fn predicate(dice: &mut Dice, taste: &Taste, paths: &[(&str, Sort)]) -> Predicate {
    let (path, sort) = *dice.pick(paths);
    let asked = if dice.chance(8) {
        paths[dice.index(paths.len())].1
    } else {
        sort
    };
    let mut checks = vec![check(dice, taste, asked)];
    if dice.chance(15) {
        let another = check(dice, taste, asked);
        // Each operator is written once.
        if another.name() != checks[0].name() {
            checks.push(another);
        }
    }
    let path = match sort {
        // Into the objects of a list.
        Sort::Orders if dice.chance(30) => {
            checks = vec![check(dice, taste, Sort::Number)];
            format!("{path}[*].n")
        }
        Sort::List if dice.chance(20) => {
            checks = vec![check(dice, taste, Sort::Word)];
            format!("{path}[*]")
        }
        _ => path.to_owned(),
    };
    Predicate { path, checks }
}

/// One operator.
pub(super) fn check(dice: &mut Dice, taste: &Taste, sort: Sort) -> Check {
    if dice.chance(8) {
        let said = dice.chance(70);
        return if dice.chance(50) {
            Check::Exists(said)
        } else {
            Check::Missing(said)
        };
    }
    match sort {
        Sort::Word => word(dice),
        Sort::Number => number(dice),
        Sort::Truth => {
            let bound = dice.chance(50).into();
            if dice.chance(70) {
                Check::Eq(bound)
            } else {
                Check::Ne(bound)
            }
        }
        Sort::List => list(dice),
        Sort::Orders => Check::Some(order(dice)),
        Sort::Date => date(dice, taste),
        Sort::Birthday => Check::AnniversaryInNext(DAY * dice.between(1, 30)),
    }
}

fn words(dice: &mut Dice) -> Vec<Json> {
    dice.some(&WORDS).into_iter().map(Json::from).collect()
}

fn word(dice: &mut Dice) -> Check {
    let word = *dice.pick(&WORDS);
    match dice.between(0, 11) {
        0..=2 => Check::Eq(word.into()),
        3 => Check::Ne(word.into()),
        4 => Check::In(words(dice)),
        5 => Check::NotIn(words(dice)),
        6 => Check::Contains((*dice.pick(&["an", "b", "rry", "5"])).to_owned()),
        7 => Check::StartsWith((*dice.pick(&["ban", "a", "-"])).to_owned()),
        8 => Check::EndsWith((*dice.pick(&["a", "y", "nd", "5"])).to_owned()),
        9 => Check::Matches((*dice.pick(&["^b.*[ad]$", "a{1}p", r"^-?\d", "z|rr"])).to_owned()),
        10 => Check::After((*dice.pick(&["banana", "b", "cherry"])).to_owned()),
        _ => Check::UpTo((*dice.pick(&["banana", "band", "a"])).to_owned()),
    }
}

fn number(dice: &mut Dice) -> Check {
    let limit = bound(dice);
    match dice.between(0, 6) {
        0 => Check::Gt(limit),
        1 | 2 => Check::Gte(limit),
        3 => Check::Lt(limit),
        4 => Check::Lte(limit),
        5 => Check::Between(limit, limit + 3.0),
        _ => Check::Eq(quarters(dice)),
    }
}

fn list(dice: &mut Dice) -> Check {
    match dice.between(0, 3) {
        0 => Check::AnyOf(words(dice)),
        1 => Check::AllOf(words(dice)),
        2 => Check::NoneOf(words(dice)),
        _ => Check::Contains((*dice.pick(&WORDS)).to_owned()),
    }
}

fn date(dice: &mut Dice, taste: &Taste) -> Check {
    match dice.between(0, 3) {
        0 => Check::BeforeDate(taste.date(dice)),
        1 => Check::AfterDate(taste.date(dice)),
        2 => Check::InLast(taste.duration(dice)),
        _ => Check::InNext(taste.duration(dice)),
    }
}

fn order(dice: &mut Dice) -> Vec<Predicate> {
    let of = |path: &str, check| Predicate {
        path: path.to_owned(),
        checks: vec![check],
    };
    let mut all = vec![of("n", number(dice))];
    if dice.chance(60) {
        all.push(of("sku", Check::Eq((*dice.pick(&WORDS)).into())));
    }
    all
}
