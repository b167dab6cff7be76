//! One debug line and one count for each request, refused ones too.

use std::fmt::Display;
use std::time::Duration;

use http::StatusCode;
use tracing::Level;

use super::metered::Outcome;
use super::{Sender, metered, redact};
use crate::clock::Stopwatch;
use crate::receiver::{Entry, Receiver};

/// What is known of a request while it is handled. Never in it: credentials and persons.
#[derive(Debug)]
pub(super) struct Record {
    watch: Stopwatch,
    /// The place of the activation, once it is known.
    pub(super) activation: Option<usize>,
    /// The signed id, once it is verified.
    delivery: Option<String>,
    /// What is probably wrong, when it was refused.
    pub(super) diagnosis: Option<String>,
    /// The masked body, when it is verified and the host wants to see bodies.
    body: Option<String>,
}

impl Record {
    pub(super) fn start() -> Self {
        Self {
            watch: Stopwatch::start(),
            activation: None,
            delivery: None,
            diagnosis: None,
            body: None,
        }
    }

    /// Takes down what the log may show of a verified request, if anybody reads it.
    pub(super) fn verified(&mut self, receiver: &Receiver, sender: &Sender, body: &[u8]) {
        if !tracing::enabled!(target: "cdp::webhook", Level::DEBUG) {
            return;
        }
        self.delivery = sender.message_id().map(str::to_owned);
        let shown = receiver.inner.logged_body_bytes_max;
        self.body = shown.map(|bytes_max| redact::body(body, bytes_max));
    }

    /// The request was carried out.
    pub(super) fn done(&self, receiver: &Receiver, status: StatusCode, outcome: Outcome) {
        let entry = self.activation.map(|at| &receiver.inner.activations[at]);
        let took = self.write(entry, status, outcome, None);
        metered::done(entry, outcome, took);
    }

    /// The request was refused; `cause` never changes, `reason` is for people.
    pub(super) fn refused(
        &self,
        receiver: &Receiver,
        status: StatusCode,
        cause: &'static str,
        reason: &dyn Display,
    ) {
        let entry = self.activation.map(|at| &receiver.inner.activations[at]);
        let took = self.write(entry, status, Outcome::Refused, Some(reason));
        metered::refused(entry, cause, took);
    }

    /// Writes the line; says how long the request took.
    fn write(
        &self,
        activation: Option<&Entry>,
        status: StatusCode,
        outcome: Outcome,
        reason: Option<&dyn Display>,
    ) -> Duration {
        let took = self.watch.elapsed();
        tracing::debug!(
            target: "cdp::webhook",
            activation = activation.map(|entry| &*entry.client_id),
            delivery = self.delivery.as_deref(),
            outcome = outcome.name(),
            status = status.as_u16(),
            reason = reason.map(tracing::field::display),
            diagnosis = self.diagnosis.as_deref(),
            duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            body = self.body.as_deref(),
            "webhook request"
        );
        took
    }
}
