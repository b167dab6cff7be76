//! Mirrors: what they say about a person, and what they take back.

use std::borrow::Cow;
use std::sync::Arc;

use super::{MIRROR_CHANGES_MAX, Occasion, Outputs, Saying, outbox_row};
use crate::activation::plan::{self, Look, Mirror};
use crate::keys::AudienceNo;
use crate::pipeline::catalog::{Account, CompiledActivation};
use crate::pipeline::render;
use crate::profile::{Mirrored, Profile, Transition};
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

    /// Takes back what mirrors said about a person under ids that become another profile's.
    pub(in crate::pipeline) fn unsay(
        &mut self,
        account: &Arc<Account>,
        profile: &Profile,
        occasion: Occasion<'_>,
    ) {
        for (no, audience, said) in &profile.ledger.mirrored {
            let activation = account.activations.iter().find(|one| one.no == *no);
            let Some(activation) = activation.filter(|_| said.added) else {
                continue;
            };
            let number = profile
                .memberships
                .get(*audience)
                .map_or(0, |membership| membership.number);
            let mut row = outbox_row(account, activation, profile, *audience, number, "remove");
            row.at = occasion.now;
            let removal = Mirrored {
                person: said.person.clone(),
                added: false,
            };
            self.say(account, activation, &removal, row);
        }
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
                // Nobody was told of this person, so nobody will be told to forget them.
                let untold = Mirrored {
                    person: "".into(),
                    added: false,
                };
                profile.ledger.mirror(activation.no, audience, untold);
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
        let Some(change) = change else {
            return;
        };
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
