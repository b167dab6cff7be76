//! Events for the tests of this stage and of those after it.

use super::{Event, EventKind};
use crate::clock::TimeMs;

/// An event of nobody yet.
pub(crate) fn event<'a>(kind: EventKind, name: &'a str, id: &'a str, at: TimeMs) -> Event<'a> {
    Event {
        kind,
        name,
        message_id: id,
        user_id: None,
        anonymous_id: None,
        claimed_user_id: None,
        previous_id: None,
        group_id: None,
        time: at,
        received: at,
        stated_time: None,
        properties: None,
        traits: None,
        context: None,
        consents: None,
    }
}
