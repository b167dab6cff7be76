//! Bodies of other products' clients, rewritten as batches of ours.
//!
//! None of them is on the way of ordinary batches. What comes out is read, checked and dated like
//! anything else, and an event that says nothing of a person is refused in its place.

mod posthog;
mod raptor;
mod snowplow;
mod user_data;

use serde_json::{Map, Value as Json};

pub(super) use posthog::translate as posthog;
pub(super) use raptor::translate as raptor;
pub(super) use snowplow::translate as snowplow;
pub(super) use user_data::translate as user_data;

/// Builds an object out of what is there; nulls and empty texts are not.
#[derive(Debug, Default)]
struct Members(Map<String, Json>);

impl Members {
    fn with(mut self, name: &str, value: Option<&Json>) -> Self {
        let says = |value: &&Json| !value.is_null() && value.as_str() != Some("");
        if let Some(value) = value.filter(says) {
            self.0.insert(name.to_owned(), value.clone());
        }
        self
    }

    fn with_word(self, name: &str, word: &str) -> Self {
        self.with(name, Some(&word.into()))
    }

    fn with_object(self, name: &str, object: Self) -> Self {
        if object.0.is_empty() {
            return self;
        }
        let object = Json::Object(object.0);
        self.with(name, Some(&object))
    }

    fn into_json(self) -> Json {
        Json::Object(self.0)
    }
}
