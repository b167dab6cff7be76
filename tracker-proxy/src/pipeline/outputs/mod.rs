//! What folding leads to, collected until it is committed with the inputs that led to it.

mod mirror;
mod trigger;

use std::collections::HashMap;
use std::sync::Arc;

use segue_receiver::payload::Change;
use sha2::{Digest, Sha256};

use super::catalog::{Account, CompiledActivation};
use super::render;
use super::standings::Standings;
use crate::activation::Mode;
use crate::activation::plan::{Happening, Look};
use crate::clock::TimeMs;
use crate::ingest::Event;
use crate::keys::{AccountNo, ActivationNo, AudienceNo};
use crate::profile::{Changed, MembershipChange, Profile, Transition};
use crate::store::{AliasRow, Apply, DeliveryRow, DeliveryState, MembershipRow, OutboxRow};

/// A mirror delivery carries at most this many changes, so that a receiver with the default
/// threshold of 100 persons works it off within the request.
const MIRROR_CHANGES_MAX: usize = 99;

/// The changes that a mirror activation says in the next commit.
#[derive(Debug)]
struct Saying {
    account: Arc<Account>,
    activation: ActivationNo,
    /// Each with its place in `apply.outbox`.
    changes: Vec<(Change, usize)>,
}

/// Collects what is derived from inputs.
#[derive(Debug, Default)]
pub(super) struct Outputs {
    pub(super) apply: Apply,
    /// Changed memberships that wait to be listed.
    pub(super) standings: Standings,
    saying: Vec<Saying>,
    /// By how much audiences grew.
    pub(super) growth: HashMap<(AccountNo, AudienceNo), i64>,
    /// Members that a merge brings along: their joins were activated for the other profile.
    pub(super) activated_elsewhere: Vec<(ActivationNo, AudienceNo)>,
    /// The newest sequence given.
    pub(super) sequence: u64,
    /// Part of every delivery id: the store and its epoch.
    pub(super) id_salt: Vec<u8>,
}

/// What made a profile change, for planning.
#[derive(Debug, Clone, Copy)]
pub(super) struct Occasion<'a> {
    pub(super) event: Option<&'a Event<'a>>,
    pub(super) now: TimeMs,
}

impl Outputs {
    /// Throws away what became durable with a row that was folded again. Only the lists of
    /// audiences may not have it.
    pub(super) fn discard(&mut self) {
        self.apply = Apply::default();
        self.saying.clear();
        self.growth.clear();
        self.activated_elsewhere.clear();
    }

    /// Throws away everything that is not durable.
    pub(super) fn forget(&mut self) {
        self.discard();
        self.standings.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.apply == Apply::default() && self.saying.is_empty()
    }

    pub(super) fn alias(&mut self, row: AliasRow) {
        self.apply.aliases.push(row);
    }

    /// Records membership changes and plans what activations do about them.
    pub(super) fn changed(
        &mut self,
        account: &Arc<Account>,
        profile: &mut Profile,
        changes: &[MembershipChange],
        changed: &Changed,
        occasion: Occasion<'_>,
    ) {
        for change in changes {
            self.record(account, profile, change);
            for activation in account.listening(change.audience) {
                match activation.definition.mode {
                    Mode::Trigger => {
                        let event_time = occasion.event.map(|event| event.time);
                        let happening = Happening {
                            change: *change,
                            event_time,
                            settled: false,
                        };
                        self.trigger(account, activation, profile, &happening, occasion);
                    }
                    Mode::Mirror => {
                        let look = Look::Transition(change.transition);
                        self.mirror(
                            account,
                            activation,
                            change.audience,
                            profile,
                            look,
                            occasion,
                        );
                    }
                }
            }
        }
        if !changed.is_empty() && account.has_mirrors() {
            self.look_again(account, profile, occasion);
        }
        if let Some(event) = occasion.event {
            for activation in account.on_events() {
                self.event(account, activation, profile, event, occasion.now);
            }
        }
    }

    /// Takes a membership into the rows that audiences are listed by.
    fn record(&mut self, account: &Account, profile: &Profile, change: &MembershipChange) {
        let member = change.transition != Transition::Leave;
        self.standings.note(MembershipRow {
            account: account.stored.no,
            audience: change.audience,
            profile: profile.id,
            member,
            since: change.at,
            number: change.number,
        });
        if change.transition != Transition::Renewal {
            let growth = self
                .growth
                .entry((account.stored.no, change.audience))
                .or_default();
            *growth += if member { 1 } else { -1 };
        }
    }

    /// Takes a profile that is no more out of the audiences it was in. Nobody is told: the
    /// person is still there, as another profile.
    pub(super) fn vanish(&mut self, account: AccountNo, profile: &Profile, now: TimeMs) {
        drop(self.standings.take_of(profile.id));
        for (audience, membership) in profile.memberships.iter() {
            self.apply.memberships.push(MembershipRow {
                account,
                audience,
                profile: profile.id,
                member: false,
                since: now,
                number: membership.number,
            });
            if membership.member {
                *self.growth.entry((account, audience)).or_default() -= 1;
            }
        }
    }

    /// The next sequence: the clock in microseconds, or one more than the last.
    pub(super) fn next_sequence(&mut self, now: TimeMs) -> u64 {
        let clock_us = u64::try_from(now.0).unwrap_or(0).saturating_mul(1_000);
        self.sequence = clock_us.max(self.sequence + 1);
        self.sequence
    }

    /// Freezes what mirrors say into deliveries. Called once per commit, last.
    pub(super) fn seal(&mut self, now: TimeMs) {
        for saying in std::mem::take(&mut self.saying) {
            let activation = saying
                .account
                .activations
                .iter()
                .find(|one| one.no == saying.activation);
            let Some(activation) = activation else {
                continue;
            };
            let (changes, places): (Vec<Change>, Vec<usize>) = saying.changes.into_iter().unzip();
            let sequence = self.sequence;
            let id = self.delivery_id(&[
                &activation.no.0.to_be_bytes(),
                &sequence.to_be_bytes(),
                &(places[0] as u64).to_be_bytes(),
                &now.0.to_be_bytes(),
            ]);
            for place in &places {
                self.apply.outbox[*place].delivery = Some(id.clone());
            }
            let Some(body) = render::mirror_body(activation, changes, now) else {
                continue;
            };
            let mut delivery = delivery(&saying.account, activation, id, body, now);
            if let [place] = places.as_slice() {
                delivery.profile = self.apply.outbox[*place].profile;
            }
            self.apply.deliveries.push(delivery);
        }
        self.activated_elsewhere.clear();
    }

    /// A stable id: a hash over what the delivery is about, and over the store and its epoch, so
    /// that no restore ever brings an id back for something else.
    pub(super) fn delivery_id(&self, about: &[&[u8]]) -> String {
        let mut hasher = Sha256::new();
        hasher.update(&self.id_salt);
        for part in about {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        let digest = hasher.finalize();
        let mut id = String::with_capacity(38);
        id.push_str("msg_");
        for byte in &digest[..16] {
            id.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
            id.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
        }
        id
    }
}

/// A delivery that is due at once.
pub(super) fn delivery(
    account: &Account,
    activation: &CompiledActivation,
    id: String,
    body: Vec<u8>,
    now: TimeMs,
) -> DeliveryRow {
    DeliveryRow {
        row: 0,
        id,
        account: account.stored.no,
        activation: activation.no,
        destination: activation.definition.to.clone(),
        profile: None,
        body,
        state: DeliveryState::Pending,
        reason: None,
        attempts: 0,
        log: "[]".to_owned(),
        next: now,
        created: now,
    }
}

fn outbox_row(
    account: &Account,
    activation: &CompiledActivation,
    profile: &Profile,
    audience: AudienceNo,
    number: u32,
    op: &'static str,
) -> OutboxRow {
    OutboxRow {
        seq: 0,
        account: account.stored.no,
        activation: activation.no,
        audience,
        profile: Some(profile.id),
        number,
        op: op.into(),
        at: TimeMs::default(),
        delivery: None,
        reason: None,
    }
}
