-- Times are in milliseconds since 1970.
CREATE TABLE IF NOT EXISTS segue_schema (version INTEGER NOT NULL) STRICT;

CREATE TABLE IF NOT EXISTS segue_group (
    id     TEXT PRIMARY KEY,
    name   TEXT NOT NULL,
    locked INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS segue_unlock (
    key      INTEGER PRIMARY KEY,
    group_id TEXT NOT NULL,
    at       INTEGER NOT NULL,
    by_whom  TEXT NOT NULL,
    reason   TEXT NOT NULL
) STRICT;

-- newest: the newest sequence of all changes, which decides about the name.
-- floor: the sequence of the newest replace, -1 before the first.
CREATE TABLE IF NOT EXISTS segue_segment (
    key      INTEGER PRIMARY KEY,
    group_id TEXT NOT NULL,
    audience TEXT NOT NULL,
    name     TEXT NOT NULL,
    newest   INTEGER NOT NULL,
    floor    INTEGER NOT NULL DEFAULT -1,
    UNIQUE (group_id, audience)
) STRICT;

-- standing: 0 removed, 1 member, 2 pending.
CREATE TABLE IF NOT EXISTS segue_member (
    segment  INTEGER NOT NULL,
    person   TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    standing INTEGER NOT NULL,
    PRIMARY KEY (segment, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS segue_member_person ON segue_member (person);
CREATE INDEX IF NOT EXISTS segue_member_pending ON segue_member (person) WHERE standing = 2;

CREATE TABLE IF NOT EXISTS segue_claim (
    activation TEXT NOT NULL,
    id         TEXT NOT NULL,
    answer     TEXT NOT NULL,
    kept_until INTEGER NOT NULL,
    PRIMARY KEY (activation, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS segue_claim_until ON segue_claim (kept_until);

-- kept_until is null until the job is done; changes and skipped are JSON.
CREATE TABLE IF NOT EXISTS segue_job (
    key        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    activation TEXT NOT NULL,
    group_id   TEXT NOT NULL,
    changes    TEXT NOT NULL,
    total      INTEGER NOT NULL,
    done       INTEGER NOT NULL DEFAULT 0,
    applied    INTEGER NOT NULL DEFAULT 0,
    pending    INTEGER NOT NULL DEFAULT 0,
    skipped    TEXT NOT NULL,
    kept_until INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS segue_job_open ON segue_job (key) WHERE kept_until IS NULL;
CREATE INDEX IF NOT EXISTS segue_job_until ON segue_job (kept_until);

-- The persons of the replace that is being applied.
CREATE TEMP TABLE IF NOT EXISTS segue_listed (
    person   TEXT PRIMARY KEY,
    standing INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
