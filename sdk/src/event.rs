//! What can be tracked.

use serde::Serialize;

/// Something that happened, with the name that audiences know it by.
///
/// The type's fields are the event's properties; it must serialise to an object (a unit struct
/// stands for no properties). The ready-made ones are in [`events`](crate::events).
///
/// ```
/// use segue_sdk::Event;
/// use serde::Serialize;
///
/// #[derive(Serialize)]
/// struct TrialStarted {
///     plan: &'static str,
/// }
///
/// impl Event for TrialStarted {
///     const NAME: &'static str = "trial_started";
/// }
/// ```
pub trait Event: Serialize {
    /// The event's name on the wire.
    const NAME: &'static str;
}
