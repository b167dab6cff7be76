//! Folding entries: the same code for inputs that arrive and for those that a restart folds again.

use std::sync::Arc;

use super::Pipeline;
use super::cache::Cached;
use super::catalog::Account;
use super::history;
use super::journal::Entry;
use super::outputs::Occasion;
use crate::audience::{AudienceSet, Rebuild, Touched};
use crate::clock::TimeMs;
use crate::ingest::Event;
use crate::keys::{AccountNo, CatalogVersion, JournalSeq, ProfileId};
use crate::profile::{self, Cause, Changed, Profile, message_hash};
use crate::store::{Reader, StoreError};

/// When and where an entry is folded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    pub(super) seq: JournalSeq,
    pub(super) now: TimeMs,
}

/// Buffers that are reused from entry to entry.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) touched: Touched,
    pub(super) changed: Changed,
}

impl Pipeline {
    /// Folds one entry. What it leads to is collected in `outputs`.
    pub(super) fn fold(&mut self, entry: &Entry<'_>, at: Position) -> Result<(), StoreError> {
        match *entry {
            Entry::Event {
                account,
                profile,
                event: bytes,
            } => {
                let event = history::event(bytes)?;
                self.fold_event(account, profile, &event, bytes, at)
            }
            Entry::Merge {
                account,
                loser,
                winner,
            } => self.fold_merge(account, loser, winner, at),
            Entry::Fire { account, profile } => self.fold_timer(account, profile, at),
            Entry::Warm { account, profile } => self.fold_warming(account, profile, at),
            Entry::Repoint { account, from, to } => self.fold_repoint(account, from, to, at),
            Entry::Tick { .. } => Ok(()),
            Entry::List {
                account,
                profile,
                activation,
                audience,
            } => self.fold_listing((account, activation), audience, profile, at),
        }
    }

    pub(super) fn account(&self, no: AccountNo) -> Result<Arc<Account>, StoreError> {
        let missing = || StoreError::Damaged(format!("account {no} is in no catalog"));
        self.catalog.account(no).cloned().ok_or_else(missing)
    }

    /// Brings a profile into memory, without asking where an alias points; true if there is one.
    pub(super) fn load(&mut self, account: AccountNo, id: ProfileId) -> Result<bool, StoreError> {
        if self.cache.get(id).is_some() {
            return Ok(true);
        }
        let Some(stored) = self.store.profile(account, id)? else {
            return Ok(false);
        };
        let cached = super::codec::decode(&stored)?;
        if let Some(due) = cached.due() {
            self.timers.arm(due, id, account);
        }
        self.cache.insert(id, cached);
        Ok(true)
    }

    /// Brings a profile into memory, or begins it.
    pub(super) fn ensure(
        &mut self,
        account: &Account,
        id: ProfileId,
        at: Position,
    ) -> Result<(), StoreError> {
        if self.load(account.stored.no, id)? {
            return Ok(());
        }
        let warm = account.stored.audiences_changed;
        let profile = Profile::new(id, at.seq, at.now, warm);
        self.cache
            .insert(id, Cached::new(account.stored.no, profile));
        self.stats.profiles += 1;
        Ok(())
    }

    /// True where the profile has this entry already: it was written back before the crash.
    pub(super) fn has_already(&self, id: ProfileId, at: Position) -> bool {
        self.cache
            .get(id)
            .is_some_and(|cached| cached.stored >= at.seq)
    }

    pub(super) fn fold_event(
        &mut self,
        account: AccountNo,
        id: ProfileId,
        event: &Event<'_>,
        bytes: &[u8],
        at: Position,
    ) -> Result<(), StoreError> {
        let account = self.account(account)?;
        self.ensure(&account, id, at)?;
        if self.has_already(id, at) {
            return Ok(());
        }
        self.warm(&account, id, at)?;
        let mut scratch = std::mem::take(&mut self.scratch);
        let folded = self.fold_loaded(&account, id, event, bytes, at, &mut scratch);
        self.scratch = scratch;
        folded
    }

    /// Folds an event into a profile that is in memory, and warm.
    fn fold_loaded(
        &mut self,
        account: &Arc<Account>,
        id: ProfileId,
        event: &Event<'_>,
        bytes: &[u8],
        at: Position,
        Scratch { touched, changed }: &mut Scratch,
    ) -> Result<(), StoreError> {
        touched.clear();
        changed.clear();
        let horizon = self.horizon(at.now);
        let cached = self.cache.get_mut(id).expect("the caller loaded it");
        let begins = cached.folded == JournalSeq(0);
        cached.folded = at.seq;
        let stated = event.stated_time.unwrap_or(event.time);
        let hash = message_hash(event.message_id);
        let recent = Arc::make_mut(&mut cached.recent);
        if let Some((gone, stated)) = recent.remember(hash, stated, event.received, horizon) {
            self.forgotten.note(id, gone, stated);
        }
        cached.pending.extend_from_slice(bytes);
        let profile = cached.profile_mut();
        if begins {
            profile.first_seen = event.time;
            profile.last_seen = event.time;
        }
        profile::fold(profile, event, changed);
        account.audiences.fold(profile, event, touched);
        for name in changed.attributes.iter().chain(&changed.past) {
            account.audiences.touch_attribute(profile, name, touched);
        }
        for name in &changed.consents {
            account.audiences.touch_consent(name, touched);
        }
        if !profile.conditions.late().waiting().is_empty() {
            self.fold_late(account, id)?;
        }
        let cached = self.cache.get_mut(id).expect("the caller loaded it");
        let due_before = cached.due();
        let profile = cached.profile_mut();
        if begins {
            account.audiences.begin(touched);
        }
        let changes = account
            .audiences
            .evaluate(profile, touched, at.now, Cause::Event);
        let occasion = Occasion {
            event: Some(event),
            now: at.now,
        };
        self.outputs
            .changed(account, profile, &changes, changed, occasion);
        self.rearm(id, due_before);
        self.cache.mark_dirty(id, at.seq, at.now);
        Ok(())
    }

    /// Folds the conditions that events came too late for from the whole history, as far as that
    /// may be read for them now.
    fn fold_late(&mut self, account: &Account, id: ProfileId) -> Result<(), StoreError> {
        let cached = self.cache.get_mut(id).expect("the caller loaded it");
        let Some(late) = AudienceSet::refold_late(cached.profile_mut()) else {
            metrics::counter!("segue_late_events_waiting_total").increment(1);
            return Ok(());
        };
        let bytes = self.history_of(id)?;
        let events = history::events(&bytes)?;
        let cached = self.cache.get_mut(id).expect("the caller loaded it");
        account
            .audiences
            .rebuild(cached.profile_mut(), &late, &events);
        Ok(())
    }

    /// Sets the timer of a profile that was just folded, if it is an earlier one.
    pub(super) fn rearm(&mut self, id: ProfileId, before: Option<TimeMs>) {
        let Some(cached) = self.cache.get(id) else {
            return;
        };
        let due = cached.due();
        if due != before
            && let Some(due) = due
        {
            self.timers.arm(due, id, cached.account);
        }
    }

    /// Folds what newer definitions need to know out of a profile's history.
    fn warm(
        &mut self,
        account: &Arc<Account>,
        id: ProfileId,
        at: Position,
    ) -> Result<(), StoreError> {
        let wanted = account.stored.audiences_changed;
        let cached = self.cache.get_mut(id).expect("the caller loaded it");
        let warm = cached.profile().warm;
        if warm >= wanted {
            return Ok(());
        }
        let bytes = if account.audiences.needs_rebuild(warm) {
            self.history_of(id)?
        } else {
            Vec::new()
        };
        let cached = self.cache.get_mut(id).expect("the caller loaded it");
        let events = history::events(&bytes)?;
        let due_before = cached.due();
        let touched = &mut self.scratch.touched;
        touched.clear();
        touched.look_at_everything();
        let profile = cached.profile_mut();
        account
            .audiences
            .rebuild(profile, &Rebuild::Since(warm), &events);
        profile.warm = wanted;
        let changes = account
            .audiences
            .evaluate(profile, touched, at.now, Cause::Warming);
        let occasion = Occasion {
            event: None,
            now: at.now,
        };
        self.outputs
            .changed(account, profile, &changes, &Changed::default(), occasion);
        cached.folded = at.seq;
        self.rearm(id, due_before);
        self.cache.mark_dirty(id, at.seq, at.now);
        Ok(())
    }

    fn fold_warming(
        &mut self,
        account: AccountNo,
        id: ProfileId,
        at: Position,
    ) -> Result<(), StoreError> {
        let account = self.account(account)?;
        if !self.load(account.stored.no, id)? || self.has_already(id, at) {
            return Ok(());
        }
        self.warm(&account, id, at)
    }

    fn fold_timer(
        &mut self,
        account: AccountNo,
        id: ProfileId,
        at: Position,
    ) -> Result<(), StoreError> {
        let account = self.account(account)?;
        if !self.load(account.stored.no, id)? || self.has_already(id, at) {
            return Ok(());
        }
        self.warm(&account, id, at)?;
        let cached = self.cache.get_mut(id).expect("loaded above");
        cached.folded = at.seq;
        let due_before = cached.due();
        let touched = &mut self.scratch.touched;
        touched.clear();
        touched.look_at_due();
        let profile = cached.profile_mut();
        let changes = account
            .audiences
            .evaluate(profile, touched, at.now, Cause::Time);
        let occasion = Occasion {
            event: None,
            now: at.now,
        };
        self.outputs
            .changed(&account, profile, &changes, &Changed::default(), occasion);
        let (over, waiting) = std::mem::take(&mut profile.ledger.held)
            .into_iter()
            .partition(|held| held.due <= at.now);
        profile.ledger.held = waiting;
        let over: Vec<_> = over;
        for held in over {
            self.outputs.settle_held(&account, profile, held, at.now);
        }
        self.rearm(id, due_before);
        self.cache.mark_dirty(id, at.seq, at.now);
        Ok(())
    }

    /// Events received before this need not be told from their repeats any more.
    pub(super) fn horizon(&self, now: TimeMs) -> TimeMs {
        now.plus(-self.bounds.idempotency_ms)
    }

    /// The version that profiles of an account have to be warm for.
    pub(super) fn wanted(&self, account: AccountNo) -> CatalogVersion {
        self.catalog
            .account(account)
            .map_or(CatalogVersion(0), |account| {
                account.stored.audiences_changed
            })
    }
}

/// Everything that is known to have happened to a person, encoded, in the order of arrival.
pub(super) fn whole_history(
    store: &(dyn Reader + Send),
    cached: &Cached,
) -> Result<Vec<u8>, StoreError> {
    history::unframe(&store.history(cached.newest)?, &cached.pending)
}
