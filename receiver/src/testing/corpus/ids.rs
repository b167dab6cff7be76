//! `webhook-id`: covered by the signature, and without dots.

use super::Expect::{Refused, Verifies};
use super::{Case, ID, Maker};

pub(super) fn cases(maker: &Maker<'_>) -> Vec<Case> {
    let dots = "a dot would let the signed text be split in more than one way";
    let covered = "the id is covered by the signature, letter by letter";
    let visible = "an id is visible ASCII, not empty and not endless";
    let mut cases = vec![
        signed(maker, "one-character", visible, Verifies, b"a"),
        signed(maker, "other-signs", visible, Verifies, b"evt:1/2-3_4+5=6"),
        signed(maker, "empty", visible, Refused, b""),
        signed(maker, "dot", dots, Refused, b"msg.1"),
        signed(maker, "leading-dot", dots, Refused, b".msg"),
        signed(maker, "trailing-dot", dots, Refused, b"msg."),
        signed(maker, "dot-alone", dots, Refused, b"."),
        signed(maker, "space", visible, Refused, b"msg 1").free(),
        signed(maker, "tab", visible, Refused, b"msg\t1").free(),
        signed(maker, "not-ascii", visible, Refused, "msg_ä".as_bytes()).free(),
        signed(maker, "not-utf-8", visible, Refused, b"msg_\xff").free(),
        signed(maker, "10000-characters", visible, Refused, &[b'a'; 10_000]).free(),
    ];
    for (name, id) in [
        ("another", &b"msg_another"[..]),
        ("upper-case", &ID.to_ascii_uppercase()),
        ("shortened", &ID[..ID.len() - 1]),
        ("lengthened", &[ID, b"x"].concat()),
    ] {
        let (name, good) = (format!("id/{name}"), maker.good());
        cases.push(maker.message(&name, covered, Refused, [id, &maker.now, good.as_bytes()]));
    }
    cases.push(split_elsewhere(maker));
    cases
}

fn signed(
    maker: &Maker<'_>,
    name: &str,
    why: &'static str,
    expect: super::Expect,
    id: &[u8],
) -> Case {
    let entry = maker.entry(id, &maker.now, maker.body);
    let name = format!("id/{name}");
    maker.message(&name, why, expect, [id, &maker.now, entry.as_bytes()])
}

/// The same signed bytes, read as a longer id and a shorter body.
fn split_elsewhere(maker: &Maker<'_>) -> Case {
    let body = [&maker.now[..], b".", maker.body].concat();
    let entry = maker.entry(ID, b"1", &body);
    let id = [ID, b".1"].concat();
    let why = "a captured message must not be presented with another id";
    let headers = [&id[..], &maker.now, entry.as_bytes()];
    maker.message("id/split-elsewhere", why, Refused, headers)
}
