//! Which mirrors have to be told everything, also after a restart.
//!
//! One is in need when it is switched on or edited, when somebody asks, and when a delivery of it
//! was given up. In that case there is no use in a list before something arrives there again, or
//! before a while has passed in which nothing was to be said; nor at once, where some messages
//! arrive and others never will. The need becomes durable with what caused it, and goes with the
//! last list that satisfies it.

use std::collections::HashMap;

use super::Pipeline;
use crate::clock::TimeMs;
use crate::keys::{AccountNo, ActivationNo};
use crate::store::{ResyncRow, StoreError, Want};

/// How long a mirror that lost something waits for an arrival, in milliseconds.
const LOST_WAIT_MS: i64 = 60 * 60 * 1_000;
/// How long after an arrival it is told everything, in milliseconds.
const MEND_PAUSE_MS: i64 = 60 * 1_000;

/// A mirror of an account.
pub(super) type MirrorKey = (AccountNo, ActivationNo);

/// Tells one need of a mirror from the ones after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Turn(u64);

#[derive(Debug, Clone, Copy)]
struct Need {
    want: Want,
    turn: Turn,
    /// When it becomes due by itself.
    due: TimeMs,
    /// Something was given up since its lists began: they may not know of it.
    lost: bool,
}

/// The mirrors in need.
#[derive(Debug, Default)]
pub(super) struct Mirrors {
    needs: HashMap<MirrorKey, Need>,
    /// To be told now, and nobody was asked yet to do so.
    due: Vec<MirrorKey>,
    /// The one whose lists are on their way to it.
    listing: Option<MirrorKey>,
    turns: u64,
}

impl Mirrors {
    /// Takes those whose turn it is.
    pub(super) fn take_due(&mut self) -> Vec<MirrorKey> {
        std::mem::take(&mut self.due)
    }

    /// Begins the lists of one that is to be told now; nothing if it is not, or not any more.
    pub(super) fn begin(&mut self, key: MirrorKey) -> Option<Turn> {
        let need = self.needs.get_mut(&key);
        let need = need.filter(|need| need.want == Want::Now);
        self.listing = need.is_some().then_some(key);
        need.map(|need| {
            need.lost = false;
            need.turn
        })
    }

    /// The need that a list of now satisfies.
    pub(super) fn turn(&self, key: MirrorKey) -> Option<Turn> {
        self.needs.get(&key).map(|need| need.turn)
    }

    /// When one that waits becomes due by itself.
    pub(super) fn next(&self) -> TimeMs {
        let waiting = self.waiting().map(|(_, need)| need.due);
        waiting.min().unwrap_or(TimeMs::MAX)
    }

    /// One that is being told waits until it was.
    fn waiting(&self) -> impl Iterator<Item = (&MirrorKey, &Need)> {
        let needs = self.needs.iter();
        needs.filter(|(key, _)| self.listing != Some(**key))
    }

    fn need(&mut self, key: MirrorKey, want: Want, now: TimeMs) {
        let before = self.turn(key).unwrap_or_default();
        let (turn, due) = match want {
            Want::Now => {
                self.turns += 1;
                (Turn(self.turns), TimeMs::MAX)
            }
            Want::AfterDelivery => (before, now.plus(LOST_WAIT_MS)),
        };
        let need = Need {
            want,
            turn,
            due,
            lost: false,
        };
        self.needs.insert(key, need);
        if want == Want::Now && !self.due.contains(&key) {
            self.due.push(key);
        }
    }
}

impl Pipeline {
    /// Reads the needs again; what was due is due again.
    pub(super) fn recall_mirrors(&mut self) -> Result<(), StoreError> {
        self.mirrors = Mirrors {
            turns: self.mirrors.turns,
            ..Mirrors::default()
        };
        for row in self.store.resyncs()? {
            let key = (row.account, row.activation);
            let want = row.want.unwrap_or(Want::Now);
            self.mirrors.need(key, want, self.head.clock);
        }
        Ok(())
    }

    /// Has a mirror told everything, as soon as those before it are told.
    pub fn want_resync(&mut self, account: AccountNo, no: ActivationNo) {
        self.note_mirror((account, no), Some(Want::Now));
    }

    /// A delivery of the mirror was given up.
    pub(super) fn mirror_lost(&mut self, key: MirrorKey) {
        match self.mirrors.needs.get_mut(&key) {
            Some(need) => need.lost = true,
            None => self.note_mirror(key, Some(Want::AfterDelivery)),
        }
    }

    /// Something arrived at the mirror: soon it is time to mend what was lost before.
    pub(super) fn mirror_reached(&mut self, key: MirrorKey) {
        let soon = self.head.clock.plus(MEND_PAUSE_MS);
        let need = self.mirrors.needs.get_mut(&key);
        if let Some(need) = need.filter(|need| need.want == Want::AfterDelivery) {
            need.due = need.due.min(soon);
        }
    }

    /// Mirrors that have waited for an arrival for long enough are told all the same.
    pub(super) fn mirrors_waited(&mut self, now: TimeMs) {
        let waiting = self.mirrors.waiting();
        let over: Vec<MirrorKey> = waiting
            .filter(|(_, need)| need.due <= now)
            .map(|(key, _)| *key)
            .collect();
        for (account, no) in over {
            self.want_resync(account, no);
        }
    }

    /// The mirror was told everything that it needed in that turn, with the commit that is being
    /// put together.
    pub(super) fn mirror_told(&mut self, key: MirrorKey, turn: Turn) {
        self.mirrors.listing = None;
        let need = self.mirrors.needs.get(&key);
        let Some(need) = need.filter(|need| need.want == Want::Now && need.turn == turn) else {
            return;
        };
        let next = need.lost.then_some(Want::AfterDelivery);
        self.note_mirror(key, next);
    }

    /// Mirrors that are no more, or are switched off, need nothing: switched on again they do.
    pub(super) fn forget_mirrors(&mut self, is_on: impl Fn(&MirrorKey) -> bool) {
        let off: Vec<MirrorKey> = self.mirrors.needs.keys().copied().collect();
        for key in off.into_iter().filter(|key| !is_on(key)) {
            self.note_mirror(key, None);
            self.mirrors.due.retain(|due| *due != key);
        }
    }

    fn note_mirror(&mut self, key: MirrorKey, want: Option<Want>) {
        match want {
            Some(want) => self.mirrors.need(key, want, self.head.clock),
            None => drop(self.mirrors.needs.remove(&key)),
        }
        let (account, activation) = key;
        self.outputs.apply.resyncs.push(ResyncRow {
            account,
            activation,
            want,
        });
    }
}
