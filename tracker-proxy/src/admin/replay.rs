//! Sending dead letters again.

use std::collections::HashSet;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use serde::Serialize;

use super::auth::Manager;
use super::problem::Problem;
use super::{Admin, activations, body};
use crate::document::{Fields, Mistakes};
use crate::keys::AccountNo;
use crate::store::{DeliveryFilter, DeliveryRow, DeliveryState, OutboxRow, Reader};

/// How many deliveries are sent again with one question.
const REPLAYED_AT_ONCE: usize = 100;
/// How many rows are looked through at once.
const ROWS_READ: u32 = 1_000;
/// How many ids a call may name.
const IDS_MAX: usize = 1_000;

/// How many dead letters there were, and how many go out again.
#[derive(Debug, Serialize)]
pub(super) struct Replayed {
    matched: usize,
    replayed: usize,
}

/// What is to be sent again.
struct Wanted {
    activation: Option<String>,
    reason: Option<String>,
    ids: Option<Vec<String>>,
    dry_run: bool,
}

impl Wanted {
    fn read(fields: &mut Fields<'_>, mistakes: &mut Mistakes) -> Self {
        let place = fields.place();
        let ids = fields.optional("ids").is_some();
        let texts = fields.texts("ids", mistakes);
        if texts.len() > IDS_MAX {
            mistakes.add(place, format!("more than {IDS_MAX} ids"));
        }
        // What was delivered has no body any more, and what waits goes out by itself.
        fields.choice("state", &[("failed", ())], mistakes);
        Self {
            activation: fields.text("activation", mistakes),
            reason: fields.text("reason", mistakes),
            ids: ids.then(|| texts.into_iter().map(|(text, _)| text.to_owned()).collect()),
            dry_run: fields.boolean("dry_run", mistakes).unwrap_or(false),
        }
    }
}

/// `POST /admin/v1/deliveries/replay`
pub(super) async fn replay(
    State(admin): State<Arc<Admin>>,
    manager: Manager,
    body: Body,
) -> Result<Json<Replayed>, Problem> {
    let node = body::read(body, admin.state.bounds.body_bytes_max).await?;
    let wanted = body::take(&node, Wanted::read)?;
    let account = admin.account(manager.account)?;
    let activation = match &wanted.activation {
        Some(id) => Some(activations::find(&account, id)?.no),
        None => None,
    };
    let mut filter = DeliveryFilter {
        account: manager.account,
        activation,
        state: Some(DeliveryState::Failed),
        reason: wanted.reason,
        before: None,
        limit: ROWS_READ,
    };
    let mut done = Replayed {
        matched: 0,
        replayed: 0,
    };
    if let Some(ids) = wanted.ids {
        let matching = admin.read(move |reader| {
            let fits = |row: &DeliveryRow| fits(row, &filter);
            let mut found = Vec::new();
            for id in ids {
                found.extend(reader.delivery(&id)?.filter(fits).map(|row| row.id));
            }
            Ok(found)
        });
        done.add(&admin, matching.await?, wanted.dry_run).await?;
        return Ok(Json(done));
    }
    let mut seen = HashSet::new();
    loop {
        let asked = filter.clone();
        let rows = admin
            .read(move |reader: &dyn Reader| reader.outbox(&asked))
            .await?;
        let Some((last, _)) = rows.last() else {
            return Ok(Json(done));
        };
        filter.before = Some(last.seq);
        let fresh = new_ones(rows, manager.account, &mut seen);
        done.add(&admin, fresh, wanted.dry_run).await?;
    }
}

fn fits(row: &DeliveryRow, filter: &DeliveryFilter) -> bool {
    row.account == filter.account
        && row.state == DeliveryState::Failed
        && filter.activation.is_none_or(|no| no == row.activation)
        && (filter.reason.is_none() || filter.reason == row.reason)
}

/// The deliveries of these rows; many rows of a mirror share one, and not only next to each other.
fn new_ones(
    rows: Vec<(OutboxRow, Option<DeliveryRow>)>,
    account: AccountNo,
    seen: &mut HashSet<i64>,
) -> Vec<String> {
    rows.into_iter()
        .filter_map(|(_, delivery)| delivery)
        .filter(|delivery| delivery.account == account && seen.insert(delivery.row))
        .map(|delivery| delivery.id)
        .collect()
}

impl Replayed {
    async fn add(&mut self, admin: &Admin, ids: Vec<String>, dry_run: bool) -> Result<(), Problem> {
        self.matched += ids.len();
        if dry_run {
            return Ok(());
        }
        for some in ids.chunks(REPLAYED_AT_ONCE) {
            let (now, some) = (admin.now(), some.to_vec());
            self.replayed += admin
                .ask(move |pipeline| pipeline.replay(now, &some))
                .await?;
        }
        Ok(())
    }
}
