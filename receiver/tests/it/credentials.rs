//! Who may send.

use axum::http::{HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use segue_receiver::signature::{SigningKey, SigningSecret, sign};
use segue_receiver::{Activation, BuildError, Credentials, Receiver, SignatureMode};
use serde_json::json;

use crate::harness::{CLIENT, Delivery, SECRET, add, basic, builder, memory, secret};

fn places() -> Vec<Credentials> {
    vec![
        Credentials::Basic,
        Credentials::headers(),
        Credentials::api_key(),
        Credentials::Bearer,
        Credentials::query_token(),
        Credentials::json(),
    ]
}

fn bare() -> Delivery {
    Delivery::of(json!([add("42", "vip", 1)])).without("authorization")
}

/// A delivery with the secret in one place.
fn with(place: &Credentials, client: &str, secret: &str) -> Delivery {
    let mut delivery = bare();
    match place {
        Credentials::Basic => {
            delivery
                .headers
                .insert(header::AUTHORIZATION, basic(client, secret));
        }
        Credentials::Headers { .. } => {
            delivery = delivery
                .header("x-client-id", client)
                .header("x-client-secret", secret);
        }
        Credentials::ApiKey { .. } => delivery = delivery.header("x-api-key", secret),
        Credentials::Bearer => {
            delivery = delivery.header("authorization", &format!("bearer {secret}"));
        }
        Credentials::Json { .. } => {
            let mut body = crate::harness::envelope(json!([add("42", "vip", 1)]));
            body["client_id"] = client.into();
            body["client_secret"] = secret.into();
            delivery.body = body.to_string().into_bytes();
        }
        _ => delivery.uri = format!("/cdp/webhook?x=1&token={}", secret.replace('-', "%2D")),
    }
    delivery
}

#[tokio::test]
async fn each_place_counts_only_when_it_is_allowed() {
    let segments = memory().await;
    for allowed in places() {
        let receiver = builder(&segments)
            .credentials([allowed.clone()])
            .build()
            .unwrap();
        let app = receiver.router::<()>();
        for place in places() {
            let answer = with(&place, CLIENT, SECRET).send(&app).await;
            let expected = if place == allowed { 200 } else { 401 };
            assert_eq!(
                answer.status.as_u16(),
                expected,
                "{place:?} where {allowed:?}"
            );
        }
        assert_eq!(
            with(&allowed, CLIENT, "wrong-secret")
                .send(&app)
                .await
                .status,
            401
        );
    }
}

#[tokio::test]
async fn every_cause_gets_the_same_401() {
    let segments = memory().await;
    let app = builder(&segments)
        .credentials(places())
        .build()
        .unwrap()
        .router::<()>();
    let mut twice = Delivery::of(json!([])).request();
    twice
        .headers_mut()
        .append(header::AUTHORIZATION, basic(CLIENT, SECRET));
    let mut unsigned = Delivery::of(json!([]));
    unsigned.signed = false;
    let mut old = Delivery::of(json!([]));
    old.timestamp -= 1_000;
    let mut refused = vec![crate::harness::send(&app, twice).await];
    for delivery in [
        bare(),
        unsigned,
        old,
        with(&Credentials::Basic, CLIENT, "wrong-secret"),
        with(&Credentials::Basic, "wrong-client", SECRET),
        with(&Credentials::Basic, "SHOP-CLIENT", SECRET),
        with(&Credentials::Basic, "", ""),
        with(&Credentials::Basic, CLIENT, ""),
        with(&Credentials::Bearer, CLIENT, ""),
        with(&Credentials::query_token(), CLIENT, ""),
        with(&Credentials::Basic, CLIENT, SECRET).header("x-api-key", SECRET),
        bare().header("authorization", "Basic !!!"),
        bare().header("authorization", "Basic c2hvcA=="),
        bare().header("authorization", "Basic"),
        bare().header("x-client-id", CLIENT),
        Delivery::of(json!([])).header("webhook-signature", "v1,AAAA"),
        Delivery::of(json!([])).header("webhook-id", "a.b"),
        Delivery::raw(vec![b'x'; 100]).header("webhook-timestamp", "now"),
    ] {
        refused.push(delivery.send(&app).await);
    }
    for answer in &refused {
        answer.refuses(401, "unauthorized");
        assert_eq!(answer.text, refused[0].text);
        assert_eq!(answer.headers, refused[0].headers);
        assert!(answer.headers.contains_key(header::WWW_AUTHENTICATE));
    }
}

#[tokio::test]
async fn two_secrets_are_active_in_every_place_while_rotating() {
    let segments = memory().await;
    for place in places() {
        let activation = crate::harness::activation().secret("shop-secret-2");
        let receiver = Receiver::builder()
            .segments(segments.clone())
            .credentials([place.clone()])
            .activation(activation);
        let app = receiver.build().unwrap().router::<()>();
        for (secret, status) in [
            (SECRET, 200),
            ("shop-secret-2", 200),
            ("shop-secret-3", 401),
        ] {
            let answer = with(&place, CLIENT, secret).send(&app).await;
            assert_eq!(answer.status.as_u16(), status, "{secret} in {place:?}");
        }
    }
}

#[tokio::test]
async fn two_signing_secrets_and_two_keys_are_active_while_rotating() {
    let symmetric = |byte: u8| SigningSecret::from_bytes(&[byte; 32]).unwrap();
    let asymmetric = |byte: u8| -> SigningKey {
        let seed = STANDARD.encode([byte; 32]);
        format!("whsk_{seed}").parse().unwrap()
    };
    let activation = Activation::new(CLIENT, "shop")
        .secret(SECRET)
        .signing_secret(symmetric(1))
        .signing_secret(symmetric(2))
        .verifying_key(asymmetric(1).verifying_key())
        .verifying_key(asymmetric(2).verifying_key());
    let receiver = Receiver::builder()
        .segments(memory().await)
        .activation(activation);
    let app = receiver.build().unwrap().router::<()>();
    for (byte, status) in [(1, 200), (2, 200), (3, 401)] {
        let delivery = Delivery::of(json!([])).id("msg_rotation");
        let (id, at, body) = (&delivery.id, delivery.timestamp, &delivery.body);
        let signatures = [
            sign(&[symmetric(byte)], id, at, body),
            asymmetric(byte).sign(id, at, body),
        ];
        for signature in signatures {
            let mut copy = Delivery::of(json!([])).id("msg_rotation");
            copy.timestamp = at;
            let answer = copy
                .header("webhook-signature", &signature)
                .send(&app)
                .await;
            assert_eq!(answer.status.as_u16(), status, "{signature}");
        }
    }
}

#[tokio::test]
async fn the_names_of_headers_and_of_the_parameter_can_be_chosen() {
    let segments = memory().await;
    let pair = Credentials::Headers {
        client_id: "shop-id".parse().unwrap(),
        client_secret: "shop-key".parse().unwrap(),
    };
    let key = Credentials::ApiKey {
        header: "shop-key".parse().unwrap(),
    };
    let parameter = Credentials::QueryToken {
        parameter: "key".to_owned(),
    };
    let mut in_query = bare();
    in_query.uri = format!("/cdp/webhook?key={SECRET}");
    for (place, delivery) in [
        (
            pair,
            bare().header("shop-id", CLIENT).header("shop-key", SECRET),
        ),
        (key, bare().header("shop-key", SECRET)),
        (parameter, in_query),
    ] {
        let receiver = builder(&segments).credentials([place.clone()]);
        let app = receiver.build().unwrap().router::<()>();
        assert_eq!(delivery.send(&app).await.status, 200, "{place:?}");
        for usual in places() {
            let answer = with(&usual, CLIENT, SECRET).send(&app).await;
            answer.refuses(401, "unauthorized");
        }
    }
}

#[tokio::test]
async fn one_activation_cannot_use_the_secret_of_another() {
    let segments = memory().await;
    let app = builder(&segments)
        .activation(crate::harness::other_activation())
        .build()
        .unwrap()
        .router::<()>();
    for (client, secret) in [
        (CLIENT, "other-secret"),
        ("other-client", SECRET),
        // The credentials are right, but the signature is the other activation's.
        ("other-client", "other-secret"),
    ] {
        let answer = with(&Credentials::Basic, client, secret).send(&app).await;
        answer.refuses(401, "unauthorized");
    }
}

#[tokio::test]
async fn a_header_of_any_bytes_is_refused_without_a_crash() {
    let (app, _) = crate::harness::app().await;
    for value in [&b"Basic \xff\xfe"[..], b"\xff", b"Basic  ", b"", b"Bearer"] {
        let mut delivery = bare();
        let value = HeaderValue::from_bytes(value).unwrap();
        delivery.headers.insert(header::AUTHORIZATION, value);
        delivery.send(&app).await.refuses(401, "unauthorized");
    }
}

fn good() -> Activation {
    Activation::new("c", "g")
        .secret("long enough")
        .signing_secret(secret())
}

#[test]
fn a_weak_activation_is_refused_when_the_receiver_is_built() {
    let unsigned = || Activation::new("c", "g").secret("long enough");
    let client_id = "c".to_owned();
    for (activation, expected) in [
        (
            unsigned(),
            BuildError::NoSigningSecret {
                client_id: client_id.clone(),
            },
        ),
        (
            good().secret(""),
            BuildError::WeakSecret {
                client_id: client_id.clone(),
            },
        ),
        (
            good().secret("short"),
            BuildError::WeakSecret {
                client_id: client_id.clone(),
            },
        ),
        (
            good().secret("long enough 2").secret("long enough 3"),
            BuildError::SecretCount {
                client_id: client_id.clone(),
            },
        ),
        (
            Activation::new("c", "g").signing_secret(secret()),
            BuildError::SecretCount {
                client_id: client_id.clone(),
            },
        ),
        (
            Activation::new("a:b", "g").secret("long enough"),
            BuildError::InvalidClientId {
                client_id: "a:b".to_owned(),
            },
        ),
        (
            Activation::new("c", "a group").secret("long enough"),
            BuildError::InvalidGroup {
                client_id: client_id.clone(),
            },
        ),
    ] {
        let refused = Receiver::builder()
            .activation(activation)
            .build()
            .unwrap_err();
        assert_eq!(refused, expected);
    }
    let off = Receiver::builder()
        .signatures(SignatureMode::Off)
        .activation(unsigned());
    assert!(off.build().is_ok());
}

#[test]
fn settings_that_contradict_are_refused_when_the_receiver_is_built() {
    assert!(Receiver::builder().activation(good()).build().is_ok());
    assert_eq!(
        Receiver::builder().build().unwrap_err(),
        BuildError::NoActivation
    );
    for place in [
        Credentials::QueryToken {
            parameter: String::new(),
        },
        Credentials::Json {
            client_id: "key".to_owned(),
            client_secret: "key".to_owned(),
        },
    ] {
        let unusable = Receiver::builder().activation(good()).credentials([place]);
        assert_eq!(unusable.build().unwrap_err(), BuildError::CredentialNames);
    }
    let nowhere = Receiver::builder()
        .activation(good())
        .credentials([])
        .build();
    assert_eq!(nowhere.unwrap_err(), BuildError::NoCredentials);
    let twice = Receiver::builder()
        .activation(good())
        .activation(good())
        .build();
    assert_eq!(
        twice.unwrap_err(),
        BuildError::RepeatedClientId {
            client_id: "c".to_owned()
        }
    );
    let shared = Activation::new("d", "g")
        .secret("long enough")
        .signing_secret(secret());
    let shared = Receiver::builder().activation(good()).activation(shared);
    let shared = shared.credentials([Credentials::Bearer]).build();
    assert_eq!(
        shared.unwrap_err(),
        BuildError::SharedToken {
            client_id: "d".to_owned()
        }
    );
    for path in ["", "/", "cdp", "/{job}", "/a b", "/*rest"] {
        let receiver = Receiver::builder().path(path).activation(good()).build();
        assert_eq!(
            receiver.unwrap_err(),
            BuildError::InvalidPath {
                path: path.to_owned()
            }
        );
    }
}

#[test]
fn secrets_are_not_in_debug_output() {
    let activation = crate::harness::activation();
    let builder = Receiver::builder().activation(activation.clone());
    let texts = [format!("{activation:?}"), format!("{builder:?}"), {
        let receiver = builder.build().unwrap();
        format!("{receiver:?}")
    }];
    for text in texts {
        assert!(
            !text.contains(SECRET) && !text.contains("C2FVsBQ"),
            "{text}"
        );
        assert!(text.contains("redacted"));
    }
}
