//! Triggers: one decision per transition or event, with its row and its delivery.

use std::borrow::Cow;

use super::{Occasion, Outputs, delivery, outbox_row};
use crate::activation::On;
use crate::activation::plan::{self, Happening, Reason, Triggered};
use crate::clock::TimeMs;
use crate::ingest::Event;
use crate::keys::AudienceNo;
use crate::pipeline::catalog::{Account, CompiledActivation};
use crate::pipeline::render::{self, Subject};
use crate::profile::{Cause, Held, MembershipChange, Profile, Transition};
use crate::store::OutboxRow;

impl Outputs {
    /// Plans a trigger, and renders what it sends.
    pub(super) fn trigger(
        &mut self,
        account: &Account,
        activation: &CompiledActivation,
        profile: &mut Profile,
        happening: &Happening,
        occasion: Occasion<'_>,
    ) {
        let change = &happening.change;
        let moved = (activation.no, change.audience);
        let mut planned = plan::trigger(
            activation.no,
            &activation.definition,
            profile,
            happening,
            occasion.now,
        );
        if planned == Triggered::Send && self.activated_elsewhere.contains(&moved) {
            planned = Triggered::Skip(Reason::AlreadyActivated);
        }
        let op = match change.transition {
            Transition::Join => "join",
            Transition::Leave => "leave",
            Transition::Renewal => "renewal",
        };
        let row = outbox_row(
            account,
            activation,
            profile,
            change.audience,
            change.number,
            op,
        );
        self.settle(account, activation, profile, planned, row, occasion);
    }

    pub(super) fn event(
        &mut self,
        account: &Account,
        activation: &CompiledActivation,
        profile: &mut Profile,
        event: &Event<'_>,
        now: TimeMs,
    ) {
        let On::Event(filter) = &activation.definition.on else {
            return;
        };
        if !filter.matches(event) {
            return;
        }
        let member = |audience: &&AudienceNo| profile.memberships.is_member(**audience);
        let Some(audience) = activation.audiences.iter().find(member).copied() else {
            return;
        };
        let planned = plan::trigger_on_event(
            activation.no,
            &activation.definition,
            profile,
            event.time,
            now,
        );
        let number = profile
            .memberships
            .get(audience)
            .map_or(0, |membership| membership.number);
        let row = outbox_row(account, activation, profile, audience, number, "event");
        self.settle(
            account,
            activation,
            profile,
            planned,
            row,
            Occasion {
                event: Some(event),
                now,
            },
        );
    }

    /// Turns a decision into rows and into what the profile remembers of it.
    fn settle(
        &mut self,
        account: &Account,
        activation: &CompiledActivation,
        profile: &mut Profile,
        planned: Triggered,
        mut row: OutboxRow,
        occasion: Occasion<'_>,
    ) {
        row.at = occasion.now;
        let reason = match planned {
            Triggered::Nothing => return,
            Triggered::Hold(held) => {
                profile.ledger.held.push(held);
                return;
            }
            Triggered::Skip(reason) => reason,
            Triggered::Send => {
                let subject = Subject {
                    audience: row.audience,
                    transition: match row.op.as_ref() {
                        "join" => Some(Transition::Join),
                        "renewal" => Some(Transition::Renewal),
                        "leave" => Some(Transition::Leave),
                        _ => None,
                    },
                    at: occasion.now,
                    event: occasion.event,
                    sequence: self.next_sequence(occasion.now),
                };
                match render::trigger(account, activation, profile, &subject) {
                    Ok(body) => {
                        profile.ledger.activate(activation.no, occasion.now);
                        let id = self.delivery_id(&[
                            &activation.no.0.to_be_bytes(),
                            &row.audience.0.to_be_bytes(),
                            &profile.id.0,
                            &profile.incarnation.0.to_be_bytes(),
                            &row.number.to_be_bytes(),
                            row.op.as_bytes(),
                            occasion
                                .event
                                .map_or("", |event| event.message_id)
                                .as_bytes(),
                            &occasion.now.0.to_be_bytes(),
                        ]);
                        row.delivery = Some(id.clone());
                        let mut delivery = delivery(account, activation, id, body, occasion.now);
                        delivery.profile = Some(profile.id);
                        self.apply.deliveries.push(delivery);
                        self.apply.outbox.push(row);
                        return;
                    }
                    Err(error) => {
                        row.reason = Some(Cow::Borrowed(error.reason()));
                        self.apply.outbox.push(row);
                        return;
                    }
                }
            }
        };
        row.reason = Some(Cow::Borrowed(reason.as_str()));
        self.apply.outbox.push(row);
    }

    /// Ends the settling time of a held trigger.
    pub(in crate::pipeline) fn settle_held(
        &mut self,
        account: &Account,
        profile: &mut Profile,
        held: Held,
        now: TimeMs,
    ) {
        let Some(activation) = account
            .activations
            .iter()
            .find(|one| one.no == held.activation)
        else {
            return;
        };
        let standing = profile.memberships.get(held.audience);
        let change = MembershipChange {
            audience: held.audience,
            transition: Transition::Join,
            number: held.number,
            at: now,
            cause: Cause::Time,
        };
        let occasion = Occasion { event: None, now };
        if standing.is_some_and(|now| now.member && now.number == held.number) {
            let happening = Happening {
                change,
                event_time: None,
                settled: true,
            };
            self.trigger(account, activation, profile, &happening, occasion);
        } else {
            let row = outbox_row(
                account,
                activation,
                profile,
                held.audience,
                held.number,
                "join",
            );
            let planned = Triggered::Skip(Reason::NoLongerMember);
            self.settle(account, activation, profile, planned, row, occasion);
        }
    }
}
