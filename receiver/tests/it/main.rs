//! The receiver from outside: real routers, real stores, real signatures.
#![cfg(all(feature = "http", feature = "sqlite"))]

mod answers;
mod conformance;
mod corpus;
mod credentials;
mod harness;
mod jobs;
mod layer;
mod logs;
mod members;
mod mounting;
mod once;
mod pending;
mod segments;
mod signatures;
mod threats;
