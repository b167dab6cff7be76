//! Audiences, destinations and activations: the same verbs for each.
//!
//! A definition is checked as it was sent, so that every mistake has its place in the sender's
//! text; then the pipeline switches to the changed definitions, which compiles all of them.

mod change;
mod check;
mod kind;
mod mask;
mod show;

#[cfg(test)]
mod tests;

pub(super) use check::{audience, give_id};
pub(super) use kind::Kind;
pub(super) use mask::mask_preview_url;

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::LOCATION;
use serde_json::{Value, json};

use super::Admin;
use super::auth::{Caller, Manager};
use super::body;
use super::problem::Problem;
use super::query::{Id, Params, cursor};
use super::warnings::warnings;
use crate::document::Node;
use crate::pipeline::catalog::Account;
use change::Change;
pub(super) use change::switch;
use check::check;

/// `GET /admin/v1/{kind}`: in the order of ids.
pub(super) async fn list(
    kind: Kind,
    State(admin): State<Arc<Admin>>,
    caller: Caller,
    mut params: Params,
) -> Result<Json<Value>, Problem> {
    let limit = params.limit(admin.state.bounds.page_entries_max)? as usize;
    let after = params.long_cursor(kind.list())?;
    let of_audience = match kind {
        Kind::Activation => params.take("audience"),
        Kind::Audience | Kind::Destination => None,
    };
    params.finish()?;
    let account = admin.account(caller.account)?;
    let mut wanted: Vec<&str> = kind
        .all(&account.stored)
        .map(|stored| stored.id.as_str())
        .filter(|id| after.as_deref().is_none_or(|after| id.as_bytes() > after))
        .filter(|id| {
            let of = |audience| show::is_about(&account, id, audience);
            of_audience.as_deref().is_none_or(of)
        })
        .collect();
    wanted.sort_unstable();
    let more = wanted.len() > limit;
    wanted.truncate(limit);
    let next = wanted
        .last()
        .filter(|_| more)
        .map(|last| cursor(kind.list(), last.as_bytes()));
    let shown: Vec<Value> = wanted
        .iter()
        .filter_map(|id| show::summary(kind, &admin, &account, id))
        .collect();
    Ok(Json(json!({ kind.plural(): shown, "next_cursor": next })))
}

/// `GET /admin/v1/{kind}/{id}`: one, with its definition.
pub(super) async fn get(
    kind: Kind,
    State(admin): State<Arc<Admin>>,
    caller: Caller,
    Id(id): Id,
) -> Result<Json<Value>, Problem> {
    shown(kind, &admin, caller, &id).map(Json)
}

fn shown(kind: Kind, admin: &Admin, caller: Caller, id: &str) -> Result<Value, Problem> {
    let account = admin.account(caller.account)?;
    show::whole(kind, admin, &account, id).ok_or_else(|| Problem::not_found(kind.word(), id))
}

/// `POST /admin/v1/{kind}`
pub(super) async fn create(
    kind: Kind,
    State(admin): State<Arc<Admin>>,
    manager: Manager,
    body: Body,
) -> Result<Response, Problem> {
    let node = body::read(body, admin.state.bounds.body_bytes_max).await?;
    let guard = admin.changes.lock().await;
    let account = admin.account(manager.account)?;
    if kind.all(&account.stored).count() >= admin.state.bounds.definitions_max {
        let detail = format!("there are {} already", admin.state.bounds.definitions_max);
        return Err(Problem::conflict("too_many", detail));
    }
    let checked = check(kind, &account, &node, None)?;
    let id = checked.id.clone();
    change::apply(&admin, manager, kind, Change::Create(checked)).await?;
    drop(guard);
    let mut created = shown(kind, &admin, manager.into(), &id)?;
    warn(kind, &admin, &account, &node, &mut created).await;
    let place = format!("/admin/v1/{}/{}", kind.plural(), percent(&id));
    Ok((StatusCode::CREATED, [(LOCATION, place)], Json(created)).into_response())
}

/// `PUT /admin/v1/{kind}/{id}`
pub(super) async fn replace(
    kind: Kind,
    State(admin): State<Arc<Admin>>,
    manager: Manager,
    Id(id): Id,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let node = body::read(body, admin.state.bounds.body_bytes_max).await?;
    let guard = admin.changes.lock().await;
    let account = admin.account(manager.account)?;
    let kept = kind.find(&account.stored, &id);
    let kept = kept.ok_or_else(|| Problem::not_found(kind.word(), &id))?;
    change::editable(kind, kept)?;
    let checked = check(kind, &account, &node, Some(kept))?;
    change::apply(&admin, manager, kind, Change::Replace(checked)).await?;
    drop(guard);
    let mut shown = shown(kind, &admin, manager.into(), &id)?;
    warn(kind, &admin, &account, &node, &mut shown).await;
    Ok(Json(shown))
}

/// `DELETE /admin/v1/{kind}/{id}`
pub(super) async fn remove(
    kind: Kind,
    State(admin): State<Arc<Admin>>,
    manager: Manager,
    Id(id): Id,
) -> Result<StatusCode, Problem> {
    let guard = admin.changes.lock().await;
    let account = admin.account(manager.account)?;
    let kept = kind.find(&account.stored, &id);
    let kept = kept.ok_or_else(|| Problem::not_found(kind.word(), &id))?;
    change::editable(kind, kept)?;
    if kind == Kind::Destination {
        change::unused(&account, &id)?;
    }
    change::apply(&admin, manager, kind, Change::Remove(id)).await?;
    drop(guard);
    Ok(StatusCode::NO_CONTENT)
}

/// Adds to the answer what is right in an audience and still not likely to be meant.
async fn warn(kind: Kind, admin: &Admin, account: &Account, written: &Node, shown: &mut Value) {
    if kind == Kind::Audience {
        let mut named = written.clone();
        check::give_id(&mut named, "audience");
        shown["warnings"] = warnings(admin, account, &named).await.into();
    }
}

/// An id may hold letters of any language; a header may not.
fn percent(id: &str) -> String {
    url::form_urlencoded::byte_serialize(id.as_bytes()).collect()
}
