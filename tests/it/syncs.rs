//! A kill cannot show a missing sync, because the page cache outlives a process. So the syncs
//! themselves are counted, between the process and its C library.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use segue_tests::environment::say;
use segue_tests::ingest::track;
use segue_tests::proxy::ProxyProcess;
use segue_tests::settings::Settings;

const BATCHES: u64 = 50;
/// Besides the one that makes a batch durable there are write-backs, checkpoints and deliveries.
const SYNCS_PER_BATCH_MAX: u64 = 6;

/// Compiles the shim; none where there is no C compiler or the system knows no preloading.
fn shim(folder: &Path) -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/sync_counter.c");
    let shim = folder.join("sync_counter.so");
    if !cfg!(target_os = "linux") {
        return None;
    }
    let mut compiler = Command::new("cc");
    let compiled = compiler
        .args(["-shared", "-fPIC", "-O2", "-o"])
        .arg(&shim)
        .arg(source);
    let compiled = compiled.status().is_ok_and(|status| status.success());
    compiled.then_some(shim)
}

fn counted(file: &Path) -> u64 {
    let bytes = std::fs::read(file).unwrap_or_default();
    let first = bytes.first_chunk::<8>();
    first.map_or(0, |bytes| u64::from_ne_bytes(*bytes))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_batch_is_acknowledged_before_a_sync() {
    let folder = tempfile::tempdir().expect("there is room for a temporary folder");
    let Some(shim) = shim(folder.path()) else {
        say("skipped: syncs are counted on Linux with a C compiler (`cc`) only");
        return;
    };
    let counter = folder.path().join("syncs");
    let text = |path: &Path| {
        path.to_str()
            .expect("temporary folders have plain names")
            .to_owned()
    };
    let mut proxy = ProxyProcess::prepare(Settings::new())
        .with_variable("LD_PRELOAD", &text(&shim))
        .with_variable("SEGUE_SYNC_COUNTER", &text(&counter));
    proxy.restart();
    let ingest = proxy.ingest();
    let started = counted(&counter);
    assert!(started > 0, "a store that was just created has been synced");
    let mut before = started;
    for n in 0..BATCHES {
        let person = format!("u{n}");
        drop(
            ingest
                .batch(&[track(&person, "e", &json!({ "n": n }))])
                .await,
        );
        let now = counted(&counter);
        assert!(
            now > before,
            "batch {n} was acknowledged without a sync of the database"
        );
        before = now;
    }
    let all = before - started;
    say(&format!(
        "{all} syncs of the database for {BATCHES} batches, one after the other"
    ));
    assert!(
        all <= BATCHES * SYNCS_PER_BATCH_MAX,
        "{all} syncs for {BATCHES} batches"
    );
}
