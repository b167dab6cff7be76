//! The receiver: a value that a host builds once and clones into its state.

mod activation;
mod builder;
mod pending;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;

use crate::credentials::Credentials;
use crate::http::VerifyLayer;
use crate::segments::{GroupError, PersonDirectory, Segments};

pub(crate) use activation::Entry;
pub use activation::{Activation, SignatureMode};
pub use builder::{BuildError, ReceiverBuilder};
pub use pending::PendingError;
use pending::RecheckClock;
use worker::Wakeups;

/// A webhook receiver for one or several activations of a CDP.
///
/// Cloning is cheap. It holds no connection and starts nothing by itself; a background job
/// runs as a task of the runtime that the request came in on.
///
/// ```
/// use axum::Router;
/// use segue_receiver::segments::{MemoryStore, Segments};
/// use segue_receiver::{Activation, Receiver};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let segments = Segments::new(MemoryStore::new());
/// segments.create_group("shop", "Audiences of the shop").await?;
///
/// let receiver = Receiver::builder()
///     .segments(segments)
///     .activation(
///         Activation::new("shop-client", "shop")
///             .secret("a long random secret")
///             .signing_secret("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".parse()?),
///     )
///     .build()?;
/// receiver.connect().await?;
///
/// let app: Router = Router::new().merge(receiver.router());
/// # Ok(())
/// # }
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(example()).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Receiver {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) path: String,
    pub(crate) activations: Vec<Entry>,
    pub(crate) credentials: Vec<Credentials>,
    pub(crate) signatures: SignatureMode,
    pub(crate) body_bytes_max: usize,
    pub(crate) body_timeout: Duration,
    pub(crate) logged_body_bytes_max: Option<usize>,
    pub(crate) bulk_async_threshold: usize,
    pub(crate) claimed_for: jiff::SignedDuration,
    pub(crate) segments: Segments,
    pub(crate) directory: Option<Arc<dyn PersonDirectory>>,
    wakeups: Wakeups,
    recheck: RecheckClock,
}

impl Receiver {
    /// Starts to configure a receiver.
    pub fn builder() -> ReceiverBuilder {
        ReceiverBuilder::default()
    }

    /// The segments that this receiver keeps.
    #[must_use]
    pub fn segments(&self) -> &Segments {
        &self.inner.segments
    }

    /// Locks the segment groups of all activations, and takes up the jobs of an earlier run.
    ///
    /// Call it once at the start of the host, on its runtime. Without it a group is locked by
    /// its first delivery, and jobs are taken up at the first request.
    ///
    /// # Errors
    ///
    /// [`ConnectError::UnknownGroup`] when an activation names a group that nobody has created.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub async fn connect(&self) -> Result<(), ConnectError> {
        for activation in &self.inner.activations {
            match self
                .inner
                .segments
                .store()
                .lock_group(&activation.group)
                .await
            {
                Ok(()) => {}
                Err(GroupError::Unknown) => {
                    return Err(ConnectError::UnknownGroup {
                        group: activation.group.clone(),
                    });
                }
                Err(other) => return Err(ConnectError::Group(other)),
            }
        }
        self.resume();
        Ok(())
    }

    /// A router with the webhook and its job status, for a host with any state.
    ///
    /// The paths are `/cdp/webhook` (or what the builder was told) and `…/jobs/{job}` under it;
    /// nest the router to put a prefix in front. The host's own layers and limits hold.
    pub fn router<S>(&self) -> Router<S> {
        crate::http::router(self.clone())
    }

    /// A layer that lets only verified requests through to any service.
    #[must_use]
    pub fn layer(&self) -> VerifyLayer {
        VerifyLayer::new(self.clone())
    }

    /// Until when an answer that is given now is kept for repeats.
    pub(crate) fn kept_until(&self, now: jiff::Timestamp) -> jiff::Timestamp {
        now.checked_add(self.inner.claimed_for)
            .unwrap_or(jiff::Timestamp::MAX)
    }
}

/// Why a receiver does not connect.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// Create the group first, or correct the activation.
    #[error("there is no segment group `{group}`")]
    UnknownGroup {
        /// The group that an activation names.
        group: String,
    },
    /// The store failed.
    #[error(transparent)]
    Group(GroupError),
}
