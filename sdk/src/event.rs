//! What can be tracked.

use serde::Serialize;

use crate::priority::Priority;

/// Something that happened, with the name that audiences know it by.
///
/// The type's fields are the event's properties; it must serialise to an object (a unit struct
/// stands for no properties). The ready-made ones are in [`events`](crate::events).
///
/// With the feature `derive` (on by default) it can be derived. The name is then the type's in snake
/// case, unless `name` says another; `priority` is `"low"`, `"normal"` or `"high"`. A type that
/// cannot be an object does not compile.
///
/// ```
/// # #[cfg(feature = "derive")] {
/// use segue_sdk::{Event, Priority};
/// use serde::Serialize;
///
/// #[derive(Serialize, Event)]
/// struct CouponUsed<'a> {
///     code: &'a str,
/// }
///
/// #[derive(Serialize, Event)]
/// #[event(name = "Order Completed", priority = "high")]
/// struct OrderCompleted {
///     order_id: u64,
/// }
///
/// assert_eq!(CouponUsed::NAME, "coupon_used");
/// assert_eq!(OrderCompleted::NAME, "Order Completed");
/// assert_eq!(OrderCompleted::PRIORITY, Priority::High);
/// # }
/// ```
///
/// ```compile_fail
/// #[derive(serde::Serialize, segue_sdk::Event)]
/// struct Pair(u8, u8); // a list of properties without names
/// ```
///
/// It can as well be written out, for any type that serialises to an object:
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

    /// How much the event matters when not everything can be kept. Default: `Normal`.
    const PRIORITY: Priority = Priority::Normal;
}
