//! Typed event tracking for app backends: never blocks, never panics, never loses silently.
#![forbid(unsafe_code)]

pub mod wire;
