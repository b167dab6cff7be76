//! The context around a batch.

use std::borrow::Cow;

use super::{Limits, json, numbers};

/// The context that a client wrote once for all events of a batch.
#[derive(Debug)]
pub(super) struct BatchContext<'a> {
    pub(super) json: Cow<'a, str>,
    pub(super) too_deep: bool,
    pub(super) beyond_bounds: bool,
}

impl<'a> BatchContext<'a> {
    /// Takes it if it is an object that says something.
    pub(super) fn read(json: &'a str, limits: &Limits) -> Option<Self> {
        let says_something = json.starts_with('{') && !json::is_empty_object(json);
        says_something.then(|| Self {
            json: json::mend_surrogates(json),
            // Within an event it stands one level deeper.
            too_deep: json::deeper_than(limits.depth_max.saturating_sub(1), json),
            beyond_bounds: numbers::beyond_all_bounds(json),
        })
    }

    /// What an event has as its context: its own members, then the batch's others.
    pub(super) fn under<'s>(&'s self, own: Option<&'s str>) -> Cow<'s, str> {
        let Some(own) = own.filter(|own| !json::is_empty_object(own)) else {
            return Cow::Borrowed(&self.json);
        };
        let named = json::members(own).unwrap_or_default();
        let all = json::members(&self.json).unwrap_or_default();
        let missing: Vec<(&str, &str)> = all
            .iter()
            .filter(|(name, _)| named.iter().all(|(ours, _)| ours != name))
            .map(|(name, value)| (name.as_ref(), value.get()))
            .collect();
        if missing.is_empty() {
            return Cow::Borrowed(own);
        }
        Cow::Owned(json::put_in_front(&missing, Some(own)))
    }
}
