//! The law of transitions: joins and leaves alternate, renewals come only between them, and the
//! numbers have no gap. Read from the rows that the engine left.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

type Row = (i64, String);

/// Checks every standing's rows.
///
/// # Errors
///
/// The first standing that breaks the law.
pub fn check(folder: &Path) -> Result<(), String> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let db = Connection::open_with_flags(folder.join("segue.db"), flags);
    let db = db.expect("the file is a database");
    let mut standings: BTreeMap<(Vec<u8>, i64), Vec<Row>> = BTreeMap::new();
    let mut rows = db
        .prepare(
            "SELECT profile, audience, number, op FROM outbox
             WHERE profile IS NOT NULL AND op IN ('join', 'leave') ORDER BY seq",
        )
        .expect("the tables are as they were");
    let rows = rows.query_map([], |row| {
        Ok(((row.get(0)?, row.get(1)?), (row.get(2)?, row.get(3)?)))
    });
    for row in rows.expect("rows can be read") {
        let (standing, transition) = row.expect("rows can be read");
        standings.entry(standing).or_default().push(transition);
    }
    for ((_, audience), rows) in &standings {
        if !is_lawful(rows) {
            return Err(format!(
                "audience no. {audience} has the transitions {rows:?}"
            ));
        }
    }
    Ok(())
}

fn is_lawful(rows: &[Row]) -> bool {
    let mut standing = 0;
    rows.iter().all(|(number, op)| {
        let renews = *number == standing && op == "join" && standing % 2 == 1;
        let follows = *number == standing + 1 && (op == "join") == (number % 2 == 1);
        standing = *number;
        renews || follows
    })
}
