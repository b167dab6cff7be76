//! What is kept of a response.

use reqwest::header::RETRY_AFTER;

use crate::clock::TimeMs;
use crate::delivery::retry_after;

/// No more of a response is read than this, in bytes. What is shorter is read to its end, so that
/// the connection can be used again.
pub const RESPONSE_BYTES_MAX: usize = 64 * 1024;
/// No more of a response is kept than this, in bytes.
pub const EXCERPT_BYTES_MAX: usize = 1024;

/// What a destination answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The wait that it asks for, in milliseconds and capped.
    pub retry_after_ms: Option<i64>,
    /// The beginning of its body, as text that is safe to print.
    pub excerpt: String,
}

impl Answer {
    pub(super) fn of(response: &reqwest::Response, now: TimeMs) -> Self {
        let retry_after = response.headers().get(RETRY_AFTER);
        Self {
            status: response.status().as_u16(),
            retry_after_ms: retry_after
                .and_then(|value| retry_after::parse(value.to_str().ok()?, now)),
            excerpt: String::new(),
        }
    }

    /// Reads the body to its end or bound. Where it breaks off, what came is kept.
    pub(super) async fn read(&mut self, mut response: reqwest::Response) {
        let mut start = Vec::new();
        let mut total = 0_usize;
        while let Ok(Some(chunk)) = response.chunk().await {
            total += chunk.len();
            if start.len() < EXCERPT_BYTES_MAX {
                let room = EXCERPT_BYTES_MAX - start.len();
                start.extend_from_slice(&chunk[..chunk.len().min(room)]);
                // At once, because the deadline may end the reading at any chunk.
                self.excerpt = printable(&start);
            }
            if total > RESPONSE_BYTES_MAX {
                break;
            }
        }
    }
}

/// Text without control characters, which could rewrite a terminal or forge a line of a log.
fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let safe = |c: char| if c.is_control() && c != '\n' { ' ' } else { c };
    let mut text: String = text.chars().map(safe).collect();
    // A replacement character is longer than the byte that it replaces.
    text.truncate(text.floor_char_boundary(EXCERPT_BYTES_MAX));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_short_printable_text() {
        assert_eq!(printable(b"no such list"), "no such list");
        assert_eq!(printable(b"\x1b[31mred\x07\r\nnext\0"), " [31mred  \nnext ");
        assert!(printable(&[0xff; EXCERPT_BYTES_MAX]).len() <= EXCERPT_BYTES_MAX);
    }
}
