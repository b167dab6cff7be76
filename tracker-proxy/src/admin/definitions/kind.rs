//! The three kinds of definitions, and where each is stored.

use crate::pipeline::catalog::{Stored, StoredAccount};

/// A kind of definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::admin) enum Kind {
    Audience,
    Destination,
    Activation,
}

impl Kind {
    pub(in crate::admin) const ALL: [Self; 3] =
        [Self::Audience, Self::Destination, Self::Activation];

    pub(in crate::admin) const fn word(self) -> &'static str {
        match self {
            Self::Audience => "audience",
            Self::Destination => "destination",
            Self::Activation => "activation",
        }
    }

    /// As it stands in paths and answers.
    pub(in crate::admin) const fn plural(self) -> &'static str {
        match self {
            Self::Audience => "audiences",
            Self::Destination => "destinations",
            Self::Activation => "activations",
        }
    }

    /// Marks the cursors of its list.
    pub(super) const fn list(self) -> u8 {
        match self {
            Self::Audience => b'a',
            Self::Destination => b'd',
            Self::Activation => b'c',
        }
    }

    pub(super) fn all<'a>(
        self,
        account: &'a StoredAccount,
    ) -> Box<dyn Iterator<Item = &'a Stored> + 'a> {
        match self {
            Self::Audience => Box::new(account.audiences.iter()),
            Self::Destination => Box::new(account.destinations.iter()),
            Self::Activation => Box::new(account.activations.iter().map(|one| &one.stored)),
        }
    }

    pub(super) fn find<'a>(self, account: &'a StoredAccount, id: &str) -> Option<&'a Stored> {
        self.all(account).find(|stored| stored.id == id)
    }

    pub(super) fn find_mut<'a>(
        self,
        account: &'a mut StoredAccount,
        id: &str,
    ) -> Option<&'a mut Stored> {
        let same = |stored: &&mut Stored| stored.id == id;
        match self {
            Self::Audience => account.audiences.iter_mut().find(same),
            Self::Destination => account.destinations.iter_mut().find(same),
            Self::Activation => {
                let all = account.activations.iter_mut();
                all.map(|one| &mut one.stored).find(same)
            }
        }
    }

    pub(super) fn remove(self, account: &mut StoredAccount, id: &str) {
        match self {
            Self::Audience => account.audiences.retain(|one| one.id != id),
            Self::Destination => account.destinations.retain(|one| one.id != id),
            Self::Activation => account.activations.retain(|one| one.stored.id != id),
        }
    }
}
