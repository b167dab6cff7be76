//! Bodies, and what comes out of them.

mod garbage;
mod members;
mod refusing;
mod times;
mod tokens;

use segue_sdk::user_token::UserTokenKey;
use segue_sdk::wire::RejectCode;

use super::*;
use crate::config::KeyKind;
use crate::ingest::Event;
use crate::keys::AccountNo;

/// 2026-11-20T12:00:00Z.
const NOON: TimeMs = TimeMs(1_795_176_000_000);

fn source(kind: KeyKind, trust_browser_identity: bool) -> Source {
    Source {
        account: AccountNo(1),
        kind,
        origins: Vec::new(),
        trust_browser_identity,
        user_token_keys: [user_token_key()].into(),
    }
}

fn user_token_key() -> UserTokenKey {
    UserTokenKey::new([7; 32]).unwrap()
}

fn backend(body: &str) -> Parsed {
    let source = source(KeyKind::Secret, false);
    parse_batch(body.as_bytes(), &source, NOON, &Limits::default()).unwrap()
}

fn browser(body: &str) -> Parsed {
    let source = source(KeyKind::Public, false);
    parse_batch(body.as_bytes(), &source, NOON, &Limits::default()).unwrap()
}

/// A batch of one event, which is a track by user 42 with `members` besides.
fn track(members: &str) -> String {
    let comma = if members.is_empty() { "" } else { "," };
    format!(r#"{{"batch":[{{"type":"track","event":"buy","userId":"42"{comma}{members}}}]}}"#)
}

fn events(parsed: &Parsed) -> Vec<Event<'_>> {
    let (mut events, mut rest) = (Vec::new(), parsed.events.as_slice());
    while !rest.is_empty() {
        let (event, after) = Event::decode(rest).unwrap();
        events.push(event);
        rest = after;
    }
    assert_eq!(events.len(), parsed.positions.len());
    events
}

fn only(parsed: &Parsed) -> Event<'_> {
    assert!(parsed.rejected.is_empty(), "{:?}", parsed.rejected);
    let events = events(parsed);
    assert_eq!(events.len(), 1);
    events[0]
}

/// The code and the message of the only event, which was refused.
fn refusal(parsed: &Parsed) -> (RejectCode, &str) {
    assert!(parsed.events.is_empty() && parsed.positions.is_empty());
    assert_eq!(parsed.rejected.len(), 1);
    (parsed.rejected[0].code.clone(), &parsed.rejected[0].message)
}
