//! What is on its way to others about a person who is erased.

use segue_receiver::payload::{Change, Envelope, PersonId};

use crate::keys::{AccountNo, ActivationNo, ProfileId};
use crate::pipeline::Pipeline;
use crate::profile::Profile;
use crate::store::{DeliveryRow, Rewritten, StoreError, Undelivered};

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
        for Undelivered { row, about } in self.store.undelivered(account, ids)? {
            let gone = Gone {
                ids,
                names,
                about: &about,
            };
            let Some(Without { body, removals }) = gone.taken_out_of(&row.body) else {
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

/// Whoever is taken out of one message.
struct Gone<'a> {
    ids: &'a [ProfileId],
    names: &'a [String],
    /// Whom the outbox rows of the message are about.
    about: &'a [Option<ProfileId>],
}

impl Gone<'_> {
    /// What is left of a body without them; nothing where they were not in it.
    fn taken_out_of(&self, body: &[u8]) -> Option<Without> {
        let Ok(mut envelope) = serde_json::from_slice::<Envelope>(body) else {
            // What is no envelope is about one person.
            let is_theirs = self.about.iter().flatten().any(|id| self.ids.contains(id));
            return is_theirs.then(Without::default);
        };
        let (mut touched, mut removals) = (false, Vec::new());
        // A list has one row, whomever it names.
        let has_rows = self.about.len() == envelope.data.changes.len();
        let mut rows = self.about.iter();
        envelope.data.changes.retain_mut(|change| {
            let about = rows.next().filter(|_| has_rows).copied().flatten();
            match change {
                Change::Replace { persons, .. } => {
                    let before = persons.len();
                    persons.retain(|person| !self.is_named(person));
                    touched |= persons.len() < before;
                    true
                }
                Change::Add { person, .. } | Change::Remove { person, .. } => {
                    // Somebody else may have the same name.
                    let is_gone = match about {
                        Some(id) => self.ids.contains(&id),
                        None => self.is_named(person),
                    };
                    touched |= is_gone;
                    if is_gone && matches!(change, Change::Remove { .. }) {
                        removals.push(change.clone());
                    }
                    !is_gone
                }
                _ => true,
            }
        });
        let left = !envelope.data.changes.is_empty();
        touched.then(|| Without {
            body: left.then(|| serde_json::to_vec(&envelope).unwrap_or_default()),
            removals,
        })
    }

    fn is_named(&self, person: &PersonId) -> bool {
        let mut names = self.names.iter();
        names.any(|name| name.trim() == person.as_str())
    }
}
