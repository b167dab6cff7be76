//! `import`: events or profiles out of a file, through the proxy's HTTP API.
//!
//! Rows become events (`plan`), events become batches, and each batch is acknowledged before the
//! checkpoint moves past it. A crash repeats at most one batch, whose message ids make it count
//! once. What is refused, here or by the proxy, goes to a file with its reason.

mod checkpoint;
mod mapping;
mod options;
mod plan;
mod progress;
mod records;
mod rejects;
mod run;
mod sender;

pub use options::{Format, ImportOptions, What};
pub use run::import;

/// The most events of one request: several thousand rows a second even where each request waits
/// for a slow disk.
const BATCH_EVENTS_MAX: usize = 1_000;
/// The longest request, in bytes; a quarter of what a proxy takes by default.
const BATCH_BYTES_MAX: usize = 1_024 * 1_024;
/// The longest row, in bytes. No event is longer, whatever becomes of the row.
const ROW_BYTES_MAX: usize = 1_024 * 1_024;
