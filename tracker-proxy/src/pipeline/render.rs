//! The frozen body of a delivery about one person.

use segue_receiver::payload::{AudienceRef, Change, PersonId};

use super::catalog::{Account, CompiledActivation};
use crate::activation::Payload;
use crate::activation::payload::envelope::{self, Op};
use crate::activation::payload::{Moment, RenderError, simple, template};
use crate::clock::TimeMs;
use crate::ingest::Event;
use crate::keys::AudienceNo;
use crate::profile::{Mirrored, Profile, Transition};
use crate::value::Value;

/// What a trigger's body is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) audience: AudienceNo,
    /// None where an event fired.
    pub(super) transition: Option<Transition>,
    pub(super) at: TimeMs,
    pub(super) event: Option<&'a Event<'a>>,
    pub(super) sequence: u64,
}

/// The body that a trigger sends about a person.
pub(super) fn trigger(
    account: &Account,
    activation: &CompiledActivation,
    profile: &Profile,
    subject: &Subject<'_>,
) -> Result<Vec<u8>, RenderError> {
    let definition = &activation.definition;
    match &definition.payload {
        Payload::Simple(fields) => simple::render(fields, profile),
        Payload::Segue(fields) => {
            let person = envelope::person(fields, profile)?;
            let op = match subject.transition {
                Some(Transition::Leave) => Op::Remove(person),
                Some(Transition::Join | Transition::Renewal) | None => Op::Add(person),
            };
            let audience = audience_ref(account, subject.audience);
            let change = envelope::change(op, audience, subject.sequence, subject.at);
            Ok(envelope::render(
                definition,
                fields,
                vec![change],
                subject.at,
            ))
        }
        Payload::Template(body) => {
            let properties = subject.event.and_then(|event| event.properties);
            let event = properties.and_then(|json| Value::from_json(json).ok());
            let audiences = &account.audiences;
            let moment = Moment {
                activation: &definition.id,
                audience: Some((
                    account.audience_id(subject.audience),
                    audiences.name(subject.audience),
                )),
                transition: subject.transition,
                at: subject.at,
                event: event.as_ref(),
            };
            let body = template::render(body, profile, &moment)?;
            Ok(body.to_string().into_bytes())
        }
    }
}

/// One change that a mirror says; none where the name is no person id.
pub(super) fn mirror_change(
    account: &Account,
    audience: AudienceNo,
    said: &Mirrored,
    sequence: u64,
    at: TimeMs,
) -> Option<Change> {
    let person = PersonId::new(&said.person).ok()?;
    let op = if said.added {
        Op::Add(person)
    } else {
        Op::Remove(person)
    };
    Some(envelope::change(
        op,
        audience_ref(account, audience),
        sequence,
        at,
    ))
}

/// The body of a mirror's delivery; none where the payload is no envelope.
pub(super) fn mirror_body(
    activation: &CompiledActivation,
    changes: Vec<Change>,
    now: TimeMs,
) -> Option<Vec<u8>> {
    match &activation.definition.payload {
        Payload::Segue(fields) => Some(envelope::render(
            &activation.definition,
            fields,
            changes,
            now,
        )),
        Payload::Simple(_) | Payload::Template(_) => None,
    }
}

pub(super) fn audience_ref(account: &Account, audience: AudienceNo) -> AudienceRef {
    AudienceRef {
        id: account.audience_id(audience).to_owned(),
        name: account.audiences.name(audience).to_owned(),
    }
}
