//! Erasing a person: their inputs, what was derived from them, and what is on its way out.

use segue_receiver::payload::{Change, Envelope};

use super::Pipeline;
use super::commit::Urgency;
use super::journal::{Packer, Unpacked};
use super::outputs::Occasion;
use crate::clock::TimeMs;
use crate::keys::{AccountNo, IdKind, JournalSeq, ProfileId};
use crate::profile::Profile;
use crate::store::{DeliveryRow, Erasure, JournalRow, Rewritten, StoreError, TombstoneRow};

/// How many rows are read at once.
const ROWS_READ: u32 = 256;

impl Pipeline {
    /// Erases the person with that id; false where there is none.
    ///
    /// A last removal goes to every mirror that was told of the person.
    ///
    /// # Errors
    ///
    /// The store does not work; the person may or may not be erased.
    pub fn erase(
        &mut self,
        clock: TimeMs,
        account: AccountNo,
        kind: IdKind,
        id: &str,
    ) -> Result<bool, StoreError> {
        let now = self.now(clock);
        let Some(profile) = self.find(account, kind, id)? else {
            return Ok(false);
        };
        let erased = self.erase_profile(now, account, profile);
        if let Err(error) = &erased {
            self.give_up(now, error);
        }
        erased.map(|()| true)
    }

    fn erase_profile(
        &mut self,
        now: TimeMs,
        account: AccountNo,
        id: ProfileId,
    ) -> Result<(), StoreError> {
        // With everything written back, no row of a profile that was merged into this one is
        // left, and no journal row has to be folded again.
        let fresh = self.commit(now, Urgency::All, None)?;
        self.outbound.extend(fresh);
        let Some(found) = self.catalog.account(account).cloned() else {
            return Ok(());
        };
        self.load(account, id)?;
        let Some(cached) = self.cache.remove(id) else {
            return Ok(());
        };
        self.outputs
            .unsay(&found, &cached.profile, Occasion { event: None, now });
        self.outputs.vanish(account, &cached.profile, now);
        self.outputs.seal(now);
        for row in &mut self.outputs.apply.outbox {
            row.profile = None;
        }
        for delivery in &mut self.outputs.apply.deliveries {
            delivery.profile = None;
        }
        self.outputs.apply.memberships.clear();
        let mut ids = self.store.aliases_of(account, id)?;
        ids.push(id);
        let names = names_of(&cached.profile);
        let deliveries = self.without_person(account, &ids, &names)?;
        let tombstones = self.tombstones(account, &cached.profile, &ids, now);
        let erasure = Erasure {
            account,
            profile: id,
            ids: tombstones,
            audiences: found.audience_numbers().collect(),
            rewritten: self.without_entries(&ids)?,
            deliveries: deliveries
                .iter()
                .map(|(old, new)| rewritten(old, new.as_ref()))
                .collect(),
            apply: std::mem::take(&mut self.outputs.apply),
            follows: self.head.commits,
            clock: now,
            sequence: self.outputs.sequence,
        };
        for old in &erasure.deliveries {
            self.shared.revoke(old.id.clone());
        }
        self.store.erase(&erasure)?;
        let erased = erasure.ids.iter().map(|row| (row.id, row.erased));
        self.tombstones.extend(erased);
        self.head.commits += 1;
        self.head.clock = now;
        self.head.sequence = erasure.sequence;
        for alias in ids {
            self.cache.forget(alias);
        }
        self.stats.profiles = self.stats.profiles.saturating_sub(1);
        self.shared.grow(std::mem::take(&mut self.outputs.growth));
        self.outbound.extend(erasure.apply.deliveries);
        self.outbound
            .extend(deliveries.into_iter().filter_map(|(_, new)| new));
        Ok(())
    }

    /// Whoever sends an event of before the erasure is told so, for as long as a client retries.
    fn tombstones(
        &self,
        account: AccountNo,
        profile: &Profile,
        ids: &[ProfileId],
        now: TimeMs,
    ) -> Vec<TombstoneRow> {
        let users = profile.user_ids.iter().map(|known| (IdKind::User, known));
        let visitors = profile
            .anonymous_ids
            .iter()
            .map(|known| (IdKind::Anonymous, known));
        let provisional = users
            .chain(visitors)
            .map(|(kind, known)| ProfileId::provisional(account, kind, &known.id));
        let mut all: Vec<ProfileId> = ids.iter().copied().chain(provisional).collect();
        all.sort_unstable();
        all.dedup();
        let until = now.plus(self.bounds.idempotency_ms);
        all.into_iter()
            .map(|id| TombstoneRow {
                id,
                erased: now,
                until,
            })
            .collect()
    }

    /// The journal rows that mention the person, without the entries that do.
    fn without_entries(&self, ids: &[ProfileId]) -> Result<Vec<JournalRow>, StoreError> {
        let mut rewritten = Vec::new();
        let mut after = JournalSeq(0);
        loop {
            let rows = self.store.journal_after(after, ROWS_READ)?;
            let Some(last) = rows.last() else {
                return Ok(rewritten);
            };
            after = last.seq;
            for mut row in rows {
                let unpacked = Unpacked::new(&row.body)?;
                let entries = unpacked.entries()?;
                let kept: Vec<_> = entries
                    .iter()
                    .filter(|entry| !ids.iter().any(|id| entry.mentions(*id)))
                    .collect();
                if kept.len() < entries.len() {
                    let mut packer = Packer::default();
                    kept.into_iter().for_each(|entry| packer.push(entry));
                    row.body = packer.take();
                    rewritten.push(row);
                }
            }
        }
    }

    /// Undelivered messages that name the person among others, each with what is left of it
    /// under an id of its own: a receiver may have seen the old one.
    fn without_person(
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

fn rewritten(old: &str, new: Option<&DeliveryRow>) -> Rewritten {
    let instead = new.map(|row| (row.id.clone(), row.body.clone()));
    Rewritten {
        id: old.to_owned(),
        instead,
    }
}

/// Every name by which a mirror may know the person.
fn names_of(profile: &Profile) -> Vec<String> {
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
