//! A definition as it was sent, checked against the others: every mistake has its place.

use std::collections::HashSet;

use serde_json::Value;

use super::{Kind, mask};
use crate::activation::Activation;
use crate::admin::body::checked;
use crate::admin::problem::Problem;
use crate::audience::{AudienceSet, Definition};
use crate::delivery::Destination;
use crate::document::{Mistake, Mistakes, Node, NodeKind, suggestion};
use crate::pipeline::catalog::{Account, Stored};

/// The path of an audience with one of these ids is that of a call.
const CALLS: [&str; 2] = ["preview", "schema"];

/// A definition without mistakes.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) id: String,
    pub(super) definition: Value,
    /// It says by itself whether it is active.
    pub(super) says_active: bool,
}

/// Checks a definition; `kept` is the one that it takes the place of.
pub(super) fn check(
    kind: Kind,
    account: &Account,
    written: &Node,
    kept: Option<&Stored>,
) -> Result<Checked, Problem> {
    let mut node = written.clone();
    if let Some(kept) = kept {
        name(&mut node, &kept.id)?;
    }
    if kind == Kind::Destination {
        mask::restore(&mut node, kept).map_err(Problem::mistakes)?;
    }
    let id = match kind {
        Kind::Audience => audience(account, &node).map(|(_, definition)| definition.id),
        Kind::Destination => {
            let mut mistakes = Mistakes::default();
            let read = Destination::read(&node, &mut mistakes);
            checked(read, mistakes).map(|destination| destination.id)
        }
        Kind::Activation => activation(account, &node),
    }
    .map_err(Problem::mistakes)?;
    if kept.is_none() && kind.find(&account.stored, &id).is_some() {
        let detail = format!("there is {} `{id}` already", kind.article());
        return Err(Problem::conflict("exists", detail));
    }
    if kind == Kind::Audience && CALLS.contains(&id.as_str()) {
        let detail = format!("`{id}` is the name of a call: nobody could ask for the audience");
        return Err(Problem::unprocessable("reserved_id", detail));
    }
    Ok(Checked {
        id,
        definition: node.to_json(),
        says_active: node.get("active").or(node.get("status")).is_some(),
    })
}

impl Kind {
    const fn article(self) -> &'static str {
        match self {
            Self::Audience => "an audience",
            Self::Destination => "a destination",
            Self::Activation => "an activation",
        }
    }
}

/// Gives a definition the id of its path, which it may leave out and may not change.
fn name(node: &mut Node, id: &str) -> Result<(), Problem> {
    let place = node.place;
    let NodeKind::Map(entries) = &mut node.kind else {
        return Ok(());
    };
    match entries.iter().find(|(key, ..)| key == "id") {
        None => {
            let kind = NodeKind::Scalar {
                text: id.to_owned(),
                plain: false,
            };
            entries.insert(0, ("id".to_owned(), place, Node { place, kind }));
            Ok(())
        }
        Some((.., written)) if written.as_text() == Some(id) => Ok(()),
        Some((.., written)) => {
            let message = format!("the id is `{id}`, as in the path: it cannot be changed");
            let place = written.place;
            Err(Problem::mistakes(vec![Mistake { place, message }]))
        }
    }
}

/// Gives a definition that has no id this one.
pub(in crate::admin) fn give_id(node: &mut Node, id: &str) {
    let place = node.place;
    let NodeKind::Map(entries) = &mut node.kind else {
        return;
    };
    if !entries.iter().any(|(key, ..)| key == "id") {
        let kind = NodeKind::Scalar {
            text: id.to_owned(),
            plain: false,
        };
        entries.push(("id".to_owned(), place, Node { place, kind }));
    }
}

/// Reads an audience and compiles it together with the account's others.
pub(in crate::admin) fn audience(
    account: &Account,
    node: &Node,
) -> Result<(AudienceSet, Definition), Vec<Mistake>> {
    let mut mistakes = Mistakes::default();
    let read = Definition::read(node, &mut mistakes);
    let definition = checked(read, mistakes)?;
    let others = account.audiences.audiences().map(|(_, other)| other);
    let others = others.filter(|other| other.id != definition.id);
    // The others were right before: what goes wrong together is told at the place of the new one.
    let mut all: Vec<Definition> = others
        .map(|other| Definition {
            place: definition.place,
            ..other.clone()
        })
        .collect();
    all.push(definition.clone());
    let mut numbering = account.stored.numbering.clone();
    let version = crate::keys::CatalogVersion(account.audiences.version().0 + 1);
    let zone = jiff::tz::TimeZone::get(&account.stored.time_zone);
    let zone = zone.unwrap_or(jiff::tz::TimeZone::UTC);
    let set = AudienceSet::compile(&all, version, &mut numbering, &zone)?;
    Ok((set, definition))
}

fn activation(account: &Account, node: &Node) -> Result<String, Vec<Mistake>> {
    let mut mistakes = Mistakes::default();
    let read = Activation::read(node, &mut mistakes);
    let audiences: HashSet<&str> = ids(Kind::Audience, account).collect();
    let destinations: HashSet<&str> = ids(Kind::Destination, account).collect();
    for key in ["audience", "audiences"] {
        exists(node.get(key), "audience", &audiences, &mut mistakes);
    }
    exists(node.get("to"), "destination", &destinations, &mut mistakes);
    if let Some(activation) = &read {
        activation.check(node, &mut mistakes);
    }
    checked(read, mistakes).map(|activation| activation.id)
}

fn ids(kind: Kind, account: &Account) -> impl Iterator<Item = &str> {
    kind.all(&account.stored).map(|stored| stored.id.as_str())
}

/// Notes every name in `node` (one, or a list) that is nobody's id.
fn exists(node: Option<&Node>, what: &str, known: &HashSet<&str>, mistakes: &mut Mistakes) {
    let Some(node) = node else { return };
    for name in node.as_list().unwrap_or(std::slice::from_ref(node)) {
        let Some(id) = name.as_text().filter(|id| !known.contains(id)) else {
            continue;
        };
        let meant = suggestion(id, known.iter().copied())
            .map(|known| format!("; did you mean `{known}`?"))
            .unwrap_or_default();
        mistakes.add(name.place, format!("there is no {what} `{id}`{meant}"));
    }
}
