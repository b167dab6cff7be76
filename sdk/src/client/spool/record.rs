//! One event on disk: `length: u32, checksum: u32, event`, little-endian.
//!
//! The checksum (CRC-32) covers length and event, so that a tail of zeros is no event.

/// Bytes of a record besides its event.
pub(super) const HEAD_BYTES: usize = 8;

/// Appends the record of one event.
pub(super) fn write(event: &[u8], buffer: &mut Vec<u8>) {
    let length = event.len() as u32;
    buffer.extend_from_slice(&length.to_le_bytes());
    buffer.extend_from_slice(&checksum(length, event).to_le_bytes());
    buffer.extend_from_slice(event);
}

/// What stands at the start of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read<'a> {
    /// An event, and how many bytes its record takes.
    Event(&'a [u8], usize),
    /// A record of this many bytes whose event is not what was written.
    Damaged(usize),
    /// Nothing more that could be a record: the end, or a torn tail.
    End,
}

/// Reads one record; an event is at most `event_bytes_max` long.
pub(super) fn read(bytes: &[u8], event_bytes_max: usize) -> Read<'_> {
    let Some((head, rest)) = bytes.split_first_chunk::<HEAD_BYTES>() else {
        return Read::End;
    };
    let [a, b, c, d, e, f, g, h] = *head;
    let length = u32::from_le_bytes([a, b, c, d]);
    let size = length as usize;
    if size == 0 || size > event_bytes_max || size > rest.len() {
        return Read::End;
    }
    let event = &rest[..size];
    match checksum(length, event) == u32::from_le_bytes([e, f, g, h]) {
        true => Read::Event(event, HEAD_BYTES + size),
        false => Read::Damaged(HEAD_BYTES + size),
    }
}

fn checksum(length: u32, event: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length.to_le_bytes());
    hasher.update(event);
    hasher.finalize()
}

/// A line of the list of what is done: `first: u32, count: u32, checksum: u32`.
pub(super) const DONE_BYTES: usize = 12;

pub(super) fn write_done(first: u32, count: u32) -> [u8; DONE_BYTES] {
    let mut line = [0; DONE_BYTES];
    line[..4].copy_from_slice(&first.to_le_bytes());
    line[4..8].copy_from_slice(&count.to_le_bytes());
    let sum = crc32fast::hash(&line[..8]);
    line[8..].copy_from_slice(&sum.to_le_bytes());
    line
}

/// The ranges that are done; what is torn or damaged counts as not done.
pub(super) fn read_done(list: &[u8]) -> impl Iterator<Item = std::ops::Range<u32>> {
    let (lines, _torn) = list.as_chunks::<DONE_BYTES>();
    lines.iter().filter_map(|line| {
        let [a, b, c, d, e, f, g, h, sum @ ..] = *line;
        let is_whole = crc32fast::hash(&line[..8]) == u32::from_le_bytes(sum);
        let first = u32::from_le_bytes([a, b, c, d]);
        let count = u32::from_le_bytes([e, f, g, h]);
        is_whole.then(|| first..first.saturating_add(count))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let mut bytes = Vec::new();
        write(b"{}", &mut bytes);
        assert_eq!(read(&bytes, 100), Read::Event(b"{}", 10));
        let lines = [write_done(0, 3), write_done(7, 1)].concat();
        assert!(read_done(&lines).eq([0..3, 7..8]));
    }

    #[test]
    fn every_cut_is_an_end_and_every_flipped_bit_is_seen() {
        let mut whole = Vec::new();
        write(br#"{"a":1}"#, &mut whole);
        for cut in 0..whole.len() {
            assert_eq!(read(&whole[..cut], 100), Read::End, "{cut}");
        }
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!matches!(read(&flipped, 100), Read::Event(..)), "{bit}");
        }
    }

    #[test]
    fn zeros_and_lengths_beyond_the_bound_are_no_records() {
        assert_eq!(read(&[0; 64], 100), Read::End);
        let mut long = Vec::new();
        write(&[b'x'; 101], &mut long);
        assert_eq!(read(&long, 100), Read::End);
    }

    #[test]
    fn a_torn_or_damaged_line_is_not_done() {
        let mut lines = [write_done(0, 3), write_done(7, 1)].concat();
        lines[0] ^= 1;
        assert_eq!(read_done(&lines[..20]).next(), None);
        let mut whole = read_done(&lines);
        assert_eq!((whole.next(), whole.next()), (Some(7..8), None));
    }
}
