use super::*;

const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const NOW: i64 = 1_700_000_000;
const ID: &str = "msg_1";
const BODY: &[u8] = br#"{"a": 1}"#;

fn secret(text: &str) -> SigningSecret {
    text.parse().expect("a test secret is well formed")
}

fn verifier() -> Verifier {
    Verifier::new(vec![secret(SECRET)])
}

fn verify(id: &[u8], timestamp: &[u8], signature: &[u8], body: &[u8]) -> Result<(), VerifyError> {
    let headers = SignatureHeaders {
        id,
        timestamp,
        signature,
    };
    verifier().verify(&headers, body, NOW).map(|_| ())
}

/// The entry over exactly these texts, however wrong they are.
fn signed(id: &[u8], timestamp: &[u8], body: &[u8]) -> String {
    format!(
        "v1,{}",
        STANDARD.encode(mac(&secret(SECRET), id, timestamp, body))
    )
}

fn good() -> String {
    sign(&[secret(SECRET)], ID, NOW, BODY)
}

fn bad() -> String {
    format!("v1,{}", STANDARD.encode([7; 32]))
}

#[test]
fn published_vectors_come_out() {
    for (key, id, timestamp, body, header) in [
        (
            SECRET,
            "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
            1_649_367_553,
            r#"{"email":"test@example.com","username":"test_user"}"#,
            "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
        ),
        (
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
    ] {
        assert_eq!(sign(&[secret(key)], id, timestamp, body.as_bytes()), header);
        let text = timestamp.to_string();
        let headers = SignatureHeaders {
            id: id.as_bytes(),
            timestamp: text.as_bytes(),
            signature: header.as_bytes(),
        };
        let message = Verifier::new(vec![secret(key)])
            .verify(&headers, body.as_bytes(), timestamp + 299)
            .unwrap();
        assert_eq!(
            message,
            SignedMessage {
                id,
                timestamp_s: timestamp
            }
        );
    }
}

#[test]
fn timestamps_are_plain_seconds_near_now() {
    for (timestamp, ok) in [
        (NOW.to_string(), true),
        ((NOW - 290).to_string(), true),
        ((NOW + 290).to_string(), true),
        ((NOW - 330).to_string(), false),
        ((NOW + 330).to_string(), false),
        (format!("+{NOW}"), false),
        (format!("{NOW}abc"), false),
        (format!("{NOW}.5"), false),
        (format!("0{NOW}"), false),
        (format!(" {NOW}"), false),
        (format!("{NOW} "), false),
        ("1.7e9".to_owned(), false),
        ("17_00000000".to_owned(), false),
        (String::new(), false),
        (format!("{NOW:#x}"), false),
        (format!("-{NOW}"), false),
        (i64::MIN.to_string(), false),
        (i64::MAX.to_string(), false),
        ("9223372036854775808".to_owned(), false),
        ("1e400".to_owned(), false),
        ("nan".to_owned(), false),
        ("inf".to_owned(), false),
        ((NOW * 1000).to_string(), false),
        ("1".repeat(5000), false),
    ] {
        let as_text = signed(ID.as_bytes(), timestamp.as_bytes(), BODY);
        let result = verify(
            ID.as_bytes(),
            timestamp.as_bytes(),
            as_text.as_bytes(),
            BODY,
        );
        assert_eq!(result.is_ok(), ok, "{timestamp}");
        if !ok {
            let as_integer = good();
            assert!(
                verify(
                    ID.as_bytes(),
                    timestamp.as_bytes(),
                    as_integer.as_bytes(),
                    BODY
                )
                .is_err(),
                "{timestamp} signed as {NOW}"
            );
        }
    }
}

#[test]
fn extremes_of_the_own_clock_do_not_overflow() {
    let (timestamp, signature) = (NOW.to_string(), good());
    let headers = SignatureHeaders {
        id: ID.as_bytes(),
        timestamp: timestamp.as_bytes(),
        signature: signature.as_bytes(),
    };
    for now in [i64::MIN, i64::MAX, 0] {
        let result = verifier().verify(&headers, BODY, now);
        assert_eq!(result, Err(VerifyError::OutsideTolerance));
    }
}

#[test]
fn one_good_entry_is_enough_and_nothing_else_is() {
    let (good, bad) = (good(), bad());
    let mac = good.strip_prefix("v1,").unwrap();
    for (header, ok) in [
        (good.clone(), true),
        (format!("{bad} {good}"), true),
        (format!("{good} {bad}"), true),
        (format!("{bad}  {good}"), true),
        (format!("v2,{mac} {good}"), true),
        (format!("v1a,{mac} {good}"), true),
        (format!("junk {good}"), true),
        (format!("{good} junk"), true),
        (String::new(), false),
        ("v1".to_owned(), false),
        ("v1,".to_owned(), false),
        (",".to_owned(), false),
        (format!("V1,{mac}"), false),
        (format!("v0,{mac}"), false),
        (format!("v1a,{mac}"), false),
        (format!("{good}="), false),
        (format!("{good}===="), false),
        (good[..good.len() - 4].to_owned(), false),
        (format!("{good}AAAA"), false),
        (format!("{good},AAAA"), false),
        (format!("v1,{}", "ab".repeat(32)), false),
        (mac.to_owned(), false),
        (bad.clone(), false),
        (format!("{bad} ").repeat(500) + &good, false),
    ] {
        let result = verify(
            ID.as_bytes(),
            NOW.to_string().as_bytes(),
            header.as_bytes(),
            BODY,
        );
        assert_eq!(result.is_ok(), ok, "{header}");
    }
    let not_utf8 = [good.as_bytes(), b" \xff\xfe"].concat();
    assert!(verify(ID.as_bytes(), NOW.to_string().as_bytes(), &not_utf8, BODY).is_ok());
}

#[test]
fn ids_cannot_be_split_in_two_ways() {
    let now = NOW.to_string();
    for id in [
        &b""[..],
        b"msg.1",
        b"msg 1",
        b"msg\n1",
        b"m\xff",
        &[b'a'; 257],
    ] {
        let header = signed(id, now.as_bytes(), BODY);
        let result = verify(id, now.as_bytes(), header.as_bytes(), BODY);
        assert_eq!(result, Err(VerifyError::InvalidId));
    }
    let result = verify(b"msg_2", now.as_bytes(), good().as_bytes(), BODY);
    assert_eq!(result, Err(VerifyError::Mismatch));
}

#[test]
fn any_body_verifies_and_a_changed_one_does_not() {
    let now = NOW.to_string();
    for body in [&b""[..], b"\xff\xfe", b"a\0b", b"not json"] {
        let header = sign(&[secret(SECRET)], ID, NOW, body);
        assert!(verify(ID.as_bytes(), now.as_bytes(), header.as_bytes(), body).is_ok());
    }
    for body in [
        &br#"{"a":1}"#[..],
        br#"{"a": 2}"#,
        br#"{"a": 1} "#,
        b"\xef\xbb\xbf{\"a\": 1}",
    ] {
        let result = verify(ID.as_bytes(), now.as_bytes(), good().as_bytes(), body);
        assert_eq!(result, Err(VerifyError::Mismatch));
    }
}

#[test]
fn every_flipped_bit_of_the_signature_counts() {
    let now = NOW.to_string();
    let good = mac(&secret(SECRET), ID.as_bytes(), now.as_bytes(), BODY);
    for bit in 0..256 {
        let mut flipped = good;
        flipped[bit / 8] ^= 1 << (bit % 8);
        let header = format!("v1,{}", STANDARD.encode(flipped));
        let result = verify(ID.as_bytes(), now.as_bytes(), header.as_bytes(), BODY);
        assert_eq!(result, Err(VerifyError::Mismatch));
    }
}

#[test]
fn rotation_lists_and_accepts_both_secrets() {
    let (old, new) = (secret(SECRET), secret("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    let header = sign(&[new.clone(), old.clone()], ID, NOW, BODY);
    assert_eq!(header.split(' ').count(), 2);
    let timestamp = NOW.to_string();
    let headers = SignatureHeaders {
        id: ID.as_bytes(),
        timestamp: timestamp.as_bytes(),
        signature: header.as_bytes(),
    };
    for accepted in [vec![old.clone()], vec![new.clone()], vec![old, new]] {
        assert!(Verifier::new(accepted).verify(&headers, BODY, NOW).is_ok());
    }
    let result = Verifier::new(Vec::new()).verify(&headers, BODY, NOW);
    assert_eq!(result, Err(VerifyError::Mismatch));
}

#[test]
fn weak_and_malformed_secrets_are_refused() {
    for text in [
        "",
        "whsec_",
        "whsec_AA==",
        "whsec_!",
        "whsk_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
    ] {
        assert!(text.parse::<SigningSecret>().is_err(), "{text}");
    }
    assert!(format!("whsec_{SECRET}").parse::<SigningSecret>().is_err());
    for (bytes, ok) in [(0, false), (23, false), (24, true), (64, true), (65, false)] {
        let text = STANDARD.encode(vec![1; bytes]);
        assert_eq!(text.parse::<SigningSecret>().is_ok(), ok, "{bytes} bytes");
    }
    assert_eq!(*secret(SECRET).expose(), SECRET);
}

#[test]
fn missing_and_repeated_headers_are_told_apart() {
    let all = [
        ("webhook-id", &b"a"[..]),
        ("webhook-timestamp", b"1"),
        ("webhook-signature", b""),
    ];
    assert!(SignatureHeaders::find(all).is_ok());
    for left_out in 0..3 {
        let some = all
            .into_iter()
            .enumerate()
            .filter(|(at, _)| *at != left_out);
        let result = SignatureHeaders::find(some.map(|(_, header)| header));
        assert_eq!(result, Err(VerifyError::MissingHeader(all[left_out].0)));
        let result = SignatureHeaders::find(all.into_iter().chain([all[left_out]]));
        assert_eq!(result, Err(VerifyError::RepeatedHeader(all[left_out].0)));
    }
}

proptest::proptest! {
    #[test]
    fn no_input_panics_or_verifies_by_chance(
        id in proptest::collection::vec(proptest::num::u8::ANY, 0..20),
        timestamp in "[0-9]{0,22}|.{0,12}",
        signature in "(v1,|v2,| |,|=|[A-Za-z0-9+/]{0,50}|.){0,12}",
        now in proptest::num::i64::ANY,
    ) {
        let headers = SignatureHeaders {
            id: &id,
            timestamp: timestamp.as_bytes(),
            signature: signature.as_bytes(),
        };
        proptest::prop_assert!(verifier().verify(&headers, BODY, now).is_err());
        proptest::prop_assert!(verifier().verify(&headers, BODY, NOW).is_err());
        drop(signature.parse::<SigningSecret>());
    }
}
