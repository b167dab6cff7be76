//! What people did, as the oracle keeps it: all of it, for good.

use serde_json::Value as Json;

/// The name of the event that puts somebody on a list, or takes them off.
pub const LIST_EVENT: &str = "$list";

/// The key that says of such an event on which list.
#[must_use]
pub fn list_key(list: &str) -> String {
    format!("$list:{list}")
}

/// The kinds of messages that scripts have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Something somebody did.
    Track,
    /// Who somebody is.
    Identify,
    /// Two ids of one person.
    Alias,
    /// What somebody agreed to.
    Consent,
}

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Happening {
    /// What kind of message.
    pub kind: Kind,
    /// The event's name; that of the kind where it is none of its own.
    pub name: String,
    /// Makes it idempotent.
    pub message: String,
    /// The user's id.
    pub user: Option<String>,
    /// The visitor's id.
    pub visitor: Option<String>,
    /// The older id of an alias.
    pub previous: Option<String>,
    /// When it happened.
    pub time: i64,
    /// When it was received.
    pub received: i64,
    /// Properties, traits or decisions: whatever the kind has; an object.
    pub said: Json,
}

impl Happening {
    /// The object in which a filter's path starts, and the path inside it.
    #[must_use]
    pub fn object<'a, 'p>(&'a self, path: &'p str) -> (&'a Json, &'p str) {
        let of = |kind| {
            if self.kind == kind {
                &self.said
            } else {
                &Json::Null
            }
        };
        if let Some(path) = path.strip_prefix("properties.") {
            return (of(Kind::Track), path);
        }
        match path.strip_prefix("traits.") {
            Some(path) => (of(Kind::Identify), path),
            None => (of(Kind::Track), path),
        }
    }

    /// As it is told in the story of a failure.
    #[must_use]
    pub fn line(&self) -> String {
        let mut line = format!("{:?} {}", self.kind, self.name).to_lowercase();
        for (word, id) in [
            ("user", &self.user),
            ("visitor", &self.visitor),
            ("previous", &self.previous),
        ] {
            if let Some(id) = id {
                line.push_str(&format!(" {word}={id}"));
            }
        }
        format!(
            "{line} time={} message={} {}",
            self.time, self.message, self.said
        )
    }
}
