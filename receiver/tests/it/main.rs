//! The receiver from outside: real routers, real stores, real signatures.
#![cfg(all(feature = "http", feature = "sqlite"))]

mod answers;
mod claims;
mod conformance;
mod corpus;
mod credentials;
mod harness;
mod jobs;
mod killed;
mod layer;
mod logs;
mod members;
mod mounting;
mod once;
mod parts;
mod pending;
mod postgres;
mod postgres_tls;
mod readme;
mod segments;
mod senders;
mod signatures;
mod subscription;
mod threats;
