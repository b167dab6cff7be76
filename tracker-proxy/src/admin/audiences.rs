//! Who is in an audience, and why.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::Admin;
use super::auth::Caller;
use super::people::PERSONS_PER_QUESTION;
use super::problem::Problem;
use super::query::{Id, Params, cursor};
use crate::audience::{AudienceSet, Explanation, Rebuild};
use crate::keys::{AudienceNo, ProfileId};
use crate::pipeline::catalog::Account;
use crate::pipeline::history;
use crate::profile::Profile;
use crate::store::StoreError;

/// Marks the cursors of members.
const MEMBERS: u8 = b'm';

/// `GET /admin/v1/audiences/{id}/members`
pub(super) async fn members(
    State(admin): State<Arc<Admin>>,
    caller: Caller,
    Id(id): Id,
    mut params: Params,
) -> Result<Json<Value>, Problem> {
    let limit = params.limit(admin.state.bounds.page_entries_max)? as usize;
    let mut after = params.cursor(MEMBERS)?.map(ProfileId);
    params.finish()?;
    let account = admin.account(caller.account)?;
    let audience = find(&account, &id)?;
    let no = caller.account;
    let mut listed = Vec::new();
    let mut more = true;
    while more && listed.len() < limit {
        let count = PERSONS_PER_QUESTION.min(limit - listed.len());
        let rows = u32::try_from(count).unwrap_or(u32::MAX);
        let page = admin
            .ask(move |pipeline| pipeline.members(no, audience, after, rows))
            .await?;
        more = page.len() == count;
        after = page.last().map(|(row, _)| row.profile).or(after);
        listed.extend(page.into_iter().map(|(row, names)| {
            json!({
                "user_id": names.user_id,
                "anonymous_id": names.anonymous_id,
                "since": row.since.to_rfc3339(),
            })
        }));
    }
    let next = after.filter(|_| more).map(|last| cursor(MEMBERS, &last.0));
    let total = admin.state.handle.shared.size(no, audience);
    Ok(Json(
        json!({ "members": listed, "total": total, "next_cursor": next }),
    ))
}

/// `GET /admin/v1/audiences/{id}/explain`
pub(super) async fn explain(
    State(admin): State<Arc<Admin>>,
    caller: Caller,
    Id(id): Id,
    mut params: Params,
) -> Result<Json<Explanation>, Problem> {
    let (kind, person) = params.required_person()?;
    params.finish()?;
    let account = admin.account(caller.account)?;
    let audience = find(&account, &id)?;
    let clock = admin.now();
    let found = admin.read_with(
        move |pipeline| {
            let found = pipeline.past(caller.account, kind, &person)?;
            Ok((pipeline.time(clock), found))
        },
        move |(now, found)| {
            let Some((profile, past)) = found else {
                return Ok(None);
            };
            let profile = warmed(&account.audiences, profile, || past.whole())?;
            Ok(Some(account.audiences.explain(audience, &profile, now)))
        },
    );
    let explained = found.await?.ok_or_else(Problem::nobody)?;
    explained
        .map(Json)
        .ok_or_else(|| Problem::not_found("audience", &id))
}

fn find(account: &Account, id: &str) -> Result<AudienceNo, Problem> {
    let found = account.audiences.by_id(id);
    found.ok_or_else(|| Problem::not_found("audience", id))
}

/// The profile with everything that these audiences remember: one that background warming has
/// not reached yet is folded here.
pub(super) fn warmed(
    audiences: &AudienceSet,
    mut profile: Profile,
    read_history: impl FnOnce() -> Result<Vec<u8>, StoreError>,
) -> Result<Profile, StoreError> {
    let warm = profile.warm;
    if audiences.needs_rebuild(warm) {
        let history = read_history()?;
        let events = history::events(&history)?;
        audiences.rebuild(&mut profile, &Rebuild::Since(warm), &events);
    }
    Ok(profile)
}
