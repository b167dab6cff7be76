//! Conditions of every kind.

use super::checks::{PROPERTIES, Sort, TRAITS, check, predicate};
use super::dice::Dice;
use super::taste::Taste;
use crate::oracle::language::{
    Bound, Did, Have, InOrder, LISTS, Measure, Pattern, Predicate, Silence, Take, ThenNot, When,
    Window,
};

/// How deep definitions are at the most.
const DEPTH_MAX: u32 = 4;

/// A definition's conditions; `others` are the audiences that it may ask for.
pub(super) fn when(dice: &mut Dice, taste: &Taste, others: &[String]) -> When {
    branch(dice, taste, others, 1)
}

fn branch(dice: &mut Dice, taste: &Taste, others: &[String], depth: u32) -> When {
    if depth == DEPTH_MAX || dice.chance(55) {
        return leaf(dice, taste, others);
    }
    let many = dice.between(1, 3);
    let items = (0..many)
        .map(|_| branch(dice, taste, others, depth + 1))
        .collect();
    match dice.between(0, 4) {
        0 | 1 => When::All(items),
        2 | 3 => When::Any(items),
        _ => When::None(items),
    }
}

fn leaf(dice: &mut Dice, taste: &Taste, others: &[String]) -> When {
    match dice.between(0, 99) {
        0..=31 => When::Did(did(dice, taste)),
        32..=42 => When::DidNot(did(dice, taste)),
        43..=57 => When::ThenNot(then_not(dice, taste)),
        58..=67 => When::InOrder(in_order(dice, taste)),
        68..=80 => {
            let take = *dice.pick(&[Take::Last, Take::Last, Take::Last, Take::First, Take::All]);
            When::Have(Have::Attribute(take, predicate(dice, taste, &TRAITS)))
        }
        81..=84 => {
            let of = amount(dice);
            When::Have(Have::Total(pattern(dice, taste), of, bounds(dice)))
        }
        85..=88 => When::Have(top(dice, taste)),
        89..=92 => When::Have(edge(dice, taste)),
        93..=95 if !others.is_empty() => When::Have(Have::Audience(dice.pick(others).clone())),
        96 | 97 => When::Have(Have::List((*dice.pick(&LISTS)).to_owned())),
        _ => {
            let names = dice.some(&["marketing", "profiling"]);
            When::Have(Have::Consent(
                names.into_iter().map(str::to_owned).collect(),
            ))
        }
    }
}

fn in_order(dice: &mut Dice, taste: &Taste) -> InOrder {
    let many = *dice.pick(&[2, 2, 2, 3, 4]);
    let steps = (0..many).map(|_| pattern(dice, taste)).collect();
    let silence = dice.chance(35).then(|| Silence {
        then_not: pattern(dice, taste),
        wait: taste.duration(dice),
        restart: dice.chance(40),
    });
    InOrder {
        steps,
        within: dice.chance(60).then(|| taste.duration(dice)),
        matching: dice.chance(30).then(|| "k".to_owned()),
        silence,
        stay: dice.chance(40).then(|| taste.duration(dice)),
        until: dice.chance(15).then(|| pattern(dice, taste)),
    }
}

fn pattern(dice: &mut Dice, taste: &Taste) -> Pattern {
    let event = (*dice.pick(&taste.events)).to_owned();
    let mut filter: Vec<Predicate> = Vec::new();
    for percent in [35, 10] {
        if dice.chance(percent) {
            let one = predicate(dice, taste, &PROPERTIES);
            if filter.iter().all(|known| known.path != one.path) {
                filter.push(one);
            }
        }
    }
    Pattern { event, filter }
}

fn amount(dice: &mut Dice) -> String {
    (*dice.pick(&["n", "n", "item.price", "orders[*].n"])).to_owned()
}

fn window(dice: &mut Dice, taste: &Taste) -> Window {
    match dice.between(0, 9) {
        0 | 1 => Window::Ever,
        2..=5 => Window::Last(taste.duration(dice)),
        6 => Window::Before(taste.duration(dice)),
        7 => {
            let more_than = taste.duration(dice);
            let at_most = more_than + taste.duration(dice);
            Window::Band { more_than, at_most }
        }
        _ => fixed(dice, taste),
    }
}

fn fixed(dice: &mut Dice, taste: &Taste) -> Window {
    let mut dates = [taste.date(dice), taste.date(dice)];
    dates.sort();
    let [from, to] = dates;
    // One is a prefix of the other where they are one instant, or one day.
    match dice.between(0, 2) {
        0 => Window::Fixed {
            from: Some(from),
            to: None,
        },
        1 => Window::Fixed {
            from: None,
            to: Some(to),
        },
        _ if to.starts_with(&from[..10]) => Window::Fixed {
            from: Some(from),
            to: None,
        },
        _ => Window::Fixed {
            from: Some(from),
            to: Some(to),
        },
    }
}

fn did(dice: &mut Dice, taste: &Taste) -> Did {
    let on = pattern(dice, taste);
    let window = window(dice, taste);
    let mut measured = Vec::new();
    let few = matches!(window, Window::Before(_));
    if dice.chance(55) {
        measured.push((Measure::Count, count(dice, few)));
    }
    if !few && dice.chance(35) {
        let of = amount(dice);
        let measure = match dice.between(0, 4) {
            0 | 1 => Measure::Sum(of),
            2 => Measure::Average(of),
            3 => Measure::Least(of),
            _ => Measure::Greatest(of),
        };
        measured.push((measure, bounds(dice)));
    }
    let aged = few || matches!(window, Window::Band { .. });
    if !aged && dice.chance(15) {
        let of = (*dice.pick(&["k", "k", "tags", "n"])).to_owned();
        measured = vec![(Measure::Distinct(of), count(dice, true))];
    }
    let by = dice.chance(12);
    if by {
        measured.truncate(1);
    }
    Did {
        on,
        window,
        measured,
        by: by.then(|| (*dice.pick(&["k", "k", "n"])).to_owned()),
        min_age: dice.chance(12).then(|| taste.duration(dice)),
    }
}

/// Bounds on a count; some so high that instants are not kept.
#[expect(clippy::cast_precision_loss, reason = "counts are small")]
fn count(dice: &mut Dice, few: bool) -> Vec<Bound> {
    let low = dice.between(0, 3) as f64;
    let mut bounds = match dice.between(0, 7) {
        0..=2 => vec![Bound::Gte(low + 1.0)],
        3 => vec![Bound::Eq(low)],
        4 => vec![Bound::Ne(low)],
        5 => vec![Bound::Gt(low)],
        6 => vec![Bound::Lt(low + 1.0)],
        _ => vec![Bound::Between(low, low + 2.0)],
    };
    if !few && dice.chance(20) {
        let most = Bound::Lte(*dice.pick(&[63.0, 64.0, 90.0]));
        if matches!(bounds[0], Bound::Gte(_) | Bound::Gt(_) | Bound::Ne(_)) {
            bounds.push(most);
        }
    }
    bounds
}

#[expect(clippy::cast_precision_loss, reason = "bounds are small")]
fn bounds(dice: &mut Dice) -> Vec<Bound> {
    let low = dice.between(-2, 40) as f64 / 4.0;
    match dice.between(0, 6) {
        0 | 1 => vec![Bound::Gte(low)],
        2 => vec![Bound::Gt(low)],
        3 => vec![Bound::Lt(low)],
        4 => vec![Bound::Lte(low)],
        5 => vec![Bound::Ne(low)],
        _ => vec![Bound::Between(low, low + 4.0)],
    }
}

fn then_not(dice: &mut Dice, taste: &Taste) -> ThenNot {
    let did = pattern(dice, taste);
    let then_not = pattern(dice, taste);
    let until = dice.chance(25).then(|| pattern(dice, taste));
    let stay = dice.chance(35).then(|| taste.duration(dice));
    ThenNot {
        within: taste.duration(dice),
        matching: dice
            .chance(50)
            .then(|| (*dice.pick(&["k", "k", "item.price"])).to_owned()),
        restart: dice.chance(35),
        did,
        then_not,
        stay,
        until,
    }
}

fn top(dice: &mut Dice, taste: &Taste) -> Have {
    let window = match window(dice, taste) {
        Window::Before(ms) => Window::Last(ms),
        Window::Band { at_most, .. } => Window::Last(at_most),
        other => other,
    };
    Have::Top {
        on: pattern(dice, taste),
        of: (*dice.pick(&["k", "k", "tags", "n"])).to_owned(),
        window,
        checks: vec![unlisted(dice, taste)],
        at_least: u32::try_from(dice.between(1, 3)).expect("it is small"),
    }
}

/// A check that is not written as `in`, which is the window here.
fn unlisted(dice: &mut Dice, taste: &Taste) -> crate::oracle::language::Check {
    loop {
        let check = check(dice, taste, Sort::Word);
        if check.name() != "in" {
            return check;
        }
    }
}

fn edge(dice: &mut Dice, taste: &Taste) -> Have {
    let (of, sort) = *dice.pick(&[
        ("k", Sort::Word),
        ("k", Sort::Word),
        ("n", Sort::Number),
        ("when", Sort::Date),
        ("orders[*].sku", Sort::Word),
    ]);
    Have::Edge {
        first: dice.chance(50),
        on: pattern(dice, taste),
        of: of.to_owned(),
        checks: vec![check(dice, taste, sort)],
    }
}
