//! What goes first, and what is let go first.

/// How much an event matters when not everything can be kept.
///
/// Each priority has a lane of its own: a backlog leaves by priority, and a full queue lets go of
/// the lowest first. Events of one priority keep their order.
///
/// Identify, alias, group and consent are `High`, page and screen are `Low`; a tracked event says
/// its own with [`Event::PRIORITY`](crate::Event::PRIORITY).
///
/// ```
/// use segue_sdk::{Event, Priority};
/// use serde::Serialize;
///
/// #[derive(Serialize)]
/// struct Refund<'a> {
///     order_id: &'a str,
/// }
///
/// impl Event for Refund<'_> {
///     const NAME: &'static str = "refund";
///     const PRIORITY: Priority = Priority::High;
/// }
/// assert!(Refund::PRIORITY > Priority::default());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Priority {
    /// Let go first: page views and the like.
    Low,
    /// What most events have.
    #[default]
    Normal,
    /// Let go last: consent, identity, purchases.
    High,
}

impl Priority {
    /// Every priority, the lowest first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Normal, Self::High];

    /// The priority as a word for logs and metrics.
    ///
    /// ```
    /// assert_eq!(segue_sdk::Priority::High.as_str(), "high");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }
}
