mod checkpoint;
mod outbox;

use super::*;
use crate::clock::TimeMs;
use crate::keys::{AccountNo, AudienceNo, IdKind, JournalSeq, ProfileId};
use crate::store::{
    Apply, Fault, HistoryChunk, HistoryCut, JournalRow, MembershipRow, ProfileRow, Step,
    TimerWrite, WriteBack,
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

fn profile(name: &str, written: Option<Written>, events: &[u8]) -> ProfileRow {
    ProfileRow {
        row: written.map(|written| written.row),
        account: ACCOUNT,
        id: person(name),
        folded: JournalSeq(1),
        timer: TimerWrite::Set(Some(TimeMs(9))),
        state: vec![1, 2, 3],
        recent: Vec::new(),
        events: events.to_vec(),
        newest: written.and_then(|written| written.newest),
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
        let mut whole = commit(0, 1);
        whole.write_back.profiles.push(profile("ada", None, &[1]));
        assert!(store.commit(&whole).is_err());
        drop(store);
        let head = SqliteStore::open(folder.path()).unwrap().head().unwrap();
        assert_eq!(
            head.journal.0,
            u64::from(step == Step::Committed),
            "{step:?}"
        );
    }
}

/// Writes back these profiles as the commit after `follows`.
fn write_back(store: &mut SqliteStore, follows: u64, profiles: Vec<ProfileRow>) -> Vec<Written> {
    let write_back = WriteBack {
        profiles,
        ..WriteBack::default()
    };
    let commit = Commit {
        follows,
        write_back,
        ..Commit::default()
    };
    store.commit(&commit).unwrap()
}

fn bytes_of(store: &SqliteStore, name: &str) -> Vec<u8> {
    let stored = store.profile(ACCOUNT, person(name)).unwrap().unwrap();
    let chunks = store.history(stored.newest).unwrap();
    let bytes = chunks.into_iter().flat_map(|HistoryChunk(bytes)| bytes);
    bytes.collect()
}

#[test]
fn histories_keep_their_bytes_and_their_order_though_they_are_written_in_turns() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(folder.path()).unwrap();
    let (mut ada, mut bea) = (None, None);
    for turn in 0..30_u8 {
        // Without anything new nothing is added.
        let news = vec![turn; usize::from(turn % 3 == 0)];
        let rows = vec![profile("ada", ada, &[turn, 1]), profile("bea", bea, &news)];
        let written = write_back(&mut store, u64::from(turn), rows);
        (ada, bea) = (Some(written[0]), Some(written[1]));
    }
    let expected: Vec<u8> = (0..30).flat_map(|turn| [turn, 1]).collect();
    assert_eq!(bytes_of(&store, "ada"), expected);
    let expected: Vec<u8> = (0..30).step_by(3).collect();
    assert_eq!(bytes_of(&store, "bea"), expected);
}

#[test]
fn the_oldest_part_of_a_history_can_be_taken_away_and_then_the_rest_with_its_profile() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(folder.path()).unwrap();
    let mut ada = None;
    for turn in 0..10_u8 {
        let rows = vec![profile("ada", ada, &[turn])];
        ada = write_back(&mut store, u64::from(turn), rows)
            .first()
            .copied();
    }
    let newest = ada.and_then(|ada| ada.newest);
    let chunks = store.chunks(newest).unwrap();
    assert_eq!(chunks.len(), 10);
    let history_cut = Some(HistoryCut {
        gone: chunks[..7].to_vec(),
        first_left: chunks[7],
    });
    let apply = Apply {
        history_cut,
        ..Apply::default()
    };
    let cut = Commit {
        follows: 10,
        apply,
        ..Commit::default()
    };
    store.commit(&cut).unwrap();
    assert_eq!(bytes_of(&store, "ada"), [7, 8, 9]);

    let mut bea = profile("bea", None, &[1]);
    bea.absorbed = ada.map(|ada| ada.row).into_iter().collect();
    write_back(&mut store, 11, vec![bea]);
    assert_eq!(store.profile(ACCOUNT, person("ada")).unwrap(), None);
    assert!(store.chunks(newest).is_err(), "nothing is left of it");
    assert_eq!(bytes_of(&store, "bea"), [1]);
}

#[test]
fn histories_of_the_second_schema_become_chains() {
    let folder = tempfile::tempdir().unwrap();
    let old = Connection::open(folder.path().join("segue.db")).unwrap();
    old.execute_batch(schema::STEPS[0]).unwrap();
    old.execute_batch(schema::STEPS[1]).unwrap();
    let insert = |row: i64, name: &str, tail: &[u8]| {
        old.execute(
            "INSERT INTO profile VALUES (?1, ?2, ?3, ?4, 5, NULL, 0, x'00', x'01', ?5)",
            rusqlite::params![row, ACCOUNT.0, person(name).part().0, person(name).0, tail],
        )
        .unwrap();
    };
    insert(1, "ada", &[3]);
    insert(2, "bea", b"");
    insert(3, "cem", &[9]);
    // The first chunks of a history that was cut are gone.
    old.execute_batch(
        "INSERT INTO history VALUES (2, 11, x'05');
         INSERT INTO history VALUES (1, 0, x'01'), (1, 1, x'02');
         INSERT INTO history VALUES (2, 10, x'04');
         INSERT INTO head VALUES (1, x'00000000000000000000000000000000', 1, 0, 0, 0, 0, 0, 0);
         PRAGMA user_version = 2;",
    )
    .unwrap();
    drop(old);
    let store = SqliteStore::open(folder.path()).unwrap();
    assert_eq!(bytes_of(&store, "ada"), [1, 2, 3]);
    assert_eq!(bytes_of(&store, "bea"), [4, 5]);
    assert_eq!(bytes_of(&store, "cem"), [9]);
    let found = store.profile(ACCOUNT, person("cem")).unwrap().unwrap();
    assert_eq!(
        (found.row, found.folded, found.state),
        (3, JournalSeq(5), vec![1])
    );
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
        ..profile(name, None, b"")
    });
    write_back(&mut store, 0, profiles.to_vec());
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
