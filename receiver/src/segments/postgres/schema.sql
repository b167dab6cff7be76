-- Times are in milliseconds since 1970. Ids are compared by their bytes.
CREATE TABLE IF NOT EXISTS segue_schema (version INTEGER NOT NULL);

CREATE TABLE IF NOT EXISTS segue_group (
    id     TEXT COLLATE "C" PRIMARY KEY,
    name   TEXT NOT NULL,
    locked BOOLEAN NOT NULL DEFAULT false
);

CREATE TABLE IF NOT EXISTS segue_unlock (
    key      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    group_id TEXT COLLATE "C" NOT NULL,
    at       BIGINT NOT NULL,
    by_whom  TEXT NOT NULL,
    reason   TEXT NOT NULL
);

-- newest: the newest sequence of all changes, which decides about the name.
-- floor: the sequence of the newest replace, -1 before the first.
CREATE TABLE IF NOT EXISTS segue_segment (
    key      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    group_id TEXT COLLATE "C" NOT NULL,
    audience TEXT COLLATE "C" NOT NULL,
    name     TEXT NOT NULL,
    newest   BIGINT NOT NULL,
    floor    BIGINT NOT NULL DEFAULT -1,
    UNIQUE (group_id, audience)
);

-- standing: 0 removed, 1 member, 2 pending.
CREATE TABLE IF NOT EXISTS segue_member (
    segment  BIGINT NOT NULL,
    person   TEXT COLLATE "C" NOT NULL,
    sequence BIGINT NOT NULL,
    standing SMALLINT NOT NULL,
    PRIMARY KEY (segment, person)
);
CREATE INDEX IF NOT EXISTS segue_member_person ON segue_member (person);
CREATE INDEX IF NOT EXISTS segue_member_pending ON segue_member (person) WHERE standing = 2;

CREATE TABLE IF NOT EXISTS segue_claim (
    activation TEXT COLLATE "C" NOT NULL,
    id         TEXT COLLATE "C" NOT NULL,
    answer     TEXT NOT NULL,
    kept_until BIGINT NOT NULL,
    PRIMARY KEY (activation, id)
);
CREATE INDEX IF NOT EXISTS segue_claim_until ON segue_claim (kept_until);

-- kept_until is null until the job is done; changes and skipped are JSON.
CREATE TABLE IF NOT EXISTS segue_job (
    key        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id         TEXT COLLATE "C" NOT NULL UNIQUE,
    activation TEXT NOT NULL,
    group_id   TEXT COLLATE "C" NOT NULL,
    changes    TEXT NOT NULL,
    total      BIGINT NOT NULL,
    done       BIGINT NOT NULL DEFAULT 0,
    applied    BIGINT NOT NULL DEFAULT 0,
    pending    BIGINT NOT NULL DEFAULT 0,
    skipped    TEXT NOT NULL,
    kept_until BIGINT
);
CREATE INDEX IF NOT EXISTS segue_job_open ON segue_job (key) WHERE kept_until IS NULL;
CREATE INDEX IF NOT EXISTS segue_job_until ON segue_job (kept_until);
