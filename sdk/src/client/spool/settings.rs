//! What a host can say about its spool.

use std::path::{Path, PathBuf};

use crate::limits::SPOOL_BYTES_MAX;

/// A folder in which events outlive the process.
///
/// Several clients, also of several processes, may share one folder: each event is delivered by
/// one of them. What a process that ended left behind is delivered by the next that looks.
///
/// ```
/// use segue_sdk::{Client, Spool, SpoolMode};
///
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path();
/// let client = Client::builder("http://127.0.0.1:8090", "wk_secret")
///     .spool(Spool::new(folder).bytes_max(64 * 1024 * 1024).mode(SpoolMode::WriteThrough))
///     .build()?;
/// let receipt = client.user("42").track_named("visit", &serde_json::json!({}));
/// assert!(receipt.is_spooled(), "it survives the death of this process");
/// # client.shutdown_blocking(std::time::Duration::ZERO);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Spool {
    folder: PathBuf,
    bytes_max: u64,
    mode: SpoolMode,
}

/// When an event is on disk.
///
/// Either way it is handed to the operating system, which the death of the process (SIGKILL, an
/// abort) does not touch; the loss of power may take the last seconds.
///
/// ```
/// use segue_sdk::{Spool, SpoolMode};
///
/// // Payments: rather some microseconds per call than one of them lost to a kill.
/// let spool = Spool::new("/var/lib/shop/events").mode(SpoolMode::WriteThrough);
/// # drop(spool);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpoolMode {
    /// When its batch is full or due, before it is sent first. Calls cost what they cost without
    /// a spool; a kill can lose what was tracked in the last batch interval (200 ms by default).
    #[default]
    WriteBehind,
    /// Before the call returns. Calls cost a write to a file each (some microseconds); a kill
    /// loses nothing of what a receipt called spooled.
    WriteThrough,
}

impl Spool {
    /// A spool in this folder, which is made when the client is built, for its owner alone.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            bytes_max: SPOOL_BYTES_MAX,
            mode: SpoolMode::default(),
        }
    }

    /// Most bytes on disk that one client keeps, taken over ones included. Default: 1 GiB.
    ///
    /// Beyond it events are held in memory alone, and counted in the report as unspooled.
    pub const fn bytes_max(mut self, bytes: u64) -> Self {
        self.bytes_max = bytes;
        self
    }

    /// When events are written. Default: [`SpoolMode::WriteBehind`].
    pub const fn mode(mut self, mode: SpoolMode) -> Self {
        self.mode = mode;
        self
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) const fn most(&self) -> u64 {
        self.bytes_max
    }

    pub(super) fn writes_through(&self) -> bool {
        self.mode == SpoolMode::WriteThrough
    }
}
