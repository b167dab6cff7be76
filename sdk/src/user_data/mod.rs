//! Streaming of user data: many people at once, as a draft or live.
//!
//! A CDP that has a *stream* for user data (a dataflow of Raptor's Data Manager, or of a
//! tracker-proxy) takes people as JSON objects. [`Client::stream_user_data`] sends them from an
//! iterator, [`Client::stream_user_data_from`] from an async stream; [`ndjson`] and `csv` read
//! files. A draft is checked by the other side and changes nothing there.
//!
//! ```no_run
//! use segue_sdk::Client;
//! use segue_sdk::user_data::{Mode, UserRecord};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder("https://cdp.example", "wk_secret")
//!     .user_data("12345", "00000000-00000000-00000000-00000000")
//!     .build()?;
//! let people = (1..=10_000).map(|id| UserRecord {
//!     email: Some("ada@example.com"),
//!     ..UserRecord::new(id)
//! });
//! let report = client
//!     .stream_user_data(people, Mode::Draft)
//!     .on_progress(|progress| println!("{} rows", progress.rows))
//!     .send_blocking()?;
//! println!("{report}");
//! # Ok(())
//! # }
//! ```
//!
//! [`Client::stream_user_data`]: crate::Client::stream_user_data
//! [`Client::stream_user_data_from`]: crate::Client::stream_user_data_from

mod chunk;

mod checkpoint;

mod error;
pub use error::UploadError;

mod files;
#[cfg(feature = "csv")]
pub use files::csv;
pub use files::ndjson;

mod report;
pub use report::{Progress, RejectedRow, UploadReport};

mod row;
pub use row::{Row, UserRecord};

mod send;
pub(crate) use send::{Ending, Route};

mod upload;
pub use upload::Upload;
pub(crate) use upload::{Items, RowStream};

use std::fmt;

use zeroize::Zeroizing;

/// Whether data is only checked, or taken over.
///
/// ```
/// use segue_sdk::user_data::Mode;
///
/// /// `--live`, where somebody asks for it.
/// fn mode(arguments: &[&str]) -> Mode {
///     if arguments.contains(&"--live") { Mode::Live } else { Mode::Draft }
/// }
/// assert_eq!(mode(&["people.csv"]).as_str(), "draft");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The other side checks it and changes nothing.
    Draft,
    /// The other side takes it over.
    Live,
}

impl Mode {
    /// The mode as a word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Live => "live",
        }
    }
}

/// The id of a stream, which is a secret: whoever has it can write people.
///
/// ```
/// use segue_sdk::user_data::StreamId;
///
/// let id = StreamId::from("00000000-00000000-00000000-00000000");
/// assert_eq!(format!("{id:?}"), "StreamId(redacted)");
/// ```
#[derive(Clone)]
pub struct StreamId(Zeroizing<String>);

impl StreamId {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamId(redacted)")
    }
}

impl From<String> for StreamId {
    fn from(id: String) -> Self {
        Self(Zeroizing::new(id))
    }
}

impl From<&str> for StreamId {
    fn from(id: &str) -> Self {
        Self(Zeroizing::new(id.to_owned()))
    }
}

/// The stream of an account.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    pub(crate) account: String,
    pub(crate) id: StreamId,
}
