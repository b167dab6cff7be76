//! Why an upload stopped.

use crate::BuildError;

/// Why an upload stopped before its end. What was acknowledged stays so; with a checkpoint the
/// next try goes on behind it.
///
/// ```
/// use segue_sdk::Client;
/// use segue_sdk::user_data::{Mode, UploadError, UserRecord};
///
/// let client = Client::builder("http://127.0.0.1:8090", "wk_secret").build()?;
/// let upload = client.stream_user_data([UserRecord::new(42)], Mode::Draft);
/// assert!(matches!(upload.send_blocking(), Err(UploadError::NoStream)));
/// # client.shutdown_blocking(std::time::Duration::ZERO);
/// # Ok::<(), segue_sdk::BuildError>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UploadError {
    /// The client was built without a stream: give it one with `user_data`.
    #[error("the client knows no stream for user data")]
    NoStream,
    /// Endpoint, stream id or HTTP client cannot be used.
    #[error("user data cannot be sent to the endpoint")]
    Endpoint(#[source] BuildError),
    /// The endpoint refused a request for good: look at account and stream id.
    #[error("the endpoint refused user data with status {status}: {body}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it said, up to 1,000 bytes.
        body: String,
    },
    /// The endpoint took nothing for as long as a request may be retried: try again later.
    #[error("the endpoint took no user data in time")]
    Expired,
    /// The client was shut down meanwhile.
    #[error("the client was shut down")]
    Closed,
    /// The checkpoint cannot be read or written.
    #[error("the checkpoint cannot be used")]
    Checkpoint(#[source] std::io::Error),
    /// The checkpoint belongs to another account or mode: remove it, or give another path.
    #[error("the checkpoint is that of another account or mode")]
    ForeignCheckpoint,
}
