//! A disk that is full: the proxy says so, loses nothing, and goes on when there is room.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value as Json, json};

use segue_tests::environment::say;
use segue_tests::http::Answer;
use segue_tests::ingest::track;
use segue_tests::proxy::ProxyProcess;
use segue_tests::random::Random;
use segue_tests::settings::Settings;
use segue_tests::wait;

/// A small disk in memory, gone when it is dropped.
pub(crate) struct SmallDisk(PathBuf);

impl SmallDisk {
    /// None where tests may not mount.
    pub(crate) fn mount(at: &Path) -> Option<Self> {
        fs::create_dir(at).expect("a new folder in a temporary one");
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=24m", "tmpfs"])
            .arg(at);
        let output = mount.output().ok()?;
        output.status.success().then(|| Self(at.to_owned()))
    }

    /// Takes all the room that is left.
    pub(crate) fn fill(&self) -> PathBuf {
        let filler = self.0.join("filler");
        let mut file = fs::File::create(&filler).expect("an empty file takes no room");
        while file.write_all(&[1; 4_096]).is_ok() {}
        filler
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // The proxy has let go of it by now; what stays mounted is found by its owner.
        drop(Command::new("umount").arg("-l").arg(&self.0).output());
    }
}

/// Events that take room: their text cannot be compressed.
fn batch(random: &mut Random, number: u64) -> Vec<Json> {
    (0..10)
        .map(|n| {
            let text = random.text(4_000);
            let mut event = track(&format!("u{n}"), "e", &json!({ "text": text }));
            event["messageId"] = format!("m-{number}-{n}").into();
            event
        })
        .collect()
}

fn ids(events: &[Json]) -> impl Iterator<Item = String> {
    let id = |event: &Json| event["messageId"].as_str().map(str::to_owned);
    events.iter().filter_map(id)
}

async fn assert_all_there(proxy: &ProxyProcess, acknowledged: &BTreeSet<String>) {
    let mut kept = BTreeSet::new();
    for n in 0..10 {
        for event in proxy.admin().events(&format!("u{n}")).await {
            let id = event["message_id"].as_str().expect("an event has an id");
            assert!(kept.insert(id.to_owned()), "{id} is there twice");
        }
    }
    let lost: Vec<_> = acknowledged.difference(&kept).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
}

fn assert_says_full(answer: &Answer) {
    assert_eq!(answer.status, 503, "{}", answer.text);
    let seconds = answer.retry_after.as_deref().map(str::parse::<u32>);
    assert!(
        matches!(seconds, Some(Ok(1..))),
        "Retry-After is {:?}",
        answer.retry_after
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_and_costs_nothing() {
    let folder = tempfile::tempdir().expect("there is room for a temporary folder");
    let Some(disk) = SmallDisk::mount(&folder.path().join("disk")) else {
        say("skipped: a full disk needs the right to mount one");
        return;
    };
    let mut proxy = ProxyProcess::prepare(Settings::new()).with_data_dir(disk.0.join("data"));
    proxy.restart();
    let (ingest, mut random) = (proxy.ingest(), Random::new(1));
    let mut acknowledged = BTreeSet::new();
    for number in 0..5 {
        let events = batch(&mut random, number);
        drop(ingest.batch(&events).await);
        acknowledged.extend(ids(&events));
    }
    let filler = disk.fill();
    let mut refused = None;
    for number in 5..500 {
        let events = batch(&mut random, number);
        let answer = ingest.try_batch(&events).await.expect("the proxy is there");
        if answer.status != 200 {
            assert_says_full(&answer);
            refused = Some(events);
            break;
        }
        acknowledged.extend(ids(&events));
    }
    let refused = refused.expect("a full disk takes no more events");
    let again = ingest
        .try_batch(&refused)
        .await
        .expect("the proxy is there");
    assert_says_full(&again);
    assert!(
        !proxy.log_says("panicked"),
        "nothing panics over a full disk"
    );

    fs::remove_file(filler).expect("the filler is ours");
    wait::until("the refused batch is taken", async || {
        let answer = ingest
            .try_batch(&refused)
            .await
            .expect("the proxy is there");
        (answer.status == 200).then_some(())
    })
    .await;
    acknowledged.extend(ids(&refused));
    assert_all_there(&proxy, &acknowledged).await;
    proxy.kill();
    proxy.restart();
    assert_all_there(&proxy, &acknowledged).await;
    drop(proxy);
    drop(disk);
}
