//! Adversarial messages for any verifier of Standard Webhooks, each with what has to come out.
//!
//! The cases follow the specification v1.0.0; where it is silent, they follow the strict reading
//! of [`signature`](crate::signature) and say so with [`Case::is_free`].

mod asymmetric;
mod bodies;
mod headers;
mod ids;
mod keys;
mod signatures;
mod timestamps;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::signature::{SigningKey, SigningSecret, mac};

pub use keys::{KeyCase, KeyKind, key_cases};

/// What a message has to lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The signature is good.
    Verifies,
    /// It must not get through.
    Refused,
}

/// One message and what has to come out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// `area/name`, unique.
    pub name: String,
    /// What it is about, in one sentence.
    pub why: &'static str,
    /// The headers in their order; a name may be there twice, a value may be any bytes.
    pub headers: Vec<(&'static str, Vec<u8>)>,
    /// The body as it arrives.
    pub body: Vec<u8>,
    /// What has to come out.
    pub expect: Expect,
    /// Whether the specification leaves it open: others may decide otherwise, but must not crash.
    pub is_free: bool,
}

impl Case {
    /// Everything before the slash of its name.
    #[must_use]
    pub fn area(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }

    /// Whether HTTP carries it as it is: white space around a header's value is lost on the way.
    #[must_use]
    pub fn survives_http(&self) -> bool {
        self.headers.iter().all(|(_, value)| {
            value.trim_ascii().len() == value.len() && http::HeaderValue::from_bytes(value).is_ok()
        })
    }

    const fn free(mut self) -> Self {
        self.is_free = true;
        self
    }
}

/// With what the messages are signed: what the receiver under test trusts, and what it must not.
#[derive(Clone, Debug)]
pub struct Keys {
    /// An active HMAC secret of the receiver.
    pub secret: SigningSecret,
    /// An active ed25519 key, when the receiver has one.
    pub key: Option<SigningKey>,
}

/// All messages, made for a receiver that has these keys and whose clock says `now_s`.
///
/// `body` is one that the receiver takes.
#[must_use]
pub fn cases(keys: &Keys, now_s: i64, body: &[u8]) -> Vec<Case> {
    let maker = Maker {
        keys,
        now: now_s.to_string().into_bytes(),
        now_s,
        body,
    };
    let mut cases = timestamps::cases(&maker);
    cases.extend(signatures::cases(&maker));
    cases.extend(ids::cases(&maker));
    cases.extend(headers::cases(&maker));
    cases.extend(bodies::cases(&maker));
    cases.extend(asymmetric::cases(&maker));
    cases
}

const ID: &[u8] = b"msg_2KWPBgLlAfxdpx2AI54pPJ85f4W";

/// What all cases have in common.
struct Maker<'a> {
    keys: &'a Keys,
    now_s: i64,
    now: Vec<u8>,
    body: &'a [u8],
}

impl Maker<'_> {
    /// The MAC over exactly these texts, however wrong they are.
    fn mac(&self, id: &[u8], timestamp: &[u8], body: &[u8]) -> [u8; 32] {
        mac(&self.keys.secret, id, timestamp, body)
    }

    fn entry(&self, id: &[u8], timestamp: &[u8], body: &[u8]) -> String {
        format!("v1,{}", STANDARD.encode(self.mac(id, timestamp, body)))
    }

    /// The good entry for the usual id, time and body.
    fn good(&self) -> String {
        self.entry(ID, &self.now, self.body)
    }

    fn message(
        &self,
        name: &str,
        why: &'static str,
        expect: Expect,
        [id, timestamp, signature]: [&[u8]; 3],
    ) -> Case {
        Case {
            name: name.to_owned(),
            why,
            headers: vec![
                ("webhook-id", id.to_vec()),
                ("webhook-timestamp", timestamp.to_vec()),
                ("webhook-signature", signature.to_vec()),
            ],
            body: self.body.to_vec(),
            expect,
            is_free: false,
        }
    }

    /// The usual message with this list of signatures.
    fn listing(
        &self,
        name: &str,
        why: &'static str,
        expect: Expect,
        list: impl AsRef<[u8]>,
    ) -> Case {
        self.message(name, why, expect, [ID, &self.now, list.as_ref()])
    }
}
