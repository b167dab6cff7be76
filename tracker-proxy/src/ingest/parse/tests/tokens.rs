//! Browsers that bring a token.

use std::time::{Duration, SystemTime};

use super::*;

fn token(user: &str, key: &UserTokenKey, life_ms: i64) -> String {
    let until = u64::try_from(NOON.plus(life_ms).0).unwrap();
    key.sign(user, SystemTime::UNIX_EPOCH + Duration::from_millis(until))
}

fn identify(user: &str, token: &str) -> Parsed {
    browser(&format!(
        r#"{{"batch":[{{"type":"identify","userId":"{user}","anonymousId":"a1","messageId":"m",
        "context":{{"userToken":"{token}","ip":"::1"}}}}]}}"#
    ))
}

#[test]
fn a_token_of_the_backend_makes_a_browsers_user_a_user() {
    let parsed = identify("42", &token("42", &user_token_key(), 60_000));
    let event = only(&parsed);
    assert_eq!((event.user_id, event.claimed_user_id), (Some("42"), None));
    assert_eq!(event.anonymous_id, Some("a1"));
    assert_eq!(
        event.context,
        Some(r#"{"ip":"::1"}"#),
        "a token is not kept"
    );
    assert!(parsed.warnings.is_empty());
}

#[test]
fn a_token_speaks_for_one_user_only() {
    let parsed = identify("43", &token("42", &user_token_key(), 60_000));
    let event = only(&parsed);
    assert_eq!((event.user_id, event.claimed_user_id), (None, Some("43")));
}

#[test]
fn a_token_that_is_not_believed_leaves_a_claim_and_a_warning() {
    let stranger = UserTokenKey::new([8; 32]).unwrap();
    for (token, part) in [
        (token("42", &stranger, 60_000), "signature"),
        (token("42", &user_token_key(), -120_000), "expired"),
        ("x".to_owned(), "malformed"),
    ] {
        let parsed = identify("42", &token);
        let event = only(&parsed);
        assert_eq!((event.user_id, event.claimed_user_id), (None, Some("42")));
        assert_eq!(event.context, Some(r#"{"ip":"::1"}"#));
        let warning = &parsed.warnings[0];
        assert_eq!(warning.code, "user_token_refused");
        assert!(warning.message.contains(part), "{}", warning.message);
    }
}

#[test]
fn one_token_may_stand_in_the_context_of_the_batch() {
    let token = token("42", &user_token_key(), 60_000);
    let parsed = browser(&format!(
        r#"{{"context":{{"userToken":"{token}"}},"batch":[
        {{"type":"track","event":"e","userId":"42","anonymousId":"a"}},
        {{"type":"track","event":"e","userId":"1","anonymousId":"a"}}]}}"#
    ));
    let users: Vec<_> = events(&parsed).iter().map(|event| event.user_id).collect();
    assert_eq!(users, [Some("42"), None]);
    assert_eq!(events(&parsed)[0].context, Some("{}"));
}
