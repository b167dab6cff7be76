//! How an event changes what is known of a person, conditions aside.

use super::{Consent, Dated, KnownId, LIST_EVENT, Profile, is_list_attribute};
use crate::clock::TimeMs;
use crate::ingest::{Event, EventKind};
use crate::value::Value;

/// How many ids of each kind a profile keeps; beyond it the oldest go.
pub const IDS_MAX: usize = 100;
/// The largest value of an attribute, in bytes of its text or JSON.
pub const ATTRIBUTE_BYTES_MAX: usize = 4_096;

/// What an event changed. Reused from event to event.
#[derive(Debug, Default)]
pub struct Changed {
    /// Attributes whose current value is another one.
    pub attributes: Vec<Box<str>>,
    /// Attributes that have another past: a value came late.
    pub past: Vec<Box<str>>,
    /// Consents that hold now and did not, or the reverse.
    pub consents: Vec<Box<str>>,
    /// The person has an id that they did not have.
    pub ids: bool,
}

impl Changed {
    /// Ready for the next event.
    pub fn clear(&mut self) {
        self.attributes.clear();
        self.past.clear();
        self.consents.clear();
        self.ids = false;
    }

    /// True if nothing changed that a filter of an activation can see.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.attributes.is_empty() && self.consents.is_empty() && !self.ids
    }
}

/// Folds one event into the profile that it belongs to.
pub fn fold(profile: &mut Profile, event: &Event<'_>, changed: &mut Changed) {
    profile.events += 1;
    profile.first_seen = profile.first_seen.min(event.time);
    // Being put on a list is nothing that the person did.
    if event.name != LIST_EVENT {
        profile.last_seen = profile.last_seen.max(event.time);
    }
    if let Some(id) = event.user_id {
        changed.ids |= learn_id(&mut profile.user_ids, id, event.time);
    }
    if let Some(id) = event.anonymous_id {
        // `track` with both ids belongs to the user and links nothing.
        let links = event.user_id.is_none() || event.kind == EventKind::Identify;
        if links {
            changed.ids |= learn_id(&mut profile.anonymous_ids, id, event.time);
        }
    }
    match event.kind {
        EventKind::Identify => give_traits(profile, event, changed),
        EventKind::Alias => {
            if let Some(id) = event.previous_id {
                changed.ids |= learn_previous_id(profile, id, event.time);
            }
        }
        EventKind::Group => {
            if let Some(id) = event.group_id {
                give(profile, "group_id", id.into(), event.time, changed);
            }
        }
        EventKind::Consent => {
            let stated = event.consents.and_then(|json| Value::from_json(json).ok());
            decide(profile, stated.as_ref(), event.time, changed);
        }
        EventKind::Track | EventKind::Page | EventKind::Screen => {}
    }
    // Most contexts say nothing about consent: do not parse those.
    if let Some(json) = event.context.filter(|json| json.contains("\"consent\"")) {
        let context = Value::from_json(json).ok();
        let stated = context.as_ref().and_then(|context| context.get("consent"));
        let stated = stated
            .and_then(|said| said.get("categoryPreferences"))
            .or(stated);
        decide(profile, stated, event.time, changed);
    }
}

fn learn_id(known: &mut Vec<KnownId>, id: &str, at: TimeMs) -> bool {
    if known.iter().any(|known| known.id.as_ref() == id) {
        return false;
    }
    known.push(KnownId {
        id: id.into(),
        since: at,
    });
    if known.len() > IDS_MAX {
        known.remove(0);
    }
    true
}

/// The older id of an alias goes in front: the newest one is what others know the person by.
fn learn_previous_id(profile: &mut Profile, id: &str, at: TimeMs) -> bool {
    let known = |ids: &[KnownId]| ids.iter().any(|known| known.id.as_ref() == id);
    if known(&profile.user_ids)
        || known(&profile.anonymous_ids)
        || profile.user_ids.len() >= IDS_MAX
    {
        return false;
    }
    profile.user_ids.insert(
        0,
        KnownId {
            id: id.into(),
            since: at,
        },
    );
    true
}

fn give_traits(profile: &mut Profile, event: &Event<'_>, changed: &mut Changed) {
    let Some(Ok(Value::Map(mut traits))) = event.traits.map(Value::from_json) else {
        return;
    };
    // Of a name that is given twice the last one counts, as conditions see it: a value changes
    // once per event.
    traits.reverse();
    traits.sort_by(|a, b| a.0.cmp(&b.0));
    traits.dedup_by(|a, b| a.0 == b.0);
    for (name, value) in traits {
        if is_list_attribute(&name) && event.name != LIST_EVENT {
            continue;
        }
        give(profile, &name, value, event.time, changed);
    }
}

fn give(profile: &mut Profile, name: &str, value: Value, at: TimeMs, changed: &mut Changed) {
    let bytes = match &value {
        Value::Text(text) => text.len(),
        Value::List(_) | Value::Map(_) => value.to_plain_text().len(),
        _ => 0,
    };
    if bytes > ATTRIBUTE_BYTES_MAX {
        metrics::counter!("segue_attributes_too_large_total").increment(1);
        return;
    }
    if profile.attributes.give(name, Dated { value, at }) {
        changed.attributes.push(name.into());
    } else if profile
        .attributes
        .get(name)
        .is_some_and(|kept| at < kept.last().at)
    {
        changed.past.push(name.into());
    }
}

fn decide(profile: &mut Profile, stated: Option<&Value>, at: TimeMs, changed: &mut Changed) {
    let Some(Value::Map(decisions)) = stated else {
        return;
    };
    for (name, value) in decisions {
        let Value::Bool(granted) = *value else {
            continue;
        };
        if profile.consents.decide(name, Consent { granted, at }) {
            changed.consents.push(name.clone());
        }
    }
}

/// Moves everything that is known of `loser` into `winner`, conditions and memberships aside:
/// those are folded again from both histories.
pub fn merge(winner: &mut Profile, loser: Profile, changed: &mut Changed) {
    for known in loser.user_ids {
        if winner.user_ids.iter().all(|ours| ours.id != known.id) {
            winner.user_ids.insert(0, known);
            changed.ids = true;
        }
    }
    for known in loser.anonymous_ids {
        changed.ids |= learn_id(&mut winner.anonymous_ids, &known.id, known.since);
    }
    changed
        .attributes
        .extend(winner.attributes.merge(loser.attributes));
    changed
        .consents
        .extend(winner.consents.merge(loser.consents));
    winner.ledger.merge(loser.ledger);
    winner.conditions.keep_told(&loser.conditions);
    winner.first_seen = winner.first_seen.min(loser.first_seen);
    // Somebody who begins as the other one has not been there since.
    winner.last_seen = if winner.events == 0 {
        loser.last_seen
    } else {
        winner.last_seen.max(loser.last_seen)
    };
    winner.events += loser.events;
    winner.merges = winner.merges.saturating_add(loser.merges).saturating_add(1);
}
