mod outbox;

use super::*;
use crate::clock::TimeMs;
use crate::keys::{AccountNo, AudienceNo, IdKind, JournalSeq, ProfileId};
use crate::store::{
    Apply, Fault, HistoryChunk, JournalRow, MembershipRow, ProfileRow, Step, TimerWrite, WriteBack,
};

const ACCOUNT: AccountNo = AccountNo(1);

fn person(name: &str) -> ProfileId {
    ProfileId::provisional(ACCOUNT, IdKind::User, name)
}

fn commit(follows: u64, seq: u64) -> Commit {
    let row = JournalRow {
        seq: JournalSeq(seq),
        at: TimeMs(5),
        catalog: 1,
        body: vec![7; 100],
    };
    Commit {
        follows,
        clock: TimeMs(5),
        append: Some(row),
        ..Commit::default()
    }
}

fn profile(name: &str, row: Option<i64>, tail_bytes: u32, events: &[u8]) -> ProfileRow {
    ProfileRow {
        row,
        account: ACCOUNT,
        id: person(name),
        folded: JournalSeq(1),
        timer: TimerWrite::Set(Some(TimeMs(9))),
        state: vec![1, 2, 3],
        recent: Vec::new(),
        events: events.to_vec(),
        tail_bytes,
        absorbed: Vec::new(),
    }
}

#[test]
fn what_is_committed_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(folder.path()).unwrap();
    store.commit(&commit(0, 1)).unwrap();
    drop(store);
    let store = SqliteStore::open(folder.path()).unwrap();
    let head = store.head().unwrap();
    assert_eq!((head.commits, head.journal), (1, JournalSeq(1)));
    assert_eq!(
        store.journal_after(JournalSeq(0), 10).unwrap()[0].body,
        vec![7; 100]
    );
}

#[test]
fn a_second_owner_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    assert!(matches!(
        SqliteStore::open(folder.path()),
        Err(StoreError::InUse(_))
    ));
    drop(store);
    SqliteStore::open(folder.path()).unwrap();
}

#[test]
fn a_commit_that_follows_another_head_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(folder.path()).unwrap();
    store.commit(&commit(0, 1)).unwrap();
    assert!(store.commit(&commit(0, 2)).is_err());
    assert_eq!(store.head().unwrap().journal, JournalSeq(1));
}

#[test]
fn a_fault_before_the_commit_leaves_nothing_and_one_after_it_leaves_all() {
    for step in Step::ALL {
        let folder = tempfile::tempdir().unwrap();
        let faults = Faults::when(move |at| (at == step).then_some(Fault::Kill));
        let mut store = SqliteStore::open_with(folder.path(), faults).unwrap();
        assert!(store.commit(&commit(0, 1)).is_err());
        drop(store);
        let head = SqliteStore::open(folder.path()).unwrap().head().unwrap();
        assert_eq!(
            head.journal.0,
            u64::from(step == Step::Committed),
            "{step:?}"
        );
    }
}

#[test]
fn history_keeps_its_bytes_and_its_order_over_sealing() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(folder.path()).unwrap();
    let every_byte: Vec<u8> = (0..=255).collect();
    let mut expected = Vec::new();
    let (mut row, mut tail_bytes) = (None, 0);
    for follows in 0..30 {
        let events: Vec<u8> = every_byte
            .iter()
            .map(|byte| byte.wrapping_add(follows))
            .collect();
        expected.extend_from_slice(&events);
        let written = profile("ada", row, tail_bytes, &events);
        let write_back = WriteBack {
            profiles: vec![written],
            ..WriteBack::default()
        };
        let commit = Commit {
            follows: u64::from(follows),
            write_back,
            ..Commit::default()
        };
        store.commit(&commit).unwrap();
        let stored = store.profile(ACCOUNT, person("ada")).unwrap().unwrap();
        (row, tail_bytes) = (Some(stored.row), stored.tail_bytes);
    }
    let chunks = store.history(row.unwrap()).unwrap();
    assert!(chunks.len() > 3, "sealed into chunks");
    let found: Vec<u8> = chunks
        .into_iter()
        .flat_map(|HistoryChunk(bytes)| bytes)
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn members_are_listed_in_pages_without_those_who_left() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(folder.path()).unwrap();
    let audience = AudienceNo(1);
    let memberships = (0..25)
        .map(|n| MembershipRow {
            account: ACCOUNT,
            audience,
            profile: person(&n.to_string()),
            member: n != 3,
            since: TimeMs(n),
            number: 1,
        })
        .collect();
    let apply = Apply {
        memberships,
        ..Apply::default()
    };
    store
        .commit(&Commit {
            apply,
            ..Commit::default()
        })
        .unwrap();
    let (mut after, mut seen) = (None, 0);
    loop {
        let page = store.members(ACCOUNT, audience, after, 10).unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.profile);
        seen += page.len();
    }
    assert_eq!(seen, 24);
    assert_eq!(store.audience_sizes().unwrap(), [(ACCOUNT, audience, 24)]);
}

#[test]
fn timers_are_read_in_pages_and_those_of_one_instant_are_told_apart_by_their_rows() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(folder.path()).unwrap();
    let timers = [("ada", 9), ("bea", 9), ("cem", 7), ("dan", 10)];
    let profiles = timers.map(|(name, due)| ProfileRow {
        timer: TimerWrite::Set(Some(TimeMs(due))),
        ..profile(name, None, 0, b"")
    });
    let write_back = WriteBack {
        profiles: profiles.to_vec(),
        ..WriteBack::default()
    };
    let commit = Commit {
        write_back,
        ..Commit::default()
    };
    store.commit(&commit).unwrap();
    let mut after = (TimeMs(0), 0);
    let mut pages = Vec::new();
    loop {
        let page = store.timers_after(after, TimeMs(9), 2).unwrap();
        let Some(last) = page.last() else {
            break;
        };
        after = (last.due, last.row);
        pages.push(page.iter().map(|timer| timer.id).collect::<Vec<_>>());
    }
    let expected = [vec!["cem", "ada"], vec!["bea"]];
    assert_eq!(
        pages,
        expected.map(|page| page.into_iter().map(person).collect::<Vec<_>>())
    );
}
