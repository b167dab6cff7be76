//! Who stands where in which audience, as far as the lists of the store do not say so yet.
//!
//! A list is kept by audience, far from the profiles: a change that is written by itself writes a
//! page of its own. So changes wait here and are written together in the order of the lists, or
//! with the write-back of their profile, whichever comes first. A profile that is stored has its
//! standings stored; what waits for one that is not, is folded again from the journal.

use std::collections::{HashMap, HashSet};

use super::catalog::Catalog;
use crate::keys::ProfileId;
use crate::store::MembershipRow;

/// How many changes wait at the most: enough that those of one commit share pages, and few enough
/// that writing them takes some tens of milliseconds.
const WAITING_MAX: usize = 32_768;

/// What the lists do not say yet.
#[derive(Debug, Default)]
pub(super) struct Standings {
    waiting: HashMap<ProfileId, Vec<MembershipRow>>,
    len: usize,
}

impl Standings {
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// True if so many wait that all have to be written.
    pub(super) fn are_many(&self) -> bool {
        self.len >= WAITING_MAX
    }

    pub(super) fn note(&mut self, row: MembershipRow) {
        let rows = self.waiting.entry(row.profile).or_default();
        let known = |known: &&mut MembershipRow| known.audience == row.audience;
        match rows.iter_mut().find(known) {
            Some(known) => *known = row,
            None => {
                rows.push(row);
                self.len += 1;
            }
        }
    }

    /// What waits for one profile; none waits any more.
    pub(super) fn take_of(&mut self, id: ProfileId) -> Vec<MembershipRow> {
        let rows = self.waiting.remove(&id).unwrap_or_default();
        self.len -= rows.len();
        rows
    }

    /// Everything that waits, in the order of the lists. Journal rows that are folded again bring
    /// back audiences that are no more; nobody asks for their lists.
    pub(super) fn take_all(&mut self, catalog: &Catalog) -> Vec<MembershipRow> {
        let accounts = catalog.accounts.iter();
        let known: HashSet<_> = accounts
            .flat_map(|account| {
                let audiences = account.audience_numbers();
                audiences.map(|audience| (account.stored.no, audience))
            })
            .collect();
        self.len = 0;
        let rows = self.waiting.drain().flat_map(|(_, rows)| rows);
        let mut rows: Vec<_> = rows
            .filter(|row| known.contains(&(row.account, row.audience)))
            .collect();
        rows.sort_unstable_by_key(|row| {
            (row.account, row.audience, row.profile.part(), row.profile)
        });
        rows
    }
}
