//! Persons that the host does not know yet.

use std::collections::HashSet;

use super::{Violation, add, applied, delivery, equal, members, names, person, remove, replace};
use crate::payload::{Change, PersonId};
use crate::segments::{Delivery, SegmentStore};

const GROUP: &str = "conformance-persons";

fn unknown(changes: Vec<Change>, who: &[&str]) -> Delivery {
    Delivery {
        unknown: who.iter().map(|who| person(who)).collect::<HashSet<_>>(),
        ..delivery(GROUP, changes)
    }
}

/// Of the suite's persons that are pending somewhere.
async fn pending(store: &dyn SegmentStore) -> Result<Vec<PersonId>, Violation> {
    let mut pending: Vec<PersonId> = Vec::new();
    loop {
        let page = store.pending(pending.last(), 2).await?;
        if page.is_empty() {
            return Ok(pending);
        }
        pending.extend(page);
    }
}

pub(super) async fn check(store: &dyn SegmentStore) -> Result<(), Violation> {
    store.create_group(GROUP, "Persons").await?;
    let changes = vec![
        add("a", "vip", 1),
        add("b", "vip", 1),
        add("c", "vip", 1),
        remove("c", "vip", 2),
        replace(&["a", "b", "d"], "new", 1),
    ];
    let delivered = store.deliver(unknown(changes, &["b", "c", "d"])).await?;
    let rule = "whom the host does not know is pending, and no member";
    equal(rule, &delivered.outcome, &applied(5, &[], 3))?;
    equal(rule, &members(store, GROUP, "vip").await?, &names(&["a"]))?;
    equal(rule, &members(store, GROUP, "new").await?, &names(&["a"]))?;
    let found = pending(store).await?;
    for who in ["b", "d"] {
        equal(
            "pending persons are listed",
            &found.contains(&person(who)),
            &true,
        )?;
    }
    let known = found.contains(&person("a"));
    equal("known persons are not listed", &known, &false)?;

    let persons = ["b", "c"].map(person).to_vec();
    let changes = store.settle(persons.clone()).await?;
    let joined = changes.iter().flat_map(|change| &change.joined);
    let joined: Vec<_> = joined
        .map(|moved| (moved.person.as_str(), moved.sequence))
        .collect();
    let rule = "settling makes members of those who are pending, and tells so";
    equal(rule, &joined, &vec![("b", 1), ("b", 1)])?;
    equal(
        rule,
        &members(store, GROUP, "vip").await?,
        &names(&["a", "b"]),
    )?;
    equal(
        rule,
        &members(store, GROUP, "new").await?,
        &names(&["a", "b"]),
    )?;
    let again = store.settle(persons).await?;
    equal(
        "whoever is settled is not settled again",
        &again,
        &Vec::new(),
    )?;

    let changes = vec![replace(&["b", "d"], "new", 5)];
    let delivered = store.deliver(unknown(changes, &["d"])).await?;
    let rule = "a replace keeps pending persons pending and counts them";
    equal(rule, &delivered.outcome, &applied(1, &[], 1))?;
    store.settle(vec![person("d")]).await?;
    equal(
        rule,
        &members(store, GROUP, "new").await?,
        &names(&["b", "d"]),
    )
}
