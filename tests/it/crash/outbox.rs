//! Every transition has one row for each activation, and each row that is sent one delivery.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use serde_json::Value as Json;

use segue_tests::environment::say;
use segue_tests::proxy::ProxyProcess;
use segue_tests::sink::Sink;

use super::AUDIENCES;

/// What the admin API says of the triggers: how many rows, and the ids of what was delivered.
#[derive(Debug, Default)]
pub(super) struct Told {
    rows: usize,
    delivered: BTreeSet<String>,
}

/// Asks the admin API.
pub(super) async fn told(proxy: &ProxyProcess) -> Told {
    let mut told = Told::default();
    for audience in AUDIENCES {
        for row in proxy.admin().deliveries(&format!("tell_{audience}")).await {
            told.rows += 1;
            match row["state"].as_str() {
                Some("delivered") => {
                    let id = row["id"].as_str().expect("what was delivered has an id");
                    let new = told.delivered.insert(id.to_owned());
                    assert!(new, "{id} is the delivery of two transitions");
                }
                Some("skipped") => assert!(row["reason"].is_string(), "{row}"),
                _ => panic!("neither delivered nor skipped: {row}"),
            }
        }
    }
    told
}

/// Reads the file that the stopped proxy left.
pub(super) fn check(data_dir: &Path, told: &Told, sink: &Sink) {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let db = Connection::open_with_flags(data_dir.join("segue.db"), flags);
    let db = db.expect("the file is a database");
    let sound: String = db
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .expect("a database can be checked");
    assert_eq!(sound, "ok");
    let transitions = each_transition_once(&db);
    assert_eq!(told.rows, transitions.1, "the API lists each row");
    say(&format!(
        "{} standings with {} transitions, {} told to the sink",
        transitions.0,
        transitions.1,
        told.delivered.len()
    ));

    let received = sink.received();
    let ids: BTreeSet<String> = received.iter().map(|one| one.id.clone()).collect();
    let untold: Vec<_> = told.delivered.difference(&ids).collect();
    assert!(
        untold.is_empty(),
        "delivered and never received: {untold:?}"
    );
    let mut bodies: BTreeMap<&str, &Json> = BTreeMap::new();
    for one in &received {
        let first = bodies.entry(&one.id).or_insert(&one.body);
        assert_eq!(*first, &one.body, "{} has two bodies", one.id);
    }
}

/// Every transition of every standing has exactly one row of its trigger, joins and leaves in
/// turn. Returns how many standings and rows there are.
fn each_transition_once(db: &Connection) -> (usize, usize) {
    let mut rows = db
        .prepare(
            "SELECT hex(outbox.profile), outbox.audience, outbox.number, outbox.op
             FROM outbox WHERE op IN ('join', 'leave') AND outbox.profile IS NOT NULL
               AND activation NOT IN (SELECT activation FROM outbox WHERE op IN ('add', 'remove'))
             ORDER BY 1, 2, 3, outbox.seq",
        )
        .expect("the tables are as they were");
    let rows = rows.query_map([], |row| {
        let standing: (String, i64) = (row.get(0)?, row.get(1)?);
        Ok((standing, row.get::<_, i64>(2)?, row.get::<_, String>(3)?))
    });
    let mut standings: BTreeMap<(String, i64), Vec<(i64, String)>> = BTreeMap::new();
    let mut count = 0;
    for row in rows.expect("rows can be read") {
        let (standing, number, op) = row.expect("rows can be read");
        standings.entry(standing).or_default().push((number, op));
        count += 1;
    }
    for (standing, transitions) in &standings {
        for (expected, (number, op)) in (1..).zip(transitions) {
            let turn = if expected % 2 == 1 { "join" } else { "leave" };
            assert_eq!(
                (*number, op.as_str()),
                (expected, turn),
                "{standing:?} has a transition without a row or with two: {transitions:?}"
            );
        }
    }
    let mut newest = db
        .prepare("SELECT hex(profile), audience, number FROM membership WHERE number > 0")
        .expect("the tables are as they were");
    let newest = newest.query_map([], |row| {
        Ok(((row.get(0)?, row.get(1)?), row.get::<_, i64>(2)?))
    });
    for row in newest.expect("rows can be read") {
        let (standing, number): ((String, i64), i64) = row.expect("rows can be read");
        let known = standings.get(&standing).map_or(0, Vec::len);
        assert_eq!(
            known as u64,
            number.unsigned_abs(),
            "{standing:?} has a transition without a row"
        );
    }
    (standings.len(), count)
}
