//! What became of every transition: delivered, failed, waiting, or skipped with a reason.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::value::RawValue;

use super::auth::Caller;
use super::problem::Problem;
use super::query::{Params, cursor};
use super::{Admin, activations, people};
use crate::keys::{ActivationNo, ProfileId};
use crate::pipeline::Names;
use crate::pipeline::catalog::Account;
use crate::store::{DeliveryFilter, DeliveryRow, DeliveryState, OutboxRow, Reader};

/// Marks the cursors of deliveries.
const DELIVERIES: u8 = b'o';

/// A page of deliveries.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    deliveries: Vec<Shown>,
    counts: BTreeMap<String, u64>,
    next_cursor: Option<String>,
}

/// One transition or event, and what one activation did about it. Several may share a delivery.
#[derive(Debug, Serialize)]
struct Shown {
    id: Option<String>,
    activation: Option<String>,
    destination: Option<String>,
    user_id: Option<String>,
    anonymous_id: Option<String>,
    audience: Option<String>,
    op: String,
    state: &'static str,
    reason: Option<String>,
    attempts: Box<RawValue>,
    created_at: String,
    next_attempt_at: Option<String>,
}

/// `GET /admin/v1/deliveries`
pub(super) async fn list(
    State(admin): State<Arc<Admin>>,
    caller: Caller,
    mut params: Params,
) -> Result<Json<Page>, Problem> {
    let limit = params.limit(admin.state.bounds.page_entries_max)?;
    let before = params.cursor(DELIVERIES)?.map(i64::from_be_bytes);
    let account = admin.account(caller.account)?;
    let activation = match params.take("activation") {
        Some(id) => Some(activations::find(&account, &id)?.no),
        None => None,
    };
    let state = params
        .take("state")
        .map(|word| state_of(&word))
        .transpose()?;
    let filter = DeliveryFilter {
        account: caller.account,
        activation,
        state,
        reason: params.take("reason"),
        before,
        limit: limit + 1,
    };
    params.finish()?;
    let (mut rows, counts) = admin
        .read(move |reader: &dyn Reader| {
            let rows = reader.outbox(&filter)?;
            let counted = filter.activation.map(|no| no.0);
            Ok((rows, reader.outbox_counts(filter.account, counted)?))
        })
        .await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let last = rows.last().filter(|_| more).map(|(row, _)| row.seq);
    let persons = rows.iter().filter_map(|(row, _)| row.profile);
    let names = people::names(&admin, caller.account, persons).await?;
    let known = Known {
        account: &account,
        names,
    };
    Ok(Json(Page {
        deliveries: rows
            .into_iter()
            .map(|(row, delivery)| known.show(row, delivery))
            .collect(),
        counts: counts.into_iter().collect(),
        next_cursor: last.map(|seq| cursor(DELIVERIES, &seq.to_be_bytes())),
    }))
}

pub(super) fn state_of(word: &str) -> Result<DeliveryState, Problem> {
    let states = (0..).map_while(DeliveryState::from_number);
    let found = states.into_iter().find(|state| state.as_str() == word);
    found.ok_or_else(|| {
        let detail = "`state` has to be `pending`, `delivered`, `failed` or `skipped`";
        Problem::bad_request("invalid_parameter", detail)
    })
}

/// What numbers stand for.
struct Known<'a> {
    account: &'a Account,
    names: HashMap<ProfileId, Names>,
}

impl Known<'_> {
    fn show(&self, row: OutboxRow, delivery: Option<DeliveryRow>) -> Shown {
        let activation = self.activation(row.activation);
        let names = row.profile.and_then(|profile| self.names.get(&profile));
        let names = names.cloned().unwrap_or_default();
        let audience = self.account.audiences.definition(row.audience);
        let state = delivery
            .as_ref()
            .map_or(DeliveryState::Skipped, |delivery| delivery.state);
        let waits = delivery
            .as_ref()
            .filter(|one| one.state == DeliveryState::Pending);
        let next_attempt_at = waits.map(|one| one.next.to_rfc3339());
        let destination = delivery.as_ref().map(|one| one.destination.clone());
        let reason = delivery.as_ref().and_then(|one| one.reason.clone());
        let log = delivery.map_or_else(|| "[]".to_owned(), |one| one.log);
        Shown {
            id: row.delivery,
            activation: activation.map(|one| one.0.to_owned()),
            destination: destination.or_else(|| activation.map(|one| one.1.to_owned())),
            user_id: names.user_id,
            anonymous_id: names.anonymous_id,
            audience: audience.map(|one| one.id.clone()),
            op: row.op.into_owned(),
            state: state.as_str(),
            reason: reason.or_else(|| row.reason.map(std::borrow::Cow::into_owned)),
            attempts: RawValue::from_string(log).unwrap_or_else(|_| none()),
            created_at: row.at.to_rfc3339(),
            next_attempt_at,
        }
    }

    /// Id and destination of an activation that is still there.
    fn activation(&self, no: ActivationNo) -> Option<(&str, &str)> {
        let found = self.account.activations.iter().find(|one| one.no == no)?;
        Some((&found.definition.id, &found.definition.to))
    }
}

fn none() -> Box<RawValue> {
    RawValue::from_string("[]".to_owned()).expect("an empty list is JSON")
}
