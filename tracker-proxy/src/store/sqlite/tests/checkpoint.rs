//! The log is copied into the file and starts anew, whoever reads.

use std::time::{Duration, Instant};

use super::*;

/// A body of so many bytes takes some 256 pages of the log, and as many when it is overwritten.
const BODY_BYTES: usize = 1 << 20;
/// More commits than the longest log holds.
const COMMITS_MAX: u64 = 160;
/// The longest log, in bytes: twice the 16,384 pages, and a last commit.
const LOG_BYTES_MAX: u64 = (2 * 16_384 + 1_024) * 4_120;

/// One commit after `done` others.
fn add(store: &mut SqliteStore, done: u64) {
    let seq = done + 1;
    let mut commit = commit(done, seq);
    commit.append.as_mut().unwrap().body = vec![7; BODY_BYTES];
    commit.write_back.drop_through = JournalSeq(seq.saturating_sub(2));
    store.commit(&commit).unwrap();
}

/// Commits until the store wants to be tended, or so often that the log, copied beside them, must
/// have started anew by itself; how many it took.
fn fill(store: &mut SqliteStore, folder: &Path, done: u64) -> u64 {
    let longest = log_bytes(folder).max(LOG_BYTES_MAX);
    for count in 0..COMMITS_MAX {
        add(store, done + count);
        if store.wants_tending() {
            return count + 1;
        }
    }
    assert!(
        log_bytes(folder) <= longest,
        "the log is longer than it may be, and nobody wants to copy it"
    );
    COMMITS_MAX
}

fn bytes_of(folder: &Path, file: &str) -> u64 {
    std::fs::metadata(folder.join(file)).unwrap().len()
}

fn log_bytes(folder: &Path) -> u64 {
    bytes_of(folder, "segue.db-wal")
}

#[test]
fn a_long_log_starts_anew_when_it_is_copied() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open_unsynced(folder.path()).unwrap();
    let mut done = 0;
    for _ in 0..3 {
        let count = fill(&mut store, folder.path(), done);
        assert!(count > 16, "{count} commits are no long log");
        done += count;
        // Some of it gets into the file while nobody waits for that.
        let deadline = Instant::now() + Duration::from_secs(30);
        while bytes_of(folder.path(), "segue.db") < BODY_BYTES as u64 {
            assert!(Instant::now() < deadline, "nothing is copied");
            std::thread::yield_now();
        }
        store.tend().unwrap();
        assert!(log_bytes(folder.path()) < LOG_BYTES_MAX);
    }
    assert_eq!(store.head().unwrap().commits, done);
    drop(store);
    assert!(!folder.path().join("segue.db-wal").exists());
}

#[test]
fn a_reader_keeps_the_log_only_for_as_long_as_it_stays() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open_unsynced(folder.path()).unwrap();
    let mut done = 1;
    add(&mut store, 0);
    let reader = store.snapshot().unwrap();
    while log_bytes(folder.path()) < LOG_BYTES_MAX {
        add(&mut store, done);
        store.wants_tending();
        done += 1;
    }
    assert_eq!(reader.head().unwrap().commits, 1);
    drop(reader);
    for _ in 0..2 {
        done += fill(&mut store, folder.path(), done);
        store.tend().unwrap();
    }
    let before = log_bytes(folder.path());
    done += fill(&mut store, folder.path(), done);
    assert_eq!(log_bytes(folder.path()), before, "the log has room");
    assert_eq!(store.head().unwrap().commits, done);
}
