//! Whoever asks, and however close they are, the checks do the same work: the row "timing oracle"
//! of the threat model, counted and not timed.
//!
//! What is counted is a receiver whose log is not read at debug. The diagnosis in that log looks
//! further, and only for the operator who switched it on.

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Request, header};

use super::log::Record;
use crate::credentials::Credentials;
use crate::receiver::{Activation, Receiver};
use crate::segments::{MemoryStore, Segments};
use crate::signature::{SignatureHeaders, SigningSecret, Verifier, sign};
use crate::work::{self, Work};

const NOW_S: i64 = 1_700_000_000;

fn signing_secret(byte: u8) -> SigningSecret {
    SigningSecret::from_bytes(&[byte; 32]).expect("32 bytes are enough")
}

/// Two activations with two secrets each.
fn receiver(place: Credentials) -> Receiver {
    let activation = |name: &str| {
        Activation::new(name, "shop")
            .secret(format!("{name}-new-secret"))
            .secret(format!("{name}-old-secret"))
            .signing_secret(signing_secret(1))
    };
    Receiver::builder()
        .segments(Segments::new(MemoryStore::new()))
        .credentials([place])
        .activation(activation("shop"))
        .activation(activation("blog"))
        .build()
        .expect("the settings are right")
}

/// Whether a request with this header is let in, and what finding that out took.
fn asked(receiver: &Receiver, authorization: &str) -> (bool, Work) {
    let request = Request::post("/").header(header::AUTHORIZATION, authorization);
    let (request, _) = request
        .body(Body::empty())
        .expect("it is ASCII")
        .into_parts();
    let mut let_in = false;
    let work = work::of(|| {
        let_in = receiver
            .authenticate(&request, &mut Record::start())
            .is_ok();
    });
    (let_in, work)
}

#[test]
fn a_client_and_its_secret_cost_the_same_however_close_they_are() {
    let receiver = receiver(Credentials::Basic);
    let same = Work {
        digests: 2,
        macs: 0,
        // Of each activation the id and both secrets.
        comparisons: 6,
    };
    for (client, secret, expected) in [
        ("nobody", "shop-new-secret", false),
        ("", "", false),
        ("shop", "another-secret", false),
        ("shop", "shop-new-secreT", false),
        ("shop", "blog-new-secret", false),
        ("shop", "shop-new-secret", true),
        ("shop", "shop-old-secret", true),
        ("blog", "blog-new-secret", true),
        ("blog", "blog-old-secret", true),
    ] {
        let encoded = STANDARD.encode(format!("{client}:{secret}"));
        let found = asked(&receiver, &format!("Basic {encoded}"));
        assert_eq!(found, (expected, same), "{client}:{secret}");
    }
}

#[test]
fn a_token_costs_the_same_however_close_it_is() {
    let receiver = receiver(Credentials::Bearer);
    let same = Work {
        digests: 1,
        macs: 0,
        comparisons: 4,
    };
    for (token, expected) in [
        ("another-secret", false),
        ("shop-new-secreT", false),
        ("shop-new-secret", true),
        ("shop-old-secret", true),
        ("blog-old-secret", true),
    ] {
        let found = asked(&receiver, &format!("Bearer {token}"));
        assert_eq!(found, (expected, same), "{token}");
    }
}

#[test]
fn a_signature_costs_the_same_whether_and_where_one_matches() {
    let (new, old, other) = (signing_secret(1), signing_secret(2), signing_secret(3));
    let verifier = Verifier::new(vec![new.clone(), old.clone()]);
    let same = Work {
        digests: 0,
        macs: 2,
        // Both entries with both secrets.
        comparisons: 4,
    };
    for (secrets, expected) in [
        ([&new, &old], true),
        ([&old, &new], true),
        ([&new, &other], true),
        ([&other, &new], true),
        ([&old, &other], true),
        ([&other, &old], true),
        ([&other, &other], false),
    ] {
        let secrets = secrets.map(Clone::clone);
        let signature = sign(&secrets, "msg_1", NOW_S, b"{}");
        let headers = SignatureHeaders {
            id: b"msg_1",
            timestamp: b"1700000000",
            signature: signature.as_bytes(),
        };
        let mut verified = false;
        let work = work::of(|| verified = verifier.verify(&headers, b"{}", NOW_S).is_ok());
        assert_eq!((verified, work), (expected, same));
    }
}
