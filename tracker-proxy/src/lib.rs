//! Takes events, keeps profiles, matches audiences exactly in time, sends activations.
//!
//! The folders are the stages that an event passes, in this order; a stage knows those before it
//! and none after it. `store` knows no stage. See `docs/ARCHITECTURE.md`.
#![forbid(unsafe_code)]

pub mod clock;

pub mod keys;

pub mod secret;

pub mod value;

pub mod document;

pub mod config;

pub mod ingest;

pub mod tracker;

pub mod store;

pub mod profile;

pub mod audience;

pub mod activation;

pub mod delivery;

pub mod pipeline;

pub mod admin;

pub mod cli;

pub mod app;
