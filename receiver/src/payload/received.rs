//! A membership delivery as a receiver reads it: an [`Envelope`](super::Envelope) without what it
//! has no use for.

use std::borrow::Cow;

use serde::Deserialize;

use super::{Item, MessageType};

/// A membership delivery; everything that an envelope must have is looked at, not all is kept.
#[derive(Debug, Deserialize)]
pub(crate) struct Received<'a> {
    #[serde(rename = "type")]
    _kind: MessageType,
    #[serde(rename = "timestamp")]
    _timestamp: jiff::Timestamp,
    #[serde(borrow)]
    pub(crate) data: ReceivedData<'a>,
}

/// The changes, and where they belong.
#[derive(Debug, Deserialize)]
pub(crate) struct ReceivedData<'a> {
    #[serde(borrow, rename = "activation")]
    _activation: ReceivedActivation<'a>,
    #[serde(borrow, default)]
    segment_group: Option<Text<'a>>,
    #[serde(borrow, default, rename = "person_identifier")]
    _person_identifier: Text<'a>,
    #[serde(default)]
    pub(crate) test: bool,
    pub(crate) changes: Vec<Item>,
}

impl ReceivedData<'_> {
    pub(crate) fn segment_group(&self) -> Option<&str> {
        self.segment_group.as_ref().map(|group| &*group.0)
    }
}

#[derive(Debug, Deserialize)]
struct ReceivedActivation<'a> {
    #[serde(borrow, rename = "id")]
    _id: Text<'a>,
    #[serde(borrow, default, rename = "name")]
    _name: Text<'a>,
}

/// A text that is copied only when it has escapes.
#[derive(Debug, Default, Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
