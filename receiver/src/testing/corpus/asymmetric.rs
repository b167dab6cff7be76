//! `v1a`: ed25519, with its own key and nothing else's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Expect::{Refused, Verifies};
use super::{Case, ID, Maker};
use crate::signature::{SigningKey, SigningSecret, mac};

/// Nothing when the receiver has no ed25519 key.
pub(super) fn cases(maker: &Maker<'_>) -> Vec<Case> {
    let Some(key) = &maker.keys.key else {
        return Vec::new();
    };
    let id = std::str::from_utf8(ID).unwrap_or_default();
    let good = key.sign(id, maker.now_s, maker.body);
    let encoded = &good["v1a,".len()..];
    let hmac = maker.good();
    let mut flipped = STANDARD.decode(encoded).unwrap_or_default();
    let mut overflown = flipped.clone();
    if let Some(byte) = flipped.first_mut() {
        *byte ^= 1;
    }
    add_order(&mut overflown);
    let bad = format!("v1a,{}", STANDARD.encode(&flipped));
    let hmac_bad = format!("v1,{}", STANDARD.encode([7; 32]));
    let malleated = format!("v1a,{}", STANDARD.encode(overflown));
    let mut cases = Vec::new();
    let mut push = |name: &str, why, expect, list: &str| {
        cases.push(maker.listing(&format!("asymmetric/{name}"), why, expect, list));
    };
    for (name, list) in [
        ("good", good.clone()),
        ("bad-then-good", format!("{bad} {good}")),
        ("with-good-hmac", format!("{good} {hmac}")),
        ("with-bad-hmac", format!("{hmac_bad} {good}")),
    ] {
        push(name, "one good entry is enough", Verifies, &list);
    }
    for (name, list) in [
        ("labelled-v1", format!("v1,{encoded}")),
        ("hmac-labelled-v1a", hmac.replacen("v1,", "v1a,", 1)),
        (
            "hmac-with-the-public-key",
            with_public_key(maker, &key.verifying_key().to_string()),
        ),
    ] {
        push(
            name,
            "a key is tried with entries of its own version only",
            Refused,
            &list,
        );
    }
    for (name, list) in [
        ("one-bit-flipped", bad.clone()),
        ("malleated", malleated),
        ("all-zero", format!("v1a,{}", STANDARD.encode([0; 64]))),
        ("upper-case-version", good.replacen("v1a", "V1A", 1)),
        ("truncated", good[..good.len() - 4].to_owned()),
        ("lengthened", format!("{good}AAAA")),
        ("500-entries", format!("{bad} ").repeat(500)),
    ] {
        push(
            name,
            "a signature has one encoding, of exactly 64 bytes",
            Refused,
            &list,
        );
    }
    cases.extend(of_other_texts(maker, key, id));
    cases
}

/// Good signatures, each of another message.
fn of_other_texts(maker: &Maker<'_>, key: &SigningKey, id: &str) -> [Case; 3] {
    let (now_s, body) = (maker.now_s, maker.body);
    let others = [
        ("of-another-time", key.sign(id, now_s - 10, body)),
        ("of-another-body", key.sign(id, now_s, b"another")),
        ("of-another-id", key.sign("msg_another", now_s, body)),
    ];
    others.map(|(name, list)| {
        let why = "id, timestamp and body are covered";
        maker.listing(&format!("asymmetric/{name}"), why, Refused, list)
    })
}

/// An HMAC made with the bytes of the public key, which everybody knows.
fn with_public_key(maker: &Maker<'_>, public: &str) -> String {
    let bytes = STANDARD.decode(public.trim_start_matches("whpk_"));
    let secret = SigningSecret::from_bytes(&bytes.unwrap_or_default());
    let secret = secret.unwrap_or_else(|_| maker.keys.secret.clone());
    let mac = mac(&secret, ID, &maker.now, maker.body);
    format!("v1,{}", STANDARD.encode(mac))
}

/// Adds the order of the group to the second half: the same number for a lenient verifier
/// (RFC 8032, section 5.1.7, wants it refused).
fn add_order(signature: &mut [u8]) {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut carry = 0_u16;
    for (byte, order) in signature.iter_mut().skip(32).zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
}
