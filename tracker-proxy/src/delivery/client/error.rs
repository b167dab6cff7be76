//! Why there is no answer.

use crate::delivery::guard::{AddressRefusal, UrlRefusal};

/// The longest description that is kept, in bytes.
const DESCRIPTION_BYTES_MAX: usize = 300;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The guard refused the URL or an address behind its name.
    #[error("refused: {0}")]
    Refused(#[from] UrlRefusal),
    /// No status came within the destination's deadline.
    #[error("timed out")]
    Timeout,
    /// No connection, or it broke.
    #[error("{0}")]
    Network(String),
    /// The request cannot be built.
    #[error("cannot be sent: {0}")]
    Unsendable(&'static str),
}

impl From<reqwest::Error> for SendError {
    fn from(error: reqwest::Error) -> Self {
        // The URL may hold a token of the destination's.
        let error = error.without_url();
        if let Some(refusal) = refusal(&error) {
            return Self::Refused(refusal.into());
        }
        if error.is_builder() {
            return Self::Unsendable("the URL is not valid in HTTP");
        }
        Self::Network(describe(&error))
    }
}

/// The refusal of our resolver, if that is what the connection failed of.
fn refusal(error: &(dyn std::error::Error + 'static)) -> Option<AddressRefusal> {
    causes(error).find_map(|cause| cause.downcast_ref().copied())
}

/// The causes in one line; the outermost one says only that a request failed.
fn describe(error: &(dyn std::error::Error + 'static)) -> String {
    let mut line = String::new();
    for cause in causes(error).skip(1) {
        let text = cause.to_string();
        if line.ends_with(&text) {
            continue;
        }
        if !line.is_empty() {
            line.push_str(": ");
        }
        line.push_str(&text);
    }
    if line.is_empty() {
        line = error.to_string();
    }
    line.truncate(line.floor_char_boundary(DESCRIPTION_BYTES_MAX));
    line
}

fn causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |cause| cause.source())
}
