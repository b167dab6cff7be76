//! What is on its way to others about a person who is erased.

use segue_receiver::payload::{Change, Envelope};

use crate::keys::{AccountNo, ProfileId};
use crate::pipeline::Pipeline;
use crate::profile::Profile;
use crate::store::{DeliveryRow, Rewritten, StoreError};

impl Pipeline {
    /// Undelivered messages that name the person among others, each with what is left of it
    /// under an id of its own: a receiver may have seen the old one.
    pub(super) fn without_person(
        &self,
        account: AccountNo,
        ids: &[ProfileId],
        names: &[String],
    ) -> Result<Vec<(String, Option<DeliveryRow>)>, StoreError> {
        let mut changed = Vec::new();
        for row in self.store.undelivered(account, ids)? {
            if row.profile.is_some_and(|about| ids.contains(&about)) {
                changed.push((row.id, None));
                continue;
            }
            let Some(body) = body_without(&row.body, names) else {
                continue;
            };
            let old = row.id.clone();
            let id = self
                .outputs
                .delivery_id(&[old.as_bytes(), b"without a person"]);
            let new = body.map(|body| DeliveryRow { id, body, ..row });
            changed.push((old, new));
        }
        Ok(changed)
    }
}

pub(super) fn rewritten(old: &str, new: Option<&DeliveryRow>) -> Rewritten {
    let instead = new.map(|row| (row.id.clone(), row.body.clone()));
    Rewritten {
        id: old.to_owned(),
        instead,
    }
}

/// Every name by which a mirror may know the person.
pub(super) fn names_of(profile: &Profile) -> Vec<String> {
    let mirrored = profile
        .ledger
        .mirrored
        .iter()
        .map(|(.., said)| said.person.to_string());
    let ids = profile.user_ids.iter().chain(&profile.anonymous_ids);
    let mut names: Vec<String> = mirrored
        .chain(ids.map(|known| known.id.to_string()))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// What is left of an envelope without these persons: nothing at all where they were not in it,
/// no body where nobody else was.
fn body_without(body: &[u8], names: &[String]) -> Option<Option<Vec<u8>>> {
    let mut envelope: Envelope = serde_json::from_slice(body).ok()?;
    let is_named = |id: &segue_receiver::payload::PersonId| {
        names.iter().any(|name| name.as_str() == id.as_str())
    };
    let mut touched = false;
    envelope.data.changes.retain_mut(|change| match change {
        Change::Add { person, .. } | Change::Remove { person, .. } => {
            let named = is_named(person);
            touched |= named;
            !named
        }
        Change::Replace { persons, .. } => {
            let before = persons.len();
            persons.retain(|person| !is_named(person));
            touched |= persons.len() < before;
            true
        }
        _ => true,
    });
    let left = !envelope.data.changes.is_empty();
    touched.then(|| left.then(|| serde_json::to_vec(&envelope).unwrap_or_default()))
}
