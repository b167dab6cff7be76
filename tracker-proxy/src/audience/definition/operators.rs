//! Reads operators: `{ gte: 20, lt: 50 }`, a scalar (equal to it) or a list (one of them).

use crate::audience::span::{Moment, read_duration, read_moment};
use crate::audience::value::{Check, Operator, Path, Pattern, Predicate, Tie, canonical_node};
use crate::document::{Fields, Mistakes, Node, NodeKind};

/// The most scalars in one list.
const LIST_MAX: usize = 10_000;
/// The longest scalar, in bytes.
const SCALAR_BYTES_MAX: usize = 1_024;

/// Reads `where`: a map from property to what has to be true of it.
pub(super) fn read_where(node: &Node, mistakes: &mut Mistakes) -> Vec<Predicate> {
    let NodeKind::Map(entries) = &node.kind else {
        let found = node.describe();
        mistakes.add(
            node.place,
            format!("`where` has to be a map of properties, this is {found}"),
        );
        return Vec::new();
    };
    let mut predicates: Vec<Predicate> = Vec::new();
    for (key, place, wanted) in entries {
        let Some(path) = Path::parse(key) else {
            mistakes.add(
                *place,
                format!("`{key}` is not a property path such as `item.price`"),
            );
            continue;
        };
        let checks = read_checks(wanted, mistakes);
        if !checks.is_empty() {
            predicates.push(Predicate { path, checks });
        }
    }
    // In one order, so that the same conditions written differently share one memory.
    predicates.sort_by(|a, b| a.path.cmp(&b.path));
    predicates
}

fn read_checks(node: &Node, mistakes: &mut Mistakes) -> Vec<Check> {
    let check = match &node.kind {
        NodeKind::Map(_) => {
            let Some(mut fields) = Fields::of(node, "a condition", mistakes) else {
                return Vec::new();
            };
            let checks = take_checks(&mut fields, mistakes);
            if checks.is_empty() {
                missing(node, mistakes);
            }
            fields.finish(mistakes);
            return checks;
        }
        NodeKind::List(_) => scalars(node, mistakes).map(Operator::In),
        NodeKind::Scalar { .. } => scalar(node, mistakes).map(Operator::Eq),
    };
    check.map(yes).into_iter().collect()
}

/// Notes that an operator is missing.
pub(super) fn missing(node: &Node, mistakes: &mut Mistakes) {
    let message = "an operator is missing, such as `eq`, `gte`, `in`, `contains` or `exists: true`";
    mistakes.add(node.place, message);
}

/// Takes the operators out of a map that may have other keys as well.
pub(super) fn take_checks(fields: &mut Fields<'_>, mistakes: &mut Mistakes) -> Vec<Check> {
    let list = fields
        .optional("in")
        .and_then(|node| scalars(node, mistakes));
    let mut checks = take_checks_but_in(fields, mistakes);
    checks.extend(list.map(|list| yes(Operator::In(list))));
    checks
}

/// The same where `in` means something else.
pub(super) fn take_checks_but_in(fields: &mut Fields<'_>, mistakes: &mut Mistakes) -> Vec<Check> {
    let mut checks = Vec::new();
    take_equalities(fields, &mut checks, mistakes);
    take_orders(fields, &mut checks, mistakes);
    take_texts(fields, &mut checks, mistakes);
    take_dates(fields, &mut checks, mistakes);
    checks
}

fn yes(operator: Operator) -> Check {
    Check {
        operator,
        negated: false,
    }
}

fn take_equalities(fields: &mut Fields<'_>, checks: &mut Vec<Check>, mistakes: &mut Mistakes) {
    for (key, negated) in [("eq", false), ("ne", true)] {
        let bound = fields.optional(key).and_then(|node| scalar(node, mistakes));
        checks.extend(bound.map(|bound| Check {
            operator: Operator::Eq(bound),
            negated,
        }));
    }
    type Lists = [(&'static str, fn(Vec<Box<str>>) -> Operator, bool); 4];
    let lists: Lists = [
        ("not_in", Operator::In, true),
        ("any_of", Operator::AnyOf, false),
        ("none_of", Operator::AnyOf, true),
        ("all_of", Operator::AllOf, false),
    ];
    for (key, operator, negated) in lists {
        let bounds = fields
            .optional(key)
            .and_then(|node| scalars(node, mistakes));
        checks.extend(bounds.map(|bounds| Check {
            operator: operator(bounds),
            negated,
        }));
    }
    for (key, wanted) in [("exists", true), ("missing", false)] {
        let said = fields.boolean(key, mistakes);
        let negated = said.map(|said| said != wanted);
        checks.extend(negated.map(|negated| Check {
            operator: Operator::Exists,
            negated,
        }));
    }
}

fn take_orders(fields: &mut Fields<'_>, checks: &mut Vec<Check>, mistakes: &mut Mistakes) {
    type Orders = [(
        &'static str,
        fn(f64) -> Operator,
        fn(Box<str>, Tie) -> Operator,
        Tie,
    ); 4];
    let orders: Orders = [
        ("gt", Operator::Gt, Operator::TextAfter, Tie::Fails),
        ("gte", Operator::Gte, Operator::TextAfter, Tie::Holds),
        ("lt", Operator::Lt, Operator::TextBefore, Tie::Fails),
        ("lte", Operator::Lte, Operator::TextBefore, Tie::Holds),
    ];
    for (key, of_number, of_text, tie) in orders {
        let Some(node) = fields.optional(key) else {
            continue;
        };
        let operator = match (node.as_f64(), node.as_bool()) {
            (Some(number), _) => Some(of_number(number)),
            (None, None) => scalar(node, mistakes).map(|text| of_text(text, tie)),
            (None, Some(_)) => {
                mistakes.add(node.place, format!("`{key}` needs a number or a text"));
                None
            }
        };
        checks.extend(operator.map(yes));
    }
    if let Some([low, high]) = fields.read(
        "between",
        "a list of two numbers",
        mistakes,
        super::bounds::pair,
    ) {
        if low > high {
            let message =
                format!("no number is between {low} and {high}: put the smaller one first");
            mistakes.add(fields.place(), message);
        }
        checks.extend([yes(Operator::Gte(low)), yes(Operator::Lte(high))]);
    }
}

fn take_texts(fields: &mut Fields<'_>, checks: &mut Vec<Check>, mistakes: &mut Mistakes) {
    type Texts = [(&'static str, fn(Box<str>) -> Operator); 3];
    let texts: Texts = [
        ("contains", Operator::Contains),
        ("starts_with", Operator::StartsWith),
        ("ends_with", Operator::EndsWith),
    ];
    for (key, operator) in texts {
        let bound = fields.optional(key).and_then(|node| scalar(node, mistakes));
        checks.extend(bound.map(|bound| yes(operator(bound))));
    }
    if let Some(node) = fields.optional("matches")
        && let Some(text) = scalar(node, mistakes)
    {
        match Pattern::new(&text) {
            Ok(pattern) => checks.push(yes(Operator::Matches(pattern))),
            Err(error) => {
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or_default().trim();
                mistakes.add(
                    node.place,
                    format!("`{text}` is not a regular expression: {reason}"),
                );
            }
        }
    }
    if let Some(node) = fields.optional("some") {
        let all = read_where(node, mistakes);
        if all.is_empty() {
            mistakes.add(node.place, "`some` needs at least one property");
        }
        checks.push(yes(Operator::Some(all)));
    }
}

fn take_dates(fields: &mut Fields<'_>, checks: &mut Vec<Check>, mistakes: &mut Mistakes) {
    type Dates = [(&'static str, fn(Moment) -> Operator); 2];
    let dates: Dates = [("before", Operator::Before), ("after", Operator::After)];
    for (key, operator) in dates {
        let node = fields.optional(key);
        let moment = node.and_then(|node| read_moment(node, &format!("`{key}`"), mistakes));
        checks.extend(moment.map(|moment| yes(operator(moment))));
    }
    type Spans = [(&'static str, fn(i64) -> Operator); 3];
    let spans: Spans = [
        ("in_last", Operator::InLast),
        ("in_next", Operator::InNext),
        ("anniversary_in_next", Operator::AnniversaryInNext),
    ];
    for (key, operator) in spans {
        let node = fields.optional(key);
        let span = node.and_then(|node| read_duration(node, &format!("`{key}`"), mistakes));
        checks.extend(span.map(|span| yes(operator(span))));
    }
}

fn scalar(node: &Node, mistakes: &mut Mistakes) -> Option<Box<str>> {
    let text = canonical_node(node);
    match &text {
        None => {
            let found = node.describe();
            let message =
                format!("a text, a number, true or false is wanted here, this is {found}");
            mistakes.add(node.place, message);
        }
        Some(text) if text.len() > SCALAR_BYTES_MAX => {
            mistakes.add(node.place, format!("longer than {SCALAR_BYTES_MAX} bytes"));
        }
        Some(_) => {}
    }
    text
}

fn scalars(node: &Node, mistakes: &mut Mistakes) -> Option<Vec<Box<str>>> {
    let Some(items) = node.as_list() else {
        let found = node.describe();
        mistakes.add(
            node.place,
            format!("a list is wanted here, this is {found}"),
        );
        return None;
    };
    if items.is_empty() || items.len() > LIST_MAX {
        mistakes.add(
            node.place,
            format!("a list of 1 to {LIST_MAX} values is wanted here"),
        );
        return None;
    }
    let mut bounds: Vec<Box<str>> = items
        .iter()
        .filter_map(|item| scalar(item, mistakes))
        .collect();
    bounds.sort_unstable();
    bounds.dedup();
    Some(bounds)
}
