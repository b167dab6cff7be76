//! Changing definitions: a commit of its own between two turns.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value as Json;

use super::Pipeline;
use super::catalog::{Catalog, StoredAccount, StoredCatalog};
use super::commit::Urgency;
use super::mirrors::MirrorKey;
use crate::activation::Mode;
use crate::clock::TimeMs;
use crate::delivery::DestinationMap;
use crate::keys::{AccountNo, AudienceNo, CatalogVersion};
use crate::store::{CatalogRow, StoreError};

/// Compiles a stored catalog; replaces `${NAME}` on the way.
pub type Compile<'a> =
    &'a dyn Fn(StoredCatalog) -> Result<Catalog, Vec<super::catalog::DefinitionMistake>>;

/// Why definitions were not changed.
#[derive(Debug)]
pub enum SwitchError {
    /// They are not right; nothing changed.
    Mistakes(Vec<super::catalog::DefinitionMistake>),
    /// They could not be made durable; nothing changed.
    Store(StoreError),
}

impl From<StoreError> for SwitchError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Pipeline {
    /// Changes the definitions: `change` edits the stored form of the newest ones.
    ///
    /// # Errors
    ///
    /// The result does not compile, or cannot be made durable.
    pub fn switch(
        &mut self,
        clock: TimeMs,
        compile: Compile<'_>,
        change: impl FnOnce(&mut StoredCatalog),
    ) -> Result<Arc<Catalog>, SwitchError> {
        let now = clock.max(self.head.clock);
        let before = self.catalog.clone();
        let mut stored = before.stored();
        change(&mut stored);
        if stored == before.stored() {
            return Ok(before);
        }
        stored.version = CatalogVersion(before.version.0 + 1);
        for account in &mut stored.accounts {
            let old = before.account(account.no).map(|account| &account.stored);
            let same = |old: &StoredAccount| {
                old.audiences == account.audiences
                    && old.lists == account.lists
                    && old.time_zone == account.time_zone
            };
            if !old.is_some_and(same) {
                account.audiences_changed = stored.version;
            }
        }
        let after = Arc::new(compile(stored).map_err(SwitchError::Mistakes)?);
        self.adopt(&before, &after, now).map_err(|error| {
            self.give_up(now, &error);
            SwitchError::Store(error)
        })?;
        Ok(after)
    }

    fn adopt(
        &mut self,
        before: &Arc<Catalog>,
        after: &Arc<Catalog>,
        now: TimeMs,
    ) -> Result<(), StoreError> {
        // Rows before this one were folded with the old definitions, so they are committed first.
        // With everything written back, warming finds every profile among the stored ones.
        self.commit(now, Urgency::All, None)?;
        let body = serde_json::to_string(&after.stored())
            .map_err(|error| StoreError::Damaged(error.to_string()))?;
        let mut dropped = Vec::new();
        let mut warms = false;
        for account in &after.accounts {
            let old = before.account(account.stored.no);
            warms |= old
                .is_none_or(|old| old.stored.audiences_changed != account.stored.audiences_changed);
            let kept: HashSet<AudienceNo> = account.audience_numbers().collect();
            let gone = old.into_iter().flat_map(|old| old.audience_numbers());
            let gone = gone.filter(|audience| !kept.contains(audience));
            dropped.extend(gone.map(|audience| (account.stored.no, audience)));
        }
        if warms {
            let (count, last) = self.store.profile_count()?;
            self.head.warmed_row = 0;
            self.warm_until = (count > 0).then_some(last);
        }
        self.outputs.apply.dropped_audiences = dropped.clone();
        self.want_new_mirrors(before, after);
        let row = CatalogRow {
            version: after.version.0,
            body,
        };
        self.commit(now, Urgency::Calm, Some(row))?;
        self.catalog = after.clone();
        self.shared.forget(&dropped);
        self.shared.publish(after.clone());
        self.show_destinations(Some(before));
        Ok(())
    }

    /// Shows the worker the destinations of now. One that did not change stays the same value,
    /// so that its breaker stays as it is.
    pub(super) fn show_destinations(&self, before: Option<&Arc<Catalog>>) {
        let mut all = DestinationMap::new();
        for account in &self.catalog.accounts {
            let old = before.and_then(|before| before.account(account.stored.no));
            for (id, destination) in &account.destinations {
                let same =
                    old.filter(|old| old.stored.destination(id) == account.stored.destination(id));
                let kept = same
                    .and_then(|old| old.destinations.get(id))
                    .unwrap_or(destination);
                all.insert((account.stored.no, id.clone()), kept.clone());
            }
        }
        self.destinations.replace(all);
    }

    /// Mirrors that are switched on with these definitions have to be told everything, and so
    /// have those that say something else now, or say it elsewhere.
    fn want_new_mirrors(&mut self, before: &Catalog, after: &Catalog) {
        let (were_on, are_on) = (active_mirrors(before), active_mirrors(after));
        self.forget_mirrors(|mirror| are_on.contains_key(mirror));
        for (mirror, says) in &are_on {
            if were_on.get(mirror) != Some(says) {
                self.want_resync(mirror.0, mirror.1);
            }
        }
    }

    /// A destination said that it is gone: whatever sends to it is switched off.
    pub(super) fn disable(&mut self, account: AccountNo, destination: &str, now: TimeMs) {
        let catalog = self.catalog.clone();
        let Some(account) = catalog.account(account) else {
            return;
        };
        let mut stored = catalog.stored();
        stored.version = CatalogVersion(catalog.version.0 + 1);
        let mut compiled = Catalog {
            version: stored.version,
            next_activation: catalog.next_activation,
            accounts: Vec::new(),
        };
        for old in &catalog.accounts {
            let same = old.stored.no == account.stored.no;
            let next = if same {
                old.without(destination).into()
            } else {
                old.clone()
            };
            compiled.accounts.push(next);
        }
        let compiled = Arc::new(compiled);
        match self.adopt(&catalog, &compiled, now) {
            Ok(()) => tracing::warn!(
                destination,
                "answered 410: its activations are switched off"
            ),
            Err(error) => self.give_up(now, &error),
        }
    }
}

/// What a mirror says and where to, in its author's words.
type Says<'a> = (&'a Json, Option<&'a Json>);

/// The mirrors that are on.
fn active_mirrors(catalog: &Catalog) -> HashMap<MirrorKey, Says<'_>> {
    let mut mirrors = HashMap::new();
    for account in &catalog.accounts {
        let stored = account.stored.activations.iter();
        for (stored, activation) in stored.zip(&account.activations) {
            let definition = &activation.definition;
            if definition.mode == Mode::Mirror && definition.active {
                let destination = account.stored.destination(&definition.to);
                let url = destination.and_then(|one| one.definition.get("url"));
                let key = (account.stored.no, activation.no);
                mirrors.insert(key, (&stored.stored.definition, url));
            }
        }
    }
    mirrors
}

impl StoredCatalog {
    /// The account with that id, made if it is missing.
    pub fn account_mut(&mut self, id: &str, time_zone: &str) -> &mut StoredAccount {
        let place = self.accounts.iter().position(|account| account.id == id);
        let place = place.unwrap_or_else(|| {
            let no = self
                .accounts
                .iter()
                .map(|account| account.no.0)
                .max()
                .unwrap_or(0)
                + 1;
            self.accounts.push(StoredAccount {
                no: AccountNo(no),
                id: id.to_owned(),
                time_zone: time_zone.to_owned(),
                audiences_changed: CatalogVersion(0),
                numbering: crate::audience::Numbering::default(),
                audiences: Vec::new(),
                destinations: Vec::new(),
                activations: Vec::new(),
                lists: Vec::new(),
            });
            self.accounts.len() - 1
        });
        &mut self.accounts[place]
    }
}
