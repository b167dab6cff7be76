//! Every bound of this crate, with its unit and its reason.

/// The longest person id, in bytes: room for an e-mail address or a URL, not for a document.
pub const PERSON_ID_BYTES_MAX: usize = 256;

/// The longest id of an audience or a segment group, in bytes.
pub const IDENTIFIER_BYTES_MAX: usize = 200;

/// The longest display name of an audience or a segment group, in bytes.
pub const NAME_BYTES_MAX: usize = 1_000;

/// The highest sequence: what a signed 64-bit column holds.
pub const SEQUENCE_MAX: u64 = i64::MAX as u64;

/// The shortest signing key, in bytes after decoding (Standard Webhooks: 24 to 64).
pub const SIGNING_KEY_BYTES_MIN: usize = 24;

/// The longest signing key, in bytes after decoding (Standard Webhooks: 24 to 64).
pub const SIGNING_KEY_BYTES_MAX: usize = 64;

/// The longest `webhook-id`, in bytes: it is kept for every claimed delivery.
pub const MESSAGE_ID_BYTES_MAX: usize = 256;

/// The longest `webhook-signature` header, in bytes; one `v1` entry has 47.
pub const SIGNATURE_BYTES_MAX: usize = 4_096;

/// The most entries of one `webhook-signature` header; a sender that rotates lists two.
pub const SIGNATURE_ENTRIES_MAX: usize = 32;

/// The most ed25519 entries among them: checking one costs as much as a hundred HMACs.
pub const ASYMMETRIC_ENTRIES_MAX: usize = 4;

/// The largest body that is laid out anew to find out why its signature does not match, in bytes.
pub const DIAGNOSIS_BODY_BYTES_MAX: usize = 64 * 1024;

/// How far the sender's clock may be off, in seconds, both ways.
pub const TOLERANCE_S: u64 = 300;

/// How many answers the memory store keeps for repeats; beyond, the oldest is forgotten first.
/// Sequences keep the segments right even then.
pub const MEMORY_CLAIMS_MAX: usize = 1_000_000;

/// How long an answer is kept for repeats, in hours: a week, longer than senders retry.
pub const CLAIM_HOURS: u32 = 7 * 24;

/// How many persons at once make a delivery a background job.
pub const BULK_ASYNC_THRESHOLD: usize = 100;

/// How many persons one piece of a job names before it is committed; a replace is one piece.
pub const JOB_STEP_PERSONS: usize = 1_000;

/// How many persons the host's directory is asked about at once.
pub const DIRECTORY_PERSONS_MAX: usize = 500;

/// The largest request body, in bytes; the host's own limit holds as well.
pub const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;

/// How long a body may take to arrive, in seconds.
pub const BODY_TIMEOUT_S: u64 = 30;

/// The shortest client secret or token, in bytes.
pub const CLIENT_SECRET_BYTES_MIN: usize = 8;

/// The most secrets of one activation that are active at once: the old one and the new one.
pub const ACTIVE_SECRETS_MAX: usize = 2;

/// What a sender is told to wait when the store fails, in seconds.
pub const RETRY_AFTER_S: u64 = 5;

/// How many times a failing job is tried before it waits for the next request or start.
pub const JOB_ATTEMPTS_MAX: u32 = 8;

/// The longest wait between two tries of a job, in seconds.
pub const JOB_BACKOFF_S_MAX: u64 = 30;

/// How often at most pending persons are looked up again by themselves, in seconds.
pub const RECHECK_S: i64 = 60;

/// How many waiting writes the SQLite store commits together.
pub const SQLITE_COMMIT_MAX: usize = 256;

/// How many changes wait for a subscriber that is slow; beyond, it misses the oldest.
pub const SUBSCRIPTION_CHANGES_MAX: usize = 1_024;

/// How many connections to PostgreSQL are open at most, for a pool that this crate makes.
pub const POSTGRES_CONNECTIONS: usize = 8;

/// How long a connection to PostgreSQL is waited for, in seconds.
pub const POSTGRES_WAIT_S: u64 = 5;

/// How often at most expired claims and jobs are deleted from PostgreSQL, in seconds.
pub const POSTGRES_EXPIRE_S: i64 = 60;

/// How long a claimed handler may run, in seconds; after a crash a resend waits as long.
pub const CLAIM_LEASE_S: u64 = 60;

/// How long a copy of a delivery waits for the one that is carried out, in seconds.
pub const CLAIM_WAIT_S: u64 = 10;

/// How often a copy asks whether another process is done, in milliseconds.
pub const CLAIM_POLL_MS: u64 = 250;

/// The longest body of an answer that is kept for repeats, in bytes.
pub const CLAIM_ANSWER_BYTES_MAX: usize = 64 * 1024;

/// How many events of one account an Activly feed keeps.
pub const ACTIVLY_FEED_MAX: usize = 1_000;

/// For how many hours an Activly event with the same subject is a repeat.
pub const ACTIVLY_REPEAT_HOURS: i64 = 24;

/// The longest text of an Activly event, in bytes.
pub const ACTIVLY_TEXT_BYTES_MAX: usize = 1_000;

/// The longest address of an Activly event's product, in bytes.
pub const ACTIVLY_URL_BYTES_MAX: usize = 2_048;
