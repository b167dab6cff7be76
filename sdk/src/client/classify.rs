//! What an answer means for the batch that was sent: a pure function.

use std::time::Duration;

use jiff::Timestamp;

use super::schedule::retry_after;
use crate::transport::Response;
use crate::wire::BatchAnswer;

/// What to do with the batch next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It was read; the answer lists what was refused.
    Settle(BatchAnswer),
    /// It is too large as a whole.
    Split,
    /// It is refused as a whole, and would be again.
    Refuse,
    /// It may be taken later, not before the time that the server asked for.
    Retry(Option<Duration>),
}

pub(crate) fn classify(response: &Response, now: Timestamp) -> Step {
    match response.status {
        // A body that is not ours still acknowledges: other servers answer with anything.
        200..=299 => Step::Settle(serde_json::from_slice(&response.body).unwrap_or_default()),
        413 => Step::Split,
        408 | 429 | 500..=599 => {
            let header = response.retry_after.as_deref();
            Step::Retry(header.and_then(|header| retry_after(header, now)))
        }
        _ => Step::Refuse,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(status: u16, retry_after: Option<&str>, body: &str) -> Step {
        let mut response = Response::new(status, body);
        response.retry_after = retry_after.map(str::to_owned);
        classify(&response, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn each_status_has_its_meaning() {
        for status in [408, 429, 500, 502, 503, 504, 599] {
            assert_eq!(step(status, None, ""), Step::Retry(None), "{status}");
        }
        for status in [301, 302, 400, 401, 403, 404, 422] {
            assert_eq!(step(status, None, ""), Step::Refuse, "{status}");
        }
        assert_eq!(step(413, None, ""), Step::Split);
        assert_eq!(
            step(503, Some("3"), ""),
            Step::Retry(Some(Duration::from_secs(3)))
        );
        assert_eq!(step(503, Some("nonsense"), ""), Step::Retry(None));
    }

    #[test]
    fn success_without_a_readable_body_settles_everything() {
        assert_eq!(step(204, None, ""), Step::Settle(BatchAnswer::default()));
        assert_eq!(step(200, None, "ok"), Step::Settle(BatchAnswer::default()));
    }
}
