//! Keys and person ids: what is taken comes out the same, and nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use segue_receiver::payload::PersonId;
use segue_receiver::signature::{SigningKey, SigningSecret, VerifyingKey};

fuzz_target!(|text: &str| {
    if let Ok(secret) = text.parse::<SigningSecret>() {
        assert!(secret.expose().parse::<SigningSecret>().is_ok());
        assert!(!format!("{secret:?}").contains(secret.expose().as_str()));
    }
    if let Ok(key) = text.parse::<SigningKey>() {
        let public = key.verifying_key();
        assert_eq!(Ok(public.clone()), public.to_string().parse());
        assert!(key.expose().parse::<SigningKey>().is_ok());
    }
    if let Ok(key) = text.parse::<VerifyingKey>() {
        assert_eq!(Ok(key.clone()), key.to_string().parse());
    }
    if let Ok(person) = text.parse::<PersonId>() {
        assert_eq!(Ok(person.clone()), person.as_str().parse());
    }
});
