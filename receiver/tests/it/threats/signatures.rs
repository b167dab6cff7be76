//! Attacks on the signature.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use segue_receiver::signature::{SigningKey, SigningSecret, sign};
use segue_receiver::testing::{SignedRequest, Wrong};
use segue_receiver::{Receiver, Secret};
use serde_json::json;

use crate::harness::{
    CLIENT, Delivery, SECRET, activation, add, app, basic, builder, memory, now, other_activation,
    secret, send,
};

fn good() -> Delivery {
    Delivery::of(json!([add("42", "vip", 1)]))
}

/// The good MAC of the delivery, and the same as an entry.
fn mac_of(delivery: &Delivery) -> (Vec<u8>, String) {
    let entry = sign(
        &[secret()],
        &delivery.id,
        delivery.timestamp,
        &delivery.body,
    );
    let mac = STANDARD.decode(&entry["v1,".len()..]);
    (mac.expect("it is base64"), entry)
}

fn with_signature(delivery: Delivery, signature: &str) -> Delivery {
    delivery.header("webhook-signature", signature)
}

#[tokio::test]
async fn forged_body() {
    let (app, segments) = app().await;
    let (mac, entry) = mac_of(&good().id("msg_forged"));
    let original = good().id("msg_forged");
    for at in 0..original.body.len() {
        let mut forged = with_signature(good().id("msg_forged"), &entry);
        forged.body[at] ^= 1;
        forged.send(&app).await.refuses(401, "unauthorized");
    }
    for at in 0.."msg_forged".len() {
        let mut id = "msg_forged".to_owned().into_bytes();
        id[at] ^= 1;
        let id = String::from_utf8(id).unwrap();
        let forged = with_signature(good().id(&id), &entry);
        forged.send(&app).await.refuses(401, "unauthorized");
    }
    for at in 0..mac.len() {
        let mut mac = mac.clone();
        mac[at] ^= 1;
        let entry = format!("v1,{}", STANDARD.encode(mac));
        let forged = with_signature(good().id("msg_forged"), &entry);
        forged.send(&app).await.refuses(401, "unauthorized");
    }
    for later in 1..10 {
        let mut forged = with_signature(good().id("msg_forged"), &entry);
        forged.timestamp += later;
        forged.send(&app).await.refuses(401, "unauthorized");
    }
    assert!(segments.segments("shop").await.unwrap().is_empty());
}

#[test]
fn empty_or_short_key() {
    for bytes in 0..24 {
        assert!(SigningSecret::from_bytes(&vec![7; bytes]).is_err());
        let text = format!("whsec_{}", STANDARD.encode(vec![7; bytes]));
        assert!(text.parse::<SigningSecret>().is_err(), "{bytes} bytes");
    }
    assert!("whsec_".parse::<SigningSecret>().is_err());
    for short in ["", "1", "1234567"] {
        let activation = segue_receiver::Activation::new("c", "g").secret(short);
        let activation = activation.signing_secret(secret());
        assert!(Receiver::builder().activation(activation).build().is_err());
    }
}

/// A function of two traits cannot be named without saying which: it compiles only while the type
/// has no `==`, so that nobody compares a secret with it. That no check ends early is counted in
/// `src/http/constant_work.rs`.
#[test]
fn timing_oracle() {
    trait Compared<Marker> {
        fn in_constant_time_only() {}
    }
    struct WithEq;
    impl<T> Compared<()> for T {}
    impl<T: PartialEq> Compared<WithEq> for T {}
    <Secret as Compared<_>>::in_constant_time_only();
    <SigningSecret as Compared<_>>::in_constant_time_only();
    <SigningKey as Compared<_>>::in_constant_time_only();
}

#[tokio::test]
async fn truncated_or_extended_mac() {
    let (app, _) = app().await;
    let (mac, entry) = mac_of(&good().id("msg_mac"));
    let mut wrong: Vec<String> = (0..mac.len())
        .map(|bytes| format!("v1,{}", STANDARD.encode(&mac[..bytes])))
        .collect();
    wrong.extend((1..=mac.len()).map(|from| format!("v1,{}", STANDARD.encode(&mac[from..]))));
    wrong.push(format!(
        "v1,{}",
        STANDARD.encode([&mac[..], b"\0"].concat())
    ));
    wrong.push(format!("{entry}="));
    wrong.push(format!("{entry}===="));
    for entry in wrong {
        let answer = with_signature(good().id("msg_mac"), &entry)
            .send(&app)
            .await;
        answer.refuses(401, "unauthorized");
    }
}

#[tokio::test]
async fn version_downgrade_or_algorithm_confusion() {
    let key: SigningKey = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==".parse().unwrap();
    let activation = activation().verifying_key(key.verifying_key());
    let receiver = Receiver::builder()
        .segments(memory().await)
        .activation(activation);
    let app = receiver.build().unwrap().router::<()>();
    let (_, entry) = mac_of(&good().id("msg_version"));
    let public = key.verifying_key().to_string().replace("whpk_", "");
    let public: SigningSecret = public.parse().unwrap();
    let original = good().id("msg_version");
    let by_public = sign(&[public], &original.id, original.timestamp, &original.body);
    let by_key = key.sign(&original.id, original.timestamp, &original.body);
    let mut signatures: Vec<String> = ["v0", "V1", "v1a", "v2", "v1 ", ""]
        .iter()
        .map(|version| entry.replacen("v1", version, 1))
        .collect();
    signatures.push(by_public.clone());
    signatures.push(by_public.replacen("v1", "v1a", 1));
    signatures.push(by_key.replacen("v1a", "v1", 1));
    for signature in signatures {
        let mut wrong = with_signature(good().id("msg_version"), &signature);
        wrong.timestamp = original.timestamp;
        wrong.send(&app).await.refuses(401, "unauthorized");
    }
    let mut right = with_signature(good().id("msg_version"), &by_key);
    right.timestamp = original.timestamp;
    assert_eq!(right.send(&app).await.status, 200);
}

#[tokio::test]
async fn field_re_split_by_dots() {
    let (app, _) = app().await;
    // Captured: id `msg`, timestamp 1, a body that begins with a time of now and a dot.
    let now_s = now();
    let body = format!(r#"{now_s}.{{"type": "audience.membership"}}"#);
    let signature = sign(&[secret()], "msg", 1, body.as_bytes());
    let mut split = Delivery::raw(r#"{"type": "audience.membership"}"#).id("msg.1");
    split.timestamp = now_s;
    with_signature(split, &signature)
        .send(&app)
        .await
        .refuses(401, "unauthorized");
    let signed_with_dot = good().id("msg.1").send(&app).await;
    signed_with_dot.refuses(401, "unauthorized");
}

#[tokio::test]
async fn header_abuse() {
    let (app, _) = app().await;
    for wrong in [Wrong::RepeatedSignature, Wrong::EmptyId] {
        let request = SignedRequest::new(&secret())
            .basic(CLIENT, SECRET)
            .wrong(wrong);
        send(&app, request.build())
            .await
            .refuses(401, "unauthorized");
    }
    for (name, value) in [
        ("webhook-signature", "v1,AAAA ".repeat(10_000)),
        ("webhook-signature", "v".repeat(64 * 1024)),
        ("webhook-id", "a".repeat(64 * 1024)),
        ("webhook-timestamp", "1".repeat(64 * 1024)),
        (
            "authorization",
            "Basic ".to_owned() + &"A".repeat(64 * 1024),
        ),
    ] {
        good()
            .header(name, &value)
            .send(&app)
            .await
            .refuses(401, "unauthorized");
    }
}

#[tokio::test]
async fn wrong_tenants_key() {
    let receiver = builder(&memory().await).activation(other_activation());
    let app = receiver.build().unwrap().router::<()>();
    let as_other = |signing: &SigningSecret| {
        SignedRequest::new(signing)
            .basic("other-client", "other-secret")
            .body(crate::harness::envelope(json!([])).to_string())
            .build()
    };
    let own: SigningSecret = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap();
    assert_eq!(send(&app, as_other(&own)).await.status, 200);
    send(&app, as_other(&secret()))
        .await
        .refuses(401, "unauthorized");
    // A message of one tenant, replayed with the credentials of the other.
    let mut replayed = good();
    let stolen = basic("other-client", "other-secret");
    replayed.headers.insert("authorization", stolen);
    replayed.send(&app).await.refuses(401, "unauthorized");
}
