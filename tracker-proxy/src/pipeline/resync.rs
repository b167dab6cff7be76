//! Telling a mirror everything: one `replace` per audience, or, where a list is too long for one
//! body, each standing by itself.
//!
//! The sequence of a list is taken before the reading begins, so that every change that happens
//! meanwhile is newer than the list and wins. The stored lists are brought up to date once, and read
//! outside the pipeline's thread; only who a member is and whether they may be told of is asked
//! there, some at a time.

use segue_receiver::limits::BODY_BYTES_MAX;
use segue_receiver::payload::{Change, PersonId};

use super::commit::Urgency;
use super::{Handle, Pipeline, outputs, render};
use crate::activation::payload::envelope::{self, Op};
use crate::activation::{Activation, Payload, plan};
use crate::ingest::Unavailable;
use crate::keys::{AccountNo, ActivationNo, AudienceNo, ProfileId};
use crate::store::{MemberRow, OutboxRow, Reader, StoreError};

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
}

/// Where lists of members begin.
struct Beginning {
    reader: Box<dyn Reader + Send>,
    /// Each audience with the sequence of its list.
    audiences: Vec<(AudienceNo, u64)>,
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
    let mirror = Mirror { account, no };
    let beginning = handle.ask(move |pipeline| pipeline.begin_resync(mirror));
    let Some(Beginning {
        mut reader,
        audiences,
    }) = beginning.await?
    else {
        return Ok(());
    };
    let mut last = audiences.len();
    for (audience, sequence) in audiences {
        last -= 1;
        let mut list = Listing {
            handle,
            reader: &mut *reader,
            mirror,
            audience,
        };
        match list.persons().await? {
            Some(persons) => {
                handle
                    .ask(move |pipeline| {
                        let told = Op::Replace(persons);
                        pipeline.tell(mirror, audience, sequence, vec![told], last == 0);
                    })
                    .await?;
            }
            None => {
                tracing::info!(%no, "an audience is too large for one `replace`");
                list.tell_each(sequence).await?;
                if last == 0 {
                    handle
                        .ask(move |pipeline| {
                            pipeline.tell(mirror, audience, sequence, vec![], true)
                        })
                        .await?;
                }
            }
        }
    }
    Ok(())
}

/// One audience of a mirror.
struct Listing<'a> {
    handle: &'a Handle,
    reader: &'a mut (dyn Reader + Send),
    mirror: Mirror,
    audience: AudienceNo,
}

impl Listing<'_> {
    fn page(
        &mut self,
        member: bool,
        after: Option<ProfileId>,
    ) -> Result<Vec<MemberRow>, Unavailable> {
        let (account, audience, limit) = (self.mirror.account, self.audience, PERSONS_AT_ONCE);
        let page = if member {
            self.reader.members(account, audience, after, limit)
        } else {
            self.reader.former_members(account, audience, after, limit)
        };
        page.map_err(|error| {
            tracing::error!(%error, "a resync failed");
            Unavailable
        })
    }

    /// The names of those of a page whom the mirror may be told of; of all, for a removal.
    async fn names(&mut self, page: &[MemberRow], all: bool) -> Result<Vec<PersonId>, Unavailable> {
        let ids: Vec<ProfileId> = page.iter().map(|row| row.profile).collect();
        let mirror = self.mirror;
        let asked = self
            .handle
            .ask(move |pipeline| pipeline.mirror_names(mirror, &ids, all));
        asked.await?.map_err(|error| {
            tracing::error!(%error, "a resync failed");
            Unavailable
        })
    }

    /// All members by the names that the mirror uses; nothing if they are too many for one list.
    async fn persons(&mut self) -> Result<Option<Vec<PersonId>>, Unavailable> {
        let (mut persons, mut bytes, mut after) = (Vec::new(), 0, None);
        loop {
            let page = self.page(true, after)?;
            let Some(last) = page.last() else {
                return Ok(Some(persons));
            };
            after = Some(last.profile);
            let names = self.names(&page, false).await?;
            let long = |name: &PersonId| name.as_str().len() + PER_PERSON_BYTES;
            bytes += names.iter().map(long).sum::<usize>();
            if bytes > REPLACE_BYTES_MAX {
                return Ok(None);
            }
            persons.extend(names);
        }
    }

    /// Adds each member, and removes whoever was one: all that the other side can have been told.
    async fn tell_each(&mut self, sequence: u64) -> Result<(), Unavailable> {
        for member in [true, false] {
            let mut after = None;
            loop {
                let page = self.page(member, after)?;
                let Some(last) = page.last() else { break };
                after = Some(last.profile);
                let names = self.names(&page, !member).await?;
                let op = |person| match member {
                    true => Op::Add(person),
                    false => Op::Remove(person),
                };
                let ops: Vec<Op> = names.into_iter().map(op).collect();
                let (mirror, audience) = (self.mirror, self.audience);
                self.handle
                    .ask(move |pipeline| pipeline.tell(mirror, audience, sequence, ops, false))
                    .await?;
            }
        }
        Ok(())
    }
}

impl Pipeline {
    fn begin_resync(&mut self, mirror: Mirror) -> Option<Beginning> {
        let account = self.catalog.account(mirror.account)?.clone();
        let wanted = |one: &&super::catalog::CompiledActivation| one.no == mirror.no;
        let activation = account.activations.iter().find(wanted)?;
        if !activation.definition.active {
            return None;
        }
        self.list_all_standings().ok()?;
        let now = self.head.clock;
        let reader = self.writer.reader().inspect_err(|error| {
            tracing::error!(%error, "no reader for a resync");
        });
        let audiences = activation.audiences.iter();
        let audiences = audiences
            .map(|audience| (*audience, self.outputs.next_sequence(now)))
            .collect();
        Some(Beginning {
            reader: reader.ok()?,
            audiences,
        })
    }

    /// The names of persons that a mirror may be told of, or of all who have one.
    fn mirror_names(
        &mut self,
        mirror: Mirror,
        ids: &[ProfileId],
        all: bool,
    ) -> Result<Vec<PersonId>, StoreError> {
        let Some(activation) = self.activation(mirror) else {
            return Ok(Vec::new());
        };
        let Payload::Segue(fields) = &activation.payload else {
            return Ok(Vec::new());
        };
        let mut names = Vec::with_capacity(ids.len());
        for id in ids {
            self.with_profile(mirror.account, *id, |profile| {
                if all || plan::standing_refusal(&activation, profile).is_none() {
                    names.extend(envelope::person(fields, profile).ok());
                }
            })?;
        }
        Ok(names)
    }

    fn activation(&self, mirror: Mirror) -> Option<Activation> {
        let account = self.catalog.account(mirror.account)?;
        let wanted = |one: &&super::catalog::CompiledActivation| one.no == mirror.no;
        let found = account.activations.iter().find(wanted)?;
        Some(found.definition.clone())
    }

    /// Puts what is told of an audience into a delivery; `last`, and the mirror was told everything.
    fn tell(
        &mut self,
        mirror: Mirror,
        audience: AudienceNo,
        sequence: u64,
        ops: Vec<Op>,
        last: bool,
    ) {
        let Some(account) = self.catalog.account(mirror.account).cloned() else {
            return;
        };
        let Some(activation) = account.activations.iter().find(|one| one.no == mirror.no) else {
            return;
        };
        let now = self.head.clock;
        let change = |op| {
            let about = render::audience_ref(&account, audience);
            envelope::change(op, about, sequence, now)
        };
        let changes: Vec<Change> = ops.into_iter().map(change).collect();
        if !changes.is_empty()
            && let Some(body) = render::mirror_body(activation, changes, now)
        {
            let unique = self.outputs.next_sequence(now);
            let id = self
                .outputs
                .delivery_id(&[&mirror.no.0.to_be_bytes(), &unique.to_be_bytes()]);
            self.outputs
                .apply
                .outbox
                .push(list_row(mirror, audience, now, &id));
            let delivery = outputs::delivery(&account, activation, id, body, now);
            self.outputs.apply.deliveries.push(delivery);
        }
        if last {
            self.mirror_told((mirror.account, mirror.no));
        }
        if let Err(error) = self.commit(now, Urgency::Calm, None) {
            self.give_up(now, &error);
        }
    }
}

fn list_row(
    mirror: Mirror,
    audience: AudienceNo,
    at: crate::clock::TimeMs,
    delivery: &str,
) -> OutboxRow {
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
