//! What a client is made of, once its builder is done.

use std::sync::Arc;
use std::time::Duration;

use super::middleware::Chain;
use super::queue::Bounds;
#[cfg(feature = "spool")]
use super::spool::Spool;
use super::verdict::OnVerdict;
use crate::transport::HttpOptions;
use crate::user_data::Stream;

/// What happens to an event for which the queue has no room.
///
/// With a `Spool`, events that are on disk give up their memory first, and the
/// policy only speaks when disk or bound have no room either. Of the policies that drop, each lets
/// go of events of a lower [`Priority`](crate::Priority) before one of a higher.
///
/// ```
/// use std::time::Duration;
///
/// use segue_sdk::{Client, OverflowPolicy};
///
/// // An importer, which has time and a thread of its own.
/// let client = Client::builder("http://127.0.0.1:8090", "wk_secret")
///     .overflow(OverflowPolicy::Block(Duration::from_secs(30)))
///     .build()?;
/// # client.shutdown_blocking(Duration::ZERO);
/// # Ok::<(), segue_sdk::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OverflowPolicy {
    /// The new event is dropped, unless a less important one can go for it.
    #[default]
    DropNewest,
    /// The oldest event that is not more important is dropped.
    DropOldest,
    /// The call waits for room, at most this long; then as with `DropNewest`. It blocks the
    /// calling thread, which is for threads of one's own, not for those of an async runtime.
    Block(Duration),
    /// The call is refused: nothing is dropped, and the caller still has the event. Its receipt
    /// says [`QueueFull`](super::DropReason::QueueFull), and the report counts it as `refused`.
    Refuse,
}

/// What a client is made of, besides the transport.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) bounds: Bounds,
    pub(super) in_flight_max: usize,
    pub(super) request_timeout: Duration,
    pub(super) retry_for: Duration,
    pub(super) overflow: OverflowPolicy,
    pub(super) on_verdict: Option<OnVerdict>,
    pub(super) middleware: Chain,
    /// The context of every event, as a JSON object.
    pub(super) context: Arc<str>,
    #[cfg(feature = "spool")]
    pub(super) spool: Option<Spool>,
    pub(super) user_data: Option<UserData>,
}

/// Where user data goes, and how.
#[derive(Clone)]
pub(super) struct UserData {
    pub(super) endpoint: String,
    pub(super) stream: Stream,
    pub(super) http: HttpOptions,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("bounds", &self.bounds)
            .field("overflow", &self.overflow)
            .field("middleware", &self.middleware)
            .finish_non_exhaustive()
    }
}
