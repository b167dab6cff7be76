//! What everything that is kept in a SQLite file shares: opening it, and one writer.

mod open;
mod writer;

pub use open::OpenError;
pub(crate) use open::{reading, writing};
pub(crate) use writer::{Writer, execute};
