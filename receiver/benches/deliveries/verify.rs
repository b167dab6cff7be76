//! How long verifying takes, call by call.

use std::time::{Duration, Instant};

use segue_receiver::signature::{SignatureHeaders, SigningSecret, Verifier, sign};

const CALLS: usize = 200_000;
const BODY_BYTES: usize = 2_048;
const SENT_S: i64 = 1_700_000_000;

/// Sorted.
pub(super) struct Times(Vec<Duration>);

impl Times {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "a place in a short list"
    )]
    pub(super) fn at(&self, quantile: f64) -> Duration {
        self.0[(self.0.len() as f64 * quantile) as usize]
    }

    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }
}

pub(super) fn times(secret: &SigningSecret) -> Times {
    let body = vec![b'x'; BODY_BYTES];
    let header = sign(std::slice::from_ref(secret), "msg_1", SENT_S, &body);
    let headers = SignatureHeaders {
        id: b"msg_1",
        timestamp: b"1700000000",
        signature: header.as_bytes(),
    };
    let verifier = Verifier::new(vec![secret.clone()]);
    let call = || {
        let start = Instant::now();
        assert!(verifier.verify(&headers, &body, SENT_S).is_ok());
        start.elapsed()
    };
    let mut times: Vec<_> = std::iter::repeat_with(call).take(CALLS).collect();
    times.sort_unstable();
    Times(times)
}
