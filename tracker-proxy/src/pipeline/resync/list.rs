//! What the pipeline says of the persons of a list, and what it notes with them.

use segue_receiver::payload::{Change, PersonId};

use super::{Beginning, Mirror, PER_PERSON_BYTES, Told};
use crate::activation::payload::envelope::{self, Op};
use crate::activation::plan::{self, Listed};
use crate::clock::TimeMs;
use crate::keys::{AccountNo, ActivationNo, AudienceNo, ProfileId};
use crate::pipeline::catalog::CompiledActivation;
use crate::pipeline::commit::Urgency;
use crate::pipeline::fold::Position;
use crate::pipeline::journal::Entry;
use crate::pipeline::{Pipeline, outputs, render};
use crate::profile::Profile;
use crate::store::{OutboxRow, StoreError};

pub(super) fn person(name: Option<&str>) -> Option<PersonId> {
    PersonId::new(name?).ok()
}

impl Pipeline {
    pub(super) fn begin_resync(
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
    fn active(&self, mirror: Mirror) -> Option<&CompiledActivation> {
        let key = (mirror.account, mirror.no);
        let mut mirrors = self.catalog.account(mirror.account)?.mirrors();
        let active = mirrors.find(|one| one.no == mirror.no && one.definition.active);
        active.filter(|_| self.mirrors.turn(key) == Some(mirror.turn))
    }

    /// What the names of these persons take in a list, in bytes.
    pub(super) fn name_bytes(
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
    pub(super) fn list(
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
    pub(in crate::pipeline) fn fold_listing(
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
    pub(super) fn tell_all(
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
    pub(super) fn tell_each(
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
    pub(super) fn told(&mut self, mirror: Mirror) {
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
