//! User data on the wire: `POST {endpoint}/stream/{account}` with a JSON array of objects.
//!
//! The request carries the stream id in [`STREAM_ID_HEADER`] and, for a draft, [`DRAFT_HEADER`]
//! with the value [`DRAFT`]. A live request has no draft header at all: the Streaming API of
//! Raptor's Data Manager asks for it to be removed, not to be sent as `false`.
//!
//! Each object is one person; a null deletes that attribute. The answer is a
//! [`BatchAnswer`](super::BatchAnswer), whose places count within the request. User data is
//! updated and added, never appended, so that the same request twice changes nothing.

/// The header with the id of the stream, which is a secret.
pub const STREAM_ID_HEADER: &str = "x-streamid";

/// The header that marks a request as a draft: checked, but not taken over.
pub const DRAFT_HEADER: &str = "x-isdraft";

/// The only value of [`DRAFT_HEADER`].
pub const DRAFT: &str = "true";

/// The path of an account's stream.
///
/// ```
/// assert_eq!(segue_sdk::wire::user_data::path("12345"), "/stream/12345");
/// ```
#[must_use]
pub fn path(account: &str) -> String {
    format!("/stream/{account}")
}
