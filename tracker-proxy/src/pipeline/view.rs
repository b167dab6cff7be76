//! What the admin API asks about single persons.

use super::Pipeline;
use super::cache::Found;
use super::catalog::Account;
use super::commit::Urgency;
use crate::activation::plan;
use crate::clock::TimeMs;
use crate::delivery::Precheck;
use crate::keys::{AccountNo, ActivationNo, AudienceNo, IdKind, ProfileId};
use crate::profile::Profile;
use crate::store::{DeliveryState, MemberRow, OutcomeRow, Reader, StoreError};

/// A person, with the encoded events of their history, oldest first.
#[derive(Debug, Clone)]
pub struct Person {
    /// What is known of them.
    pub profile: Profile,
    /// Encoded events; see [`super::history::events`].
    pub history: Vec<u8>,
}

/// The names that a person is listed by: the newest id of each kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// The user id.
    pub user_id: Option<String>,
    /// The anonymous id.
    pub anonymous_id: Option<String>,
}

impl Names {
    fn of(profile: &Profile) -> Self {
        Self {
            user_id: profile.user_id().map(str::to_owned),
            anonymous_id: profile.anonymous_id().map(str::to_owned),
        }
    }
}

impl Pipeline {
    /// A reader of what is committed: everything but the states and histories of profiles and the
    /// lists of members, which are written back later.
    ///
    /// # Errors
    ///
    /// The store cannot be opened once more.
    pub fn reader(&self) -> Result<Box<dyn Reader + Send>, StoreError> {
        self.writer.reader()
    }

    /// What is known of the person with that id, without their history.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub fn profile(
        &mut self,
        account: AccountNo,
        kind: IdKind,
        id: &str,
    ) -> Result<Option<Profile>, StoreError> {
        let found = self.find(account, kind, id)?;
        let cached = found.and_then(|id| self.cache.get(id));
        Ok(cached.map(|cached| cached.profile().clone()))
    }

    /// The names of the person with that profile, or with the one that it became part of; none
    /// where there is nobody any more. A long list of them does not push others out of the cache.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub fn names(&mut self, account: AccountNo, id: ProfileId) -> Result<Names, StoreError> {
        let id = self.follow(account, id)?;
        if let Some(cached) = self.cache.get(id) {
            return Ok(Names::of(cached.profile()));
        }
        match self.store.profile(account, id)? {
            Some(stored) => Ok(Names::of(&super::decode_profile(&stored.state)?)),
            None => Ok(Names::default()),
        }
    }

    /// Up to `limit` members of an audience after the profile `after`, with their names.
    ///
    /// # Errors
    ///
    /// The store does not work.
    pub fn members(
        &mut self,
        account: AccountNo,
        audience: AudienceNo,
        after: Option<ProfileId>,
        limit: u32,
    ) -> Result<Vec<(MemberRow, Names)>, StoreError> {
        self.list_all_standings()?;
        let mut members = Vec::new();
        for row in self.store.members(account, audience, after, limit)? {
            members.push((row, self.names(account, row.profile)?));
        }
        Ok(members)
    }

    /// Looks at a profile, if it is there. A long row of them pushes no others out of the cache.
    pub(super) fn look_at<T>(
        &self,
        account: AccountNo,
        id: ProfileId,
        look: impl FnOnce(&Profile) -> T,
    ) -> Result<Option<T>, StoreError> {
        if let Some(cached) = self.cache.get(id) {
            return Ok(Some(look(cached.profile())));
        }
        let Some(stored) = self.store.profile(account, id)? else {
            return Ok(None);
        };
        Ok(Some(look(&super::decode_profile(&stored.state)?)))
    }

    /// The person with that id.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub fn person(
        &mut self,
        account: AccountNo,
        kind: IdKind,
        id: &str,
    ) -> Result<Option<Person>, StoreError> {
        match self.find(account, kind, id)? {
            Some(id) => self.person_at(account, id),
            None => Ok(None),
        }
    }

    /// The profile that an id belongs to, if there is one.
    pub(super) fn find(
        &mut self,
        account: AccountNo,
        kind: IdKind,
        id: &str,
    ) -> Result<Option<ProfileId>, StoreError> {
        let id = self.follow(account, ProfileId::provisional(account, kind, id))?;
        let there = self.cache.find(id) == Found::Profile || self.load(account, id)?;
        Ok(there.then_some(id))
    }

    /// The person with that profile.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub fn person_at(
        &mut self,
        account: AccountNo,
        id: ProfileId,
    ) -> Result<Option<Person>, StoreError> {
        if !self.load_living(account, id)? {
            return Ok(None);
        }
        let history = self.history_of(id)?;
        let profile = self.cache.get(id).map(|cached| cached.profile().clone());
        Ok(profile.map(|profile| Person { profile, history }))
    }

    /// The encoded history of a profile in memory.
    pub(super) fn history_of(&mut self, id: ProfileId) -> Result<Vec<u8>, StoreError> {
        self.settle_for(id)?;
        match self.cache.get(id) {
            Some(cached) => super::fold::whole_history(self.store.as_ref(), cached),
            None => Ok(Vec::new()),
        }
    }

    /// The pipeline's time: what a question has to be answered for.
    #[must_use]
    pub fn time(&self, clock: TimeMs) -> TimeMs {
        self.now(clock)
    }

    /// Writes everything back, so that a reader of the store sees what the pipeline sees, and
    /// opens such a reader.
    ///
    /// # Errors
    ///
    /// The store does not work.
    pub fn settled_reader(&mut self) -> Result<Box<dyn Reader + Send>, StoreError> {
        let now = self.head.clock;
        if let Err(error) = self.commit(now, Urgency::All, None) {
            self.give_up(now, &error);
            return Err(error);
        }
        self.writer.reader()
    }

    /// Whether a delivery may still be sent to the person whom it is about.
    #[must_use]
    pub fn may_send(&mut self, account: AccountNo, no: ActivationNo, id: ProfileId) -> Precheck {
        let Some(found) = self.catalog.account(account).cloned() else {
            return Precheck::Skip("inactive");
        };
        let Some(activation) = activation(&found, no) else {
            return Precheck::Skip("inactive");
        };
        // Who became part of another profile is asked there.
        let Ok(id) = self.follow(account, id) else {
            return Precheck::Go;
        };
        match self.load(account, id) {
            Ok(true) => {}
            // Who cannot be looked up now is looked up at the next attempt.
            Ok(false) | Err(_) => return Precheck::Go,
        }
        let Some(cached) = self.cache.get(id) else {
            return Precheck::Go;
        };
        let granted = |name: &String| cached.profile().consents.granted(name);
        if activation.consent.iter().all(granted) {
            Precheck::Go
        } else {
            Precheck::Skip(plan::Reason::NoConsent.as_str())
        }
    }

    /// Sends dead letters again, each under its own id.
    ///
    /// # Errors
    ///
    /// The store does not work.
    pub fn replay(&mut self, clock: TimeMs, ids: &[String]) -> Result<usize, StoreError> {
        let now = self.now(clock);
        let mut replayed = Vec::new();
        for id in ids {
            let Some(mut row) = self.store.delivery(id)? else {
                continue;
            };
            if row.state != DeliveryState::Failed || row.body.is_empty() {
                continue;
            }
            row.state = DeliveryState::Pending;
            (row.reason, row.next, row.attempts) = (None, now, 0);
            self.outputs.apply.outcomes.push(OutcomeRow {
                id: row.id.clone(),
                state: DeliveryState::Pending,
                reason: None,
                attempts: 0,
                log: format!(
                    "{{\"at\":\"{}\",\"outcome\":\"replayed\"}}",
                    now.to_rfc3339()
                ),
                next: now,
            });
            replayed.push(row);
        }
        let count = replayed.len();
        if let Err(error) = self.commit(now, Urgency::Calm, None) {
            self.give_up(now, &error);
            return Err(error);
        }
        self.outbound.extend(replayed);
        Ok(count)
    }
}

fn activation(account: &Account, no: ActivationNo) -> Option<&crate::activation::Activation> {
    let found = account.activations.iter().find(|one| one.no == no)?;
    found.definition.active.then_some(&found.definition)
}
