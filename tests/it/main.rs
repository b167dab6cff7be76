//! The whole of Segue, from outside: one file per story.
#![forbid(unsafe_code)]

mod syncs;

mod tidy;
