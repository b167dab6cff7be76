//! The inputs of one commit, packed into a journal row and read again.

use serde::{Deserialize, Serialize, Serializer};

use crate::clock::TimeMs;
use crate::keys::{AccountNo, ActivationNo, AudienceNo, ProfileId};
use crate::store::StoreError;

/// One input. Stored by position: append, never reorder.
///
/// The profile of an event is resolved before it is journaled, so that folding a row again never
/// asks where an alias points today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Entry<'a> {
    /// An accepted event of a profile.
    Event {
        /// The account.
        account: AccountNo,
        /// Whose event it is.
        profile: ProfileId,
        /// The encoded event.
        #[serde(borrow, serialize_with = "as_bytes")]
        event: &'a [u8],
    },
    /// One profile became part of another.
    Merge {
        /// The account.
        account: AccountNo,
        /// The profile that is no more.
        loser: ProfileId,
        /// The profile that has it all.
        winner: ProfileId,
    },
    /// A profile's timer fired.
    Fire {
        /// The account.
        account: AccountNo,
        /// Whose timer it was.
        profile: ProfileId,
    },
    /// A profile was brought up to the newest definitions.
    Warm {
        /// The account.
        account: AccountNo,
        /// The profile.
        profile: ProfileId,
    },
    /// A visitor's id that was one person's is another's from now on.
    Repoint {
        /// The account.
        account: AccountNo,
        /// Whose id it was.
        from: ProfileId,
        /// Whose it is.
        to: ProfileId,
    },
    /// Time went on within the row: what follows was folded at this instant.
    Tick {
        /// The pipeline's time.
        now: TimeMs,
    },
    /// A list of a mirror is about to say something of a member.
    List {
        /// The account.
        account: AccountNo,
        /// The member.
        profile: ProfileId,
        /// The mirror.
        activation: ActivationNo,
        /// The audience that is listed.
        audience: AudienceNo,
    },
}

/// At once, and not byte by byte; stored it is the same.
fn as_bytes<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

impl Entry<'_> {
    /// The profiles that the entry is about.
    #[must_use]
    pub fn mentions(&self, id: ProfileId) -> bool {
        match *self {
            Self::Event { profile, .. }
            | Self::Fire { profile, .. }
            | Self::Warm { profile, .. }
            | Self::List { profile, .. } => profile == id,
            Self::Merge { loser, winner, .. } => loser == id || winner == id,
            Self::Repoint { from, to, .. } => from == id || to == id,
            Self::Tick { .. } => false,
        }
    }
}

/// Collects the entries of the next row.
#[derive(Debug, Default)]
pub struct Packer(Vec<u8>);

impl Packer {
    /// Adds an entry.
    ///
    /// # Panics
    ///
    /// Never: writing to a vector cannot fail.
    pub fn push(&mut self, entry: &Entry<'_>) {
        self.0 = postcard::to_extend(entry, std::mem::take(&mut self.0))
            .expect("plain fields encode into memory");
    }

    /// True while nothing was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What a row is to have, not compressed yet; the packer is empty afterwards.
    pub fn take(&mut self) -> Vec<u8> {
        // The next row will be about as long.
        let next = Vec::with_capacity(self.0.len());
        std::mem::replace(&mut self.0, next)
    }
}

/// The body of a row.
#[must_use]
pub fn compress(entries: &[u8]) -> Vec<u8> {
    lz4_flex::compress_prepend_size(entries)
}

/// The entries of a row's body, not yet read.
#[derive(Debug)]
pub struct Unpacked(Vec<u8>);

impl Unpacked {
    /// Decompresses a body.
    ///
    /// # Errors
    ///
    /// The bytes are not a body: the store is damaged.
    pub fn new(body: &[u8]) -> Result<Self, StoreError> {
        lz4_flex::decompress_size_prepended(body)
            .map(Self)
            .map_err(|error| StoreError::Damaged(format!("a journal row: {error}")))
    }

    /// The entries, in the order in which they were folded.
    ///
    /// # Errors
    ///
    /// The bytes are not entries: the store is damaged.
    pub fn entries(&self) -> Result<Vec<Entry<'_>>, StoreError> {
        let mut rest = self.0.as_slice();
        let mut entries = Vec::new();
        while !rest.is_empty() {
            let (entry, after) = postcard::take_from_bytes(rest)
                .map_err(|error| StoreError::Damaged(format!("a journal entry: {error}")))?;
            entries.push(entry);
            rest = after;
        }
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back_as_they_went_in() {
        let (account, a, b) = (AccountNo(1), ProfileId([1; 16]), ProfileId([2; 16]));
        let entries = [
            Entry::Event {
                account,
                profile: a,
                event: b"one",
            },
            Entry::Merge {
                account,
                loser: a,
                winner: b,
            },
            Entry::Fire {
                account,
                profile: b,
            },
            Entry::Warm {
                account,
                profile: b,
            },
            Entry::Repoint {
                account,
                from: a,
                to: b,
            },
            Entry::Tick { now: TimeMs(5) },
            Entry::List {
                account,
                profile: b,
                activation: ActivationNo(3),
                audience: AudienceNo(4),
            },
        ];
        let mut packer = Packer::default();
        entries.iter().for_each(|entry| packer.push(entry));
        let unpacked = Unpacked::new(&compress(&packer.take())).unwrap();
        assert_eq!(unpacked.entries().unwrap(), entries);
        assert!(packer.is_empty());
    }

    #[test]
    fn an_event_is_stored_as_the_list_of_bytes_that_it_always_was() {
        let (account, profile, event) = (AccountNo(1), ProfileId([1; 16]), vec![7_u8; 300]);
        let mut packer = Packer::default();
        packer.push(&Entry::Event {
            account,
            profile,
            event: &event,
        });
        let by_fields = postcard::to_stdvec(&(0_u8, account, profile, &event)).unwrap();
        assert_eq!(packer.take(), by_fields);
    }

    #[test]
    fn damaged_bytes_are_an_error() {
        assert!(Unpacked::new(&[1, 2]).is_err());
        let garbage = lz4_flex::compress_prepend_size(&[9; 40]);
        assert!(Unpacked::new(&garbage).unwrap().entries().is_err());
    }
}
