//! `webhook-timestamp`: digits only, near now, and signed as they are written.

use super::{Case, Expect, ID, Maker};

pub(super) fn cases(maker: &Maker<'_>) -> Vec<Case> {
    let now = maker.now_s;
    let mut cases = Vec::new();
    for (name, offset, expect) in [
        ("now", 0, Expect::Verifies),
        ("290-s-old", -290, Expect::Verifies),
        ("290-s-ahead", 290, Expect::Verifies),
        ("330-s-old", -330, Expect::Refused),
        ("330-s-ahead", 330, Expect::Refused),
        ("a-day-old", -86_400, Expect::Refused),
        ("a-day-ahead", 86_400, Expect::Refused),
    ] {
        let timestamp = (now + offset).to_string();
        let why = "the tolerance is 300 s both ways";
        cases.push(signed_as_sent(
            maker,
            name,
            why,
            expect,
            timestamp.as_bytes(),
        ));
    }
    for (name, timestamp) in [
        ("zero", "0".to_owned()),
        ("i64-min", i64::MIN.to_string()),
        ("i64-max", i64::MAX.to_string()),
        ("i64-max-plus-1", "9223372036854775808".to_owned()),
        ("u64-max-plus-1", "18446744073709551616".to_owned()),
        ("5000-digits", "1".repeat(5_000)),
        ("negative", format!("-{now}")),
        ("milliseconds", (now * 1_000).to_string()),
    ] {
        let why = "a time far away is refused, without overflow";
        cases.push(signed_as_sent(
            maker,
            name,
            why,
            Expect::Refused,
            timestamp.as_bytes(),
        ));
    }
    let mantissa = format!("{}.{}", now / 1_000_000_000, now % 1_000_000_000);
    for (name, timestamp) in [
        ("empty", String::new()),
        ("plus-sign", format!("+{now}")),
        ("letters-behind", format!("{now}abc")),
        ("fraction", format!("{now}.5")),
        ("leading-zero", format!("0{now}")),
        ("leading-space", format!(" {now}")),
        ("trailing-space", format!("{now} ")),
        ("exponent", format!("{mantissa}e9")),
        ("underscores", format!("{}_{}", now / 1_000, now % 1_000)),
        ("hexadecimal", format!("{now:#x}")),
        ("comma", format!("{now},{now}")),
        ("huge-float", "1e400".to_owned()),
        ("nan", "nan".to_owned()),
        ("infinite", "inf".to_owned()),
        ("full-width-digits", "１７００００００００".to_owned()),
    ] {
        let why = "a timestamp has digits only, whatever is signed";
        let text = timestamp.as_bytes();
        let sent = format!("{name}-signed-as-sent");
        cases.push(signed_as_sent(maker, &sent, why, Expect::Refused, text));
        let name = format!("timestamp/{name}-signed-as-integer");
        let good = maker.good();
        cases.push(maker.message(&name, why, Expect::Refused, [ID, text, good.as_bytes()]));
    }
    let old = maker.entry(ID, (now - 10).to_string().as_bytes(), maker.body);
    let why = "the timestamp is covered by the signature";
    cases.push(maker.listing("timestamp/renewed", why, Expect::Refused, old));
    cases
}

fn signed_as_sent(
    maker: &Maker<'_>,
    name: &str,
    why: &'static str,
    expect: Expect,
    timestamp: &[u8],
) -> Case {
    let entry = maker.entry(ID, timestamp, maker.body);
    let name = format!("timestamp/{name}");
    maker.message(&name, why, expect, [ID, timestamp, entry.as_bytes()])
}
