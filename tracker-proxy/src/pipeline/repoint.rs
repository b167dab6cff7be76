//! A visitor's id that goes from one person to another.

use std::sync::Arc;

use super::Pipeline;
use super::fold::Position;
use super::journal::Entry;
use crate::keys::{AccountNo, ProfileId};
use crate::store::StoreError;

impl Pipeline {
    /// Lets the message ids of `from` go with the visitor's id that is `to`'s now.
    ///
    /// A batch whose answer was lost is sent again after its own last event moved the id: what the
    /// visitor did before would be new to the person that the id leads to.
    pub(super) fn repoint(
        &mut self,
        account: AccountNo,
        from: ProfileId,
        to: ProfileId,
        at: Position,
    ) -> Result<(), StoreError> {
        let entry = Entry::Repoint { account, from, to };
        self.packer.push(&entry);
        self.fold(&entry, at)
    }

    pub(super) fn fold_repoint(
        &mut self,
        account: AccountNo,
        from: ProfileId,
        to: ProfileId,
        at: Position,
    ) -> Result<(), StoreError> {
        let account = self.account(account)?;
        self.ensure(&account, to, at)?;
        if self.has_already(to, at) || !self.load(account.stored.no, from)? {
            return Ok(());
        }
        let horizon = self.horizon(at.now);
        let ids = self.cache.get(from).map(|cached| cached.recent.clone());
        let ids = Arc::unwrap_or_clone(ids.unwrap_or_default());
        let cached = self.cache.get_mut(to).expect("ensured above");
        for (gone, stated) in Arc::make_mut(&mut cached.recent).borrow(ids, horizon) {
            self.forgotten.note(to, gone, stated);
        }
        self.cache.mark_dirty(to, at.seq, at.now);
        Ok(())
    }
}
