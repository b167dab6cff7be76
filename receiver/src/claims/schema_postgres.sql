-- Times are in milliseconds since 1970; status is null until the claim is committed.
CREATE TABLE IF NOT EXISTS segue_handler_claim (
    activation   TEXT COLLATE "C" NOT NULL,
    id           TEXT COLLATE "C" NOT NULL,
    token        TEXT COLLATE "C" NOT NULL,
    leased_until BIGINT NOT NULL,
    kept_until   BIGINT NOT NULL,
    status       SMALLINT,
    content_type BYTEA,
    body         BYTEA,
    PRIMARY KEY (activation, id)
);
CREATE INDEX IF NOT EXISTS segue_handler_claim_until ON segue_handler_claim (kept_until);
