//! Taking a map apart, key by key, without stopping at the first mistake.

use super::{Mistakes, Node, NodeKind, Place, suggestion};

/// The entries of one map. Every key is asked for once; what nobody asked for is a mistake.
#[derive(Debug)]
pub struct Fields<'a> {
    place: Place,
    entries: &'a [(String, Place, Node)],
    asked: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// Opens a map; anything else is noted as a mistake (`what` names what was expected).
    pub fn of(node: &'a Node, what: &str, mistakes: &mut Mistakes) -> Option<Self> {
        match &node.kind {
            NodeKind::Map(entries) => Some(Self {
                place: node.place,
                entries,
                asked: Vec::new(),
            }),
            _ => {
                let found = node.describe();
                mistakes.add(
                    node.place,
                    format!("{what} has to be a map, this is {found}"),
                );
                None
            }
        }
    }

    /// Where the map starts.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place
    }

    /// The value of an optional key; null counts as absent.
    pub fn optional(&mut self, key: &'static str) -> Option<&'a Node> {
        self.asked.push(key);
        self.entries
            .iter()
            .find(|(name, ..)| name == key)
            .map(|(.., n)| n)
            .filter(|n| !n.is_null())
    }

    /// The value of a key that has to be there.
    pub fn required(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Option<&'a Node> {
        let found = self.optional(key);
        if found.is_none() {
            mistakes.add(self.place, format!("`{key}` is missing"));
        }
        found
    }

    /// An optional value of some type; `read` says what it wants and takes it.
    pub fn read<T>(
        &mut self,
        key: &'static str,
        wanted: &str,
        mistakes: &mut Mistakes,
        read: impl FnOnce(&'a Node) -> Option<T>,
    ) -> Option<T> {
        let node = self.optional(key)?;
        let value = read(node);
        if value.is_none() {
            let found = node.describe();
            mistakes.add(
                node.place,
                format!("`{key}` has to be {wanted}, this is {found}"),
            );
        }
        value
    }

    /// An optional text.
    pub fn text(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Option<String> {
        self.read(key, "text", mistakes, |node| {
            node.as_text().map(str::to_owned)
        })
    }

    /// A text that has to be there and not be empty.
    pub fn required_text(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Option<String> {
        self.required(key, mistakes)?;
        self.read(key, "text that is not empty", mistakes, |node| {
            node.as_text()
                .filter(|text| !text.trim().is_empty())
                .map(str::to_owned)
        })
    }

    /// An optional boolean.
    pub fn boolean(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Option<bool> {
        self.read(key, "true or false", mistakes, Node::as_bool)
    }

    /// Reports every key that nobody asked for, with the likeliest one that exists.
    pub fn finish(self, mistakes: &mut Mistakes) {
        for (name, place, _) in self.entries {
            if self.asked.contains(&name.as_str()) {
                continue;
            }
            let meant = suggestion(name, self.asked.iter().copied())
                .map(|key| format!("; did you mean `{key}`?"))
                .unwrap_or_default();
            mistakes.add(*place, format!("unknown key `{name}`{meant}"));
        }
    }
}
