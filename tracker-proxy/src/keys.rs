//! The numbers and hashes by which things are kept.
//!
//! People's words (`"vip"`, `"42"`) are for the edges; inside, each named thing has a number
//! that is given once and never again, so that something deleted and made anew is something new.

use serde::{Deserialize, Serialize};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
        )]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// An account. Every key in the store starts with it.
    AccountNo(u32)
);
number!(
    /// An audience's number within the installation.
    AudienceNo(u32)
);
number!(
    /// An activation's creation id.
    ActivationNo(u32)
);
number!(
    /// What a behavioural condition remembers per profile; shared by all conditions that need the
    /// same memory.
    LeafNo(u32)
);
number!(
    /// A version of all definitions together; grows with every change.
    CatalogVersion(u32)
);
number!(
    /// A row of the journal.
    JournalSeq(u64)
);
number!(
    /// One of [`PARTS`] slices of all profiles; each has one writer.
    Part(u8)
);

/// How many parts there are. Fixed when a store is created.
pub const PARTS: u8 = 64;

/// A profile's key: a hash of the id under which the person was first seen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProfileId(pub [u8; 16]);

/// Whether an id names a user or an anonymous visitor: the two never collide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdKind {
    /// An id that the app gave.
    User,
    /// An id that a browser or device made up.
    Anonymous,
}

impl ProfileId {
    /// The provisional profile of an id: every node derives the same one, without asking anybody.
    ///
    /// The hash is frozen: profiles are found by it for as long as the store lives.
    #[must_use]
    pub fn provisional(account: AccountNo, kind: IdKind, id: &str) -> Self {
        use sha2::{Digest, Sha256};
        let mut hasher = Sha256::new();
        hasher.update(account.0.to_be_bytes());
        hasher.update([match kind {
            IdKind::User => b'u',
            IdKind::Anonymous => b'a',
        }]);
        hasher.update(id.as_bytes());
        let digest = hasher.finalize();
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        Self(key)
    }

    /// The part that this profile lives in.
    #[must_use]
    pub fn part(self) -> Part {
        Part(self.0[0] % PARTS)
    }
}

impl std::fmt::Debug for ProfileId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for byte in self.0 {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}
