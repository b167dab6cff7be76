//! One event after the other: checked, dated, encoded, or listed with what is wrong.

use std::borrow::Cow;

use segue_sdk::wire::{Assigned, Message, RejectCode, Rejected, Warning};
use serde_json::value::RawValue;
use uuid::{NoContext, Uuid};

use super::context::BatchContext;
use super::identity::{Identity, id};
use super::vouch::Vouched;
use super::{EventKind, Limits, Parsed, Source, TimeMs, json, members, numbers, time};
use crate::ingest::event::Event;

/// Why an event is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    code: RejectCode,
    message: Cow<'static, str>,
}

impl Refusal {
    pub(super) fn new(code: RejectCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

/// A member is missing or has a wrong value.
pub(super) fn invalid_field(message: impl Into<Cow<'static, str>>) -> Refusal {
    Refusal::new(RejectCode::InvalidField, message)
}

/// Goes through the events of one body.
#[derive(Debug)]
pub(super) struct Checker<'a> {
    pub(super) source: &'a Source,
    pub(super) received: TimeMs,
    pub(super) limits: &'a Limits,
    /// When the batch was sent, by the sender's clock.
    pub(super) sent: Option<TimeMs>,
    pub(super) context: Option<BatchContext<'a>>,
    pub(super) vouched: Vouched,
    pub(super) parsed: Parsed,
}

impl Checker<'_> {
    /// Makes room once: encoded, an event is shorter than its JSON, whose member names go.
    pub(super) fn reserve(&mut self, events: &[&RawValue]) {
        let bytes = events.iter().map(|event| event.get().len()).sum();
        self.parsed.events.reserve(bytes);
        self.parsed.positions.reserve(events.len());
    }

    /// Takes one event or lists it as refused. The kind is what the path said, in single calls.
    pub(super) fn take(&mut self, index: usize, event: &str, kind: Option<EventKind>) {
        let Err(refusal) = self.check(index, event, kind) else {
            return;
        };
        let short = |id: &Cow<'_, str>| id.len() <= self.limits.id_bytes_max;
        let message_id = json::word(event, "messageId").filter(short);
        self.parsed.rejected.push(Rejected {
            index,
            message_id: message_id.map(Cow::into_owned),
            code: refusal.code,
            message: refusal.message.into_owned(),
        });
    }

    fn check(&mut self, index: usize, event: &str, kind: Option<EventKind>) -> Result<(), Refusal> {
        let shared = self
            .context
            .as_ref()
            .map_or(0, |context| context.json.len());
        let (bytes, bytes_max) = (event.len() + shared, self.limits.event_bytes_max);
        if bytes > bytes_max {
            let what = format!(
                "the event has {bytes} bytes; at most {bytes_max} are allowed (event_bytes_max)"
            );
            return Err(Refusal::new(RejectCode::EventTooLarge, what));
        }
        let depth_max = self.limits.depth_max;
        let too_deep = self
            .context
            .as_ref()
            .is_some_and(|context| context.too_deep);
        if too_deep || json::deeper_than(depth_max, event) {
            let what = format!("the event is nested deeper than {depth_max} (depth_max)");
            return Err(Refusal::new(RejectCode::TooDeep, what));
        }
        if !event.starts_with('{') {
            let what = "an event has to be an object";
            return Err(Refusal::new(RejectCode::InvalidJson, what));
        }
        let shared = self.context.as_ref();
        if shared.is_some_and(|shared| shared.beyond_bounds) || numbers::beyond_all_bounds(event) {
            let what = "the event holds a number beyond 1.8e308, which nothing can count with";
            return Err(invalid_field(what));
        }
        let event = json::mend_surrogates(event);
        let message: Message<'_> =
            serde_json::from_str(&event).map_err(|error| invalid_field(error.to_string()))?;
        let kind = match kind {
            Some(kind) => kind,
            None => members::kind_of(&message)?,
        };
        self.encode(index, kind, &message)
    }

    fn encode(
        &mut self,
        index: usize,
        kind: EventKind,
        message: &Message<'_>,
    ) -> Result<(), Refusal> {
        let limits = self.limits;
        let own = message.context.map(RawValue::get);
        let mut context = match &self.context {
            Some(shared) => Some(shared.under(own)),
            None => own.map(Cow::Borrowed),
        };
        let vouched = self.vouched.take(self.source, &mut context, self.received);
        let user = vouched.as_ref().and_then(|user| user.as_deref().ok());
        let who = Identity::of(kind, message, self.source, user, limits)?;
        let name = members::name(kind, message, limits)?;
        let when = self.date(message)?;
        let traits = members::traits(kind, message, context.as_deref());
        let properties = members::properties(kind, message);
        let consents = members::consents(kind, message, limits)?;
        within_bound(
            [
                ("properties", properties.as_deref()),
                ("traits", traits),
                ("context", context.as_deref()),
                ("consents", consents),
            ],
            limits.properties_max,
        )?;
        let given = id("messageId", &message.message_id, limits)?;
        let made = given.is_none().then(|| new_message_id(self.received));
        let message_id = given.or(made.as_deref()).unwrap_or_default();
        let event = Event {
            kind,
            name,
            message_id,
            user_id: who.user_id,
            anonymous_id: who.anonymous_id,
            claimed_user_id: who.claimed_user_id,
            previous_id: who.previous_id,
            group_id: who.group_id,
            time: when.time,
            received: self.received,
            stated_time: when.stated,
            properties: properties.as_deref(),
            traits,
            context: context.as_deref(),
            consents,
        };
        self.parsed.events = event.encode_into(std::mem::take(&mut self.parsed.events));
        self.parsed.positions.push(index);
        if when.ahead {
            self.parsed.warnings.push(Warning {
                index,
                message_id: Some(message_id.to_owned()),
                code: Cow::Borrowed("future_timestamp"),
                message: "the time lies in the future; the time of receipt was taken".to_owned(),
            });
        }
        if let Some(Err(error)) = vouched {
            self.parsed.warnings.push(Warning {
                index,
                message_id: Some(message_id.to_owned()),
                code: Cow::Borrowed("user_token_refused"),
                message: format!("the user id is only a claim: {error}"),
            });
        }
        if let Some(message_id) = made {
            self.parsed.assigned.push(Assigned { index, message_id });
        }
        Ok(())
    }

    /// A time that cannot be read is not guessed; one of sending is only missed.
    fn date(&self, message: &Message<'_>) -> Result<time::Dated, Refusal> {
        // Where a client writes both, `timestamp` is what the app said and `originalTimestamp`
        // when the client was called.
        let members = [
            ("timestamp", &message.timestamp),
            ("originalTimestamp", &message.original_timestamp),
        ];
        let written = members
            .into_iter()
            .filter_map(|(member, text)| Some((member, text.as_deref()?)))
            .find(|(_, text)| !text.trim_ascii().is_empty());
        let event = match written {
            None => None,
            Some((member, text)) => Some(time::read(text).ok_or_else(|| {
                invalid_field(format!(
                    "`{member}` is no time such as 2026-11-20T10:00:00.000Z"
                ))
            })?),
        };
        let sent = message
            .sent_at
            .as_deref()
            .and_then(time::read)
            .or(self.sent);
        Ok(time::date(time::Stated { event, sent }, self.received))
    }
}

/// None of the objects may have more members than the bound.
fn within_bound(
    objects: [(&'static str, Option<&str>); 4],
    members_max: usize,
) -> Result<(), Refusal> {
    for (member, object) in objects {
        if object.is_some_and(|json| json::has_more_members(members_max, json)) {
            let what = format!("`{member}` has more than {members_max} members (properties_max)");
            return Err(Refusal::new(RejectCode::TooManyProperties, what));
        }
    }
    Ok(())
}

/// Ids that sort by the time of receipt, for events that came without one.
fn new_message_id(received: TimeMs) -> String {
    let ms = u64::try_from(received.0).unwrap_or_default();
    let nanos = u32::try_from(ms % 1_000 * 1_000_000).unwrap_or_default();
    Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, ms / 1_000, nanos)).to_string()
}
