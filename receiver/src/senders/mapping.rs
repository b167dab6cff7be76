//! From another system's payload to membership changes or events of the host.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::fields::{find, text};
use crate::Input;
use crate::limits::{IDENTIFIER_BYTES_MAX, NAME_BYTES_MAX};
use crate::payload::{AudienceRef, Change, PersonId};

/// A payload as a list of records: one for each person that it is about.
pub trait Records: Input + Send + 'static {
    /// What kind of thing happened, in a word: `purchase`, `campaign`, …
    fn name(&self) -> String;

    /// The records; a mapping finds its fields in them.
    fn records(&self) -> Vec<Map<String, Value>>;

    /// When it happened, when the sender says so.
    fn at(&self) -> Option<Timestamp> {
        None
    }

    /// Whether it only tries the connection.
    fn is_test(&self) -> bool {
        false
    }

    /// Whether it may come with GET as well as POST.
    const TAKES_GET: bool = false;
}

/// Which fields of a record say who, and which audience they join or leave.
///
/// A field is named by its path, with dots between the names: `ProfileData.plan`.
#[derive(Clone, Debug)]
#[must_use]
pub struct Mapping {
    person: String,
    audience: AudienceRef,
    audience_from: Option<(String, String)>,
    removes: bool,
}

impl Mapping {
    /// The person that this field names joins the audience.
    pub fn adding(person: impl Into<String>, audience: AudienceRef) -> Self {
        Self {
            person: person.into(),
            audience,
            audience_from: None,
            removes: false,
        }
    }

    /// The person that this field names leaves the audience.
    pub fn removing(person: impl Into<String>, audience: AudienceRef) -> Self {
        Self {
            removes: true,
            ..Self::adding(person, audience)
        }
    }

    /// Where these two fields hold an id and a name, they are the audience; elsewhere it stays the
    /// one that was given.
    pub fn audience_from(mut self, id: impl Into<String>, name: impl Into<String>) -> Self {
        self.audience_from = Some((id.into(), name.into()));
        self
    }

    /// The changes that a payload which arrived at `now` leads to; records without a usable person
    /// lead to none.
    ///
    /// These senders number nothing, so the time of arrival in microseconds is the sequence: what
    /// arrives last holds.
    ///
    /// ```
    /// use segue_receiver::payload::AudienceRef;
    /// use segue_receiver::senders::{CleverTapMessage, Mapping};
    ///
    /// let message = CleverTapMessage::from_json(
    ///     r#"{"targetId": 7, "key_values": {}, "profiles": [{"Identity": "42"}, {"Email": "a@b"}]}"#,
    /// )?;
    /// let coupons = AudienceRef { id: "coupons".into(), name: "Coupons".into() };
    /// let changes = Mapping::adding("Identity", coupons).changes(&message, jiff::Timestamp::now());
    /// assert_eq!(changes.len(), 1);
    /// assert_eq!(changes[0].persons()[0].as_str(), "42");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn changes(&self, payload: &impl Records, now: Timestamp) -> Vec<Change> {
        let at = payload.at().unwrap_or(now);
        let sequence = u64::try_from(now.as_microsecond()).unwrap_or(0);
        let change = |record: &Map<String, Value>| {
            let person = self.person(record)?;
            let audience = self.audience(record);
            Some(if self.removes {
                Change::Remove {
                    person,
                    audience,
                    sequence,
                    at,
                }
            } else {
                Change::Add {
                    person,
                    audience,
                    sequence,
                    at,
                }
            })
        };
        payload.records().iter().filter_map(change).collect()
    }

    /// The events of the host that a payload which arrived at `now` leads to, one per record.
    #[must_use]
    pub fn events(&self, payload: &impl Records, now: Timestamp) -> Vec<HostEvent> {
        let (name, at) = (payload.name(), payload.at().unwrap_or(now));
        let event = |record: Map<String, Value>| HostEvent {
            name: name.clone(),
            person: self.person(&record),
            at,
            fields: record,
        };
        payload.records().into_iter().map(event).collect()
    }

    fn person(&self, record: &Map<String, Value>) -> Option<PersonId> {
        PersonId::new(&text(find(record, &self.person)?)?).ok()
    }

    fn audience(&self, record: &Map<String, Value>) -> AudienceRef {
        let found = self.audience_from.as_ref().and_then(|(id, name)| {
            let id = text(find(record, id)?)?;
            let name = find(record, name)
                .and_then(text)
                .unwrap_or_else(|| id.clone());
            let id_fits = (1..=IDENTIFIER_BYTES_MAX).contains(&id.len());
            let usable =
                id_fits && name.len() <= NAME_BYTES_MAX && !id.chars().any(char::is_control);
            usable.then_some(AudienceRef { id, name })
        });
        found.unwrap_or_else(|| self.audience.clone())
    }
}

/// Something that happened to somebody, for the host to act upon.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HostEvent {
    /// What kind of thing.
    pub name: String,
    /// To whom, when the mapped field says so.
    pub person: Option<PersonId>,
    /// When.
    pub at: Timestamp,
    /// All that the sender said.
    pub fields: Map<String, Value>,
}
