//! The loop.

pub mod history;
pub mod journal;
