//! Uploaded lists of people, for `have: { list: … }`.
//!
//! In: a CSV of ids. A list itself is a name in the catalog; who is on it is known to the profiles
//! and, so that it can be listed and counted, to an audience of its own that nobody else sees.

mod read;

use std::collections::HashSet;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

use super::auth::{Caller, Manager};
use super::definitions::switch;
use super::people::PERSONS_PER_QUESTION;
use super::problem::Problem;
use super::query::{Id, Params};
use super::{Admin, audiences};
use crate::document::is_id;
use crate::keys::{AccountNo, AudienceNo, IdKind, ProfileId};
use crate::pipeline::catalog::{Account, StoredList, list_audience};
use crate::pipeline::{Name, Names};
use read::{People, Refused};

/// How many lists an account has at the most.
const LISTS_MAX: usize = 1_000;

/// What an upload did.
#[derive(Debug, Serialize)]
pub(super) struct Uploaded {
    id: String,
    /// Rows with an id.
    rows: u64,
    added: u64,
    removed: u64,
    /// Rows that were left out, the first of them with their reasons.
    refused: u64,
    refused_rows: Vec<Refused>,
    size: u64,
}

/// `GET /admin/v1/lists`
pub(super) async fn list(
    State(admin): State<Arc<Admin>>,
    caller: Caller,
    params: Params,
) -> Result<Json<Value>, Problem> {
    params.finish()?;
    let account = admin.account(caller.account)?;
    let mut lists: Vec<&StoredList> = account.stored.lists.iter().collect();
    lists.sort_by(|a, b| a.id.cmp(&b.id));
    let lists: Vec<Value> = lists
        .iter()
        .map(|one| show(&admin, &account, one))
        .collect();
    Ok(Json(json!({ "lists": lists })))
}

/// `GET /admin/v1/lists/{id}`
pub(super) async fn get(
    State(admin): State<Arc<Admin>>,
    caller: Caller,
    Id(id): Id,
) -> Result<Json<Value>, Problem> {
    let account = admin.account(caller.account)?;
    Ok(Json(show(&admin, &account, find(&account, &id)?)))
}

/// `GET /admin/v1/lists/{id}/members`
pub(super) async fn members(
    state: State<Arc<Admin>>,
    caller: Caller,
    Id(id): Id,
    params: Params,
) -> Result<Json<Value>, Problem> {
    let account = state.0.account(caller.account)?;
    find(&account, &id)?;
    audiences::members(state, caller, Id(list_audience(&id)), params).await
}

/// `PUT /admin/v1/lists/{id}`: these people and nobody else.
pub(super) async fn replace(
    State(admin): State<Arc<Admin>>,
    manager: Manager,
    Id(id): Id,
    body: Body,
) -> Result<Json<Uploaded>, Problem> {
    let people = read::read(body).await?;
    let _one_after_the_other = admin.uploads.lock().await;
    create(&admin, manager, &id).await?;
    let (added, profiles) = put(&admin, manager.account, &id, &people.names, true).await?;
    let removed = take_off_others(&admin, manager.account, &id, &profiles).await?;
    answer(&admin, manager.account, id, people, added, removed)
}

/// `POST /admin/v1/lists/{id}/append`
pub(super) async fn append(
    State(admin): State<Arc<Admin>>,
    manager: Manager,
    Id(id): Id,
    body: Body,
) -> Result<Json<Uploaded>, Problem> {
    let people = read::read(body).await?;
    let _one_after_the_other = admin.uploads.lock().await;
    create(&admin, manager, &id).await?;
    let (added, _) = put(&admin, manager.account, &id, &people.names, true).await?;
    answer(&admin, manager.account, id, people, added, 0)
}

/// `POST /admin/v1/lists/{id}/remove`
pub(super) async fn remove(
    State(admin): State<Arc<Admin>>,
    manager: Manager,
    Id(id): Id,
    body: Body,
) -> Result<Json<Uploaded>, Problem> {
    let people = read::read(body).await?;
    let _one_after_the_other = admin.uploads.lock().await;
    let account = admin.account(manager.account)?;
    find(&account, &id)?;
    let (removed, _) = put(&admin, manager.account, &id, &people.names, false).await?;
    answer(&admin, manager.account, id, people, 0, removed)
}

/// `DELETE /admin/v1/lists/{id}`: not while an audience asks for it.
pub(super) async fn delete(
    State(admin): State<Arc<Admin>>,
    manager: Manager,
    Id(id): Id,
) -> Result<StatusCode, Problem> {
    let _one_after_the_other = admin.uploads.lock().await;
    let account = admin.account(manager.account)?;
    find(&account, &id)?;
    let users = users(&account, &id);
    if !users.is_empty() {
        let detail = format!("audiences ask for it: {}", users.join(", "));
        return Err(Problem::conflict("in_use", detail));
    }
    take_off_others(&admin, manager.account, &id, &HashSet::new()).await?;
    let _changes = admin.changes.lock().await;
    let gone = id.clone();
    let no = manager.account;
    switch(&admin, move |catalog| {
        let accounts = catalog.accounts.iter_mut().filter(|one| one.no == no);
        accounts.for_each(|account| account.lists.retain(|one| one.id != gone));
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn find<'a>(account: &'a Account, id: &str) -> Result<&'a StoredList, Problem> {
    let found = account.stored.lists.iter().find(|one| one.id == id);
    found.ok_or_else(|| Problem::not_found("list", id))
}

/// The audiences that ask for a list.
fn users<'a>(account: &'a Account, id: &str) -> Vec<&'a str> {
    let own = list_audience(id);
    let audiences = account.audiences.audiences().map(|(_, one)| one);
    let users = audiences.filter(|one| one.id != own && one.when.asks_for_list(id));
    users.map(|one| one.id.as_str()).collect()
}

fn show(admin: &Admin, account: &Account, list: &StoredList) -> Value {
    json!({
        "id": list.id,
        "size": size(admin, account, &list.id),
        "created_at": list.created.to_rfc3339(),
        "audiences": users(account, &list.id),
    })
}

fn size(admin: &Admin, account: &Account, id: &str) -> u64 {
    let own = account.audiences.by_id(&list_audience(id));
    let shared = &admin.state.handle.shared;
    own.map_or(0, |no| shared.size(account.stored.no, no))
}

/// Makes the list known if it is not.
async fn create(admin: &Admin, manager: Manager, id: &str) -> Result<(), Problem> {
    let _changes = admin.changes.lock().await;
    let account = admin.account(manager.account)?;
    if find(&account, id).is_ok() {
        return Ok(());
    }
    if !is_id(id) {
        let detail = "the id of a list begins with a letter, a digit or `_` and goes on with \
                      those, `-` and `.`";
        return Err(Problem::unprocessable("invalid_id", detail));
    }
    if account.stored.lists.len() >= LISTS_MAX {
        let detail = format!("there are {LISTS_MAX} lists already");
        return Err(Problem::conflict("too_many", detail));
    }
    let list = StoredList {
        id: id.to_owned(),
        created: admin.now(),
    };
    let no = manager.account;
    let added = switch(admin, move |catalog| {
        let account = catalog.accounts.iter_mut().find(|one| one.no == no);
        if let Some(account) = account {
            account.lists.push(list);
        }
    });
    Ok(added.await?)
}

/// Puts people on the list or takes them off, some with every commit, so that live events pass in
/// between. Returns how many changed, and all of them.
async fn put(
    admin: &Admin,
    account: AccountNo,
    id: &str,
    people: &[Name],
    on: bool,
) -> Result<(u64, HashSet<ProfileId>), Problem> {
    let mut changed = 0;
    let mut profiles = HashSet::with_capacity(people.len());
    for some in people.chunks(PERSONS_PER_QUESTION) {
        let (clock, list, some) = (admin.now(), id.to_owned(), some.to_vec());
        let uploaded = admin
            .ask(move |pipeline| pipeline.upload(clock, account, &list, &some, on))
            .await?;
        changed += uploaded.changed;
        profiles.extend(uploaded.profiles);
    }
    Ok((changed, profiles))
}

/// Takes everybody off the list but these.
async fn take_off_others(
    admin: &Admin,
    no: AccountNo,
    id: &str,
    stay: &HashSet<ProfileId>,
) -> Result<u64, Problem> {
    let account = admin.account(no)?;
    let Some(audience) = account.audiences.by_id(&list_audience(id)) else {
        return Ok(0);
    };
    let (mut removed, mut after) = (0, None);
    loop {
        let page = page(admin, no, audience, after).await?;
        let Some((last, _)) = page.last() else {
            return Ok(removed);
        };
        after = Some(*last);
        let others = page
            .into_iter()
            .filter(|(profile, _)| !stay.contains(profile));
        let others: Vec<Name> = others.filter_map(|(_, names)| name(names)).collect();
        removed += put(admin, no, id, &others, false).await?.0;
    }
}

async fn page(
    admin: &Admin,
    no: AccountNo,
    audience: AudienceNo,
    after: Option<ProfileId>,
) -> Result<Vec<(ProfileId, Names)>, Problem> {
    let rows = u32::try_from(PERSONS_PER_QUESTION).unwrap_or(u32::MAX);
    let page = admin
        .ask(move |pipeline| pipeline.members(no, audience, after, rows))
        .await?;
    Ok(page
        .into_iter()
        .map(|(row, names)| (row.profile, names))
        .collect())
}

fn name(names: Names) -> Option<Name> {
    let user = names.user_id.map(|id| (IdKind::User, id));
    user.or_else(|| names.anonymous_id.map(|id| (IdKind::Anonymous, id)))
}

fn answer(
    admin: &Admin,
    no: AccountNo,
    id: String,
    people: People,
    added: u64,
    removed: u64,
) -> Result<Json<Uploaded>, Problem> {
    let size = size(admin, &*admin.account(no)?, &id);
    Ok(Json(Uploaded {
        id,
        rows: people.names.len() as u64,
        added,
        removed,
        refused: people.refused,
        refused_rows: people.refused_rows,
        size,
    }))
}
