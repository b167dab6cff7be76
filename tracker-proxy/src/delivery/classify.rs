//! What an answer means: a table and nothing else.

use super::client::SendError;

/// What one attempt says about the delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// It has arrived.
    Delivered,
    /// It may go through later.
    Retry(Blame),
    /// It will not go through, however often it is tried.
    Failed(Failure),
    /// The destination says that it is no more.
    Gone,
}

/// What a retry says about the destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// It struggles: several of these in a row open the breaker.
    Struggling,
    /// It asks for fewer requests.
    Overloaded,
    /// It is set up wrongly on one of both sides: every request will meet the same answer until
    /// somebody repairs it, so the breaker opens at once.
    Misconfigured,
}

/// Why a delivery failed for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// 3xx: redirects are not followed, the destination's URL is to be corrected.
    Redirected,
    /// 4xx: the receiver does not take this body.
    Rejected,
    /// A status that makes no sense as the end of a request.
    UnexpectedStatus,
    /// The request cannot be built: a header or query that HTTP does not allow.
    Unsendable,
    /// All attempts are used up.
    GaveUp,
    /// The destination was deleted.
    Inactive,
}

impl Failure {
    /// The reason as it is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Redirected => "redirected",
            Self::Rejected => "rejected",
            Self::UnexpectedStatus => "unexpected_status",
            Self::Unsendable => "unsendable",
            Self::GaveUp => "gave_up",
            Self::Inactive => "inactive",
        }
    }
}

/// Classifies the end of one attempt.
#[must_use]
pub fn classify(answer: Result<u16, &SendError>) -> Class {
    match answer {
        Ok(status) => classify_status(status),
        Err(SendError::Timeout | SendError::Network(_)) => Class::Retry(Blame::Struggling),
        // A name may resolve to something better tomorrow, and an operator may allow it.
        Err(SendError::Refused(_)) => Class::Retry(Blame::Misconfigured),
        Err(SendError::Unsendable(_)) => Class::Failed(Failure::Unsendable),
    }
}

const fn classify_status(status: u16) -> Class {
    match status {
        200..=299 => Class::Delivered,
        300..=399 => Class::Failed(Failure::Redirected),
        401 | 403 | 404 => Class::Retry(Blame::Misconfigured),
        // 425 asks in so many words to send it once more.
        408 | 425 => Class::Retry(Blame::Struggling),
        410 => Class::Gone,
        429 => Class::Retry(Blame::Overloaded),
        400..=499 => Class::Failed(Failure::Rejected),
        500..=599 => Class::Retry(Blame::Struggling),
        _ => Class::Failed(Failure::UnexpectedStatus),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::guard::UrlRefusal;

    #[test]
    fn each_status_has_one_meaning() {
        use Class::{Delivered, Failed, Gone, Retry};
        for (statuses, class) in [
            (&[200, 201, 202, 204, 226, 299][..], Delivered),
            (
                &[300, 301, 302, 303, 304, 307, 308],
                Failed(Failure::Redirected),
            ),
            (&[401, 403, 404], Retry(Blame::Misconfigured)),
            (
                &[408, 425, 500, 501, 502, 503, 504, 507, 599],
                Retry(Blame::Struggling),
            ),
            (&[429], Retry(Blame::Overloaded)),
            (&[410], Gone),
            (
                &[400, 402, 405, 406, 409, 411, 413, 414, 415, 422, 451, 499],
                Failed(Failure::Rejected),
            ),
            (
                &[100, 101, 199, 600, 999],
                Failed(Failure::UnexpectedStatus),
            ),
        ] {
            for status in statuses {
                assert_eq!(classify(Ok(*status)), class, "{status}");
            }
        }
    }

    #[test]
    fn errors_are_retried_unless_the_request_itself_is_wrong() {
        for (error, class) in [
            (SendError::Timeout, Class::Retry(Blame::Struggling)),
            (
                SendError::Network("reset".to_owned()),
                Class::Retry(Blame::Struggling),
            ),
            (
                SendError::Refused(UrlRefusal::Port(25)),
                Class::Retry(Blame::Misconfigured),
            ),
            (
                SendError::Unsendable("header"),
                Class::Failed(Failure::Unsendable),
            ),
        ] {
            assert_eq!(classify(Err(&error)), class, "{error}");
        }
    }
}
