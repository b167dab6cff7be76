//! Our own envelope, which `segue-receiver` reads.

use segue_receiver::payload::{ActivationRef, AudienceRef, Change, Envelope, Membership, PersonId};
use serde_json::Value as Json;

use super::RenderError;
use super::lookup::find_in_profile;
use crate::activation::{Activation, Extraction, SegueFields};
use crate::clock::TimeMs;
use crate::profile::Profile;

/// The person identifier that means the user id.
pub const USER_ID: &str = segue_receiver::payload::PERSON_IDENTIFIER;

/// What happens to an audience on the other side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// The person is a member from now on.
    Add(PersonId),
    /// The person is no member any more.
    Remove(PersonId),
    /// These persons, and nobody else, are members.
    Replace(Vec<PersonId>),
}

/// The id under which the other side knows the person.
///
/// # Errors
///
/// The person has none, or one that is no person id.
pub fn person(fields: &SegueFields, profile: &Profile) -> Result<PersonId, RenderError> {
    let name = match fields.person_identifier.as_str() {
        USER_ID => "user_id",
        other => other,
    };
    let id = match find_in_profile(name, Extraction::Last, profile) {
        Some(Json::String(text)) => PersonId::new(&text).ok(),
        // `42` and `"42"` are one person; a fraction is nobody.
        Some(Json::Number(number)) if !number.is_f64() => PersonId::new(&number.to_string()).ok(),
        _ => None,
    };
    id.ok_or_else(|| RenderError::MissingField(fields.person_identifier.clone()))
}

/// One change of one audience.
#[must_use]
pub fn change(op: Op, audience: AudienceRef, sequence: u64, at: TimeMs) -> Change {
    let at = timestamp(at);
    match op {
        Op::Add(person) => Change::Add {
            person,
            audience,
            sequence,
            at,
        },
        Op::Remove(person) => Change::Remove {
            person,
            audience,
            sequence,
            at,
        },
        Op::Replace(persons) => Change::Replace {
            persons,
            audience,
            sequence,
            at,
        },
    }
}

/// The body of a delivery made at `now`.
#[must_use]
pub fn render(
    activation: &Activation,
    fields: &SegueFields,
    changes: Vec<Change>,
    now: TimeMs,
) -> Vec<u8> {
    write(membership(activation, fields, changes), now)
}

/// The body of a test: it is checked in full and changes nothing.
#[must_use]
pub fn render_test(
    activation: &Activation,
    fields: &SegueFields,
    changes: Vec<Change>,
    now: TimeMs,
) -> Vec<u8> {
    let mut membership = membership(activation, fields, changes);
    membership.test = true;
    write(membership, now)
}

fn membership(activation: &Activation, fields: &SegueFields, changes: Vec<Change>) -> Membership {
    Membership {
        activation: ActivationRef {
            id: activation.id.clone(),
            name: activation.name.clone(),
        },
        segment_group: Some(fields.segment_group.clone()),
        person_identifier: fields.person_identifier.clone(),
        test: false,
        changes,
    }
}

fn write(membership: Membership, now: TimeMs) -> Vec<u8> {
    let envelope = Envelope::membership(timestamp(now), membership);
    serde_json::to_vec(&envelope).expect("texts and numbers write into memory")
}

fn timestamp(at: TimeMs) -> jiff::Timestamp {
    let clamped = at.0.clamp(
        jiff::Timestamp::MIN.as_millisecond(),
        jiff::Timestamp::MAX.as_millisecond(),
    );
    jiff::Timestamp::from_millisecond(clamped).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::payload::testing::profile;
    use crate::activation::{Mode, On, Payload, Repeat};

    const NOW: TimeMs = TimeMs(1_795_179_600_000);

    fn fields(person_identifier: &str) -> SegueFields {
        SegueFields {
            segment_group: "shop".to_owned(),
            person_identifier: person_identifier.to_owned(),
        }
    }

    fn activation(fields: &SegueFields) -> Activation {
        Activation {
            id: "vip_to_shop".to_owned(),
            name: "VIP members to the shop".to_owned(),
            description: String::new(),
            audiences: vec!["vip".to_owned()],
            mode: Mode::Mirror,
            on: On::Change,
            to: "shop".to_owned(),
            repeat: Repeat::Every,
            consent: Vec::new(),
            multiple_user_ids: false,
            known_only: false,
            include_existing: false,
            settle_ms: 0,
            activate_within_ms: 0,
            active: true,
            payload: Payload::Segue(fields.clone()),
        }
    }

    fn vip() -> AudienceRef {
        AudienceRef {
            id: "vip".to_owned(),
            name: "VIP".to_owned(),
        }
    }

    #[test]
    fn the_receiver_reads_what_is_written() {
        let fields = fields(USER_ID);
        let id = |text: &str| PersonId::new(text).unwrap();
        let changes = vec![
            change(
                Op::Add(person(&fields, &profile()).unwrap()),
                vip(),
                17,
                NOW,
            ),
            change(Op::Remove(id("43")), vip(), 18, NOW),
            change(Op::Replace(vec![id("42"), id("44")]), vip(), 19, NOW),
        ];
        let body = render(&activation(&fields), &fields, changes.clone(), NOW);
        let read: Envelope = serde_json::from_slice(&body).unwrap();
        assert_eq!(read.data.changes, changes);
        assert_eq!(read.data.changes[0].persons()[0].as_str(), "u-2");
        assert_eq!(read.data.segment_group.as_deref(), Some("shop"));
        assert_eq!(read.data.activation.id, "vip_to_shop");
        assert_eq!(read.timestamp.as_millisecond(), NOW.0);
        assert!(!read.data.test);

        let test = render_test(&activation(&fields), &fields, changes, NOW);
        let read: Envelope = serde_json::from_slice(&test).unwrap();
        assert!(read.data.test);
    }

    #[test]
    fn a_person_is_named_as_the_other_side_asks() {
        for (identifier, id) in [
            ("userid", Some("u-2")),
            ("user_id", Some("u-2")),
            ("anonymous_id", Some("anon-1")),
            ("email", Some("new@example.com")),
            ("age", Some("41")),
            ("address.city", Some("Riga")),
            ("vip", None),
            ("tags", None),
            ("address.geo.lat", None),
            ("nasty", None),
            ("phone", None),
        ] {
            let found = person(&fields(identifier), &profile());
            match id {
                Some(id) => assert_eq!(found.unwrap().as_str(), id, "{identifier}"),
                None => assert_eq!(found.unwrap_err().reason(), "missing_field", "{identifier}"),
            }
        }
    }
}
