//! What is known of a person, and forgetting it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::Admin;
use super::auth::{Caller, Manager};
use super::problem::Problem;
use super::query::{Id, Params};
use crate::keys::{AccountNo, ActivationNo, AudienceNo, IdKind};
use crate::pipeline::catalog::Account;
use crate::pipeline::{self, Erased};
use crate::profile::{Attribute, Dated, KnownId, Profile};

/// `GET /admin/v1/profiles/{user_id}`
pub(super) async fn by_user_id(
    State(admin): State<Arc<Admin>>,
    caller: Caller,
    Id(id): Id,
) -> Result<Json<Value>, Problem> {
    show(&admin, caller.account, IdKind::User, id).await
}

/// `GET /admin/v1/profiles?anonymous_id=`
pub(super) async fn by_query(
    State(admin): State<Arc<Admin>>,
    caller: Caller,
    mut params: Params,
) -> Result<Json<Value>, Problem> {
    let (kind, id) = params.required_person()?;
    params.finish()?;
    show(&admin, caller.account, kind, id).await
}

/// `DELETE /admin/v1/profiles/{user_id}`
pub(super) async fn erase_by_user_id(
    State(admin): State<Arc<Admin>>,
    manager: Manager,
    Id(id): Id,
) -> Result<StatusCode, Problem> {
    erase(&admin, manager.account, IdKind::User, id).await
}

/// `DELETE /admin/v1/profiles?anonymous_id=`
pub(super) async fn erase_by_query(
    State(admin): State<Arc<Admin>>,
    manager: Manager,
    mut params: Params,
) -> Result<StatusCode, Problem> {
    let (kind, id) = params.required_person()?;
    params.finish()?;
    erase(&admin, manager.account, kind, id).await
}

async fn erase(
    admin: &Admin,
    account: AccountNo,
    kind: IdKind,
    id: String,
) -> Result<StatusCode, Problem> {
    let now = admin.now();
    let person = Erased { account, kind, id };
    // Seen to its end also when the caller hangs up.
    let handle = admin.state.handle.clone();
    let erasing = tokio::spawn(async move { pipeline::erase(&handle, now, person).await });
    let erased = erasing.await.map_err(|_panic| Problem::unavailable())??;
    if erased {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::nobody())
    }
}

async fn show(
    admin: &Admin,
    account: AccountNo,
    kind: IdKind,
    id: String,
) -> Result<Json<Value>, Problem> {
    let found = admin
        .ask(move |pipeline| pipeline.profile(account, kind, &id))
        .await?;
    let profile = found.ok_or_else(Problem::nobody)?;
    Ok(Json(shown(&*admin.account(account)?, &profile)))
}

fn shown(account: &Account, profile: &Profile) -> Value {
    let attributes: Map<String, Value> = profile
        .attributes
        .iter()
        .map(|(name, attribute)| (name.to_owned(), attribute_json(attribute)))
        .collect();
    let consents: Map<String, Value> = profile
        .consents
        .iter()
        .map(|(name, said)| {
            let said = json!({ "granted": said.granted, "at": said.at.to_rfc3339() });
            (name.to_owned(), said)
        })
        .collect();
    json!({
        "user_id": profile.user_id(),
        "anonymous_id": profile.anonymous_id(),
        "user_ids": ids(&profile.user_ids),
        "anonymous_ids": ids(&profile.anonymous_ids),
        "first_seen": profile.first_seen.to_rfc3339(),
        "last_seen": profile.last_seen.to_rfc3339(),
        "attributes": attributes,
        "consents": consents,
        "memberships": memberships(account, profile),
        "activations": activations(account, profile),
    })
}

fn ids(known: &[KnownId]) -> Vec<Value> {
    let shown = |known: &KnownId| json!({ "id": known.id, "since": known.since.to_rfc3339() });
    known.iter().map(shown).collect()
}

fn attribute_json(attribute: &Attribute) -> Value {
    let dated = |one: &Dated| json!({ "value": one.value.to_json(), "at": one.at.to_rfc3339() });
    let all: Vec<Value> = attribute.all().map(dated).collect();
    json!({ "first": dated(attribute.first()), "last": dated(attribute.last()), "all": all })
}

/// The audiences that the person is in now.
fn memberships(account: &Account, profile: &Profile) -> Vec<Value> {
    let audience = |no: AudienceNo| account.audiences.definition(no);
    let standing = profile.memberships.iter();
    standing
        .filter(|(_, membership)| membership.member)
        .filter_map(|(no, membership)| {
            let definition = audience(no)?;
            Some(json!({
                "audience": definition.id,
                "name": definition.name,
                "since": membership.since.to_rfc3339(),
            }))
        })
        .collect()
}

/// What triggers fired and what mirrors said last; activations that are no more are left out.
fn activations(account: &Account, profile: &Profile) -> Vec<Value> {
    let id = |no: ActivationNo| {
        let found = account.activations.iter().find(|one| one.no == no)?;
        Some(found.definition.id.as_str())
    };
    let ledger = &profile.ledger;
    let fired = ledger.activated.iter().filter_map(|(no, activated)| {
        Some(json!({
            "activation": id(*no)?,
            "count": activated.count,
            "last": activated.last.to_rfc3339(),
        }))
    });
    let mirrored = ledger.mirrored.iter().filter_map(|(no, audience, said)| {
        Some(json!({
            "activation": id(*no)?,
            "audience": account.audiences.definition(*audience)?.id,
            "said": if said.added { "add" } else { "remove" },
        }))
    });
    fired.chain(mirrored).collect()
}
