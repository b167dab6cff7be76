//! `webhook-signature`: one good entry is enough, and nothing that only looks like one.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};

use super::Expect::{Refused, Verifies};
use super::{Case, ID, Maker};

pub(super) fn cases(maker: &Maker<'_>) -> Vec<Case> {
    let mut cases = lists(maker);
    cases.extend(labels(maker));
    cases.extend(encodings(maker));
    cases.extend(lengths(maker));
    cases
}

fn bad() -> String {
    format!("v1,{}", STANDARD.encode([7; 32]))
}

fn lists(maker: &Maker<'_>) -> Vec<Case> {
    let (good, bad) = (maker.good(), bad());
    let mac = &good["v1,".len()..];
    let mut cases = Vec::new();
    let mut push = |name: &str, why, expect, list: &str| {
        cases.push(maker.listing(&format!("signature/{name}"), why, expect, list));
    };
    for (name, list) in [
        ("good", good.clone()),
        ("bad-then-good", format!("{bad} {good}")),
        ("good-then-bad", format!("{good} {bad}")),
        ("good-twice", format!("{good} {good}")),
        ("two-spaces", format!("{bad}  {good}")),
        ("unknown-version-then-good", format!("v2,{mac} {good}")),
        ("v1a-then-good", format!("v1a,{mac} {good}")),
        ("no-comma-then-good", format!("junk {good}")),
        ("good-then-no-comma", format!("{good} junk")),
        ("malformed-then-good", format!("v1,!!! v1, v1 , {good}")),
    ] {
        let why = "one good entry is enough, and what is not understood hides nothing";
        push(name, why, Verifies, &list);
    }
    for (name, list) in [
        ("only-bad", &*bad),
        ("empty", ""),
        ("version-alone", "v1"),
        ("version-and-comma", "v1,"),
        ("comma-alone", ","),
    ] {
        push(
            name,
            "without a good entry there is nothing to accept",
            Refused,
            list,
        );
    }
    cases.extend(separators(maker));
    let passed = "what is not understood hides nothing";
    let list = [b"\xff\xfe ", good.as_bytes()].concat();
    cases.push(maker.listing("signature/not-utf-8-then-good", passed, Verifies, list));
    let list = b"v1,\xff\xfe";
    cases.push(maker.listing("signature/not-utf-8", "any bytes may come", Refused, list));
    cases
}

/// What stands between entries and around them is for each verifier to say.
fn separators(maker: &Maker<'_>) -> impl Iterator<Item = Case> {
    let (good, bad) = (maker.good(), bad());
    let open = "entries are separated by spaces";
    let separated = [
        ("leading-space", Verifies, format!(" {good}")),
        ("trailing-space", Verifies, format!("{good} ")),
        ("tab-between", Refused, format!("{bad}\t{good}")),
        ("comma-between", Refused, format!("{bad},{good}")),
    ];
    separated.into_iter().map(move |(name, expect, list)| {
        maker
            .listing(&format!("signature/{name}"), open, expect, list)
            .free()
    })
}

fn labels(maker: &Maker<'_>) -> Vec<Case> {
    let good = maker.good();
    let mac = &good["v1,".len()..];
    let why = "the version is part of the entry";
    let label = |name: &str, entry: String| {
        maker.listing(&format!("signature/{name}"), why, Refused, entry)
    };
    vec![
        label("upper-case-version", format!("V1,{mac}")),
        label("labelled-v0", format!("v0,{mac}")),
        label("labelled-v2", format!("v2,{mac}")),
        label("labelled-v1a", format!("v1a,{mac}")),
        label("labelled-v11", format!("v11,{mac}")),
        label("labelled-sha256", format!("sha256={mac}")),
        label("no-label", mac.to_owned()),
        label("label-behind", format!("{mac},v1")),
        label("space-behind-the-comma", format!("v1, {mac}")),
        label("equals-for-comma", format!("v1={mac}")),
    ]
}

fn encodings(maker: &Maker<'_>) -> Vec<Case> {
    let good = maker.good();
    let mac = maker.mac(ID, &maker.now, maker.body);
    let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    // The last character before the padding has bits that canonical base64 leaves at zero.
    let mut loose = good.clone().into_bytes();
    let last = loose.len() - 2;
    loose[last] += 1;
    let exact = "an entry is the padded, canonical base64 of exactly 32 bytes";
    let open = "padding, alphabet and spare bits are read strictly";
    vec![
        maker.listing(
            "signature/extra-padding",
            exact,
            Refused,
            format!("{good}="),
        ),
        maker.listing(
            "signature/four-more-paddings",
            exact,
            Refused,
            format!("{good}===="),
        ),
        maker.listing(
            "signature/truncated-base64",
            exact,
            Refused,
            &good[..good.len() - 4],
        ),
        maker.listing(
            "signature/junk-behind",
            exact,
            Refused,
            format!("{good}AAAA"),
        ),
        maker.listing(
            "signature/one-more-comma-field",
            exact,
            Refused,
            format!("{good},AAAA"),
        ),
        maker.listing("signature/hexadecimal", exact, Refused, format!("v1,{hex}")),
        maker
            .listing(
                "signature/unpadded",
                open,
                Refused,
                format!("v1,{}", STANDARD_NO_PAD.encode(mac)),
            )
            .free(),
        maker
            .listing("signature/spare-bits-set", open, Refused, loose)
            .free(),
        maker
            .listing(
                "signature/url-safe-alphabet",
                open,
                Refused,
                url_safe(maker),
            )
            .free(),
    ]
}

/// The good MAC in the other alphabet, for an id with which the two differ.
fn url_safe(maker: &Maker<'_>) -> String {
    let encoded = URL_SAFE.encode(maker.mac(ID, &maker.now, maker.body));
    let differs = encoded.contains(['-', '_']);
    format!(
        "v1,{}",
        if differs {
            encoded
        } else {
            encoded.replace(['A', 'B'], "-")
        }
    )
}

fn lengths(maker: &Maker<'_>) -> Vec<Case> {
    let good = maker.good();
    let mac = maker.mac(ID, &maker.now, maker.body);
    let cut = |bytes: usize| format!("v1,{}", STANDARD.encode(&mac[..bytes]));
    let more = |bytes: usize| {
        let longer = [&mac[..], &vec![0; bytes]].concat();
        format!("v1,{}", STANDARD.encode(longer))
    };
    let exact = "a shortened or lengthened MAC is no MAC";
    let many = "a list longer than any honest sender's may be refused, but quickly";
    vec![
        maker.listing("signature/mac-of-0-bytes", exact, Refused, cut(0)),
        maker.listing("signature/mac-of-1-byte", exact, Refused, cut(1)),
        maker.listing("signature/mac-of-16-bytes", exact, Refused, cut(16)),
        maker.listing("signature/mac-of-31-bytes", exact, Refused, cut(31)),
        maker.listing("signature/mac-and-a-byte", exact, Refused, more(1)),
        maker.listing("signature/mac-and-32-bytes", exact, Refused, more(32)),
        maker
            .listing(
                "signature/500-bad-then-good",
                many,
                Refused,
                format!("{} ", bad()).repeat(500) + &good,
            )
            .free(),
        maker.listing(
            "signature/10000-entries",
            many,
            Refused,
            "v1,AAAA ".repeat(10_000),
        ),
        maker.listing("signature/64-kib", many, Refused, "v".repeat(64 * 1024)),
    ]
}
