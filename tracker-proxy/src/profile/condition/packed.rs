//! Memories as they are stored: one after the other, each to be found without unpacking the rest.
//!
//! Each is its leaf's number less the one before it, the number of its bytes, and the bytes. An
//! event concerns a few of somebody's memories; the others stay as they are from the store into
//! memory and back.

use super::LeafState;
use crate::keys::LeafNo;

/// Memories in the order of their leaves, as bytes that a checksum vouched for.
#[derive(Debug, Clone, Default)]
pub(super) struct Packed(Box<[u8]>);

impl Packed {
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    pub(super) fn bytes(&self) -> usize {
        self.0.len()
    }

    /// The memories, still packed.
    pub(super) fn iter(&self) -> impl Iterator<Item = (LeafNo, &[u8])> {
        let (mut rest, mut number) = (&self.0[..], 0_u32);
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let ((step, length), after) = postcard::take_from_bytes::<(u32, u32)>(rest).ok()?;
            let (memory, after) = after.split_at_checked(length as usize)?;
            rest = after;
            number = number.wrapping_add(step);
            Some((LeafNo(number), memory))
        })
    }

    pub(super) fn find(&self, leaf: LeafNo) -> Option<&[u8]> {
        let mut memories = self.iter();
        let (_, memory) = memories
            .find(|(no, _)| *no >= leaf)
            .filter(|(no, _)| *no == leaf)?;
        Some(memory)
    }

    /// What `leaf` remembers, unpacked.
    pub(super) fn unpack(&self, leaf: LeafNo) -> Option<LeafState> {
        unpacked(leaf, self.find(leaf)?)
    }

    /// The memories, unpacked.
    pub(super) fn unpack_all(&self) -> impl Iterator<Item = (LeafNo, LeafState)> {
        self.iter()
            .filter_map(|(leaf, memory)| Some((leaf, unpacked(leaf, memory)?)))
    }

    pub(super) fn retain(&mut self, keep: impl Fn(LeafNo) -> bool) {
        if self.iter().all(|(no, _)| keep(no)) {
            return;
        }
        let mut left = Vec::with_capacity(self.0.len());
        let mut writer = Writer::to(&mut left);
        for (no, memory) in self.iter().filter(|(no, _)| keep(*no)) {
            writer.copy(no, memory);
        }
        self.0 = left.into();
    }
}

fn unpacked(leaf: LeafNo, memory: &[u8]) -> Option<LeafState> {
    // With a checksum that held, this is a mistake of the program's and not the disk's.
    postcard::from_bytes(memory)
        .inspect_err(|error| tracing::error!(%error, %leaf, "a memory cannot be unpacked"))
        .ok()
}

/// Packs memories, which have to come in the order of their leaves.
pub(super) struct Writer<'a> {
    out: &'a mut Vec<u8>,
    before: u32,
    scratch: Vec<u8>,
}

impl<'a> Writer<'a> {
    pub(super) fn to(out: &'a mut Vec<u8>) -> Self {
        Self {
            out,
            before: 0,
            scratch: Vec::new(),
        }
    }

    pub(super) fn copy(&mut self, leaf: LeafNo, memory: &[u8]) {
        let step = leaf.0.wrapping_sub(self.before);
        self.before = leaf.0;
        let length = u32::try_from(memory.len()).expect("a memory is some kilobytes at the most");
        let out = std::mem::take(self.out);
        *self.out = postcard::to_extend(&(step, length), out).expect(ENCODES);
        self.out.extend_from_slice(memory);
    }

    pub(super) fn pack(&mut self, leaf: LeafNo, state: &LeafState) {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        scratch = postcard::to_extend(state, scratch).expect(ENCODES);
        self.copy(leaf, &scratch);
        self.scratch = scratch;
    }
}

const ENCODES: &str = "plain fields encode into memory";

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(leaves: &[(u32, u64)]) -> Packed {
        let mut bytes = Vec::new();
        let mut writer = Writer::to(&mut bytes);
        for (no, count) in leaves {
            writer.pack(LeafNo(*no), &LeafState::Count(*count));
        }
        Packed::new(&bytes)
    }

    #[test]
    fn each_memory_is_found_among_the_others() {
        let packed = packed(&[(0, 1), (7, 300), (100_000, 2)]);
        let found = [0, 7, 100_000].map(|no| packed.unpack(LeafNo(no)));
        assert_eq!(
            found,
            [1, 300, 2].map(|count| Some(LeafState::Count(count)))
        );
        for none in [1, 8, 100_001] {
            assert_eq!(packed.unpack(LeafNo(none)), None);
        }
    }

    #[test]
    fn some_can_go_without_unpacking_the_rest() {
        let mut packed = packed(&[(0, 1), (7, 2), (9, 3)]);
        packed.retain(|no| no != LeafNo(7));
        let left: Vec<_> = packed.iter().map(|(no, _)| no.0).collect();
        assert_eq!(left, [0, 9]);
        assert_eq!(packed.unpack(LeafNo(9)), Some(LeafState::Count(3)));
    }

    #[test]
    fn any_bytes_come_to_an_end() {
        let whole = packed(&[(3, 70_000), (900, 5)]).0;
        for end in 0..whole.len() {
            assert!(Packed::new(&whole[..end]).iter().count() < 2);
        }
        for byte in 0..=u8::MAX {
            assert!(Packed::new(&[byte; 64]).iter().count() <= 64);
        }
    }
}
