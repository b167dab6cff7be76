//! One debug line and one count for each request, refused ones too.

use std::fmt::Display;

use http::StatusCode;
use metrics::{SharedString, counter, histogram};
use tracing::Level;

use super::{Sender, redact};
use crate::clock::Stopwatch;
use crate::receiver::Receiver;

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

/// How a request ended, in a word that never changes, and why, when it was refused.
struct Outcome<'a> {
    name: &'static str,
    cause: &'static str,
    reason: Option<&'a dyn Display>,
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
    pub(super) fn done(&self, receiver: &Receiver, status: StatusCode, outcome: &'static str) {
        let outcome = Outcome {
            name: outcome,
            cause: "",
            reason: None,
        };
        self.write(receiver, status, &outcome);
    }

    /// The request was refused; `cause` never changes, `reason` is for people.
    pub(super) fn refused(
        &self,
        receiver: &Receiver,
        status: StatusCode,
        cause: &'static str,
        reason: &dyn Display,
    ) {
        let outcome = Outcome {
            name: "refused",
            cause,
            reason: Some(reason),
        };
        self.write(receiver, status, &outcome);
    }

    fn write(&self, receiver: &Receiver, status: StatusCode, outcome: &Outcome<'_>) {
        let activation = self.activation.map(|at| &receiver.inner.activations[at]);
        let took = self.watch.elapsed();
        tracing::debug!(
            target: "cdp::webhook",
            activation = activation.map(|entry| &*entry.client_id),
            delivery = self.delivery.as_deref(),
            outcome = outcome.name,
            status = status.as_u16(),
            reason = outcome.reason.map(tracing::field::display),
            diagnosis = self.diagnosis.as_deref(),
            duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            body = self.body.as_deref(),
            "webhook request"
        );
        // Before the sender is known, nothing that it says becomes a label.
        let activation = activation.map_or(SharedString::const_str("unknown"), |entry| {
            SharedString::from_shared(entry.client_id.clone())
        });
        counter!(
            "segue_receiver_requests_total",
            "activation" => activation,
            "outcome" => outcome.name,
            "cause" => outcome.cause
        )
        .increment(1);
        histogram!("segue_receiver_request_seconds", "outcome" => outcome.name).record(took);
    }
}
