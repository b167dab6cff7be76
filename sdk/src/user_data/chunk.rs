//! People that travel in one request.

/// Some people, each with the number of its row.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunk {
    people: Vec<(u64, Vec<u8>)>,
    bytes: usize,
}

impl Chunk {
    pub(super) fn len(&self) -> usize {
        self.people.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// Bytes of the body.
    pub(super) fn bytes(&self) -> usize {
        // Brackets, and a comma between two.
        self.bytes + self.len().saturating_sub(1) + 2
    }

    /// Whether one more person of this size fits.
    pub(super) fn fits(&self, bytes: usize, items_max: usize, bytes_max: usize) -> bool {
        self.len() < items_max && self.bytes() + 1 + bytes <= bytes_max
    }

    pub(super) fn push(&mut self, row: u64, person: Vec<u8>) {
        self.bytes += person.len();
        self.people.push((row, person));
    }

    /// The row of one of the people.
    pub(super) fn row(&self, index: usize) -> Option<u64> {
        self.people.get(index).map(|(row, _)| *row)
    }

    /// A JSON array.
    pub(super) fn body(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(self.bytes());
        body.push(b'[');
        for (at, (_, person)) in self.people.iter().enumerate() {
            if at > 0 {
                body.push(b',');
            }
            body.extend_from_slice(person);
        }
        body.push(b']');
        body
    }

    /// The second half, taken out of this one.
    pub(super) fn split_off(&mut self) -> Self {
        let people = self.people.split_off(self.len().div_ceil(2));
        let bytes = people.iter().map(|(_, person)| person.len()).sum();
        self.bytes -= bytes;
        Self { people, bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_an_array_of_the_length_foretold() {
        let mut chunk = Chunk::default();
        for row in 1..=3 {
            chunk.push(row, format!(r#"{{"id":{row}}}"#).into_bytes());
        }
        assert_eq!(chunk.body(), br#"[{"id":1},{"id":2},{"id":3}]"#);
        assert_eq!(chunk.body().len(), chunk.bytes());
        let second = chunk.split_off();
        assert_eq!((chunk.len(), second.row(0)), (2, Some(3)));
        assert_eq!(chunk.body().len(), chunk.bytes());
        assert_eq!(second.body().len(), second.bytes());
    }
}
