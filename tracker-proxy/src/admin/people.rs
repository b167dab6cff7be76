//! Persons in questions and answers.

use std::collections::HashMap;

use super::Admin;
use super::problem::Problem;
use crate::document::{Fields, Mistakes};
use crate::keys::{AccountNo, IdKind, ProfileId};
use crate::pipeline::Names;

/// How many persons are looked up with one question, so that events need not wait for all.
pub(super) const PERSONS_PER_QUESTION: usize = 100;

/// The person that a body names with `user_id` or `anonymous_id`, if it does.
pub(super) fn of_body(
    fields: &mut Fields<'_>,
    mistakes: &mut Mistakes,
) -> Option<(IdKind, String)> {
    let user = fields.text("user_id", mistakes);
    let visitor = fields.text("anonymous_id", mistakes);
    if user.is_some() && visitor.is_some() {
        let message = "either `user_id` or `anonymous_id`, not both";
        mistakes.add(fields.place(), message);
    }
    let user = user.map(|id| (IdKind::User, id));
    user.or_else(|| visitor.map(|id| (IdKind::Anonymous, id)))
}

/// The names of these profiles; those that are no more have none.
pub(super) async fn names(
    admin: &Admin,
    account: AccountNo,
    profiles: impl Iterator<Item = ProfileId>,
) -> Result<HashMap<ProfileId, Names>, Problem> {
    let mut wanted: Vec<ProfileId> = profiles.collect();
    wanted.sort_unstable();
    wanted.dedup();
    let mut all = HashMap::with_capacity(wanted.len());
    for some in wanted.chunks(PERSONS_PER_QUESTION) {
        let ids = some.to_vec();
        let names = admin
            .ask(move |pipeline| {
                let names = ids.into_iter().map(|id| {
                    let names = pipeline.names(account, id)?;
                    Ok((id, names))
                });
                names.collect::<Result<Vec<_>, _>>()
            })
            .await?;
        all.extend(names);
    }
    Ok(all)
}
