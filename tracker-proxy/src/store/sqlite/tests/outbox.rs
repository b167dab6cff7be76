//! What goes out: lists that are found by index, files of before, and what is taken away.

use rusqlite::Connection;

use super::*;
use crate::keys::ActivationNo;
use crate::store::{
    DeliveryFilter, DeliveryRow, DeliveryState, OutboxRow, OutcomeRow, PrunedRow, ResyncRow, Want,
};

fn outbox(op: &'static str, delivery: Option<&str>, reason: Option<&'static str>) -> OutboxRow {
    OutboxRow {
        seq: 0,
        account: ACCOUNT,
        activation: ActivationNo(1),
        audience: AudienceNo(1),
        profile: Some(person("ada")),
        number: 1,
        op: op.into(),
        at: TimeMs(5),
        delivery: delivery.map(str::to_owned),
        reason: reason.map(Into::into),
    }
}

fn delivery(id: &str) -> DeliveryRow {
    DeliveryRow {
        row: 0,
        id: id.to_owned(),
        account: ACCOUNT,
        activation: ActivationNo(1),
        destination: "shop".to_owned(),
        profile: None,
        body: b"{}".to_vec(),
        state: DeliveryState::Pending,
        reason: None,
        attempts: 0,
        log: "[]".to_owned(),
        next: TimeMs(5),
        created: TimeMs(5),
    }
}

fn outcome(id: &str, state: DeliveryState, reason: Option<&str>) -> OutcomeRow {
    OutcomeRow {
        id: id.to_owned(),
        state,
        reason: reason.map(str::to_owned),
        attempts: 1,
        log: "{}".to_owned(),
        next: TimeMs(5),
    }
}

fn apply(store: &mut SqliteStore, apply: Apply) {
    let follows = store.head().unwrap().commits;
    let commit = Commit {
        follows,
        apply,
        ..Commit::default()
    };
    store.commit(&commit).unwrap();
}

/// One row in each state.
fn store_of_all_kinds() -> (tempfile::TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(folder.path()).unwrap();
    let ids = ["waits", "arrived", "dead", "dropped"];
    let sent = ids.map(|id| outbox("join", Some(id), None));
    let unsent = outbox("leave", None, Some("no_consent"));
    let first = Apply {
        outbox: sent.into_iter().chain([unsent]).collect(),
        deliveries: ids.map(delivery).into(),
        ..Apply::default()
    };
    apply(&mut store, first);
    let outcomes = vec![
        outcome("arrived", DeliveryState::Delivered, None),
        outcome("dead", DeliveryState::Failed, Some("gave_up")),
        outcome("dropped", DeliveryState::Skipped, Some("no_consent")),
    ];
    let second = Apply {
        outcomes,
        ..Apply::default()
    };
    apply(&mut store, second);
    (folder, store)
}

fn filter() -> DeliveryFilter {
    DeliveryFilter {
        account: ACCOUNT,
        activation: None,
        state: None,
        reason: None,
        before: None,
        limit: 100,
    }
}

/// Every combination of what can be asked for.
fn filters() -> Vec<DeliveryFilter> {
    let states = [
        None,
        Some(DeliveryState::Pending),
        Some(DeliveryState::Delivered),
        Some(DeliveryState::Failed),
        Some(DeliveryState::Skipped),
    ];
    let mut all = Vec::new();
    for state in states {
        for activation in [None, Some(ActivationNo(1))] {
            for reason in [None, Some("no_consent".to_owned())] {
                all.push(DeliveryFilter {
                    state,
                    activation,
                    reason,
                    ..filter()
                });
            }
        }
    }
    all
}

#[test]
fn every_filter_finds_what_it_asks_for_newest_first() {
    let (_folder, store) = store_of_all_kinds();
    let everything = store.outbox(&filter()).unwrap();
    assert_eq!(everything.len(), 5);
    for filter in filters() {
        let fits = |(row, delivery): &&(OutboxRow, Option<DeliveryRow>)| {
            let state = delivery
                .as_ref()
                .map_or(DeliveryState::Skipped, |one| one.state);
            let reason = delivery.as_ref().and_then(|one| one.reason.as_deref());
            let reason = reason.or(row.reason.as_deref());
            filter.state.is_none_or(|wanted| wanted == state)
                && (filter.reason.is_none() || filter.reason.as_deref() == reason)
        };
        let expected: Vec<_> = everything.iter().filter(fits).cloned().collect();
        assert_eq!(store.outbox(&filter).unwrap(), expected, "{filter:?}");
    }
}

/// How SQLite goes about a statement.
fn plan(db: &Connection, statement: &str) -> String {
    let mut plan = db
        .prepare(&format!("EXPLAIN QUERY PLAN {statement}"))
        .unwrap();
    let steps = plan.raw_query().mapped(|row| row.get::<_, String>(3));
    steps.map(Result::unwrap).collect::<Vec<_>>().join("; ")
}

#[test]
fn no_list_looks_through_a_whole_table() {
    let (_folder, store) = store_of_all_kinds();
    let waiting = "SELECT row FROM delivery d WHERE d.state = 0 AND d.account = ?1
        AND d.destination = ?2 AND (d.next, d.row) > (?3, ?4) ORDER BY d.next, d.row LIMIT 5";
    let mut statements: Vec<String> = filters()
        .iter()
        .flat_map(super::super::outbox::statements)
        .collect();
    statements.push(waiting.to_owned());
    for statement in statements {
        let plan = plan(&store.own.db, &statement);
        assert!(!plan.contains("SCAN"), "{plan}: {statement}");
        let sorted = plan.contains("TEMP B-TREE");
        let by_index = statement.contains("INDEXED BY delivery_") || !sorted;
        assert!(by_index, "{plan}: {statement}");
    }
}

#[test]
fn a_delivery_goes_with_its_last_row_and_never_before_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(folder.path()).unwrap();
    let rows = ["shared", "shared", "waits"].map(|id| outbox("add", Some(id), None));
    let made = Apply {
        outbox: rows.into(),
        deliveries: ["shared", "waits"].map(delivery).into(),
        outcomes: vec![outcome("shared", DeliveryState::Delivered, None)],
        ..Apply::default()
    };
    apply(&mut store, made);
    let aged = store.outbox_after(0, 10).unwrap();
    let waits: Vec<bool> = aged.iter().map(|row| row.waits).collect();
    assert_eq!(waits, [false, false, true]);
    let mut prune = |row: usize| {
        let (seq, delivery) = (aged[row].seq, aged[row].delivery);
        let pruned = vec![PrunedRow { seq, delivery }];
        apply(
            &mut store,
            Apply {
                pruned,
                ..Apply::default()
            },
        );
        ["shared", "waits"].map(|id| store.delivery(id).unwrap().is_some())
    };
    assert_eq!(prune(0), [true, true]);
    assert_eq!(prune(1), [false, true]);
    assert_eq!(
        prune(2),
        [false, true],
        "whoever asks for it, what waits stays"
    );
}

#[test]
fn a_file_of_before_keeps_its_outbox() {
    let folder = tempfile::tempdir().unwrap();
    let db = Connection::open(folder.path().join("segue.db")).unwrap();
    db.execute_batch(super::super::schema::STEPS[0]).unwrap();
    db.execute_batch(
        "INSERT INTO head VALUES (1, x'00112233445566778899aabbccddeeff', 1, 0, 0, 0, 0, 0, 0);
         INSERT INTO delivery VALUES (7, 'd', 1, 1, 'shop', NULL, x'7b7d', 0, NULL, 0, '[]', 5, 5);
         INSERT INTO outbox VALUES (1, 1, 1, 1, NULL, 1, 'add', 5, 'd', NULL);
         INSERT INTO outbox VALUES (2, 1, 1, 1, NULL, 1, 'join', 5, NULL, 'historical');
         INSERT INTO catalog VALUES (1, '{\"accounts\":[]}');
         INSERT INTO catalog VALUES (2,
             '{\"accounts\":[{\"no\":1,\"activations\":[{\"no\":1}]},{\"no\":2,\"activations\":[]}]}');
         PRAGMA user_version = 1;",
    )
    .unwrap();
    drop(db);
    let store = SqliteStore::open(folder.path()).unwrap();
    let rows = store.outbox(&filter()).unwrap();
    let seen: Vec<_> = rows
        .iter()
        .map(|(row, delivery)| (row.seq, row.delivery.as_deref(), delivery.is_some()))
        .collect();
    assert_eq!(seen, [(2, None, false), (1, Some("d"), true)]);
    let needs: Vec<_> = store.resyncs().unwrap();
    let told_once_more = ResyncRow {
        account: AccountNo(1),
        activation: ActivationNo(1),
        want: Some(Want::Now),
    };
    assert_eq!(needs, [told_once_more]);
}

#[test]
fn a_log_keeps_the_newest_attempts() {
    let (_folder, mut store) = store_of_all_kinds();
    for n in 0..80 {
        let log = format!("{{\"attempt\":{n}}}");
        let outcomes = vec![OutcomeRow {
            log,
            ..outcome("waits", DeliveryState::Pending, None)
        }];
        apply(
            &mut store,
            Apply {
                outcomes,
                ..Apply::default()
            },
        );
    }
    let log = store.delivery("waits").unwrap().unwrap().log;
    let attempts: Vec<serde_json::Value> = serde_json::from_str(&log).unwrap();
    assert_eq!(attempts.len(), 50);
    assert_eq!(attempts[49]["attempt"], 79);
}
