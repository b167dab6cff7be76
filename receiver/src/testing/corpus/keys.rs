//! Keys as they are configured: weak ones are refused when they are read.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

/// Which kind of key a text is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// A `whsec_` secret for HMAC.
    Secret,
    /// A `whpk_` public ed25519 key.
    Public,
}

/// A text and whether it is a key of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyCase {
    /// `key/name`, unique.
    pub name: String,
    /// As what it is read.
    pub kind: KeyKind,
    /// The text of a configuration.
    pub text: String,
    /// Whether it has to be taken; else it has to be refused.
    pub is_usable: bool,
}

/// All texts.
#[must_use]
pub fn key_cases() -> Vec<KeyCase> {
    let texts = lengths().into_iter().chain(secrets());
    let secrets = texts.map(|text| (KeyKind::Secret, text));
    let publics = publics().into_iter().map(|text| (KeyKind::Public, text));
    let case = |(kind, (name, text, is_usable))| KeyCase {
        name: format!("key/{name}"),
        kind,
        text,
        is_usable,
    };
    secrets.chain(publics).map(case).collect()
}

fn key(bytes: usize) -> String {
    STANDARD.encode(vec![0x5a; bytes])
}

/// The specification wants 24 to 64 bytes.
fn lengths() -> Vec<(String, String, bool)> {
    let case = |bytes| {
        let name = format!("secret-of-{bytes}-bytes");
        (
            name,
            format!("whsec_{}", key(bytes)),
            (24..=64).contains(&bytes),
        )
    };
    [0, 1, 8, 16, 23, 24, 32, 64, 65, 128].map(case).into()
}

fn secrets() -> Vec<(String, String, bool)> {
    let unpadded = STANDARD_NO_PAD.encode([0x5a; 25]);
    let cases = [
        ("secret-without-prefix", key(32), true),
        ("secret-unpadded", format!("whsec_{unpadded}"), true),
        ("secret-with-line-end", format!("whsec_{}\n", key(32)), true),
        ("secret-empty", String::new(), false),
        ("secret-prefix-alone", "whsec_".to_owned(), false),
        (
            "secret-prefix-twice",
            format!("whsec_whsec_{}", key(32)),
            false,
        ),
        ("secret-not-base64", format!("whsec_{}!", key(32)), false),
        ("secret-private-prefix", format!("whsk_{}", key(32)), false),
        ("secret-public-prefix", format!("whpk_{}", key(32)), false),
        (
            "secret-url-safe",
            format!("whsec_{}", "-_".repeat(20)),
            false,
        ),
    ];
    cases
        .map(|(name, text, is_usable)| (name.to_owned(), text, is_usable))
        .into()
}

fn publics() -> Vec<(String, String, bool)> {
    let public = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";
    let of_small_order = STANDARD.encode([&[1][..], &[0; 31]].concat());
    let off_the_curve = STANDARD.encode([&[2][..], &[0; 31]].concat());
    let zero = STANDARD.encode([0; 32]);
    let cases = [
        ("public", public.to_owned(), true),
        ("public-without-prefix", public.replace("whpk_", ""), false),
        ("public-as-secret", public.replace("whpk_", "whsec_"), false),
        ("public-as-private", public.replace("whpk_", "whsk_"), false),
        ("public-prefix-alone", "whpk_".to_owned(), false),
        ("public-of-31-bytes", format!("whpk_{}", key(31)), false),
        ("public-of-33-bytes", format!("whpk_{}", key(33)), false),
        ("public-all-zero", format!("whpk_{zero}"), false),
        (
            "public-of-small-order",
            format!("whpk_{of_small_order}"),
            false,
        ),
        (
            "public-off-the-curve",
            format!("whpk_{off_the_curve}"),
            false,
        ),
    ];
    cases
        .map(|(name, text, is_usable)| (name.to_owned(), text, is_usable))
        .into()
}
