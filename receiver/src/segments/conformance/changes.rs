//! Sequences, tombstones, floors, names, and what is told of them.

use super::{
    Violation, add, applied, apply, audience, delivery, equal, members, names, person, remove,
    replace,
};
use crate::payload::Change;
use crate::segments::{Delivery, Moved, Plan, Segment, SegmentChange, SegmentStore};

const GROUP: &str = "conformance-changes";

pub(super) async fn check(store: &dyn SegmentStore) -> Result<(), Violation> {
    store.create_group(GROUP, "Changes").await?;
    check_sequences(store).await?;
    check_floor(store).await?;
    check_names(store).await?;
    check_telling(store).await?;
    check_trying(store).await
}

async fn check_sequences(store: &dyn SegmentStore) -> Result<(), Violation> {
    let changes = vec![
        add("a", "one", 5),
        add("a", "one", 5),
        remove("a", "one", 7),
        add("a", "one", 6),
        add("b", "one", 1),
        remove("c", "one", 9),
    ];
    let delivered = apply(store, GROUP, changes).await?;
    let rule = "only a newer sequence counts, also above that of a removed person";
    equal(rule, &delivered.outcome, &applied(4, &[1, 3], 0))?;
    apply(store, GROUP, vec![add("c", "one", 8)]).await?;
    let found = members(store, GROUP, "one").await?;
    equal(rule, &found, &names(&["b"]))?;
    let largest = i64::MAX.cast_unsigned();
    apply(
        store,
        GROUP,
        vec![add("z", "one", largest), add("y", "one", 0)],
    )
    .await?;
    let found = members(store, GROUP, "one").await?;
    let rule = "sequences reach from 0 to the largest signed 64-bit integer";
    equal(rule, &found, &names(&["b", "y", "z"]))
}

async fn check_floor(store: &dyn SegmentStore) -> Result<(), Violation> {
    let changes = vec![
        add("old", "two", 3),
        add("new", "two", 30),
        remove("gone", "two", 31),
        replace(&["a", "gone", "a"], "two", 20),
        replace(&["b"], "two", 19),
        add("old", "two", 20),
        add("late", "two", 21),
    ];
    let delivered = apply(store, GROUP, changes).await?;
    let rule = "a replace goes person by person and then raises the floor";
    equal(rule, &delivered.outcome, &applied(5, &[4, 5], 0))?;
    let found = members(store, GROUP, "two").await?;
    equal(rule, &found, &names(&["a", "late", "new"]))?;
    apply(
        store,
        GROUP,
        vec![remove("a", "two", 20), replace(&[], "two", 22)],
    )
    .await?;
    let found = members(store, GROUP, "two").await?;
    let rule = "an empty replace leaves those whose sequence is above it";
    equal(rule, &found, &names(&["new"]))
}

async fn check_names(store: &dyn SegmentStore) -> Result<(), Violation> {
    let named = |name: &str, sequence| match add("a", "three", sequence) {
        Change::Add {
            person,
            sequence,
            at,
            ..
        } => Change::Add {
            person,
            audience: audience("three", name),
            sequence,
            at,
        },
        other => other,
    };
    apply(store, GROUP, vec![named("First", 5)]).await?;
    apply(store, GROUP, vec![named("Newest", 9), named("Older", 7)]).await?;
    apply(store, GROUP, vec![named("Oldest", 1)]).await?;
    let segments = store.segments(GROUP).await?;
    let expected = Segment {
        identifier: "three".to_owned(),
        name: "Newest".to_owned(),
    };
    let found = segments.iter().find(|one| one.identifier == "three");
    let rule = "a segment has the name of its newest change";
    equal(rule, &found, &Some(&expected))?;
    let ids: Vec<_> = segments.iter().map(|one| &*one.identifier).collect();
    equal(
        "segments are ordered by identifier",
        &ids,
        &vec!["one", "three", "two"],
    )?;
    let of = store.segments_of(GROUP, &person("a")).await?;
    equal(
        "segments of a person are those they are in",
        &of,
        &vec![expected],
    )
}

async fn check_telling(store: &dyn SegmentStore) -> Result<(), Violation> {
    let changes = vec![
        add("a", "four", 1),
        add("b", "four", 1),
        remove("x", "four", 1),
        add("a", "four", 2),
    ];
    let delivered = apply(store, GROUP, changes).await?;
    let told = |joined: &[(&str, u64)], left: &[(&str, u64)]| {
        let moved = |(who, sequence): &(&str, u64)| Moved {
            person: person(who),
            sequence: *sequence,
        };
        vec![SegmentChange {
            group: GROUP.to_owned(),
            segment: "four".to_owned(),
            joined: joined.iter().map(moved).collect(),
            left: left.iter().map(moved).collect(),
        }]
    };
    let rule = "whoever became a member or ceased to be one is told of, and nobody else";
    let expected = told(&[("a", 1), ("b", 1)], &[]);
    equal(rule, &delivered.changes, &expected)?;
    let delivered = apply(store, GROUP, vec![replace(&["a", "c"], "four", 5)]).await?;
    equal(rule, &delivered.changes, &told(&[("c", 5)], &[("b", 5)]))
}

async fn check_trying(store: &dyn SegmentStore) -> Result<(), Violation> {
    let changes = vec![
        replace(&["z"], "four", 50),
        add("a", "five", 1),
        add("z", "four", 9),
    ];
    let tried = Delivery {
        plan: Plan::Try,
        ..delivery(GROUP, changes)
    };
    let delivered = store.deliver(tried).await?;
    let rule = "a try is answered in full and changes nothing";
    equal(rule, &delivered.outcome, &applied(2, &[2], 0))?;
    equal(rule, &delivered.changes, &Vec::new())?;
    let found = members(store, GROUP, "four").await?;
    equal(rule, &found, &names(&["a", "c"]))?;
    let segments = store.segments(GROUP).await?.len();
    equal(rule, &segments, &4)
}
