//! The real binary under load, killed at random moments and started again: what was acknowledged
//! is there once, and everything that follows from it is what a recount says.
//!
//! `SEGUE_CRASH_ROUNDS` is the number of kills, `SEGUE_CRASH_SEED` brings a run back as far as the
//! machine's timing allows.

mod editor;
mod outbox;
mod people;
mod recount;
mod senders;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use segue_tests::binaries;
use segue_tests::environment::{self, say};
use segue_tests::proxy::ProxyProcess;
use segue_tests::random::Random;
use segue_tests::settings::Settings;
use segue_tests::shop::Shop;
use segue_tests::sink::Sink;
use segue_tests::wait;

use editor::Edited;
use people::{Account, Person};

const ROUNDS: u64 = 20;
const PERSONS_PER_SENDER: usize = 30;
const HTTP_SENDERS: usize = 3;
const SDK_SENDERS: usize = 2;
/// A proxy lives this long at the most before it is killed, in milliseconds.
const LIFE_MS_MAX: u64 = 1_200;

const AUDIENCES: [&str; 5] = ["bought", "content", "spenders", "pro", "recent"];

/// The trigger that tells the sink of an audience.
fn trigger(audience: &str) -> Json {
    json!({
        "id": format!("tell_{audience}"),
        "audience": audience,
        "mode": "trigger",
        "on": "change",
        "repeat": "every",
        "to": "sink",
        "payload": { "kind": "template", "body": { "who": "{user_id}", "of": audience } },
    })
}

/// Audiences and activations are made over the admin API, because those of a file cannot be
/// edited while it runs.
async fn define(proxy: &ProxyProcess, shop: &Shop) {
    let admin = proxy.admin();
    for audience in AUDIENCES {
        admin
            .add_audience(audience, &editor::initial(audience))
            .await;
    }
    for audience in AUDIENCES {
        let answer = admin
            .call("POST", "/activations", Some(&trigger(audience)))
            .await;
        drop(answer.expect(201));
    }
    let mirror = shop.mirror("mirror", &AUDIENCES);
    drop(
        admin
            .call("POST", "/activations", Some(&mirror))
            .await
            .expect(201),
    );
}

/// Kills and starts the proxy, `rounds` times.
async fn kill_again_and_again(
    mut proxy: ProxyProcess,
    mut random: Random,
    rounds: u64,
) -> ProxyProcess {
    for _ in 0..rounds {
        let life = Duration::from_millis(random.below(LIFE_MS_MAX));
        tokio::time::sleep(life).await;
        let restarted = tokio::task::spawn_blocking(move || {
            proxy.kill();
            proxy.restart();
            proxy
        });
        proxy = restarted.await.expect("the proxy comes up after a kill");
    }
    proxy
}

async fn until_the_shop_is_right(proxy: &ProxyProcess, shop: &Shop) {
    let admin = proxy.admin();
    admin.until_live().await;
    wait::until("what was recent is not any more", async || {
        admin.member_ids("recent").await.is_empty().then_some(())
    })
    .await;
    admin.until_delivered().await;
    wait::until_none("the segments are the members", async || {
        let mut wrong = Vec::new();
        for audience in AUDIENCES {
            let (segment, members) = (
                shop.segment(audience).await,
                admin.member_ids(audience).await,
            );
            for user in segment.symmetric_difference(&members) {
                wrong.push((audience, user.clone(), members.contains(user)));
            }
        }
        wrong
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_acknowledged_is_lost_or_doubled_however_often_it_is_killed() {
    let rounds = environment::number("SEGUE_CRASH_ROUNDS", ROUNDS);
    let now = jiff::Timestamp::now().as_nanosecond().unsigned_abs();
    let seed = environment::number("SEGUE_CRASH_SEED", u64::try_from(now >> 10).unwrap_or(1));
    let binaries = binaries::release_if_built();
    say(&format!(
        "{rounds} kills of the {} binary, seed {seed}",
        binaries.profile()
    ));
    let (shop, sink) = (Shop::start(), Sink::start().await);
    let settings = Settings::new()
        .limit("write_back_seconds", 1)
        .destination(shop.destination())
        .destination(sink.destination("sink", "/"));
    let mut proxy = ProxyProcess::prepare(settings).with_binary(binaries.proxy());
    proxy.restart();
    define(&proxy, &shop).await;

    let started = Instant::now();
    let stop = Arc::new(AtomicBool::new(false));
    let mut random = Random::new(seed);
    let (ingest, admin, url) = (proxy.ingest(), proxy.admin(), proxy.url());
    let mut senders = Vec::new();
    for sender in 0..HTTP_SENDERS + SDK_SENDERS {
        let persons: Vec<Person> = (0..PERSONS_PER_SENDER)
            .map(|n| Person::new(sender, n))
            .collect();
        let account = Account::new(persons, Random::new(random.bits()));
        let stop = Arc::clone(&stop);
        senders.push(if sender < HTTP_SENDERS {
            tokio::spawn(senders::over_http(
                account,
                ingest.clone(),
                admin.clone(),
                stop,
            ))
        } else {
            tokio::spawn(senders::over_the_sdk(account, url.clone(), stop))
        });
    }
    let edits = Arc::clone(&stop);
    let editor = tokio::spawn(editor::edit(
        admin.clone(),
        Random::new(random.bits()),
        edits,
    ));

    let mut proxy = kill_again_and_again(proxy, random, rounds).await;
    stop.store(true, Ordering::Relaxed);
    let edited: Edited = editor.await.expect("the editor does not panic");
    let mut accounts = Vec::new();
    for sender in senders {
        accounts.push(sender.await.expect("a sender does not panic"));
    }
    say(&format!("killed and sent for {:.1?}", started.elapsed()));
    until_the_shop_is_right(&proxy, &shop).await;

    recount::check(&proxy, &accounts, &edited).await;
    let told = outbox::told(&proxy).await;
    assert_eq!(proxy.terminate(), Some(0));
    outbox::check(proxy.data_dir(), &told, &sink);
}
