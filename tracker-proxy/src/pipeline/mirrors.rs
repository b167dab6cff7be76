//! Which mirrors have to be told everything, also after a restart.
//!
//! One is in need when it is switched on, when somebody asks, and when a delivery of it was given
//! up. In that case there is no use in a list before something arrives there again. The need
//! becomes durable with what caused it, and goes with the last list that satisfies it.

use std::collections::HashMap;

use super::Pipeline;
use crate::keys::{AccountNo, ActivationNo};
use crate::store::{ResyncRow, StoreError, Want};

/// A mirror of an account.
pub(super) type MirrorKey = (AccountNo, ActivationNo);

/// The mirrors in need.
#[derive(Debug, Default)]
pub(super) struct Mirrors {
    wants: HashMap<MirrorKey, Want>,
    /// To be told now, and nobody was asked yet to do so.
    due: Vec<MirrorKey>,
}

impl Mirrors {
    /// Takes those whose turn it is.
    pub(super) fn take_due(&mut self) -> Vec<MirrorKey> {
        std::mem::take(&mut self.due)
    }
}

impl Pipeline {
    /// Reads the needs again; what was due is due again.
    pub(super) fn recall_mirrors(&mut self) -> Result<(), StoreError> {
        self.mirrors = Mirrors::default();
        for row in self.store.resyncs()? {
            let key = (row.account, row.activation);
            let want = row.want.unwrap_or(Want::Now);
            self.mirrors.wants.insert(key, want);
            if want == Want::Now {
                self.mirrors.due.push(key);
            }
        }
        Ok(())
    }

    /// Has a mirror told everything, as soon as those before it are told.
    pub fn want_resync(&mut self, account: AccountNo, no: ActivationNo) {
        let key = (account, no);
        self.note_mirror(key, Some(Want::Now));
        if !self.mirrors.due.contains(&key) {
            self.mirrors.due.push(key);
        }
    }

    /// A delivery of the mirror was given up: a list that is on its way may not know of it.
    pub(super) fn mirror_lost(&mut self, key: MirrorKey) {
        if self.mirrors.wants.get(&key) != Some(&Want::AfterDelivery) {
            self.note_mirror(key, Some(Want::AfterDelivery));
        }
    }

    /// Something arrived at the mirror: now is the time to mend what was lost before.
    pub(super) fn mirror_reached(&mut self, key: MirrorKey) {
        if self.mirrors.wants.get(&key) == Some(&Want::AfterDelivery) {
            self.want_resync(key.0, key.1);
        }
    }

    /// The mirror was told everything, with the commit that is being put together.
    pub(super) fn mirror_told(&mut self, key: MirrorKey) {
        if self.mirrors.wants.get(&key) == Some(&Want::Now) {
            self.note_mirror(key, None);
        }
    }

    /// Mirrors that are no more, or are switched off, need nothing: switched on again they do.
    pub(super) fn forget_mirrors(&mut self, is_on: impl Fn(&MirrorKey) -> bool) {
        let off: Vec<MirrorKey> = self.mirrors.wants.keys().copied().collect();
        for key in off.into_iter().filter(|key| !is_on(key)) {
            self.note_mirror(key, None);
            self.mirrors.due.retain(|due| *due != key);
        }
    }

    fn note_mirror(&mut self, key: MirrorKey, want: Option<Want>) {
        match want {
            Some(want) => self.mirrors.wants.insert(key, want),
            None => self.mirrors.wants.remove(&key),
        };
        let (account, activation) = key;
        self.outputs.apply.resyncs.push(ResyncRow {
            account,
            activation,
            want,
        });
    }
}
