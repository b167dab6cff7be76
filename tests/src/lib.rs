//! What the end-to-end tests and the load program share.
#![forbid(unsafe_code)]

pub mod load;
