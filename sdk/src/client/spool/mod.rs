//! Events on disk: what survives the process.
//!
//! Each client has a folder of its own inside the spool's, with a lock that the system lets go
//! when the process ends, however it ends. Segments (`segment`) hold events of one priority, in
//! order; beside each a list says which of them are done. A client that starts, or looks around
//! every 30 s, takes over the folders whose owner is gone (`folder`). The proxy counts an event
//! once by its message id, so that what was sent but not yet noted as done does no harm.
//!
//! Without the feature `spool` the types here have no values.

#[cfg(feature = "spool")]
mod folder;
#[cfg(feature = "spool")]
mod record;
#[cfg(feature = "spool")]
mod segment;
#[cfg(feature = "spool")]
mod settings;
#[cfg(feature = "spool")]
mod store;

#[cfg(feature = "spool")]
pub(super) use segment::Place;
#[cfg(feature = "spool")]
pub use settings::{Spool, SpoolMode};
#[cfg(feature = "spool")]
pub(super) use store::{Found, Store};

#[cfg(not(feature = "spool"))]
mod absent;
#[cfg(not(feature = "spool"))]
pub(super) use absent::{Found, Place, Store};

/// Why an event is not on disk.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(
    not(feature = "spool"),
    expect(dead_code, reason = "nothing is written without the feature")
)]
pub(super) enum NotStored {
    /// The spool holds as much as it may.
    #[error("the spool is full")]
    Full,
    /// The disk refused.
    #[error("the disk refused")]
    Disk(#[source] std::io::Error),
}
