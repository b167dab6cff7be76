//! Piwik PRO's bodies: any JSON object, and paths into it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use segue_receiver::payload::AudienceRef;
use segue_receiver::senders::{Mapping, PiwikProMessage};

fuzz_target!(|input: &[u8]| {
    // The path, a line end, the body.
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let (path, body) = input.split_at(end);
    let Ok(path) = std::str::from_utf8(path) else {
        return;
    };
    let Ok(fields) = serde_json::from_slice(body) else {
        return;
    };
    let message = PiwikProMessage { fields };
    let found = message.get(path).cloned();
    let audience = AudienceRef {
        id: "vip".to_owned(),
        name: "VIP".to_owned(),
    };
    let mapping = Mapping::removing(path, audience).audience_from(path, path);
    let changes = mapping.changes(&message, jiff::Timestamp::UNIX_EPOCH);
    assert!(changes.is_empty() || found.is_some());
});
