//! Somebody who edits audiences while events come in and the proxy is killed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value as Json, json};

use segue_tests::admin::Admin;
use segue_tests::random::Random;
use segue_tests::wait::Patience;

const PAUSE_MS_MAX: u64 = 100;

/// What the edited audiences ask for at the end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edited {
    /// `bought` asks for so many purchases.
    pub(super) purchases: u64,
    /// `spenders` asks for so much money.
    pub(super) money: u64,
}

const FIRST: Edited = Edited {
    purchases: 3,
    money: 200,
};

fn bought(purchases: u64) -> Json {
    json!({ "did": { "event": "buy", "in": "90d", "count": { "gte": purchases } } })
}

fn spenders(money: u64) -> Json {
    json!({ "have": { "total": "buy.amount", "gte": money } })
}

/// The definition that an audience begins with.
pub(super) fn initial(audience: &str) -> Json {
    match audience {
        "bought" => bought(FIRST.purchases),
        "spenders" => spenders(FIRST.money),
        "content" => json!({ "all": [{ "did": "visit" }, { "did_not": "refund" }] }),
        "pro" => json!({ "have": { "trait": "plan", "eq": "pro" } }),
        // Whoever is quiet for a moment leaves by the passing of time alone.
        _ => json!({ "did": { "event": "visit", "in": "1s" } }),
    }
}

/// Edits until it is told to stop; every edit is tried until it is known to have been done.
///
/// Now and then the mirror is off for a moment, and has to mend what it missed.
pub(super) async fn edit(admin: Admin, mut random: Random, stop: Arc<AtomicBool>) -> Edited {
    let mut edited = FIRST;
    while !stop.load(Ordering::Relaxed) {
        if random.once_in(8) {
            done(&admin, "POST", "/activations/mirror/deactivate", None).await;
            pause(&mut random).await;
            done(&admin, "POST", "/activations/mirror/activate", None).await;
        }
        let (audience, when) = if random.once_in(2) {
            edited.purchases = 1 + random.below(30);
            ("bought", bought(edited.purchases))
        } else {
            edited.money = 50 + random.below(1_000);
            ("spenders", spenders(edited.money))
        };
        let path = format!("/audiences/{audience}");
        let definition = json!({ "id": audience, "when": when });
        done(&admin, "PUT", &path, Some(&definition)).await;
        pause(&mut random).await;
    }
    edited
}

async fn done(admin: &Admin, method: &str, path: &str, body: Option<&Json>) {
    let waiting = Patience::until("an edit is done");
    loop {
        match admin.try_call(method, path, body).await {
            Ok(answer) if answer.status == 200 => return,
            Ok(answer) => assert_eq!(answer.status, 503, "{}", answer.text),
            Err(_) => {}
        }
        waiting.again().await;
    }
}

async fn pause(random: &mut Random) {
    tokio::time::sleep(Duration::from_millis(random.below(PAUSE_MS_MAX))).await;
}
