//! CleverTap's messages: what can be read leads to changes, whatever the profiles are.
#![no_main]

use libfuzzer_sys::fuzz_target;
use segue_receiver::payload::AudienceRef;
use segue_receiver::senders::{CleverTapMessage, Mapping};

fuzz_target!(|json: &str| {
    let Ok(message) = CleverTapMessage::from_json(json) else {
        return;
    };
    let audience = AudienceRef {
        id: "coupons".to_owned(),
        name: "Coupons".to_owned(),
    };
    let mapping = Mapping::adding("Identity", audience).audience_from("key_values.id", "targetId");
    let changes = mapping.changes(&message, jiff::Timestamp::UNIX_EPOCH);
    assert!(changes.len() <= message.profiles.as_slice().len());
});
