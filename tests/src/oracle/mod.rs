//! A second opinion on audiences that shares no code with the engine.
//!
//! A *case* is some audiences and a script: people act, events come late or twice, visitors log
//! in, people are erased, definitions are edited, the proxy restarts. [`run`] drives the real
//! pipeline through it on a clock that only the script moves, and compares each membership with
//! what [`judge`] says, which scans a person's whole history anew for every question. They are
//! compared after every step, at every instant at which an answer changes by itself, one
//! millisecond before and after it, and at some others.
//!
//! ```text
//! seed ─ generate ─▶ Case ─┬─▶ world ─ judge ─▶ expected ┐
//!                          │                             ├─ compare ─▶ Failure ─ shrink ─▶ told
//!                          └─▶ engine (the real one) ────┘
//! ```
//!
//! Nothing here knows how the engine remembers things; where the language cuts time into panes,
//! that is what a definition means, and is said once more in [`calendar`].

pub mod language;

mod kinds;

pub mod render;

pub mod calendar;

pub mod value;

pub mod event;

pub mod judge;

pub mod wait;

pub mod instants;

pub mod world;

pub mod generate;

pub mod case;

pub mod engine;

pub mod run;

pub mod outbox;

pub mod metamorphic;

pub mod shrink;

pub mod report;

pub mod campaign;
