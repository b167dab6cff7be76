//! Signature headers and body: no input verifies by chance, and none makes the verifier panic.
//!
//! An input is `id⏎timestamp⏎signature⏎body`; the clock is read from the timestamp, so that the
//! signature is looked at.
#![no_main]

use libfuzzer_sys::fuzz_target;
use segue_receiver::signature::{Diagnosis, SignatureHeaders, Verifier};

const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const KEY: &str = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";

fuzz_target!(|input: &[u8]| {
    let mut parts = input.splitn(4, |byte| *byte == b'\n');
    let mut part = || parts.next().unwrap_or_default();
    let headers = SignatureHeaders {
        id: part(),
        timestamp: part(),
        signature: part(),
    };
    let body = part();
    let secret = SECRET.parse().expect("it is a secret");
    let verifier = Verifier::new(vec![secret]).keys(vec![KEY.parse().expect("it is a key")]);
    let sent = std::str::from_utf8(headers.timestamp).ok();
    let sent = sent.and_then(|text| text.parse().ok()).unwrap_or(0);
    for now_s in [sent, 0, i64::MIN, i64::MAX] {
        let error = verifier.verify(&headers, body, now_s);
        let error = error.expect_err("nobody signed this");
        let diagnosis = verifier.diagnose(error, &headers, body, now_s);
        assert!(matches!(diagnosis, None | Some(Diagnosis::WrongSecret)));
    }
});
