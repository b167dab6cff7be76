//! Mirrors: what they say about a person, and what they take back.

use std::borrow::Cow;
use std::sync::Arc;

use segue_receiver::payload::Change;

use super::{MIRROR_CHANGES_MAX, Occasion, Outputs, Saying, outbox_row};
use crate::activation::plan::{self, Look, Mirror};
use crate::clock::TimeMs;
use crate::keys::{ActivationNo, AudienceNo};
use crate::pipeline::catalog::{Account, CompiledActivation};
use crate::pipeline::render;
use crate::profile::{Ledger, Mirrored, Profile, Transition};
use crate::store::OutboxRow;

impl Outputs {
    /// Looks at everything that mirrors say about a person whose ids, attributes or consents
    /// changed.
    pub(super) fn look_again(
        &mut self,
        account: &Arc<Account>,
        profile: &mut Profile,
        occasion: Occasion<'_>,
    ) {
        for activation in account.mirrors() {
            for audience in &activation.audiences {
                if profile.memberships.get(*audience).is_some() {
                    self.mirror(
                        account,
                        activation,
                        *audience,
                        profile,
                        Look::Person,
                        occasion,
                    );
                }
            }
        }
    }

    /// Takes back what mirrors said about a person who is no more, but for what they said of
    /// `heir` as well.
    pub(in crate::pipeline) fn unsay(
        &mut self,
        account: &Arc<Account>,
        profile: &Profile,
        heir: Option<&Ledger>,
        occasion: Occasion<'_>,
    ) {
        for (no, audience, said) in &profile.ledger.mirrored {
            let is_heirs = heir.and_then(|heir| heir.mirrored(*no, *audience)) == Some(said);
            // The segment of an audience that is no more is nobody's to keep.
            let is_kept = account.audiences.definition(*audience).is_some();
            let activation = account.activations.iter().find(|one| one.no == *no);
            let Some(activation) = activation.filter(|_| said.added && is_kept && !is_heirs) else {
                continue;
            };
            let mut row = removal_row(account, activation, profile, *audience);
            row.at = occasion.now;
            let removal = Mirrored {
                person: said.person.clone(),
                added: false,
            };
            self.say(account, activation, &removal, row);
        }
    }

    /// Says a removal once more, because the message that it was in is taken back.
    ///
    /// It is as old as it was: who was added under that name since is somebody else.
    pub(in crate::pipeline) fn say_again(
        &mut self,
        account: &Arc<Account>,
        no: ActivationNo,
        profile: &Profile,
        removal: Change,
        now: TimeMs,
    ) {
        let Some(activation) = account.mirrors().find(|mirror| mirror.no == no) else {
            return;
        };
        let Some(audience) = account.audiences.by_id(&removal.audience().id) else {
            return;
        };
        let mut row = removal_row(account, activation, profile, audience);
        row.at = now;
        // The removal needs none, but the id of its new message is made of the newest one.
        self.next_sequence(now);
        self.put(account, activation, removal, row);
    }

    pub(super) fn mirror(
        &mut self,
        account: &Arc<Account>,
        activation: &CompiledActivation,
        audience: AudienceNo,
        profile: &mut Profile,
        look: Look,
        occasion: Occasion<'_>,
    ) {
        let number = profile
            .memberships
            .get(audience)
            .map_or(0, |membership| membership.number);
        match plan::mirror(
            activation.no,
            &activation.definition,
            audience,
            profile,
            look,
        ) {
            Mirror::Nothing => {}
            Mirror::Skip(reason) => {
                // The list with which a mirror is switched on has nobody who left before.
                profile.ledger.take_back(activation.no, audience);
                let op = match look {
                    Look::Transition(Transition::Leave) => "leave",
                    Look::Transition(_) | Look::Person => "join",
                };
                let mut row = outbox_row(account, activation, profile, audience, number, op);
                row.at = occasion.now;
                row.reason = Some(Cow::Borrowed(reason.as_str()));
                self.apply.outbox.push(row);
            }
            Mirror::Say(said) => {
                for one in said {
                    let op = if one.added { "add" } else { "remove" };
                    let mut row = outbox_row(account, activation, profile, audience, number, op);
                    row.at = occasion.now;
                    self.say(account, activation, &one, row);
                    profile.ledger.mirror(activation.no, audience, one);
                }
            }
        }
    }

    /// Adds one change to what a mirror says in this commit.
    fn say(
        &mut self,
        account: &Arc<Account>,
        activation: &CompiledActivation,
        said: &Mirrored,
        row: OutboxRow,
    ) {
        let sequence = self.next_sequence(row.at);
        let change = render::mirror_change(account, row.audience, said, sequence, row.at);
        if let Some(change) = change {
            self.put(account, activation, change, row);
        }
    }

    /// Puts a change into the message that the mirror gets with this commit.
    fn put(
        &mut self,
        account: &Arc<Account>,
        activation: &CompiledActivation,
        change: Change,
        row: OutboxRow,
    ) {
        let place = self.apply.outbox.len();
        self.apply.outbox.push(row);
        let open = self
            .saying
            .iter_mut()
            .rev()
            .find(|saying| saying.activation == activation.no);
        match open.filter(|saying| saying.changes.len() < MIRROR_CHANGES_MAX) {
            Some(saying) => saying.changes.push((change, place)),
            None => self.saying.push(Saying {
                account: account.clone(),
                activation: activation.no,
                changes: vec![(change, place)],
            }),
        }
    }
}

fn removal_row(
    account: &Account,
    activation: &CompiledActivation,
    profile: &Profile,
    audience: AudienceNo,
) -> OutboxRow {
    let membership = profile.memberships.get(audience);
    let number = membership.map_or(0, |membership| membership.number);
    outbox_row(account, activation, profile, audience, number, "remove")
}
