//! Groups, segments and members, in every store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use segue_receiver::segments::{GroupError, Segments};
use serde_json::{Value, json};

use crate::harness::{Delivery, GROUP, add, builder, members, remove, replace, stores};

#[tokio::test]
async fn a_group_is_the_apps_until_it_is_connected() {
    for (segments, _folder) in stores().await {
        let receiver = builder(&segments).build().unwrap();
        assert!(matches!(
            segments.create_group(GROUP, "Again").await,
            Err(GroupError::Exists)
        ));
        segments.rename_group(GROUP, "Renamed").await.unwrap();
        segments.create_group("spare", "Spare").await.unwrap();
        segments.delete_group("spare").await.unwrap();
        assert!(matches!(
            segments.delete_group("spare").await,
            Err(GroupError::Unknown)
        ));
        for (id, name) in [("a b", "x"), ("", "x"), ("ok", ""), ("ä", "x")] {
            assert!(segments.create_group(id, name).await.is_err(), "{id}");
        }

        receiver.connect().await.unwrap();
        assert!(matches!(
            segments.rename_group(GROUP, "x").await,
            Err(GroupError::Locked)
        ));
        assert!(matches!(
            segments.delete_group(GROUP).await,
            Err(GroupError::Locked)
        ));
        let groups = segments.groups().await.unwrap();
        assert_eq!(
            (groups.len(), &*groups[0].name, groups[0].locked),
            (1, "Renamed", true)
        );
    }
}

#[tokio::test]
async fn the_first_delivery_locks_the_group() {
    for (segments, _folder) in stores().await {
        let app = builder(&segments).build().unwrap().router::<()>();
        Delivery::of(json!([])).send(&app).await;
        assert!(matches!(
            segments.delete_group(GROUP).await,
            Err(GroupError::Locked)
        ));
    }
}

#[tokio::test]
async fn a_segment_follows_the_newest_name_of_its_audience() {
    for (segments, _folder) in stores().await {
        let app = builder(&segments).build().unwrap().router::<()>();
        let named = |person: &str, sequence: u64, name: &str| {
            let mut change = add(person, "vip", sequence);
            change["audience"]["name"] = json!(name);
            change
        };
        for (person, sequence, name, expected) in [
            ("1", 10, "VIP", "VIP"),
            ("2", 30, "Very important", "Very important"),
            ("3", 20, "VIP", "Very important"),
            ("4", 40, "Most important", "Most important"),
        ] {
            Delivery::of(json!([named(person, sequence, name)]))
                .send(&app)
                .await;
            let all = segments.segments(GROUP).await.unwrap();
            assert_eq!(
                (all.len(), &*all[0].identifier, &*all[0].name),
                (1, "vip", expected)
            );
        }
    }
}

#[tokio::test]
async fn members_are_paged_and_segments_of_a_person_listed() {
    for (segments, _folder) in stores().await {
        let app = builder(&segments).build().unwrap().router::<()>();
        let all: Vec<_> = crate::harness::persons(50);
        Delivery::of(json!([replace(&all, "vip", 1), add("p000007", "new", 1)]))
            .send(&app)
            .await;
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let page = segments
                .members(GROUP, "vip", after.as_ref(), 7)
                .await
                .unwrap();
            let Some(last) = page.last().cloned() else {
                break;
            };
            found.extend(page.iter().map(ToString::to_string));
            after = Some(last);
        }
        assert_eq!(found, all);
        let person = "p000007".parse().unwrap();
        let of = segments.segments_of(GROUP, &person).await.unwrap();
        let of: Vec<_> = of.iter().map(|segment| &*segment.identifier).collect();
        assert_eq!(of, ["new", "vip"]);
    }
}

#[tokio::test]
async fn an_older_add_does_not_bring_a_removed_person_back() {
    for (segments, _folder) in stores().await {
        let app = builder(&segments).build().unwrap().router::<()>();
        for (change, expected) in [
            (remove("1", "vip", 20), &[][..]),
            (add("1", "vip", 10), &[]),
            (replace(&["1".into(), "2".into()], "vip", 15), &["2"]),
            (add("3", "vip", 14), &["2"]),
            (remove("2", "vip", 15), &["2"]),
            (replace(&["9".into()], "vip", 15), &["2"]),
            (add("1", "vip", 21), &["1", "2"]),
            (replace(&[], "vip", 30), &[]),
            (add("2", "vip", 30), &[]),
        ] {
            Delivery::of(json!([change])).send(&app).await;
            assert_eq!(members(&segments, "vip").await, expected, "{change}");
        }
    }
}

/// One change of a generated history; its place is its sequence.
#[derive(Clone, Debug)]
enum Op {
    Add(u8),
    Remove(u8),
    Replace(BTreeSet<u8>),
}

fn op() -> impl Strategy<Value = (u8, Op)> {
    let person = 0_u8..6;
    let op = prop_oneof![
        4 => person.clone().prop_map(Op::Add),
        3 => person.clone().prop_map(Op::Remove),
        1 => prop::collection::btree_set(person, 0..6).prop_map(Op::Replace),
    ];
    (0_u8..2, op)
}

/// Who is a member when the history is read once, in order.
fn expected(history: &[(u8, Op)]) -> BTreeMap<u8, BTreeSet<u8>> {
    let mut state: BTreeMap<u8, BTreeSet<u8>> = BTreeMap::new();
    for (audience, op) in history {
        let members = state.entry(*audience).or_default();
        match op {
            Op::Add(person) => {
                members.insert(*person);
            }
            Op::Remove(person) => {
                members.remove(person);
            }
            Op::Replace(persons) => members.clone_from(persons),
        }
    }
    state
}

fn change(case: usize, sequence: usize, (audience, op): &(u8, Op)) -> Value {
    let (audience, sequence) = (format!("c{case}-{audience}"), sequence as u64);
    match op {
        Op::Add(person) => add(&person.to_string(), &audience, sequence),
        Op::Remove(person) => remove(&person.to_string(), &audience, sequence),
        Op::Replace(persons) => {
            let persons: Vec<_> = persons.iter().map(ToString::to_string).collect();
            replace(&persons, &audience, sequence)
        }
    }
}

async fn found(segments: &Segments, case: usize, audience: u8) -> BTreeSet<u8> {
    let members = members(segments, &format!("c{case}-{audience}")).await;
    members
        .iter()
        .map(|person| person.parse().expect("it was a number"))
        .collect()
}

/// Each change at least once, in any order and in deliveries of a few; some come again.
fn deliveries() -> impl Strategy<Value = (Vec<(u8, Op)>, Vec<Vec<usize>>)> {
    let history = prop::collection::vec(op(), 1..40);
    let order = prop::collection::vec((any::<prop::sample::Index>(), 1_usize..4), 0..60);
    (history, order, any::<usize>()).prop_map(|(history, order, by)| {
        let places = |(first, count): &(prop::sample::Index, usize)| {
            let first = first.index(history.len());
            (first..(first + count).min(history.len())).rev().collect()
        };
        let mut sent: Vec<Vec<usize>> = order.iter().map(places).collect();
        // Whatever was not sent yet comes last, from a place that differs.
        let missing = (0..history.len()).filter(|at| !sent.iter().flatten().any(|s| s == at));
        let mut missing: Vec<_> = missing.map(|at| vec![at]).collect();
        if !missing.is_empty() {
            let by = by % missing.len();
            missing.rotate_left(by);
        }
        sent.extend(missing);
        (history, sent)
    })
}

/// Some deliveries become jobs, which are worked off beside the deliveries after them.
async fn deliver_all(
    segments: &Segments,
    case: usize,
    history: &[(u8, Op)],
    sent: &[Vec<usize>],
) -> Result<(), TestCaseError> {
    let receiver = builder(segments).bulk_async_threshold(3).build();
    let app = receiver.expect("the settings are right").router::<()>();
    let mut answers = Vec::new();
    for indices in sent {
        let changes = indices.iter().map(|at| change(case, *at, &history[*at]));
        let changes: Vec<_> = changes.collect();
        let answer = Delivery::of(json!(changes)).send(&app).await;
        prop_assert!(answer.status.is_success(), "{}", answer.text);
        answers.push(answer);
    }
    for answer in &answers {
        wait_for_job(&app, answer).await;
    }
    for (audience, members) in expected(history) {
        prop_assert_eq!(found(segments, case, audience).await, members);
    }
    Ok(())
}

#[test]
fn any_order_ends_in_the_newest_sequences() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stores = runtime.block_on(stores());
    let config = ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let cases = AtomicUsize::new(0);
    let result = TestRunner::new(config).run(&deliveries(), |(history, sent)| {
        let case = cases.fetch_add(1, Ordering::Relaxed);
        for (segments, _folder) in &stores {
            runtime.block_on(deliver_all(segments, case, &history, &sent))?;
        }
        Ok(())
    });
    result.unwrap();
}

pub(crate) async fn wait_for_job(app: &axum::Router, answer: &crate::harness::Answer) {
    if answer.status == 202 {
        let job = answer.json()["job"]
            .as_str()
            .expect("it names a job")
            .to_owned();
        crate::jobs::done(app, &job).await;
    }
}

#[tokio::test]
async fn every_store_conforms() {
    use segue_receiver::segments::{MemoryStore, PostgresStore, SqliteStore, conformance};
    conformance::check(&MemoryStore::new()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let sqlite = SqliteStore::open(folder.path().join("segments.db")).unwrap();
    conformance::check(&sqlite).await.unwrap();
    if let Some(url) = crate::postgres::database().await {
        let postgres = PostgresStore::connect(&url).await.unwrap();
        conformance::check(&postgres).await.unwrap();
    }
}
