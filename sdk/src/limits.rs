//! Every bound of the SDK, with its unit and reason. The builder changes most of them.

use std::time::Duration;

/// Most events in one request. More saves little: the proxy commits a batch at once anyway.
pub const BATCH_EVENTS_MAX: usize = 1_000;

/// Most bytes in one request body: what every server of the field accepts. The proxy takes 4 MB.
pub const BATCH_BYTES_MAX: usize = 512 * 1024;

/// Most bytes in one event, as every server of the field bounds it.
pub const EVENT_BYTES_MAX: usize = 32 * 1024;

/// Longest time that an event waits for company before it is sent.
pub const BATCH_INTERVAL: Duration = Duration::from_millis(200);

/// Most events held in memory, in the queue and in flight together.
pub const QUEUE_EVENTS_MAX: usize = 250_000;

/// Most bytes of events held in memory, in the queue and in flight together.
pub const QUEUE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Requests in flight at the same time. Two hide the round trip; more would only reorder.
pub const IN_FLIGHT_MAX: usize = 2;

/// Time for one attempt, from connecting to the last byte of the answer.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Time to connect.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Time from a batch's first attempt until it is given up. Longer than most outages, and well
/// below the 24 h for which a server must know a message id again.
pub const RETRY_FOR: Duration = Duration::from_hours(6);

/// Upper end of the first back-off; each further one doubles.
pub const BACKOFF_BASE: Duration = Duration::from_millis(200);

/// Upper end of every back-off: how late a recovered proxy may be noticed.
pub const BACKOFF_MAX: Duration = Duration::from_secs(10);

/// Upper end of a back-off while the client shuts down.
pub const BACKOFF_DRAINING_MAX: Duration = Duration::from_millis(500);

/// Longest pause that a server's `Retry-After` can ask for.
pub const RETRY_AFTER_MAX: Duration = Duration::from_mins(5);

/// Most bytes of an answer that are read, besides those for single events.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Bytes of an answer allowed for each event of the batch: a verdict fits several times.
pub const ANSWER_BYTES_PER_EVENT: usize = 1024;

/// Longest time that dropping the last handle waits for what is pending.
pub const DROP_TIMEOUT: Duration = Duration::from_secs(2);

/// How much longer a blocking call waits for the worker's word after its time is up. It passes
/// only when a callback or transport of the host's blocks the worker.
pub const ANSWER_MARGIN: Duration = Duration::from_millis(250);

/// Most people in one request of user data.
pub const USER_DATA_CHUNK_ITEMS_MAX: usize = 1_000;

/// Most bytes in one request body of user data. The limit of the Streaming API is unpublished;
/// this is what servers of the field take at least.
pub const USER_DATA_CHUNK_BYTES_MAX: usize = 512 * 1024;

/// Most bytes in one row of a file.
pub const USER_DATA_ROW_BYTES_MAX: usize = 32 * 1024;

/// Most rows that the report of an upload lists as refused; all are counted.
pub const USER_DATA_REJECTIONS_MAX: usize = 10_000;

/// Most bytes on disk that the spool of one client keeps. Hours of a busy app.
pub const SPOOL_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Bytes after which a segment of the spool ends and the next one begins: what has to be read at
/// once when it is taken over.
pub const SPOOL_SEGMENT_BYTES: u64 = 8 * 1024 * 1024;

/// Time between two looks for what clients that are no more left in the spool.
pub const SPOOL_LOOK_INTERVAL: Duration = Duration::from_secs(30);

/// Most bytes of the scratch buffer that each calling thread keeps between calls.
#[cfg(feature = "http")]
pub(crate) const SCRATCH_BYTES_MAX: usize = 64 * 1024;
