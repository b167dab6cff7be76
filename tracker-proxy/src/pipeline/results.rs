//! What attempts mean for the store.

use bytes::Bytes;
use serde_json::json;
use tokio::sync::mpsc;

use super::Pipeline;
use crate::delivery::{AttemptResult, ContentType, Delivery, Outcome, Report};
use crate::keys::{AccountNo, ActivationNo};
use crate::store::{DeliveryRow, DeliveryState, OutcomeRow};

/// The longest stored excerpt of an answer, in bytes.
const EXCERPT_BYTES_MAX: usize = 1_024;

/// A stored delivery on its way to the worker.
pub(super) fn to_delivery(row: DeliveryRow) -> Delivery {
    Delivery {
        id: row.id,
        account: row.account,
        activation: row.activation,
        destination: row.destination,
        profile: row.profile,
        body: Bytes::from(row.body),
        content_type: ContentType::Json,
        attempts: row.attempts,
        next: row.next,
    }
}

/// What the turn's reports ask for once they are durable.
#[derive(Debug, Default)]
pub(super) struct Followup {
    /// Deliveries to be tried again.
    pub(super) retries: Vec<Delivery>,
    /// Destinations that said that they are gone.
    pub(super) gone: Vec<(AccountNo, String)>,
}

impl Followup {
    pub(super) fn extend(&mut self, more: Self) {
        self.retries.extend(more.retries);
        self.gone.extend(more.gone);
    }
}

impl Pipeline {
    /// Turns reports into rows of the next commit, which has to begin before anything else is
    /// handed over: until it has landed their deliveries look as if they still waited.
    pub(super) fn take_reports(&mut self, reports: &mut Vec<Report>) -> Followup {
        let mut followup = Followup::default();
        for report in reports.drain(..) {
            match report {
                Report::GivenBack {
                    account,
                    destination,
                    id,
                    due,
                } => self.feed.given_back((account, destination), &id, due),
                Report::Room {
                    account,
                    destination,
                } => self.feed.room((account, destination)),
                Report::Attempt(result) => {
                    self.feed.reported(&result.delivery.id);
                    self.take_result(*result, &mut followup);
                }
            }
        }
        followup
    }

    fn take_result(&mut self, result: AttemptResult, followup: &mut Followup) {
        let delivery = &result.delivery;
        let (state, reason) = match result.outcome {
            Outcome::Delivered => (DeliveryState::Delivered, None),
            Outcome::RetryAt(_) => (DeliveryState::Pending, None),
            Outcome::Failed(failure) => (DeliveryState::Failed, Some(failure.as_str())),
            Outcome::Skipped(reason) => (DeliveryState::Skipped, Some(reason)),
            Outcome::DestinationGone => (DeliveryState::Failed, Some("gone")),
        };
        let next = match result.outcome {
            Outcome::RetryAt(next) => next,
            _ => delivery.next,
        };
        let key = (delivery.account, delivery.activation);
        match result.outcome {
            Outcome::Delivered => self.mirror_reached(key),
            Outcome::Failed(_) if self.is_mirror(key.0, key.1) => self.mirror_lost(key),
            Outcome::DestinationGone => {
                followup
                    .gone
                    .push((delivery.account, delivery.destination.clone()));
            }
            _ => {}
        }
        self.outputs.apply.outcomes.push(OutcomeRow {
            id: delivery.id.clone(),
            state,
            reason: reason.map(str::to_owned),
            attempts: result.attempt_no,
            log: attempt_log(&result),
            next,
        });
        if let Outcome::RetryAt(next) = result.outcome {
            let attempts = result.attempt_no;
            followup.retries.push(Delivery {
                attempts,
                next,
                ..result.delivery
            });
        }
    }

    fn is_mirror(&self, account: AccountNo, activation: ActivationNo) -> bool {
        self.catalog
            .account(account)
            .is_some_and(|account| account.mirrors().any(|mirror| mirror.no == activation))
    }

    /// Sends on what became durable.
    pub(super) fn send_on(&mut self, retries: Vec<Delivery>, worker: &mpsc::Sender<Delivery>) {
        let fresh = std::mem::take(&mut self.outbound);
        for delivery in fresh.into_iter().map(to_delivery).chain(retries) {
            self.feed.send(delivery, worker);
        }
        if let Err(error) = self.feed.advance(self.store.as_ref(), worker) {
            tracing::error!(%error, "deliveries that wait in the store could not be read");
        }
    }
}

/// One attempt as it is listed.
fn attempt_log(result: &AttemptResult) -> String {
    let mut end = result.excerpt.len().min(EXCERPT_BYTES_MAX);
    while !result.excerpt.is_char_boundary(end) {
        end -= 1;
    }
    json!({
        "at": result.at.to_rfc3339(),
        "attempt": result.attempt_no,
        "status": result.status,
        "error": result.error,
        "body": &result.excerpt[..end],
        "duration_ms": result.duration_ms,
        "outcome": result.outcome.as_str(),
    })
    .to_string()
}
