//! What is on its way to others about a person who is erased.

use segue_receiver::payload::{Change, Envelope, PersonId};

use crate::keys::{AccountNo, ActivationNo, ProfileId};
use crate::pipeline::Pipeline;
use crate::profile::Profile;
use crate::store::{DeliveryRow, Rewritten, StoreError};

/// What becomes of the undelivered messages that name a person.
#[derive(Debug, Default)]
pub(super) struct TakenBack {
    /// Each with what is left of it under an id of its own: a receiver may have seen the old one.
    pub(super) messages: Vec<(String, Option<DeliveryRow>)>,
    /// The removals that were in them. They have to arrive all the same: the other side may know
    /// the person from a message before.
    pub(super) removals: Vec<(ActivationNo, Change)>,
}

impl Pipeline {
    /// Takes a person out of everything that waits or was given up.
    pub(super) fn take_back(
        &self,
        account: AccountNo,
        ids: &[ProfileId],
        names: &[String],
    ) -> Result<TakenBack, StoreError> {
        let mut taken = TakenBack::default();
        let is_named = |person: &PersonId| names.iter().any(|name| name == person.as_str());
        for row in self.store.undelivered(account, ids)? {
            let is_alone = row.profile.is_some_and(|about| ids.contains(&about));
            let without = if is_alone {
                body_without(&row.body, |_| true).or(Some(Without::default()))
            } else {
                body_without(&row.body, is_named)
            };
            let Some(Without { body, removals }) = without else {
                continue;
            };
            let activation = row.activation;
            let removals = removals.into_iter().map(|removal| (activation, removal));
            taken.removals.extend(removals);
            let old = row.id.clone();
            let id = self
                .outputs
                .delivery_id(&[old.as_bytes(), b"without a person"]);
            let new = body.map(|body| DeliveryRow { id, body, ..row });
            taken.messages.push((old, new));
        }
        Ok(taken)
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

/// What is left of a message.
#[derive(Debug, Default)]
struct Without {
    /// Nothing where nobody else was in it.
    body: Option<Vec<u8>>,
    /// What was in it of those who are not any more.
    removals: Vec<Change>,
}

/// What is left of an envelope without some persons; nothing where they were not in it, or where
/// it is none.
fn body_without(body: &[u8], is_gone: impl Fn(&PersonId) -> bool) -> Option<Without> {
    let mut envelope: Envelope = serde_json::from_slice(body).ok()?;
    let (mut touched, mut removals) = (false, Vec::new());
    envelope.data.changes.retain_mut(|change| match change {
        Change::Replace { persons, .. } => {
            let before = persons.len();
            persons.retain(|person| !is_gone(person));
            touched |= persons.len() < before;
            true
        }
        Change::Add { person, .. } | Change::Remove { person, .. } if is_gone(person) => {
            touched = true;
            if matches!(change, Change::Remove { .. }) {
                removals.push(change.clone());
            }
            false
        }
        _ => true,
    });
    let left = !envelope.data.changes.is_empty();
    touched.then(|| Without {
        body: left.then(|| serde_json::to_vec(&envelope).unwrap_or_default()),
        removals,
    })
}
