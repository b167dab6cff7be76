//! An audience as its author wrote it, checked.

use crate::document::{Fields, Mistakes, Node};
use crate::ingest::Event;

/// One audience.
#[derive(Debug, Clone)]
pub struct Definition {
    /// The author's id.
    pub id: String,
    /// 1 to 100 characters.
    pub name: String,
}

impl Definition {
    /// Reads a definition; whatever is wrong with it is noted in `mistakes`.
    pub fn read(node: &Node, mistakes: &mut Mistakes) -> Option<Self> {
        let mut fields = Fields::of(node, "an audience", mistakes)?;
        let id = fields.required_text("id", mistakes);
        let name = fields.text("name", mistakes);
        fields.required("when", mistakes);
        fields.finish(mistakes);
        let id = id?;
        Some(Self {
            name: name.unwrap_or_else(|| id.clone()),
            id,
        })
    }
}

/// An event name with conditions on its properties.
#[derive(Debug, Clone)]
pub struct EventFilter {
    event: String,
}

impl EventFilter {
    /// Reads `{ event: …, where: {…} }`.
    pub fn read(node: &Node, mistakes: &mut Mistakes) -> Option<Self> {
        let mut fields = Fields::of(node, "an event filter", mistakes)?;
        let event = fields.required_text("event", mistakes);
        fields.finish(mistakes);
        Some(Self { event: event? })
    }

    /// True if `event` is one of these.
    #[must_use]
    pub fn matches(&self, event: &Event<'_>) -> bool {
        self.event == event.name
    }
}
