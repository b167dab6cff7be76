//! Telling a mirror everything: one `replace` per audience, or, where a list is too long for one
//! body, each standing by itself.
//!
//! The sequence of a list is taken before the reading begins, so that every change that happens
//! meanwhile is newer than the list and wins. The stored lists are brought up to date once, and read
//! outside the pipeline's thread; only who a member is and whether they may be told of is asked
//! there, some at a time. What the list says of somebody is noted with them, as if it had been said
//! of them alone: whoever was named is taken back when they leave, are erased or get another name.

use segue_receiver::limits::BODY_BYTES_MAX;
use segue_receiver::payload::{Change, PersonId};

use super::commit::Urgency;
use super::fold::Position;
use super::journal::Entry;
use super::mirrors::Turn;
use super::{Handle, Pipeline, outputs, render};
use crate::activation::payload::envelope::{self, Op};
use crate::activation::plan::{self, Listed};
use crate::clock::TimeMs;
use crate::ingest::Unavailable;
use crate::keys::{AccountNo, ActivationNo, AudienceNo, JournalSeq, ProfileId};
use crate::profile::Profile;
use crate::store::{OutboxRow, Reader, StoreError};

/// How many bytes of person ids one `replace` names, so that its body stays within what a receiver
/// takes. There is no `replace` in parts: a longer list is told person by person.
pub const REPLACE_BYTES_MAX: usize = BODY_BYTES_MAX - 64 * 1_024;
/// What a person id costs in a list besides its own bytes: quotes and a comma, in bytes.
const PER_PERSON_BYTES: usize = 3;
/// How many persons are read, asked about and told of at once.
const PERSONS_AT_ONCE: u32 = 500;

/// A mirror that is being told.
#[derive(Debug, Clone, Copy)]
struct Mirror {
    account: AccountNo,
    no: ActivationNo,
    /// Which need of it this is about.
    turn: Turn,
    /// When its lists began, and what was journaled by then.
    began: (TimeMs, JournalSeq),
}

/// An audience that is listed.
#[derive(Debug, Clone, Copy)]
struct Told {
    audience: AudienceNo,
    /// What the list removes is older than what it adds: two persons may share a name.
    removes: u64,
    adds: u64,
}

/// Where lists of members begin.
struct Beginning {
    mirror: Mirror,
    reader: Box<dyn Reader + Send>,
    audiences: Vec<Told>,
}

/// Tells a mirror everything.
///
/// # Errors
///
/// The pipeline has stopped, or its store does not work.
pub async fn resync(
    handle: &Handle,
    account: AccountNo,
    no: ActivationNo,
) -> Result<(), Unavailable> {
    let beginning = handle.ask(move |pipeline| pipeline.begin_resync(account, no));
    let Some(beginning) = beginning.await?.map_err(unavailable)? else {
        return Ok(());
    };
    let Beginning {
        mirror,
        mut reader,
        audiences,
    } = beginning;
    for told in audiences {
        let mut list = Listing {
            handle,
            reader: &mut *reader,
            mirror,
            told,
        };
        if list.fits().await? {
            list.tell_all().await?;
        } else {
            tracing::info!(%no, "an audience is too large for one `replace`");
            list.tell_each().await?;
        }
    }
    handle.ask(move |pipeline| pipeline.told(mirror)).await
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is what an error is mapped by"
)]
fn unavailable(error: StoreError) -> Unavailable {
    tracing::error!(%error, "a resync failed");
    Unavailable
}

/// One audience of a mirror.
struct Listing<'a> {
    handle: &'a Handle,
    reader: &'a mut (dyn Reader + Send),
    mirror: Mirror,
    told: Told,
}

impl Listing<'_> {
    /// Some members, or some former ones, after a profile.
    fn page(
        &mut self,
        member: bool,
        after: Option<ProfileId>,
    ) -> Result<Vec<ProfileId>, Unavailable> {
        let (account, audience) = (self.mirror.account, self.told.audience);
        let page = if member {
            self.reader
                .members(account, audience, after, PERSONS_AT_ONCE)
        } else {
            self.reader
                .former_members(account, audience, after, PERSONS_AT_ONCE)
        };
        let page = page.map_err(unavailable)?;
        Ok(page.into_iter().map(|row| row.profile).collect())
    }

    /// Whether the names of all members fit one body. Nothing is noted yet: a list in parts would
    /// not know any more what the names were before.
    async fn fits(&mut self) -> Result<bool, Unavailable> {
        let (mut bytes, mut after) = (0, None);
        loop {
            let page = self.page(true, after)?;
            after = page.last().copied();
            if after.is_none() {
                return Ok(true);
            }
            let (mirror, audience) = (self.mirror, self.told.audience);
            let sized = self
                .handle
                .ask(move |pipeline| pipeline.name_bytes(mirror, audience, &page));
            bytes += sized.await?.map_err(unavailable)?;
            if bytes > REPLACE_BYTES_MAX {
                return Ok(false);
            }
        }
    }

    /// Tells all members at once, by the names that the mirror uses.
    async fn tell_all(&mut self) -> Result<(), Unavailable> {
        let (mut persons, mut after) = (Vec::new(), None);
        let (mirror, told) = (self.mirror, self.told);
        loop {
            let page = self.page(true, after)?;
            after = page.last().copied();
            if after.is_none() {
                break;
            }
            let listed = self
                .handle
                .ask(move |pipeline| pipeline.list(mirror, told.audience, &page));
            let listed = listed.await?.map_err(|_logged| Unavailable)?;
            let names = listed.into_iter();
            let names = names.filter_map(|(id, one)| Some((id, person(one.name.as_deref())?)));
            persons.extend(names);
        }
        let all = self
            .handle
            .ask(move |pipeline| pipeline.tell_all(mirror, told, persons));
        all.await?.map_err(unavailable)
    }

    /// Adds each member, and removes whoever was told of and is not to be there.
    async fn tell_each(&mut self) -> Result<(), Unavailable> {
        let (mirror, told) = (self.mirror, self.told);
        for member in [true, false] {
            let mut after = None;
            loop {
                let page = self.page(member, after)?;
                after = page.last().copied();
                if after.is_none() {
                    break;
                }
                let each = self
                    .handle
                    .ask(move |pipeline| pipeline.tell_each(mirror, told, &page));
                each.await?.map_err(|_logged| Unavailable)?;
            }
        }
        Ok(())
    }
}

fn person(name: Option<&str>) -> Option<PersonId> {
    PersonId::new(name?).ok()
}

impl Pipeline {
    fn begin_resync(
        &mut self,
        account: AccountNo,
        no: ActivationNo,
    ) -> Result<Option<Beginning>, StoreError> {
        let Some(turn) = self.mirrors.begin((account, no)) else {
            return Ok(None);
        };
        let now = self.head.clock;
        let mirror = Mirror {
            account,
            no,
            turn,
            began: (now, self.head.journal),
        };
        let Some(audiences) = self.active(mirror).map(|one| one.audiences.clone()) else {
            return Ok(None);
        };
        self.list_all_standings()?;
        let reader = self.writer.reader()?;
        let told = |audience| Told {
            audience,
            removes: self.outputs.next_sequence(now),
            adds: self.outputs.next_sequence(now),
        };
        Ok(Some(Beginning {
            mirror,
            audiences: audiences.into_iter().map(told).collect(),
            reader,
        }))
    }

    /// The mirror, while it is on and was not asked for anew: that will be another list.
    fn active(&self, mirror: Mirror) -> Option<&super::catalog::CompiledActivation> {
        let key = (mirror.account, mirror.no);
        let mut mirrors = self.catalog.account(mirror.account)?.mirrors();
        let active = mirrors.find(|one| one.no == mirror.no && one.definition.active);
        active.filter(|_| self.mirrors.turn(key) == Some(mirror.turn))
    }

    /// What the names of these persons take in a list, in bytes.
    fn name_bytes(
        &self,
        mirror: Mirror,
        audience: AudienceNo,
        ids: &[ProfileId],
    ) -> Result<usize, StoreError> {
        let Some(activation) = self.active(mirror) else {
            return Ok(0);
        };
        let mut bytes = 0;
        for id in ids {
            let name = self.look_at(mirror.account, *id, |known| {
                plan::list(mirror.no, &activation.definition, audience, known).name
            })?;
            bytes += name
                .flatten()
                .map_or(0, |name| name.len() + PER_PERSON_BYTES);
        }
        Ok(bytes)
    }

    /// What a list of `audience` says of these persons, which is noted with each. Nobody where the
    /// mirror was switched off or asked for anew meanwhile.
    fn list(
        &mut self,
        mirror: Mirror,
        audience: AudienceNo,
        ids: &[ProfileId],
    ) -> Result<Vec<(ProfileId, Listed)>, StoreError> {
        let now = self.head.clock;
        let listed = self.list_at(now, mirror, audience, ids);
        listed.inspect_err(|error| self.give_up(now, error))
    }

    fn list_at(
        &mut self,
        now: TimeMs,
        mirror: Mirror,
        audience: AudienceNo,
        ids: &[ProfileId],
    ) -> Result<Vec<(ProfileId, Listed)>, StoreError> {
        let Some(activation) = self.active(mirror).map(|one| one.definition.clone()) else {
            return Ok(Vec::new());
        };
        let (account, wanted) = (mirror.account, self.wanted(mirror.account));
        let at = self.position(now);
        let look = |known: &Profile| {
            let listed = plan::list(mirror.no, &activation, audience, known);
            let said = known.ledger.mirrored(mirror.no, audience);
            let is_news = listed.news(said).is_some();
            (known.warm >= wanted, listed, is_news)
        };
        let mut all = Vec::with_capacity(ids.len());
        for profile in ids.iter().copied() {
            if self.follow(account, profile)? != profile {
                continue;
            }
            let mut seen = self.look_at(account, profile, look)?;
            if let Some((false, ..)) = seen {
                self.enter(Entry::Warm { account, profile }, at)?;
                seen = self.look_at(account, profile, look)?;
            }
            let Some((_, listed, is_news)) = seen else {
                continue;
            };
            if is_news {
                let activation = mirror.no;
                let entry = Entry::List {
                    account,
                    profile,
                    activation,
                    audience,
                };
                self.enter(entry, at)?;
            }
            all.push((profile, listed));
        }
        Ok(all)
    }

    fn enter(&mut self, entry: Entry<'_>, at: Position) -> Result<(), StoreError> {
        self.packer.push(&entry);
        self.fold(&entry, at)
    }

    /// Notes with a person what a list says of them.
    pub(super) fn fold_listing(
        &mut self,
        (account, no): (AccountNo, ActivationNo),
        audience: AudienceNo,
        id: ProfileId,
        at: Position,
    ) -> Result<(), StoreError> {
        let account = self.account(account)?;
        let activation = account.mirrors().find(|mirror| mirror.no == no);
        let there = self.load(account.stored.no, id)? && !self.has_already(id, at);
        let Some(activation) = activation.filter(|_| there) else {
            return Ok(());
        };
        let cached = self.cache.get_mut(id).expect("loaded above");
        cached.folded = at.seq;
        let profile = cached.profile_mut();
        let listed = plan::list(no, &activation.definition, audience, profile);
        if let Some(news) = listed.news(profile.ledger.mirrored(no, audience)) {
            profile.ledger.mirror(no, audience, news);
        }
        self.cache.mark_dirty(id, at.seq, at.now);
        Ok(())
    }

    /// Tells a whole list. Who was erased while it was read is not named any more.
    fn tell_all(
        &mut self,
        mirror: Mirror,
        told: Told,
        persons: Vec<(ProfileId, PersonId)>,
    ) -> Result<(), StoreError> {
        let (began, journal) = mirror.began;
        let mut names = Vec::with_capacity(persons.len());
        for (id, name) in persons {
            let is_erased = self.tombstones.get(&id).is_some_and(|at| *at >= began);
            // An id that an erased person had once may be somebody else's all the time.
            let is_there = !is_erased
                || self.look_at(mirror.account, id, |known| known.incarnation <= journal)?
                    == Some(true);
            names.extend(is_there.then_some(name));
        }
        self.say_list(mirror, told.audience, told.adds, vec![Op::Replace(names)]);
        self.commit_or_give_up(self.head.clock);
        Ok(())
    }

    /// Tells some of a list person by person. What it notes with them is committed with it: what
    /// they were called before is known no more afterwards.
    fn tell_each(
        &mut self,
        mirror: Mirror,
        told: Told,
        ids: &[ProfileId],
    ) -> Result<(), StoreError> {
        let (mut removes, mut adds) = (Vec::new(), Vec::new());
        for (_, listed) in self.list(mirror, told.audience, ids)? {
            removes.extend(person(listed.past.as_deref()).map(Op::Remove));
            adds.extend(person(listed.name.as_deref()).map(Op::Add));
        }
        self.say_list(mirror, told.audience, told.removes, removes);
        self.say_list(mirror, told.audience, told.adds, adds);
        self.commit_or_give_up(self.head.clock);
        Ok(())
    }

    /// Puts what is told of an audience into a delivery.
    fn say_list(&mut self, mirror: Mirror, audience: AudienceNo, sequence: u64, ops: Vec<Op>) {
        let Some(account) = self.catalog.account(mirror.account).cloned() else {
            return;
        };
        let Some(activation) = self.active(mirror).filter(|_| !ops.is_empty()).cloned() else {
            return;
        };
        let now = self.head.clock;
        let change = |op| {
            let about = render::audience_ref(&account, audience);
            envelope::change(op, about, sequence, now)
        };
        let changes: Vec<Change> = ops.into_iter().map(change).collect();
        if let Some(body) = render::mirror_body(&activation, changes, now) {
            let unique = self.outputs.next_sequence(now);
            let id = self
                .outputs
                .delivery_id(&[&mirror.no.0.to_be_bytes(), &unique.to_be_bytes()]);
            self.outputs
                .apply
                .outbox
                .push(list_row(mirror, audience, now, &id));
            let delivery = outputs::delivery(&account, &activation, id, body, now);
            self.outputs.apply.deliveries.push(delivery);
        }
    }

    /// The mirror was told everything.
    fn told(&mut self, mirror: Mirror) {
        self.mirror_told((mirror.account, mirror.no), mirror.turn);
        self.commit_or_give_up(self.head.clock);
    }

    fn commit_or_give_up(&mut self, now: TimeMs) {
        if let Err(error) = self.commit(now, Urgency::Calm, None) {
            self.give_up(now, &error);
        }
    }
}

fn list_row(mirror: Mirror, audience: AudienceNo, at: TimeMs, delivery: &str) -> OutboxRow {
    OutboxRow {
        seq: 0,
        account: mirror.account,
        activation: mirror.no,
        audience,
        profile: None,
        number: 0,
        op: "replace".into(),
        at,
        delivery: Some(delivery.to_owned()),
        reason: None,
    }
}
