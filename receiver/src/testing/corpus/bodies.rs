//! The body: any bytes, each of which counts.

use super::Expect::{Refused, Verifies};
use super::{Case, ID, Maker};

pub(super) fn cases(maker: &Maker<'_>) -> Vec<Case> {
    let any = "a signature is over bytes, whatever they are";
    let each = "a changed body is another body";
    let usual = maker.body;
    let mut cases = vec![
        signed(maker, "empty", any, b""),
        signed(maker, "not-utf-8", any, b"\xff\xfe\x80"),
        signed(maker, "zero-byte", any, b"a\0b"),
        signed(maker, "not-json", any, b"not json"),
        signed(maker, "deep-json", any, &b"[".repeat(10_000)),
        signed(maker, "huge-number", any, b"{\"a\": 1e999999}"),
        signed(maker, "line-ends", any, b"{\r\n}\r\n"),
        signed(maker, "10-kb", any, &vec![b' '; 10_000]),
    ];
    let flipped = |at: usize| {
        let mut body = usual.to_vec();
        if let Some(byte) = body.get_mut(at) {
            *byte ^= 1;
        }
        body
    };
    for (name, body) in [
        ("space-behind", [usual, b" "].concat()),
        ("line-end-behind", [usual, b"\n"].concat()),
        ("space-in-front", [b" ", usual].concat()),
        (
            "byte-order-mark-in-front",
            [b"\xef\xbb\xbf", usual].concat(),
        ),
        ("first-byte-flipped", flipped(0)),
        ("last-byte-flipped", flipped(usual.len().saturating_sub(1))),
        ("cut", usual[..usual.len().saturating_sub(1)].to_vec()),
        ("emptied", Vec::new()),
        ("doubled", [usual, usual].concat()),
    ] {
        let name = format!("body/{name}");
        let mut case = maker.listing(&name, each, Refused, maker.good());
        case.body = body;
        cases.push(case);
    }
    cases
}

fn signed(maker: &Maker<'_>, name: &str, why: &'static str, body: &[u8]) -> Case {
    let entry = maker.entry(ID, &maker.now, body);
    let mut case = maker.listing(&format!("body/{name}"), why, Verifies, entry);
    case.body = body.to_vec();
    case
}
