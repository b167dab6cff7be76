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

/// How far the sender's clock may be off, in seconds, both ways.
pub const TOLERANCE_S: u64 = 300;
