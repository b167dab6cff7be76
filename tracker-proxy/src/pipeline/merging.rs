//! Two profiles become one.

use std::sync::Arc;

use super::Pipeline;
use super::catalog::Account;
use super::fold::{Position, Scratch, whole_history};
use super::history;
use super::outputs::Occasion;
use crate::audience::Rebuild;
use crate::keys::{AccountNo, ProfileId};
use crate::profile::{self, Cause, Profile};
use crate::store::StoreError;

impl Pipeline {
    /// Makes one profile part of another: ids, attributes and history move, conditions are
    /// folded again from both histories, and nothing is activated twice.
    pub(super) fn fold_merge(
        &mut self,
        account: AccountNo,
        loser: ProfileId,
        winner: ProfileId,
        at: Position,
    ) -> Result<(), StoreError> {
        let account = self.account(account)?;
        self.ensure(&account, winner, at)?;
        let there = self.load(account.stored.no, loser)?;
        if self.has_already(winner, at) || !there {
            self.cache.remove(loser);
            self.cache.redirect(loser, winner);
            drop(self.outputs.standings.take_of(loser));
            return Ok(());
        }
        let Some(mut gone) = self.cache.remove(loser) else {
            return Ok(());
        };
        self.cache.redirect(loser, winner);
        self.stats.profiles = self.stats.profiles.saturating_sub(1);
        self.stats.merges += 1;
        let since = gone.dirty_since().map_or(at.seq, |since| since.min(at.seq));
        self.outputs
            .vanish(account.stored.no, gone.profile(), at.now);
        let mut moved = whole_history(self.store.as_ref(), &gone)?;
        let horizon = self.horizon(at.now);
        let cached = self.cache.get_mut(winner).expect("ensured above");
        moved.extend_from_slice(&cached.pending);
        cached.pending = moved;
        cached.folded = at.seq;
        cached.absorbed.extend(gone.row);
        cached.absorbed.extend(&gone.absorbed);
        let theirs = Arc::unwrap_or_clone(std::mem::take(&mut gone.recent));
        let recent = Arc::make_mut(&mut cached.recent);
        recent.merge(theirs, horizon);
        cached.forgotten_before = recent.forgotten_until();
        self.join_profiles(&account, winner, gone.into_profile(), at)?;
        self.cache.mark_dirty(winner, since, at.now);
        Ok(())
    }

    fn join_profiles(
        &mut self,
        account: &Arc<Account>,
        winner: ProfileId,
        gone: Profile,
        at: Position,
    ) -> Result<(), StoreError> {
        let cached = self.cache.get_mut(winner).expect("the caller ensured it");
        let due_before = cached.due();
        for (activation, _) in &gone.ledger.activated {
            for (audience, membership) in gone.memberships.iter() {
                if membership.member {
                    self.outputs
                        .activated_elsewhere
                        .push((*activation, audience));
                }
            }
        }
        let occasion = Occasion {
            event: None,
            now: at.now,
        };
        let heir = &cached.profile().ledger;
        self.outputs.unsay(account, &gone, Some(heir), occasion);
        let Scratch { touched, changed } = &mut self.scratch;
        touched.clear();
        touched.look_at_everything();
        changed.clear();
        profile::merge(cached.profile_mut(), gone, changed);
        let bytes = whole_history(self.store.as_ref(), cached)?;
        let events = history::events(&bytes)?;
        let profile = cached.profile_mut();
        account.audiences.rebuild(profile, &Rebuild::All, &events);
        profile.warm = account.stored.audiences_changed;
        let changes = account
            .audiences
            .evaluate(profile, touched, at.now, Cause::Event);
        self.outputs
            .changed(account, profile, &changes, changed, occasion);
        self.outputs.activated_elsewhere.clear();
        self.rearm(winner, due_before);
        Ok(())
    }
}
