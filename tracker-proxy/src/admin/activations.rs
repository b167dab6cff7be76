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
    let no = find(&*admin.account(manager.account)?, &id)?.no;
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
    let handle = &admin.state.handle;
    handle
        .ask(move |pipeline| pipeline.want_resync(account, no))
        .await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "id": id }))))
}

pub(super) fn find<'a>(account: &'a Account, id: &str) -> Result<&'a CompiledActivation, Problem> {
    let found = account.activation(id);
    found.ok_or_else(|| Problem::not_found("activation", id))
}
