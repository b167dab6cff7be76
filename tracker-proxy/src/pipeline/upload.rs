//! Uploaded lists: an event for each person who comes onto a list or goes off it.

use super::Pipeline;
use super::commit::Urgency;
use crate::clock::TimeMs;
use crate::ingest::{Event, EventKind, Verdict};
use crate::keys::{AccountNo, IdKind, ProfileId};
use crate::profile::{LIST_EVENT, list_attribute};
use crate::store::StoreError;
use crate::value::Value;

/// One person, by one id.
pub type Name = (IdKind, String);

/// What became of some people of an upload.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uploaded {
    /// Who they are.
    pub profiles: Vec<ProfileId>,
    /// How many of them changed.
    pub changed: u64,
}

impl Pipeline {
    /// Puts people on a list, or takes them off it, durably. Whoever is not known yet is known
    /// from then on, but nobody is made known to be taken off.
    ///
    /// # Errors
    ///
    /// The store does not work.
    pub fn upload(
        &mut self,
        clock: TimeMs,
        account: AccountNo,
        list: &str,
        people: &[Name],
        on: bool,
    ) -> Result<Uploaded, StoreError> {
        if self.tail.unfolded_bytes() > self.bounds.tail_bytes {
            return Err(StoreError::Full);
        }
        let now = self.now(clock);
        let uploaded = self
            .upload_all(now, account, list, people, on)
            .and_then(|uploaded| {
                self.commit(now, Urgency::Calm, None)?;
                Ok(uploaded)
            });
        if let Err(error) = &uploaded {
            self.give_up(now, error);
        }
        uploaded
    }

    fn upload_all(
        &mut self,
        now: TimeMs,
        account: AccountNo,
        list: &str,
        people: &[Name],
        on: bool,
    ) -> Result<Uploaded, StoreError> {
        let attribute = list_attribute(list);
        let traits = serde_json::json!({ &attribute: on }).to_string();
        let at = self.position(now);
        let mut uploaded = Uploaded::default();
        for (kind, id) in people {
            let found = self.find(account, *kind, id)?;
            let known = found.and_then(|id| self.cache.get(id));
            let is_on = known.is_some_and(|cached| {
                cached.profile().attributes.last(&attribute) == Some(&Value::Bool(true))
            });
            if is_on != on {
                let message_id = format!("list-{}", uuid::Uuid::now_v7());
                let event = list_event(*kind, id, &message_id, &traits, now);
                let bytes = event.encode_into(Vec::new());
                let verdict = self.take(account, &event, &bytes, at)?;
                uploaded.changed += u64::from(verdict == Verdict::Accepted);
            }
            let found = self.find(account, *kind, id)?;
            uploaded.profiles.extend(found);
        }
        Ok(uploaded)
    }
}

fn list_event<'a>(
    kind: IdKind,
    id: &'a str,
    message_id: &'a str,
    traits: &'a str,
    now: TimeMs,
) -> Event<'a> {
    let of = |wanted: IdKind| (kind == wanted).then_some(id);
    Event {
        kind: EventKind::Identify,
        name: LIST_EVENT,
        message_id,
        user_id: of(IdKind::User),
        anonymous_id: of(IdKind::Anonymous),
        claimed_user_id: None,
        previous_id: None,
        group_id: None,
        time: now,
        received: now,
        stated_time: None,
        properties: None,
        traits: Some(traits),
        context: None,
        consents: None,
    }
}
