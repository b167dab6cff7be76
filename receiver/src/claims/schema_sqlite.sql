-- Times are in milliseconds since 1970; status is null until the claim is committed.
CREATE TABLE IF NOT EXISTS segue_handler_claim (
    activation   TEXT NOT NULL,
    id           TEXT NOT NULL,
    token        TEXT NOT NULL,
    leased_until INTEGER NOT NULL,
    kept_until   INTEGER NOT NULL,
    status       INTEGER,
    content_type BLOB,
    body         BLOB,
    PRIMARY KEY (activation, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS segue_handler_claim_until ON segue_handler_claim (kept_until);
