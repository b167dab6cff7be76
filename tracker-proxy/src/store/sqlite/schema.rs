//! The tables. Every key starts with the account; profiles carry their part.

use rusqlite::Connection;

use crate::store::StoreError;

/// The schema that this program writes.
const SCHEMA: u32 = 1;

/// Rows of profiles and history are found by a row number: a row of up to 4 KB then stays on one
/// page, which a table keyed by the 16-byte id could not promise.
const TABLES: &str = "
CREATE TABLE head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    store_id BLOB NOT NULL, epoch INTEGER NOT NULL, clock INTEGER NOT NULL,
    sequence INTEGER NOT NULL, journal INTEGER NOT NULL, folded INTEGER NOT NULL,
    warmed_row INTEGER NOT NULL, commits INTEGER NOT NULL);
CREATE TABLE catalog (version INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, catalog INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE alias (
    account INTEGER NOT NULL, id BLOB NOT NULL, profile BLOB NOT NULL,
    PRIMARY KEY (account, id)) WITHOUT ROWID;
CREATE INDEX alias_profile ON alias (account, profile);
CREATE TABLE profile (
    row INTEGER PRIMARY KEY, account INTEGER NOT NULL, part INTEGER NOT NULL, id BLOB NOT NULL,
    folded INTEGER NOT NULL, due INTEGER, chunks INTEGER NOT NULL DEFAULT 0,
    recent BLOB NOT NULL, state BLOB NOT NULL, tail BLOB NOT NULL);
CREATE UNIQUE INDEX profile_id ON profile (account, part, id);
CREATE INDEX profile_due ON profile (due) WHERE due IS NOT NULL;
CREATE TABLE history (
    profile INTEGER NOT NULL, chunk INTEGER NOT NULL, events BLOB NOT NULL);
CREATE UNIQUE INDEX history_chunk ON history (profile, chunk);
CREATE TABLE membership (
    account INTEGER NOT NULL, audience INTEGER NOT NULL, part INTEGER NOT NULL,
    profile BLOB NOT NULL, member INTEGER NOT NULL, since INTEGER NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (account, audience, part, profile)) WITHOUT ROWID;
CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY, account INTEGER NOT NULL, activation INTEGER NOT NULL,
    audience INTEGER NOT NULL, profile BLOB, number INTEGER NOT NULL, op TEXT NOT NULL,
    at INTEGER NOT NULL, delivery TEXT, reason TEXT);
CREATE INDEX outbox_profile ON outbox (profile);
CREATE TABLE delivery (
    row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, account INTEGER NOT NULL,
    activation INTEGER NOT NULL, destination TEXT NOT NULL, profile BLOB, body BLOB NOT NULL,
    state INTEGER NOT NULL, reason TEXT, attempts INTEGER NOT NULL, log TEXT NOT NULL,
    next INTEGER NOT NULL, created INTEGER NOT NULL);
CREATE INDEX delivery_waiting ON delivery (account, destination, next) WHERE state = 0;
CREATE INDEX delivery_failed ON delivery (row) WHERE state = 2;
CREATE INDEX outbox_replace ON outbox (activation) WHERE op = 'replace';
CREATE TABLE tombstone (
    account INTEGER NOT NULL, id BLOB NOT NULL, erased INTEGER NOT NULL, until INTEGER NOT NULL,
    PRIMARY KEY (account, id)) WITHOUT ROWID;
";

/// Creates the tables in a new file; refuses a file of a newer program.
pub(super) fn prepare(db: &mut Connection) -> Result<(), StoreError> {
    let found: u32 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match found {
        SCHEMA => Ok(()),
        0 => create(db),
        found => Err(StoreError::Newer {
            found,
            known: SCHEMA,
        }),
    }
}

fn create(db: &mut Connection) -> Result<(), StoreError> {
    let mut store_id = [0_u8; 16];
    getrandom::fill(&mut store_id)
        .map_err(|error| StoreError::Damaged(format!("no random numbers: {error}")))?;
    let transaction = db.transaction()?;
    transaction.execute_batch(TABLES)?;
    transaction.execute(
        "INSERT INTO head VALUES (1, ?1, 1, 0, 0, 0, 0, 0, 0)",
        [store_id.as_slice()],
    )?;
    transaction.pragma_update(None, "user_version", SCHEMA)?;
    transaction.commit()?;
    Ok(())
}
