//! The same questions answered by counting each person's history once more.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use segue_tests::environment::say;
use segue_tests::proxy::ProxyProcess;

use super::AUDIENCES;
use super::editor::Edited;
use super::people::{Account, Books};

/// Fails where history is not what was acknowledged, or memberships are not what history says.
pub(super) async fn check(proxy: &ProxyProcess, accounts: &[Account], edited: &Edited) {
    let (admin, mut events) = (proxy.admin(), 0);
    let mut expected: Vec<BTreeSet<String>> = vec![BTreeSet::new(); AUDIENCES.len()];
    for account in accounts {
        for (person, books) in &account.books {
            let user = &account.persons[*person].user;
            let history = admin.events(user).await;
            events += history.len();
            compare(user, books, &history);
            for (audience, members) in AUDIENCES.iter().zip(&mut expected) {
                if belongs(audience, &history, edited) {
                    members.insert(user.clone());
                }
            }
        }
    }
    for (audience, expected) in AUDIENCES.iter().zip(&expected) {
        let listed = admin.members(audience).await;
        let nameless = listed.iter().filter(|member| member.user_id.is_none());
        assert_eq!(
            nameless.count(),
            0,
            "everybody in {audience} has a user id by now"
        );
        let listed = admin.member_ids(audience).await;
        let wrong: Vec<_> = listed.symmetric_difference(expected).collect();
        if let Some(user) = wrong.first() {
            let (history, profile) = (admin.events(user).await, format!("/profiles/{user}"));
            let profile = admin.call("GET", &profile, None).await.text;
            say(&format!(
                "{user} is {profile}\nwith the history {history:#?}"
            ));
        }
        assert!(
            wrong.is_empty(),
            "{audience} is wrong about {wrong:?} with {edited:?}"
        );
        say(&format!("{audience}: {} members", expected.len()));
    }
    let erasures: u64 = accounts.iter().map(|account| account.erasures).sum();
    say(&format!(
        "{events} events in the histories, {erasures} erasures"
    ));
}

fn text<'a>(event: &'a Json, key: &str) -> &'a str {
    event[key].as_str().unwrap_or_default()
}

fn compare(user: &str, books: &Books, history: &[Json]) {
    let mut kept = BTreeSet::new();
    for event in history {
        let id = text(event, "message_id").to_owned();
        assert!(
            !kept.contains(&id),
            "{id} is twice in the history of {user}"
        );
        assert!(
            !books.erased.contains(&id),
            "{id} of {user} was erased and is there"
        );
        let sent = books.acknowledged.contains(&id) || books.unknown.contains(&id);
        assert!(
            sent,
            "{id} is in the history of {user}, who did not send it"
        );
        kept.insert(id);
    }
    let lost: Vec<_> = books.acknowledged.difference(&kept).collect();
    assert!(
        lost.is_empty(),
        "acknowledged and not in the history of {user}: {lost:?}"
    );
}

fn belongs(audience: &str, history: &[Json], edited: &Edited) -> bool {
    let named = |name: &'static str| history.iter().filter(move |one| text(one, "event") == name);
    match audience {
        "bought" => named("buy").count() as u64 >= edited.purchases,
        "content" => named("visit").count() > 0 && named("refund").count() == 0,
        "spenders" => {
            let amounts = named("buy").filter_map(|one| one["properties"]["amount"].as_u64());
            amounts.sum::<u64>() >= edited.money
        }
        // By now nothing is.
        "recent" => false,
        _ => {
            let plans = history
                .iter()
                .filter(|one| one["traits"]["plan"].is_string());
            let newest = plans.max_by_key(|one| text(one, "timestamp").to_owned());
            newest.is_some_and(|one| one["traits"]["plan"] == "pro")
        }
    }
}
