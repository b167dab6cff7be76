//! Short ways to say things in tests.

use crate::clock::TimeMs;
use crate::ingest::{Event, EventKind};

/// A track event without properties.
pub(crate) fn event(name: &str, time: i64) -> Event<'_> {
    Event {
        kind: EventKind::Track,
        name,
        message_id: "m",
        user_id: Some("u"),
        anonymous_id: None,
        claimed_user_id: None,
        previous_id: None,
        group_id: None,
        time: TimeMs(time),
        received: TimeMs(time),
        stated_time: None,
        properties: None,
        traits: None,
        context: None,
        consents: None,
    }
}
