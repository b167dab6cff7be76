//! The membership payload: what can be read can be written, and reads the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use segue_receiver::payload::Envelope;

fuzz_target!(|input: &[u8]| {
    let Ok(envelope) = serde_json::from_slice::<Envelope>(input) else {
        return;
    };
    let written = serde_json::to_vec(&envelope).expect("a payload can be written");
    let again: Envelope = serde_json::from_slice(&written).expect("what was written can be read");
    assert_eq!(envelope, again);
});
