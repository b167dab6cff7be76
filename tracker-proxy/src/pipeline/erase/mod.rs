//! Erasing a person: their inputs, what was derived from them, and what is on its way out.
//!
//! Everything has to be written back first, the whole journal looked through, and a long history
//! taken away. Each of these is done ahead, a slice with each commit or beside the pipeline's
//! thread, so that events go on being taken; what is left then is one transaction. A crash before
//! it leaves a person without some of their past: who asked was not answered and asks again.

mod journal;
mod messages;

use std::collections::VecDeque;

use self::journal::Mentions;
use self::messages::{TakenBack, names_of, rewritten};
use super::commit::Urgency;
use super::outputs::Occasion;
use super::{Handle, Pipeline, write_back};
use crate::clock::TimeMs;
use crate::ingest::Unavailable;
use crate::keys::{AccountNo, IdKind, ProfileId};
use crate::profile::Profile;
use crate::store::{ChunkNo, DeliveryState, Erasure, HistoryCut, Reader, StoreError, TombstoneRow};

/// How many chunks of a history go with one commit: some milliseconds of pages far from each other.
const CHUNKS_CUT: usize = 1_024;
/// How often a person may get further ids while their inputs are looked for.
const ATTEMPTS_MAX: u32 = 8;

/// Who is to be erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erased {
    /// The account.
    pub account: AccountNo,
    /// What the id is.
    pub kind: IdKind,
    /// The id.
    pub id: String,
}

/// A long history that is being taken away.
struct LongPast {
    /// The row of its profile: it is another one's once that became part of somebody else.
    row: Option<i64>,
    /// Its chunks, oldest first.
    left: VecDeque<ChunkNo>,
}

/// What has to be done ahead, or the end.
enum Step {
    /// There is nobody.
    Nobody,
    /// There is more to be done ahead.
    Again,
    /// The person is erased.
    Done,
}

/// Erases a person; false where there is none.
///
/// A last removal goes to every mirror that was told of them, and one that was on its way goes on.
///
/// # Errors
///
/// The store does not work; the person may or may not be erased.
pub async fn erase(handle: &Handle, clock: TimeMs, person: Erased) -> Result<bool, Unavailable> {
    for attempt in 0..ATTEMPTS_MAX {
        write_back(handle).await?;
        let mut mentions = Mentions::default();
        let wanted = person.clone();
        let sought = ask(handle, move |pipeline| pipeline.sought(&wanted)).await?;
        let Some((reader, ids)) = sought else {
            return Ok(false);
        };
        // The last time nothing can come in between: all is done in one turn.
        if attempt + 1 < ATTEMPTS_MAX {
            let found = tokio::task::spawn_blocking(move || Mentions::find(&*reader, ids));
            let found = found.await.map_err(|_panic| Unavailable)?;
            mentions = found.map_err(|error| unavailable(&error))?;
            while !mentions.rows.is_empty() {
                let left = mentions.rows.len();
                mentions = ask(handle, move |pipeline| pipeline.rewrite_some(mentions)).await?;
                if mentions.rows.len() == left {
                    break;
                }
            }
        } else {
            mentions.ids = ids;
        }
        let wanted = person.clone();
        let mut past = None;
        loop {
            let wanted = wanted.clone();
            past = ask(handle, move |pipeline| pipeline.cut_history(&wanted, past)).await?;
            if past.is_none() {
                break;
            }
        }
        let step = ask(handle, move |pipeline| {
            pipeline.erase(clock, &wanted, mentions)
        })
        .await?;
        match step {
            Step::Nobody => return Ok(false),
            Step::Done => return Ok(true),
            Step::Again => {}
        }
    }
    Err(Unavailable)
}

async fn ask<T: Send + 'static>(
    handle: &Handle,
    question: impl FnOnce(&mut Pipeline) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Unavailable> {
    let answer = handle.ask(question).await?;
    answer.map_err(|error| unavailable(&error))
}

fn unavailable(error: &StoreError) -> Unavailable {
    tracing::error!(%error, "an erasure failed");
    Unavailable
}

/// A reader, and what it has to look for.
type Sought = (Box<dyn Reader + Send>, Vec<ProfileId>);

impl Pipeline {
    fn sought(&mut self, person: &Erased) -> Result<Option<Sought>, StoreError> {
        let Some(id) = self.find(person.account, person.kind, &person.id)? else {
            return Ok(None);
        };
        let ids = self.ids_of(person.account, id)?;
        Ok(Some((self.writer.reader()?, ids)))
    }

    /// Every id of a profile, its own key the last.
    fn ids_of(&self, account: AccountNo, id: ProfileId) -> Result<Vec<ProfileId>, StoreError> {
        let mut ids = self.store.aliases_of(account, id)?;
        ids.push(id);
        Ok(ids)
    }

    /// Takes the oldest part of a long history away; returns what is left of it, if that is long.
    ///
    /// A history only grows at its newest end, so that what is known of it is read once.
    fn cut_history(
        &mut self,
        person: &Erased,
        past: Option<LongPast>,
    ) -> Result<Option<LongPast>, StoreError> {
        let Some(id) = self.find(person.account, person.kind, &person.id)? else {
            return Ok(None);
        };
        // While it is being written, its newest chunk may be another one.
        self.settle_for(id)?;
        let Some(cached) = self.cache.get(id) else {
            return Ok(None);
        };
        let (row, newest) = (cached.row, cached.newest);
        let mut left = match past {
            Some(past) if past.row == row => past.left,
            _ => self.store.chunks(newest)?.into(),
        };
        if left.len() <= CHUNKS_CUT {
            return Ok(None);
        }
        let gone: Vec<ChunkNo> = left.drain(..CHUNKS_CUT).collect();
        let first_left = left[0];
        let now = self.head.clock;
        self.outputs.apply.history_cut = Some(HistoryCut { gone, first_left });
        if let Err(error) = self.commit(now, Urgency::Calm, None) {
            self.give_up(now, &error);
            return Err(error);
        }
        Ok(Some(LongPast { row, left }))
    }

    fn erase(
        &mut self,
        clock: TimeMs,
        person: &Erased,
        mentions: Mentions,
    ) -> Result<Step, StoreError> {
        let now = self.now(clock);
        let Some(id) = self.find(person.account, person.kind, &person.id)? else {
            return Ok(Step::Nobody);
        };
        if self.ids_of(person.account, id)? != mentions.ids {
            return Ok(Step::Again);
        }
        let erased = self.erase_profile(now, person.account, id, mentions);
        if let Err(error) = &erased {
            self.give_up(now, error);
        }
        erased.map(|()| Step::Done)
    }

    fn erase_profile(
        &mut self,
        now: TimeMs,
        account: AccountNo,
        id: ProfileId,
        mut mentions: Mentions,
    ) -> Result<(), StoreError> {
        // With everything written back, no row of a profile that was merged into this one is
        // left, and no journal row has to be folded again.
        self.commit(now, Urgency::All, None)?;
        let Some(found) = self.catalog.account(account).cloned() else {
            return Ok(());
        };
        self.load(account, id)?;
        let Some(cached) = self.cache.remove(id) else {
            return Ok(());
        };
        mentions.read_on(self.store.as_ref())?;
        let names = names_of(cached.profile());
        let tombstones = self.tombstones(account, cached.profile(), &mentions.ids, now);
        let mut gone = Vec::with_capacity(tombstones.len());
        for TombstoneRow { id: known, .. } in &tombstones {
            // Under an id that the person had once somebody else may live by now.
            if *known == id || self.store.profile(account, *known)?.is_none() {
                gone.push(*known);
            }
        }
        let TakenBack { messages, removals } = self.take_back(account, &gone, &names)?;
        for (activation, removal) in removals {
            self.outputs
                .say_again(&found, activation, cached.profile(), removal, now);
        }
        let occasion = Occasion { event: None, now };
        self.outputs.unsay(&found, cached.profile(), None, occasion);
        self.outputs.vanish(account, cached.profile(), now);
        self.outputs.seal(now);
        for row in &mut self.outputs.apply.outbox {
            row.profile = None;
        }
        for delivery in &mut self.outputs.apply.deliveries {
            delivery.profile = None;
        }
        self.outputs.apply.memberships.clear();
        let erasure = Erasure {
            account,
            profile: id,
            ids: tombstones,
            audiences: found.audience_numbers().collect(),
            rewritten: self.without_entries(&mentions)?,
            deliveries: messages
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
        let erasure = self.writer.erase(erasure)?;
        self.store.release()?;
        let erased = erasure.ids.iter().map(|row| (row.id, row.erased));
        self.tombstones.extend(erased);
        self.head.commits += 1;
        self.head.clock = now;
        self.head.sequence = erasure.sequence;
        for alias in mentions.ids {
            self.cache.forget(alias);
        }
        self.stats.profiles = self.stats.profiles.saturating_sub(1);
        self.shared.grow(std::mem::take(&mut self.outputs.growth));
        self.outbound.extend(erasure.apply.deliveries);
        // What was given up stays given up.
        let left = messages.into_iter().filter_map(|(_, new)| new);
        self.outbound
            .extend(left.filter(|row| row.state == DeliveryState::Pending));
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
}
