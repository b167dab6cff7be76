//! The load: apps that send over plain HTTP and know each answer, and apps that use the SDK.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use serde_json::Value as Json;

use segue_sdk::{Client, Options};
use segue_tests::admin::Admin;
use segue_tests::ingest::Ingest;
use segue_tests::settings::WRITE_KEY;
use segue_tests::wait::{PATIENCE, Patience};

use super::people::{Account, Deed, Happening};

const BATCH_MAX: u64 = 15;
const PAUSE_MS_MAX: u64 = 12;
/// Long enough that no event after an erasure has its time.
const AFTER_ERASURE: Duration = Duration::from_millis(5);

/// Sends batches one after the other; after a broken connection sends the same again, or gives
/// up and notes that nobody knows.
pub(super) async fn over_http(
    mut account: Account,
    ingest: Ingest,
    admin: Admin,
    stop: Arc<AtomicBool>,
) -> Account {
    while !stop.load(Ordering::Relaxed) {
        let size = 1 + account.random.below(BATCH_MAX);
        let batch: Vec<Happening> = (0..size).map(|_| account.next()).collect();
        let patient = !account.random.once_in(4);
        send(&mut account, &ingest, &batch, patient).await;
        if account.random.once_in(15) {
            erase_somebody(&mut account, &admin).await;
        }
        let pause = Duration::from_millis(account.random.below(PAUSE_MS_MAX));
        tokio::time::sleep(pause).await;
    }
    let links = account.last_links();
    send(&mut account, &ingest, &links, true).await;
    account
}

async fn send(account: &mut Account, ingest: &Ingest, batch: &[Happening], patient: bool) {
    // What is about somebody who may be erased is never left in doubt.
    let doubtless = |one: &Happening| account.persons[one.person].is_erasable;
    let patient = patient || batch.iter().any(doubtless);
    let events: Vec<Json> = batch.iter().map(Happening::json).collect();
    let waiting = Patience::until("a batch is acknowledged");
    let acknowledged = loop {
        match ingest.try_batch(&events).await {
            Ok(answer) if answer.status == 200 => {
                assert_eq!(answer.json["accepted"], events.len(), "{}", answer.text);
                break true;
            }
            Ok(answer) => assert_eq!(answer.status, 503, "{}", answer.text),
            Err(_) if !patient => break false,
            Err(_) => {}
        }
        waiting.again().await;
    };
    if acknowledged {
        account.acknowledge(batch);
    } else {
        account.forget(batch);
    }
}

async fn erase_somebody(account: &mut Account, admin: &Admin) {
    let erasable: Vec<usize> = (0..account.persons.len())
        .filter(|person| account.persons[*person].is_erasable)
        .collect();
    let choice = account.random.below(erasable.len() as u64);
    let person = erasable[usize::try_from(choice).unwrap_or(0)];
    let path = format!("/profiles/{}", account.persons[person].user);
    let waiting = Patience::until("a person is erased");
    loop {
        match admin.try_call("DELETE", &path, None).await {
            // Gone at this try, or at one that could not say so any more.
            Ok(answer) if matches!(answer.status, 204 | 404) => break,
            Ok(answer) => assert_eq!(answer.status, 503, "{}", answer.text),
            Err(_) => {}
        }
        waiting.again().await;
    }
    account.erased(person);
    tokio::time::sleep(AFTER_ERASURE).await;
}

/// Tracks and forgets: the SDK is what tries again.
pub(super) async fn over_the_sdk(
    mut account: Account,
    url: String,
    stop: Arc<AtomicBool>,
) -> Account {
    let sdk = Client::builder(url, WRITE_KEY)
        .batch_interval(Duration::from_millis(20))
        .build()
        .expect("an address of this machine is a good endpoint");
    while !stop.load(Ordering::Relaxed) {
        let happenings: Vec<Happening> = (0..5).map(|_| account.next()).collect();
        for one in &happenings {
            call(&sdk, one);
        }
        account.acknowledge(&happenings);
        let pause = Duration::from_millis(5 + account.random.below(PAUSE_MS_MAX));
        tokio::time::sleep(pause).await;
    }
    let links = account.last_links();
    for one in &links {
        call(&sdk, one);
    }
    account.acknowledge(&links);
    let report = sdk.shutdown(PATIENCE).await;
    assert!(report.is_complete(), "the SDK lost events: {report}");
    account
}

fn call(sdk: &Client, one: &Happening) {
    let at = Duration::from_millis(one.at.unsigned_abs());
    let options = Options::new()
        .message_id(&*one.message_id)
        .at(SystemTime::UNIX_EPOCH + at);
    let none = serde_json::json!({});
    let plan = |plan: &str| serde_json::json!({ "plan": plan });
    let receipt = match (one.user.as_deref(), one.anonymous.as_deref(), &one.deed) {
        (Some(user), Some(anonymous), _) => {
            sdk.visitor(user, anonymous).identify_with(&none, &options)
        }
        (Some(user), None, Deed::Track(name, with)) => {
            sdk.user(user).track_named_with(name, with, &options)
        }
        (None, Some(anonymous), Deed::Track(name, with)) => sdk
            .anonymous(anonymous)
            .track_named_with(name, with, &options),
        (Some(user), None, Deed::Plan(name)) => sdk.user(user).identify_with(&plan(name), &options),
        // The SDK does not say what a visitor is like; so the visitor does something else.
        (None, Some(anonymous), Deed::Plan(_)) => sdk
            .anonymous(anonymous)
            .track_named_with("visit", &none, &options),
        (..) => unreachable!("an event has an id, and a link has both"),
    };
    assert!(receipt.is_accepted(), "the queue takes what a test sends");
}
