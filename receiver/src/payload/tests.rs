use super::*;

const CONTRACT: &str = r#"{
  "type": "audience.membership",
  "timestamp": "2026-11-20T13:00:00.000Z",
  "data": {
    "activation": { "id": "vip_to_shop", "name": "VIP members to the shop" },
    "segment_group": "example_segment_group_identifier",
    "person_identifier": "userid",
    "changes": [
      { "op": "add",     "person": "42", "audience": { "id": "vip", "name": "VIP" }, "sequence": 17, "at": "2026-11-20T12:59:58Z" },
      { "op": "remove",  "person": 43, "audience": { "id": "vip", "name": "VIP" }, "sequence": 18, "at": "2026-11-20T12:59:59Z" },
      { "op": "replace", "persons": ["42", 44], "audience": { "id": "vip", "name": "VIP" }, "sequence": 19, "at": "2026-11-20T13:00:00Z", "later": [] }
    ]
  }
}"#;

#[test]
fn the_contract_reads_and_comes_back_the_same() {
    let envelope: Envelope = serde_json::from_str(CONTRACT).unwrap();
    assert_eq!(envelope.data.changes.len(), 3);
    assert_eq!(envelope.data.changes[1].persons()[0].as_str(), "43");
    assert!(!envelope.data.test);

    let written = serde_json::to_value(&envelope).unwrap();
    assert_eq!(written["type"], "audience.membership");
    assert_eq!(written["data"]["changes"][0]["op"], "add");
    assert_eq!(written["data"]["changes"][2]["persons"][1], "44");
    assert_eq!(written["data"].get("test"), None);
    assert_eq!(
        serde_json::from_value::<Envelope>(written).unwrap(),
        envelope
    );
}

#[test]
fn a_wrong_shape_does_not_read() {
    for (from, to) in [
        ("audience.membership", "audience.other"),
        (r#""op": "add""#, r#""op": "set""#),
        (r#""person": "42""#, r#""persons": ["42"]"#),
        (r#""person": "42""#, r#""person": 4.5"#),
        (r#""person": "42""#, r#""person": true"#),
        (r#""persons": ["42", 44]"#, r#""persons": "42""#),
        (r#""sequence": 17"#, r#""sequence": -1"#),
        (r#""sequence": 17"#, r#""sequence": 9223372036854775808"#),
        (r#""person": "42""#, r#""person": "  ""#),
        ("2026-11-20T12:59:58Z", "yesterday"),
    ] {
        let body = CONTRACT.replacen(from, to, 1);
        assert!(serde_json::from_str::<Envelope>(&body).is_err(), "{to}");
    }
}

#[cfg(feature = "http")]
#[test]
fn a_bad_value_costs_only_its_item() {
    let body = CONTRACT
        .replacen(r#""42""#, r#""""#, 1)
        .replacen("44]", r#""a\u0000b"]"#, 1);
    let envelope: Envelope<Item> = serde_json::from_str(&body).unwrap();
    let codes: Vec<_> = envelope
        .data
        .changes
        .iter()
        .map(|item| item.refused.map(InvalidChange::code))
        .collect();
    assert_eq!(
        codes,
        [Some("invalid_person"), None, Some("invalid_person")]
    );
    assert_eq!(
        envelope.data.changes[2]
            .change
            .as_ref()
            .unwrap()
            .persons()
            .len(),
        1
    );
}

#[test]
fn a_person_id_is_trimmed_and_bounded() {
    assert_eq!(PersonId::new("  anna ").unwrap().as_str(), "anna");
    assert_eq!(PersonId::new(" \t"), Err(InvalidPersonId::Empty));
    assert_eq!(
        PersonId::new(&"a".repeat(257)),
        Err(InvalidPersonId::TooLong)
    );
    assert_eq!(
        PersonId::new("a\nb"),
        Err(InvalidPersonId::ControlCharacter)
    );
    assert_eq!(
        serde_json::from_str::<PersonId>("-7").unwrap().to_integer(),
        Some(-7)
    );
    assert_eq!(
        serde_json::to_string(&PersonId::from(7_u64)).unwrap(),
        r#""7""#
    );
}
