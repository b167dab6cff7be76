//! What behavioural conditions remember of one person: one small state per leaf.
//!
//! A state is a function of the events that were folded into it and, but for [`Armed`], not of
//! their order. Thresholds are not in it: all conditions that ask the same thing with different
//! bounds share one. The `audience` stage knows what each state is for; here it is only kept
//! small, bounded and true.

mod armed;
mod conditions;
mod distinct;
mod groups;
mod late;
mod packed;
mod panes;
mod sum;
mod tally;
mod times;
mod totals;

pub use armed::{ARMED_KEYS_MAX, Armed, Arming, KEY_BYTES_MAX, Part, RECENT_MAX, STEPS_MAX};
pub use conditions::Conditions;
pub use distinct::{DISTINCT_MAX, Distinct};
pub use groups::{GROUPS_MAX, Groups};
pub use late::{Late, REFOLD_EVENTS_MAX};
pub use panes::Panes;
pub use sum::Sum;
pub use tally::{PanedTally, TALLY_CELLS_MAX, TALLY_VALUES_MAX, Tally};
pub use times::{TIMES_MAX, Times};
pub use totals::{Summand, Totals, Window};

use serde::{Deserialize, Serialize};

use super::Dated;

/// The memory of one leaf. Stored by position: append, never reorder; whoever appends gives stored
/// profiles a new version, so that no older program reads them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum LeafState {
    /// The newest matching event times.
    Newest(Times),
    /// The oldest matching event times.
    Oldest(Times),
    /// How many events matched.
    Count(u64),
    /// The sum of a property.
    Sum(Sum),
    /// The least or the greatest value of a property; the leaf knows which.
    Extreme(f64),
    /// Matching events per pane of time.
    CountPanes(Totals<u64>),
    /// Sums per pane of time.
    SumPanes(Totals<Sum>),
    /// Least or greatest values per pane of time.
    ExtremePanes(Panes<f64>),
    /// How often which value was seen.
    Tally(Tally),
    /// How often which value was seen, per pane of time.
    PanedTally(PanedTally),
    /// The first or the last value of a property.
    Edge(Dated),
    /// What was started and awaits its end, or follows one step after the other.
    Armed(Box<Armed>),
    /// When different values were seen last.
    Distinct(Distinct),
    /// One memory per value of a property.
    Groups(Groups),
}
