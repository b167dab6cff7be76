//! Whose event it is: ids to profiles, and what an identify or alias message links.

use super::Pipeline;
use super::cache::Found;
use super::fold::Position;
use super::journal::Entry;
use super::repeats;
use crate::clock::TimeMs;
use crate::ingest::{Event, EventKind, Verdict};
use crate::keys::{AccountNo, IdKind, ProfileId};
use crate::profile::{Sighting, message_hash};
use crate::store::{AliasRow, StoreError};

/// How many other profiles can be merged into one. A shared device that everybody logs in on
/// would otherwise collect the world.
pub const MERGES_MAX: u32 = 100;
/// How many aliases are followed from one to the next.
const ALIAS_CHAIN_MAX: u32 = 8;

impl Pipeline {
    /// Takes one arriving event: finds its profile, refuses repeats, journals and folds it.
    pub(super) fn take(
        &mut self,
        account: AccountNo,
        event: &Event<'_>,
        bytes: &[u8],
        at: Position,
    ) -> Result<Verdict, StoreError> {
        let id = self.whose(account, event)?;
        if self.is_erased(id, event) {
            return Ok(Verdict::Erased);
        }
        if self.load(account, id)? && self.is_repeat(id, event, at.now)? {
            return Ok(Verdict::Repeat);
        }
        self.link(account, event, id, at)?;
        self.packer.push(&Entry::Event {
            account,
            profile: id,
            event: bytes,
        });
        self.fold_event(account, id, event, bytes, at)?;
        Ok(Verdict::Accepted)
    }

    /// True for what somebody did before they were erased, also when they came back since.
    fn is_erased(&self, id: ProfileId, event: &Event<'_>) -> bool {
        self.tombstones
            .get(&id)
            .is_some_and(|erased| event.time <= *erased)
    }

    /// The profile that an event belongs to: the user's, else the visitor's.
    fn whose(&mut self, account: AccountNo, event: &Event<'_>) -> Result<ProfileId, StoreError> {
        let provisional = match (event.user_id, event.anonymous_id) {
            (Some(user), _) => ProfileId::provisional(account, IdKind::User, user),
            (None, anonymous) => {
                ProfileId::provisional(account, IdKind::Anonymous, anonymous.unwrap_or_default())
            }
        };
        self.follow(account, provisional)
    }

    /// The profile that an id belongs to today.
    pub(super) fn follow(
        &mut self,
        account: AccountNo,
        provisional: ProfileId,
    ) -> Result<ProfileId, StoreError> {
        let mut id = provisional;
        for _ in 0..ALIAS_CHAIN_MAX {
            match self.cache.find(id) {
                Found::Profile => return Ok(id),
                Found::Redirect(to) => id = to,
                Found::Nothing if !self.aliases.may_have(id) => return Ok(id),
                Found::Nothing => match self.store.alias(account, id)? {
                    Some(to) => {
                        self.cache.redirect(id, to);
                        id = to;
                    }
                    None => return Ok(id),
                },
            }
        }
        Ok(id)
    }

    fn is_repeat(
        &mut self,
        id: ProfileId,
        event: &Event<'_>,
        now: TimeMs,
    ) -> Result<bool, StoreError> {
        let horizon = self.horizon(now);
        let stated = event.stated_time.unwrap_or(event.time);
        let Some(cached) = self.cache.get(id) else {
            return Ok(false);
        };
        let sighting = cached
            .recent
            .sighting(message_hash(event.message_id), stated, horizon);
        match sighting {
            Sighting::New => Ok(false),
            Sighting::Repeat => Ok(true),
            Sighting::AskHistory => {
                let before = cached.forgotten_before.is_some_and(|until| stated <= until);
                let known = self
                    .forgotten
                    .has(id, message_hash(event.message_id), stated);
                if let Some(known) = known.filter(|_| !before) {
                    return Ok(known);
                }
                self.settle_for(id)?;
                match self.cache.get(id) {
                    Some(cached) => {
                        repeats::is_in_history(&*self.store, cached, event.message_id, horizon)
                    }
                    None => Ok(false),
                }
            }
        }
    }

    /// Brings a profile into memory, unless it has become part of another one: the store has it
    /// still until that one is written back, and whoever loads it then brings a second person to
    /// life, to whom the visitor's next events would go.
    pub(super) fn load_living(
        &mut self,
        account: AccountNo,
        id: ProfileId,
    ) -> Result<bool, StoreError> {
        Ok(self.follow(account, id)? == id && self.load(account, id)?)
    }

    /// What an identify or alias message says about other ids of the same person.
    fn link(
        &mut self,
        account: AccountNo,
        event: &Event<'_>,
        profile: ProfileId,
        at: Position,
    ) -> Result<(), StoreError> {
        match (
            event.kind,
            event.user_id,
            event.anonymous_id,
            event.previous_id,
        ) {
            (EventKind::Identify, Some(_), Some(anonymous), _) => {
                let id = ProfileId::provisional(account, IdKind::Anonymous, anonymous);
                self.link_visitor(account, id, profile, at)
            }
            (EventKind::Alias, Some(_), _, Some(previous)) => {
                let user = ProfileId::provisional(account, IdKind::User, previous);
                let current = self.follow(account, user)?;
                if self.load(account, current)? {
                    return self.absorb(account, user, current, profile, at);
                }
                let visitor = ProfileId::provisional(account, IdKind::Anonymous, previous);
                self.point(account, user, profile);
                self.link_visitor(account, visitor, profile, at)
            }
            _ => Ok(()),
        }
    }

    /// A visitor became a user. A visitor who was another user before is not merged: the id
    /// points at the newest user from now on, and the two people stay two.
    fn link_visitor(
        &mut self,
        account: AccountNo,
        visitor: ProfileId,
        user: ProfileId,
        at: Position,
    ) -> Result<(), StoreError> {
        let current = self.follow(account, visitor)?;
        if current == user {
            return Ok(());
        }
        if current == visitor && self.load(account, visitor)? {
            return self.absorb(account, visitor, visitor, user, at);
        }
        self.point(account, visitor, user);
        self.repoint(account, current, user, at)
    }

    /// Merges the profile `loser`, found under `id`, into `winner`.
    fn absorb(
        &mut self,
        account: AccountNo,
        id: ProfileId,
        loser: ProfileId,
        winner: ProfileId,
        at: Position,
    ) -> Result<(), StoreError> {
        if loser == winner {
            return Ok(());
        }
        // Rows move from one profile to the other: both have to lie still.
        self.settle()?;
        self.store.hold()?;
        self.load(account, winner)?;
        let merges = |id| {
            self.cache
                .get(id)
                .map_or(0, |cached| cached.profile().merges)
        };
        if merges(winner).saturating_add(merges(loser)) >= MERGES_MAX {
            metrics::counter!("segue_merges_refused_total").increment(1);
            return Ok(());
        }
        // Whoever pointed at the loser points at the winner: chains stay one step long.
        for pointing in self.pointing_at(account, loser)? {
            self.point(account, pointing, winner);
        }
        self.point(account, loser, winner);
        if id != loser {
            self.point(account, id, winner);
        }
        let entry = Entry::Merge {
            account,
            loser,
            winner,
        };
        self.packer.push(&entry);
        self.fold(&entry, at)
    }

    /// The ids that belong to a profile: as the store has it, and as this turn has changed it.
    fn pointing_at(
        &self,
        account: AccountNo,
        profile: ProfileId,
    ) -> Result<Vec<ProfileId>, StoreError> {
        let mut ids = self.store.aliases_of(account, profile)?;
        for row in self
            .outputs
            .apply
            .aliases
            .iter()
            .filter(|row| row.account == account)
        {
            ids.retain(|id| *id != row.id);
            if row.profile == profile {
                ids.push(row.id);
            }
        }
        Ok(ids)
    }

    /// Makes an id belong to a profile. A profile under that very id has been merged before.
    fn point(&mut self, account: AccountNo, id: ProfileId, profile: ProfileId) {
        self.aliases.add(id);
        self.outputs.alias(AliasRow {
            account,
            id,
            profile,
        });
        if self.cache.get(id).is_none() {
            self.cache.redirect(id, profile);
        }
    }
}
