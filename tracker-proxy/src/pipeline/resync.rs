//! Telling a mirror everything: one `replace` per audience.
//!
//! The list of members is read outside the pipeline's thread. Its sequence is taken before the
//! reading begins, so that every change that happens meanwhile is newer than the list and wins.

use segue_receiver::payload::PersonId;

use super::commit::Urgency;
use super::outputs;
use super::{Handle, Pipeline, decode_profile, render};
use crate::activation::payload::envelope::{self, Op};
use crate::activation::{Activation, Payload, plan};
use crate::clock::TimeMs;
use crate::ingest::Unavailable;
use crate::keys::{AccountNo, ActivationNo, AudienceNo};
use crate::store::{OutboxRow, Reader, StoreError};

/// How many members one `replace` names. A larger audience is told member by member only.
pub const REPLACE_PERSONS_MAX: usize = 250_000;
/// How many members are read at once.
const MEMBERS_READ: u32 = 1_000;

/// Where a list of members begins.
struct Beginning {
    reader: Box<dyn Reader + Send>,
    /// Each audience with the sequence of its list.
    audiences: Vec<(AudienceNo, u64)>,
    activation: Activation,
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
    let beginning = handle
        .ask(move |pipeline| pipeline.begin_resync(account, no))
        .await?;
    let Some(Beginning {
        reader,
        audiences,
        activation,
    }) = beginning
    else {
        return Ok(());
    };
    for (audience, sequence) in audiences {
        let persons = members(&*reader, account, audience, &activation);
        let Ok(persons) = persons.inspect_err(|error| tracing::error!(%error, "a resync failed"))
        else {
            return Err(Unavailable);
        };
        if persons.len() > REPLACE_PERSONS_MAX {
            tracing::warn!(%no, "the audience is too large for one `replace`");
            continue;
        }
        handle
            .ask(move |pipeline| pipeline.replace(account, no, audience, persons, sequence))
            .await?;
    }
    Ok(())
}

/// The members of an audience that pass the activation's filters, by the names it uses.
fn members(
    reader: &dyn Reader,
    account: AccountNo,
    audience: AudienceNo,
    activation: &Activation,
) -> Result<Vec<PersonId>, StoreError> {
    let Payload::Segue(fields) = &activation.payload else {
        return Ok(Vec::new());
    };
    let mut persons = Vec::new();
    let mut after = None;
    loop {
        let page = reader.members(account, audience, after, MEMBERS_READ)?;
        let Some(last) = page.last() else {
            return Ok(persons);
        };
        after = Some(last.profile);
        for member in page {
            let Some(stored) = reader.profile(account, member.profile)? else {
                continue;
            };
            let profile = decode_profile(&stored.state)?;
            if plan::standing_refusal(activation, &profile).is_none() {
                persons.extend(envelope::person(fields, &profile).ok());
            }
        }
    }
}

impl Pipeline {
    fn begin_resync(&mut self, account: AccountNo, no: ActivationNo) -> Option<Beginning> {
        let found = self.catalog.account(account)?.clone();
        let wanted = |one: &&super::catalog::CompiledActivation| one.no == no;
        let activation = found.activations.iter().find(wanted)?;
        if !activation.definition.active {
            return None;
        }
        let now = self.head.clock;
        // The list is read from the store, so everything has to be there.
        let durable = self.commit(now, Urgency::All, None);
        durable.map_err(|error| self.give_up(now, &error)).ok()?;
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
            activation: activation.definition.clone(),
        })
    }

    fn replace(
        &mut self,
        account: AccountNo,
        no: ActivationNo,
        audience: AudienceNo,
        persons: Vec<PersonId>,
        sequence: u64,
    ) {
        let Some(found) = self.catalog.account(account).cloned() else {
            return;
        };
        let Some(activation) = found.activations.iter().find(|one| one.no == no) else {
            return;
        };
        let now = self.head.clock;
        let about = render::audience_ref(&found, audience);
        let change = envelope::change(Op::Replace(persons), about, sequence, now);
        let Some(body) = render::mirror_body(activation, vec![change], now) else {
            return;
        };
        let id = self
            .outputs
            .delivery_id(&[&no.0.to_be_bytes(), &sequence.to_be_bytes()]);
        self.outputs
            .apply
            .outbox
            .push(replace_row(account, no, audience, now, &id));
        let delivery = outputs::delivery(&found, activation, id, body, now);
        self.outputs.apply.deliveries.push(delivery);
        if let Err(error) = self.commit(now, Urgency::Calm, None) {
            self.give_up(now, &error);
        }
    }
}

fn replace_row(
    account: AccountNo,
    activation: ActivationNo,
    audience: AudienceNo,
    at: TimeMs,
    delivery: &str,
) -> OutboxRow {
    OutboxRow {
        seq: 0,
        account,
        activation,
        audience,
        profile: None,
        number: 0,
        op: "replace".into(),
        at,
        delivery: Some(delivery.to_owned()),
        reason: None,
    }
}
