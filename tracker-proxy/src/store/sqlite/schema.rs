//! The tables. Every key starts with the account; profiles carry their part.

use rusqlite::{Connection, Transaction};

use crate::store::StoreError;

/// What makes a file of one schema one of the next; the first makes an empty file one of schema 1.
pub(super) const STEPS: [&str; 4] = [TABLES, OUTBOUND, CHAINS, LISTED];
/// The schema that this program writes.
const SCHEMA: u32 = STEPS.len() as u32;

/// Rows of profiles are found by a row number: a row of up to 4 KB then stays on one page, which a
/// table keyed by the 16-byte id could not promise.
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
CREATE INDEX delivery_pending ON delivery (row) WHERE state = 0;
CREATE INDEX delivery_failed ON delivery (row) WHERE state = 2;
CREATE INDEX outbox_replace ON outbox (activation) WHERE op = 'replace';
CREATE TABLE tombstone (
    account INTEGER NOT NULL, id BLOB NOT NULL, erased INTEGER NOT NULL, until INTEGER NOT NULL,
    PRIMARY KEY (account, id)) WITHOUT ROWID;
";

/// Outbox rows point to their deliveries by row: those numbers only grow, so that the index which
/// leads back is appended to and not written all over.
///
/// What is asked for by state or reason is found from the deliveries in that state, or among what
/// was never sent; most are neither.
const OUTBOUND: &str = "
CREATE TABLE outbox_2 (
    seq INTEGER PRIMARY KEY, account INTEGER NOT NULL, activation INTEGER NOT NULL,
    audience INTEGER NOT NULL, profile BLOB, number INTEGER NOT NULL, op TEXT NOT NULL,
    at INTEGER NOT NULL, delivery INTEGER, reason TEXT);
INSERT INTO outbox_2 SELECT o.seq, o.account, o.activation, o.audience, o.profile, o.number, o.op,
    o.at, d.row, o.reason FROM outbox o LEFT JOIN delivery d ON d.id = o.delivery;
DROP TABLE outbox;
ALTER TABLE outbox_2 RENAME TO outbox;
CREATE INDEX outbox_profile ON outbox (profile) WHERE profile IS NOT NULL;
CREATE INDEX outbox_account ON outbox (account);
CREATE INDEX outbox_activation ON outbox (account, activation);
CREATE INDEX outbox_delivery ON outbox (delivery) WHERE delivery IS NOT NULL;
CREATE INDEX outbox_unsent ON outbox (account) WHERE delivery IS NULL;
CREATE INDEX outbox_reason ON outbox (account, reason) WHERE delivery IS NULL;
CREATE INDEX outbox_replace ON outbox (account) WHERE op = 'replace';
DROP INDEX delivery_pending;
DROP INDEX delivery_failed;
CREATE INDEX delivery_waiting ON delivery (account, destination, next) WHERE state = 0;
CREATE INDEX delivery_failed ON delivery (account) WHERE state = 2;
CREATE INDEX delivery_skipped ON delivery (account) WHERE state = 3;
CREATE INDEX delivery_reason ON delivery (account, reason) WHERE reason IS NOT NULL;
CREATE TABLE resync (
    account INTEGER NOT NULL, activation INTEGER NOT NULL, want INTEGER NOT NULL,
    PRIMARY KEY (account, activation)) WITHOUT ROWID;
";

/// Histories become chains of chunks, which lie in the order in which they were written: a chunk
/// is added to the end of the table, and no index has to be written for it, far from everything
/// else. What was the open end of a history is its newest chunk.
const CHAINS: &str = "
CREATE TABLE history_2 (chunk INTEGER PRIMARY KEY, before INTEGER, events BLOB NOT NULL);
CREATE TEMP TABLE past (chunk INTEGER PRIMARY KEY, profile INTEGER NOT NULL, place INTEGER);
INSERT INTO past (profile, place)
    SELECT profile, chunk FROM history
    UNION ALL SELECT row, NULL FROM profile WHERE length(tail) > 0
    ORDER BY 1, 2 NULLS LAST;
INSERT INTO history_2 SELECT past.chunk, previous.chunk, coalesce(history.events, profile.tail)
    FROM past JOIN profile ON profile.row = past.profile
    LEFT JOIN history ON history.profile = past.profile AND history.chunk = past.place
    LEFT JOIN past previous
        ON previous.chunk = past.chunk - 1 AND previous.profile = past.profile
    ORDER BY past.chunk;
CREATE TABLE profile_2 (
    row INTEGER PRIMARY KEY, account INTEGER NOT NULL, part INTEGER NOT NULL, id BLOB NOT NULL,
    folded INTEGER NOT NULL, due INTEGER, newest INTEGER, recent BLOB NOT NULL,
    state BLOB NOT NULL);
INSERT INTO profile_2 SELECT row, account, part, id, folded, due, newest, recent, state
    FROM profile
    LEFT JOIN (SELECT profile, max(chunk) newest FROM past GROUP BY profile) ON profile = row;
DROP TABLE past;
DROP TABLE history;
DROP TABLE profile;
ALTER TABLE history_2 RENAME TO history;
ALTER TABLE profile_2 RENAME TO profile;
CREATE UNIQUE INDEX profile_id ON profile (account, part, id);
CREATE INDEX profile_due ON profile (due) WHERE due IS NOT NULL;
";

/// What lists say of people is noted with them, in journal rows that an older program cannot read.
/// Of lists that were told before nothing was noted: mirrors are told everything once more. What is
/// no mirror has nothing to be told.
const LISTED: &str = "
INSERT OR REPLACE INTO resync
    SELECT account.value ->> '$.no', activation.value ->> '$.no', 0
    FROM catalog, json_each(catalog.body, '$.accounts') account,
        json_each(account.value, '$.activations') activation
    WHERE version = (SELECT max(version) FROM catalog);
";

/// Brings a file to the schema of now, a new one from nothing; refuses one of a newer program.
pub(super) fn prepare(db: &mut Connection) -> Result<(), StoreError> {
    let found: u32 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > SCHEMA {
        let known = SCHEMA;
        return Err(StoreError::Newer { found, known });
    }
    if found == SCHEMA {
        return Ok(());
    }
    let transaction = db.transaction()?;
    for step in &STEPS[found as usize..] {
        transaction.execute_batch(step)?;
    }
    if found == 0 {
        begin(&transaction)?;
    }
    transaction.pragma_update(None, "user_version", SCHEMA)?;
    transaction.commit()?;
    Ok(())
}

fn begin(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    let mut store_id = [0_u8; 16];
    getrandom::fill(&mut store_id)
        .map_err(|error| StoreError::Damaged(format!("no random numbers: {error}")))?;
    transaction.execute(
        "INSERT INTO head VALUES (1, ?1, 1, 0, 0, 0, 0, 0, 0)",
        [store_id.as_slice()],
    )?;
    Ok(())
}
