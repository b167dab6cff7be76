//! Who an event is about, and who may say so.

use std::borrow::Cow;

use segue_sdk::wire::{Message, RejectCode};

use super::check::{Refusal, invalid_field};
use super::{EventKind, Limits, Source};

/// The ids of an event, as far as its source may give them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Identity<'a> {
    pub(super) user_id: Option<&'a str>,
    pub(super) anonymous_id: Option<&'a str>,
    pub(super) claimed_user_id: Option<&'a str>,
    pub(super) previous_id: Option<&'a str>,
    pub(super) group_id: Option<&'a str>,
}

impl<'a> Identity<'a> {
    /// Reads the ids that a message of this kind needs. `vouched` is the user that a token speaks
    /// for.
    pub(super) fn of(
        kind: EventKind,
        message: &'a Message<'_>,
        source: &Source,
        vouched: Option<&str>,
        limits: &Limits,
    ) -> Result<Self, Refusal> {
        if matches!(kind, EventKind::Group | EventKind::Alias) && !source.may_say_who() {
            let what = format!("a public write key may not send `{}`", kind.as_str());
            return Err(Refusal::new(RejectCode::ForbiddenForPublicKey, what));
        }
        let named = id("userId", &message.user_id, limits)?;
        let trusted = source.may_say_who() || (named.is_some() && named == vouched);
        let anonymous_id = id("anonymousId", &message.anonymous_id, limits)?;
        if named.is_none() && anonymous_id.is_none() {
            let what = "userId or anonymousId is required";
            return Err(Refusal::new(RejectCode::MissingIdentity, what));
        }
        if !trusted && anonymous_id.is_none() {
            let what = "a public write key needs an anonymousId to which its userId can be a claim";
            return Err(Refusal::new(RejectCode::ForbiddenForPublicKey, what));
        }
        let mut identity = Self {
            user_id: named.filter(|_| trusted),
            anonymous_id,
            claimed_user_id: named.filter(|_| !trusted),
            previous_id: None,
            group_id: None,
        };
        match kind {
            EventKind::Alias => {
                if identity.user_id.is_none() {
                    return Err(invalid_field("alias needs a `userId`"));
                }
                let previous = id("previousId", &message.previous_id, limits)?;
                let needs = || invalid_field("alias needs a `previousId`");
                identity.previous_id = Some(previous.ok_or_else(needs)?);
            }
            EventKind::Group => {
                let group = id("groupId", &message.group_id, limits)?;
                let needs = || invalid_field("group needs a `groupId`");
                identity.group_id = Some(group.ok_or_else(needs)?);
            }
            EventKind::Track
            | EventKind::Identify
            | EventKind::Page
            | EventKind::Screen
            | EventKind::Consent => {}
        }
        Ok(identity)
    }
}

/// An id within its bound. Blank ones are absent: browser clients write `"userId":""` for
/// visitors.
pub(super) fn id<'a>(
    member: &str,
    value: &'a Option<Cow<'_, str>>,
    limits: &Limits,
) -> Result<Option<&'a str>, Refusal> {
    let Some(id) = value.as_deref().filter(|id| !id.trim_ascii().is_empty()) else {
        return Ok(None);
    };
    let (bytes, bytes_max) = (id.len(), limits.id_bytes_max);
    if bytes > bytes_max {
        let what =
            format!("`{member}` has {bytes} bytes; at most {bytes_max} are allowed (id_bytes_max)");
        return Err(invalid_field(what));
    }
    Ok(Some(id))
}
