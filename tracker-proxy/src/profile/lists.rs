//! Uploaded lists: being on one is an attribute that only an upload can set.
//!
//! An upload is an event per person, so that being on a list is as durable as everything else,
//! survives a merge, and goes with an erasure.

/// The name of an event that puts somebody on a list or takes them off. No client can send an
/// `identify` of this name.
pub const LIST_EVENT: &str = "$list";

/// What the attributes of lists begin with; clients cannot set such.
const PREFIX: &str = "$list:";

/// The attribute that is true of those who are on the list.
#[must_use]
pub fn list_attribute(list: &str) -> String {
    format!("{PREFIX}{list}")
}

/// True for the attribute of a list.
#[must_use]
pub fn is_list_attribute(name: &str) -> bool {
    name.starts_with(PREFIX)
}
