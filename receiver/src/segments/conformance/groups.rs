//! Groups are the host's until they are connected.

use super::{Violation, add, apply, equal, members, names, second};
use crate::segments::{DeliveryOutcome, Group, GroupError, SegmentStore, StoreFuture, Unlock};

const GROUP: &str = "conformance-groups";

/// Why a change of a group was refused, as text.
async fn refusal(change: StoreFuture<'_, (), GroupError>) -> String {
    change
        .await
        .map_or_else(|why| format!("{why:?}"), |()| "nothing".to_owned())
}

pub(super) async fn check(store: &dyn SegmentStore) -> Result<(), Violation> {
    let unknown = "a group that is not there is unknown";
    for change in [
        store.rename_group(GROUP, "Name"),
        store.delete_group(GROUP),
        store.lock_group(GROUP),
        store.unlock_group(GROUP, unlock(1)),
    ] {
        equal(unknown, &refusal(change).await, &"Unknown".to_owned())?;
    }
    let delivered = apply(store, GROUP, vec![add("a", "vip", 1)]).await?;
    equal(unknown, &delivered.outcome, &DeliveryOutcome::UnknownGroup)?;

    store.create_group(GROUP, "First").await?;
    let twice = refusal(store.create_group(GROUP, "Second")).await;
    equal("identifiers are unique", &twice, &"Exists".to_owned())?;
    store.rename_group(GROUP, "Renamed").await?;
    let expected = |locked| {
        Some(Group {
            identifier: GROUP.to_owned(),
            name: "Renamed".to_owned(),
            locked,
        })
    };
    let found = store.group(GROUP).await?;
    equal(
        "a group is renamed until it is locked",
        &found,
        &expected(false),
    )?;
    check_lock(store, expected(true)).await?;
    check_deletion(store).await
}

async fn check_lock(store: &dyn SegmentStore, locked: Option<Group>) -> Result<(), Violation> {
    apply(store, GROUP, vec![add("a", "vip", 1)]).await?;
    let found = store.group(GROUP).await?;
    equal("the first delivery locks its group", &found, &locked)?;
    for change in [store.rename_group(GROUP, "Name"), store.delete_group(GROUP)] {
        let why = refusal(change).await;
        equal("a locked group does not change", &why, &"Locked".to_owned())?;
    }
    store.unlock_group(GROUP, unlock(1)).await?;
    store.lock_group(GROUP).await?;
    store.unlock_group(GROUP, unlock(2)).await?;
    let accounts = store.unlocks(GROUP).await?;
    let expected = vec![unlock(1), unlock(2)];
    equal("unlocks are kept, oldest first", &accounts, &expected)
}

async fn check_deletion(store: &dyn SegmentStore) -> Result<(), Violation> {
    store.delete_group(GROUP).await?;
    let found = store.group(GROUP).await?;
    equal("a deleted group is gone", &found, &None)?;
    let accounts = store.unlocks(GROUP).await?.len();
    equal("accounts outlive their group", &accounts, &2)?;
    store.create_group(GROUP, "Again").await?;
    apply(store, GROUP, vec![add("b", "vip", 1)]).await?;
    let found = members(store, GROUP, "vip").await?;
    equal("a new group starts empty", &found, &names(&["b"]))?;
    let all = store.groups().await?;
    let ordered = all.is_sorted_by(|a, b| a.identifier < b.identifier);
    equal("groups are ordered by identifier", &ordered, &true)
}

fn unlock(at: i64) -> Unlock {
    Unlock {
        at: second(at),
        by: "ada".to_owned(),
        reason: "a test".to_owned(),
    }
}
