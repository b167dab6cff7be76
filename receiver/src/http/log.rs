//! One debug line for each request, refused ones too.

use std::fmt::Display;

use http::StatusCode;

use crate::clock::Stopwatch;
use crate::receiver::Receiver;

/// What is known of a request while it is handled. Never in it: credentials, bodies, persons.
#[derive(Debug)]
pub(super) struct Record {
    watch: Stopwatch,
    /// The place of the activation, once it is known.
    pub(super) activation: Option<usize>,
    /// The signed id, once it is verified.
    pub(super) delivery: Option<String>,
}

impl Record {
    pub(super) fn start() -> Self {
        Self {
            watch: Stopwatch::start(),
            activation: None,
            delivery: None,
        }
    }

    pub(super) fn write(&self, receiver: &Receiver, status: StatusCode, outcome: impl Display) {
        let activation = self
            .activation
            .map(|at| receiver.inner.activations[at].client_id.as_str());
        tracing::debug!(
            target: "cdp::webhook",
            activation,
            delivery = self.delivery.as_deref(),
            outcome = %outcome,
            status = status.as_u16(),
            duration_us = u64::try_from(self.watch.elapsed().as_micros()).unwrap_or(u64::MAX),
            "webhook request"
        );
    }
}
