//! What the end-to-end tests and the load program share.
//!
//! The harness says in plain words what a test does to the real binaries: start a proxy, send,
//! kill, start again, ask. Where it cannot do so the test fails, so it panics with a sentence.
#![forbid(unsafe_code)]
#![expect(
    clippy::missing_panics_doc,
    reason = "a harness that cannot do its work fails the test"
)]

pub mod environment;

pub mod binaries;

pub mod ports;

pub mod random;

pub mod wait;

pub mod http;

pub mod settings;

pub mod child;

pub mod ingest;

pub mod admin;

pub mod proxy;

pub mod shop;

pub mod sink;

pub mod oracle;

pub mod tls;

/// The load program.
pub mod load;
