//! A person, a clock and some audiences: short ways to say things in tests.

use jiff::tz::TimeZone;

use super::{AudienceSet, Definition, Numbering, Rebuild, Touched};
use crate::clock::TimeMs;
use crate::document::{Mistakes, parse};
use crate::ingest::{Event, EventKind};
use crate::keys::{CatalogVersion, ProfileId};
use crate::profile::{Cause, Consent, Dated, MembershipChange, Profile, Transition};
use crate::value::Value;

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

/// Reads a YAML list of audiences.
pub(crate) fn definitions(text: &str) -> Vec<Definition> {
    let mut mistakes = Mistakes::default();
    let node = parse(text).unwrap();
    let read = node.as_list().unwrap().iter();
    let read = read
        .filter_map(|node| Definition::read(node, &mut mistakes))
        .collect();
    assert_eq!(mistakes.into_sorted(), [], "{text}");
    read
}

/// What a person's conditions are stored as.
pub(crate) fn packed(profile: &Profile) -> Vec<u8> {
    let mut bytes = Vec::new();
    profile.conditions.pack_into(&mut bytes);
    bytes
}

/// One person in a world of some audiences.
pub(crate) struct Story {
    pub(crate) set: AudienceSet,
    pub(crate) numbering: Numbering,
    pub(crate) profile: Profile,
    pub(crate) touched: Touched,
    pub(crate) history: Vec<(String, i64, String)>,
    pub(crate) now: i64,
    zone: TimeZone,
}

impl Story {
    pub(crate) fn new(audiences: &str) -> Self {
        Self::in_zone(audiences, "UTC")
    }

    pub(crate) fn in_zone(audiences: &str, zone: &str) -> Self {
        let zone = TimeZone::get(zone).unwrap();
        let mut numbering = Numbering::default();
        let set = AudienceSet::compile(
            &definitions(audiences),
            CatalogVersion(1),
            &mut numbering,
            &zone,
        );
        let set = set.unwrap();
        let mut touched = Touched::new();
        set.begin(&mut touched);
        let profile = Profile::new(
            ProfileId([0; 16]),
            crate::keys::JournalSeq(0),
            TimeMs(0),
            CatalogVersion(1),
        );
        Self {
            set,
            numbering,
            profile,
            touched,
            history: Vec::new(),
            now: 0,
            zone,
        }
    }

    /// Somebody does something now.
    pub(crate) fn does(&mut self, name: &str, properties: &str) -> Vec<String> {
        self.did(self.now, name, properties)
    }

    /// We hear now that somebody did something at `time`.
    pub(crate) fn did(&mut self, time: i64, name: &str, properties: &str) -> Vec<String> {
        self.history
            .push((name.to_owned(), time, properties.to_owned()));
        let heard = Event {
            properties: Some(properties),
            ..event(name, time)
        };
        self.set.fold(&mut self.profile, &heard, &mut self.touched);
        if let Some(late) = AudienceSet::refold_late(&mut self.profile) {
            self.rebuild(&late);
        }
        let changes = self.evaluate(Cause::Event);
        self.store_now_and_then();
        changes
    }

    /// Packs what is remembered, as writing it back does, after every third event: it has to make no
    /// difference.
    fn store_now_and_then(&mut self) {
        if self.history.len().is_multiple_of(3) {
            let packed = packed(&self.profile);
            self.profile.conditions.close(&packed);
        }
    }

    pub(crate) fn is(&mut self, attribute: &str, json: &str) -> Vec<String> {
        let dated = Dated {
            value: Value::from_json(json).unwrap(),
            at: TimeMs(self.now),
        };
        if self.profile.attributes.give(attribute, dated) {
            self.set
                .touch_attribute(&self.profile, attribute, &mut self.touched);
        }
        self.evaluate(Cause::Event)
    }

    pub(crate) fn agrees(&mut self, consent: &str, granted: bool) -> Vec<String> {
        let decision = Consent {
            granted,
            at: TimeMs(self.now),
        };
        if self.profile.consents.decide(consent, decision) {
            self.set.touch_consent(consent, &mut self.touched);
        }
        self.evaluate(Cause::Event)
    }

    /// Time passes until `now`; timers fire at their instants.
    pub(crate) fn until(&mut self, now: i64) -> Vec<String> {
        let mut changes = Vec::new();
        while let Some(due) = self.profile.due.filter(|due| due.0 <= now) {
            self.now = due.0;
            self.touched.due = true;
            let at = |change: String| format!("{change} at {}", due.0);
            changes.extend(self.evaluate(Cause::Time).into_iter().map(at));
        }
        self.now = now;
        changes
    }

    /// Other definitions apply from now on.
    pub(crate) fn edit(&mut self, audiences: &str) -> Vec<String> {
        let version = CatalogVersion(self.set.version().0 + 1);
        let definitions = definitions(audiences);
        let set = AudienceSet::compile(&definitions, version, &mut self.numbering, &self.zone);
        self.set = set.unwrap();
        self.rebuild(&Rebuild::Since(self.profile.warm));
        self.touched.all = true;
        self.evaluate(Cause::Warming)
    }

    pub(crate) fn rebuild(&mut self, which: &Rebuild) {
        let events: Vec<Event<'_>> = self
            .history
            .iter()
            .map(|(name, time, properties)| Event {
                properties: Some(properties),
                ..event(name, *time)
            })
            .collect();
        self.set.rebuild(&mut self.profile, which, &events);
    }

    pub(crate) fn evaluate(&mut self, cause: Cause) -> Vec<String> {
        let now = TimeMs(self.now);
        let changes = self
            .set
            .evaluate(&mut self.profile, &mut self.touched, now, cause);
        self.touched.clear();
        changes.iter().map(|change| self.words(change)).collect()
    }

    fn words(&self, change: &MembershipChange) -> String {
        let sign = match change.transition {
            Transition::Join => '+',
            Transition::Leave => '-',
            Transition::Renewal => '*',
        };
        let definition = self.set.definition(change.audience).unwrap();
        format!("{sign}{}", definition.id)
    }

    pub(crate) fn is_in(&self, id: &str) -> bool {
        self.profile
            .memberships
            .is_member(self.set.by_id(id).unwrap())
    }
}
