//! The three headers: each once.

use super::Expect::Refused;
use super::{Case, Maker};

pub(super) fn cases(maker: &Maker<'_>) -> Vec<Case> {
    let mut cases = Vec::new();
    let usual = maker.listing("", "", Refused, maker.good());
    for (at, (name, value)) in usual.headers.iter().enumerate() {
        let mut missing = usual.clone();
        missing.headers.remove(at);
        missing.name = format!("headers/without-{name}");
        missing.why = "a message without one of the three is not signed";
        cases.push(missing);

        let mut repeated = usual.clone();
        repeated.headers.push((name, value.clone()));
        repeated.name = format!("headers/{name}-twice");
        repeated.why = "which of two was meant cannot be known";
        cases.push(repeated);
    }
    let mut none = usual.clone();
    none.headers.clear();
    none.name = "headers/none".to_owned();
    none.why = "a message without a signature is not accepted";
    cases.push(none);

    let mut second = usual;
    let header = ("webhook-signature", b"v1,AAAA".to_vec());
    second.headers.insert(2, header);
    second.name = "headers/bad-signature-header-then-good".to_owned();
    second.why = "which of two was meant cannot be known";
    cases.push(second);
    cases
}
