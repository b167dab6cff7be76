//! Named conditions: who is a member, since when, and until when if nothing happens.
//!
//! In: definitions, events, and what changed in a profile. Out: [`MembershipChange`]s and the
//! next instant at which something changes by itself. Nothing here survives a crash by itself:
//! the memories are part of the profile, [`Numbering`] is part of the catalog, and everything
//! else is compiled again.
//!
//! An event goes through [`AudienceSet::fold`], which changes the memories that it concerns and
//! notes them in [`Touched`]; [`AudienceSet::evaluate`] then looks at the audiences that ask for
//! them. Time is an argument everywhere.
//!
//! [`MembershipChange`]: crate::profile::MembershipChange

mod answer;
mod attribute;
mod compile;
pub mod definition;
mod evaluate;
mod exactness;
mod explain;
mod fold;
pub mod grain;
mod lint;
mod numbering;
mod part;
mod pending;
mod schema;
pub mod span;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod touched;
pub mod value;

pub use compile::AudienceSet;
pub use definition::{Definition, EventFilter};
pub use exactness::{ExactTo, Exactness};
pub use explain::{Condition, Explanation};
pub use fold::Rebuild;
pub use lint::{Known, lint};
pub use numbering::Numbering;
pub use part::TEXT_BYTES_MAX;
pub use schema::schema;
pub use touched::{Touched, Work};
