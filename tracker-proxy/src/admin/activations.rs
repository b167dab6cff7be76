//! Switching activations on and off, and telling mirrors everything.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde_json::{Value, json};

use super::auth::Manager;
use super::problem::Problem;
use super::query::Id;
use super::{Admin, definitions};
use crate::activation::Mode;
use crate::pipeline::catalog::{Account, CompiledActivation};

/// `POST /admin/v1/activations/{id}/activate`
pub(super) async fn activate(
    State(admin): State<Arc<Admin>>,
    manager: Manager,
    Id(id): Id,
) -> Result<Json<Value>, Problem> {
    set_active(&admin, manager, id, true).await
}

/// `POST /admin/v1/activations/{id}/deactivate`
pub(super) async fn deactivate(
    State(admin): State<Arc<Admin>>,
    manager: Manager,
    Id(id): Id,
) -> Result<Json<Value>, Problem> {
    set_active(&admin, manager, id, false).await
}

/// Also for those of the file: the file says how they begin.
async fn set_active(
    admin: &Admin,
    manager: Manager,
    id: String,
    active: bool,
) -> Result<Json<Value>, Problem> {
    let guard = admin.changes.lock().await;
    let before = admin.account(manager.account)?;
    let found = find(&before, &id)?;
    let (no, missing) = (found.no, missing(&before, found));
    if active && !missing.is_empty() {
        let detail = format!("it cannot be activated without {}", missing.join(", "));
        return Err(Problem::conflict("missing", detail));
    }
    definitions::switch(admin, move |stored| {
        let accounts = stored.accounts.iter_mut();
        let account = accounts.filter(|one| one.no == manager.account);
        for activation in account.flat_map(|account| &mut account.activations) {
            if activation.no == no {
                activation.active = Some(active);
            }
        }
    })
    .await?;
    drop(guard);
    let account = admin.account(manager.account)?;
    let status = if find(&account, &id)?.definition.active {
        "active"
    } else {
        "inactive"
    };
    Ok(Json(json!({ "id": id, "status": status })))
}

/// `POST /admin/v1/activations/{id}/resync`
pub(super) async fn resync(
    State(admin): State<Arc<Admin>>,
    manager: Manager,
    Id(id): Id,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let account = admin.account(manager.account)?;
    let activation = find(&account, &id)?;
    if activation.definition.mode != Mode::Mirror {
        let detail = "only a mirror can be told everything: a trigger never repeats itself";
        return Err(Problem::conflict("not_a_mirror", detail));
    }
    // Nobody passes the filters of an inactive one: its `replace` would empty the other side.
    if !activation.definition.active {
        let detail = "the activation is switched off";
        return Err(Problem::conflict("inactive", detail));
    }
    let (account, no) = (manager.account, activation.no);
    admin
        .question(move |pipeline| pipeline.want_resync(account, no))
        .await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "id": id }))))
}

/// What an activation names and is not there: taken away after it was made.
pub(super) fn missing(account: &Account, activation: &CompiledActivation) -> Vec<String> {
    let definition = &activation.definition;
    let audiences = definition.audiences.iter();
    let mut missing: Vec<String> = audiences
        .filter(|id| account.audiences.by_id(id).is_none())
        .map(|id| format!("audience `{id}`"))
        .collect();
    if account.stored.destination(&definition.to).is_none() {
        missing.push(format!("destination `{}`", definition.to));
    }
    missing
}

pub(super) fn find<'a>(account: &'a Account, id: &str) -> Result<&'a CompiledActivation, Problem> {
    let found = account.activation(id);
    found.ok_or_else(|| Problem::not_found("activation", id))
}
