//! What a visitor does to become known.

use serde::Serialize;

use crate::{Event, Priority};

/// Somebody made an account. Send an identify as well, so that the account's traits are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SignUp<'a> {
    /// How: `email`, `google`, `invitation`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<&'a str>,
    /// The plan chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<&'a str>,
}

impl Event for SignUp<'_> {
    const NAME: &'static str = "sign_up";
    const PRIORITY: Priority = Priority::High;
}
