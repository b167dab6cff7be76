//! What an activation does about one person: a pure decision, made once per transition.

use super::{Activation, Mode, On, Payload, Repeat, payload};
use crate::clock::TimeMs;
use crate::keys::{ActivationNo, AudienceNo};
use crate::profile::{Cause, Held, MembershipChange, Mirrored, Profile, Transition};

/// Why nothing is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A consent that the activation asks for is not granted.
    NoConsent,
    /// The person was activated already, or too recently.
    AlreadyActivated,
    /// The person has more than one user id.
    MultipleUserIds,
    /// Only known persons are activated, and this one is not.
    UnknownProfile,
    /// The person has no identifier that the other side could know them by.
    MissingField,
    /// It happened before the activation, or too long ago.
    Historical,
    /// The activation is switched off.
    Inactive,
    /// An event that came a little later undid the join while it settled.
    NoLongerMember,
}

impl Reason {
    /// The word in answers and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoConsent => "no_consent",
            Self::AlreadyActivated => "already_activated",
            Self::MultipleUserIds => "multiple_user_ids",
            Self::UnknownProfile => "unknown_profile",
            Self::MissingField => "missing_field",
            Self::Historical => "historical",
            Self::Inactive => "inactive",
            Self::NoLongerMember => "no_longer_member",
        }
    }
}

/// What a trigger does about one transition or event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Triggered {
    /// It is none of its business.
    Nothing,
    /// Send.
    Send,
    /// Send nothing, and say why.
    Skip(Reason),
    /// Look again when the held entry is due.
    Hold(Held),
}

/// What happened, as a trigger sees it.
#[derive(Debug, Clone, Copy)]
pub struct Happening {
    /// The transition.
    pub change: MembershipChange,
    /// The time of the event that caused it, if one did.
    pub event_time: Option<TimeMs>,
    /// True when the settling time is over.
    pub settled: bool,
}

/// Decides a trigger activation about a transition.
#[must_use]
pub fn trigger(
    no: ActivationNo,
    activation: &Activation,
    profile: &Profile,
    happening: &Happening,
    now: TimeMs,
) -> Triggered {
    let wanted = match (&activation.on, happening.change.transition) {
        (On::Join | On::Change, Transition::Join | Transition::Renewal)
        | (On::Leave | On::Change, Transition::Leave) => true,
        (On::Join | On::Leave | On::Event(_), _) => false,
    };
    if !wanted || activation.mode != Mode::Trigger {
        return Triggered::Nothing;
    }
    if is_historical(activation, happening, now) {
        return Triggered::Skip(Reason::Historical);
    }
    let by_time = happening.change.cause == Cause::Time;
    let joins = happening.change.transition != Transition::Leave;
    if by_time && joins && !happening.settled && activation.active && activation.settle_ms > 0 {
        let change = &happening.change;
        return Triggered::Hold(Held {
            activation: no,
            audience: change.audience,
            number: change.number,
            due: now.plus(activation.settle_ms),
        });
    }
    match refusal(no, activation, profile, now) {
        Some(reason) => Triggered::Skip(reason),
        None => Triggered::Send,
    }
}

/// Decides a trigger activation about an event of a member.
#[must_use]
pub fn trigger_on_event(
    no: ActivationNo,
    activation: &Activation,
    profile: &Profile,
    event_time: TimeMs,
    now: TimeMs,
) -> Triggered {
    if !activation.include_existing && now.since(event_time) > activation.activate_within_ms {
        return Triggered::Skip(Reason::Historical);
    }
    match refusal(no, activation, profile, now) {
        Some(reason) => Triggered::Skip(reason),
        None => Triggered::Send,
    }
}

fn is_historical(activation: &Activation, happening: &Happening, now: TimeMs) -> bool {
    if activation.include_existing {
        return false;
    }
    happening.change.cause == Cause::Warming
        || happening
            .event_time
            .is_some_and(|time| now.since(time) > activation.activate_within_ms)
}

/// The first filter that the person does not pass.
fn refusal(
    no: ActivationNo,
    activation: &Activation,
    profile: &Profile,
    now: TimeMs,
) -> Option<Reason> {
    if let Some(reason) = standing_refusal(activation, profile) {
        return Some(reason);
    }
    let before = profile.ledger.activated(no)?;
    let too_soon = match activation.repeat {
        Repeat::Once => true,
        Repeat::Every => false,
        Repeat::AtMostEvery(ms) => now.since(before.last) < ms,
    };
    too_soon.then_some(Reason::AlreadyActivated)
}

/// The filters that depend on the person alone, for mirrors as for triggers.
#[must_use]
pub fn standing_refusal(activation: &Activation, profile: &Profile) -> Option<Reason> {
    if !activation.active {
        return Some(Reason::Inactive);
    }
    if !activation.multiple_user_ids && profile.user_ids.len() > 1 {
        return Some(Reason::MultipleUserIds);
    }
    let known = !profile.user_ids.is_empty() || profile.attributes.last("email").is_some();
    if activation.known_only && !known {
        return Some(Reason::UnknownProfile);
    }
    let consents = activation
        .consent
        .iter()
        .all(|name| profile.consents.granted(name));
    (!consents).then_some(Reason::NoConsent)
}

/// The name by which the other side of a mirror knows the person.
fn person_identifier(activation: &Activation, profile: &Profile) -> Option<Box<str>> {
    match &activation.payload {
        Payload::Segue(fields) => payload::envelope::person(fields, profile)
            .ok()
            .map(|person| person.as_str().into()),
        Payload::Simple(_) | Payload::Template(_) => None,
    }
}

/// What a mirror says about one person and one audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mirror {
    /// The other side is right already.
    Nothing,
    /// The person joined, and the other side is not told, because of this.
    Skip(Reason),
    /// Say these, in this order.
    Say(Vec<Mirrored>),
}

/// What made a mirror look at a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// This transition.
    Transition(Transition),
    /// A consent, an id or an attribute that changed.
    Person,
}

/// Decides what a mirror activation says about one person and one audience.
///
/// It compares what should hold on the other side with what was said last, be it of this person
/// alone or in a list. While it is off nothing is said: it begins with a list when it is switched
/// on.
#[must_use]
pub fn mirror(
    no: ActivationNo,
    activation: &Activation,
    audience: AudienceNo,
    profile: &Profile,
    look: Look,
) -> Mirror {
    if activation.mode != Mode::Mirror || !activation.active {
        return match look {
            Look::Transition(_) if activation.mode == Mode::Mirror => {
                Mirror::Skip(Reason::Inactive)
            }
            Look::Transition(_) | Look::Person => Mirror::Nothing,
        };
    }
    let said = profile.ledger.mirrored(no, audience);
    let said = said.filter(|said| said.added).map(|said| &said.person);
    let change = |person: &str, added| Mirrored {
        person: person.into(),
        added,
    };
    match (said, belongs(activation, audience, profile)) {
        // Who joins is not there, whatever was said: the mirror may have been another one then.
        (Some(said), Ok(person))
            if *said == person && look != Look::Transition(Transition::Join) =>
        {
            Mirror::Nothing
        }
        (Some(said), Ok(person)) if *said != person => {
            Mirror::Say(vec![change(said, false), change(&person, true)])
        }
        (_, Ok(person)) => Mirror::Say(vec![change(&person, true)]),
        (Some(said), Err(_)) => Mirror::Say(vec![change(said, false)]),
        (None, Err(reason)) => match look {
            Look::Transition(Transition::Join) => {
                Mirror::Skip(reason.unwrap_or(Reason::MissingField))
            }
            Look::Transition(_) | Look::Person => Mirror::Nothing,
        },
    }
}

/// The name under which a person belongs to the other side, or why a member does not.
fn belongs(
    activation: &Activation,
    audience: AudienceNo,
    profile: &Profile,
) -> Result<Box<str>, Option<Reason>> {
    if !profile.memberships.is_member(audience) {
        return Err(None);
    }
    if let Some(reason) = standing_refusal(activation, profile) {
        return Err(Some(reason));
    }
    person_identifier(activation, profile).ok_or(Some(Reason::MissingField))
}

/// What a list says of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The name that the list has for them, if they are in it.
    pub name: Option<Box<str>>,
    /// A name by which the other side may know them, and should not.
    pub past: Option<Box<str>>,
}

/// Decides what a list of `audience` says of one person.
#[must_use]
pub fn list(
    no: ActivationNo,
    activation: &Activation,
    audience: AudienceNo,
    profile: &Profile,
) -> Listed {
    let name = belongs(activation, audience, profile).ok();
    let said = profile.ledger.mirrored(no, audience);
    let past = said.map(|said| said.person.clone());
    Listed {
        past: past.filter(|past| Some(past) != name.as_ref()),
        name,
    }
}

impl Listed {
    /// What the ledger has to say then, where it says something else.
    #[must_use]
    pub fn news(&self, said: Option<&Mirrored>) -> Option<Mirrored> {
        let (person, added) = match (&self.name, &self.past) {
            (Some(name), _) => (name, true),
            (None, Some(past)) => (past, false),
            (None, None) => return None,
        };
        let news = Mirrored {
            person: person.clone(),
            added,
        };
        (said != Some(&news)).then_some(news)
    }
}

#[cfg(test)]
mod tests;
