use super::*;
use crate::keys::ActivationNo;
use crate::store::Store as _;
use crate::store::sqlite::SqliteStore;
use crate::store::{Apply, Commit, DeliveryRow, DeliveryState, OutcomeRow};

const ACCOUNT: AccountNo = AccountNo(1);

fn lane() -> Lane {
    (ACCOUNT, "shop".to_owned())
}

fn row(id: &str, due: i64) -> DeliveryRow {
    DeliveryRow {
        row: 0,
        id: id.to_owned(),
        account: ACCOUNT,
        activation: ActivationNo(1),
        destination: "shop".to_owned(),
        profile: None,
        body: b"{}".to_vec(),
        state: DeliveryState::Pending,
        reason: None,
        attempts: 0,
        log: "[]".to_owned(),
        next: TimeMs(due),
        created: TimeMs(0),
    }
}

/// A store with deliveries, a feed, and a worker's channel that nobody reads but the test.
struct Handover {
    _folder: tempfile::TempDir,
    store: SqliteStore,
    commits: u64,
    feed: Feed,
    worker: mpsc::Sender<Delivery>,
    handed: mpsc::Receiver<Delivery>,
}

impl Handover {
    fn of(rows: Vec<DeliveryRow>, room: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (worker, handed) = mpsc::channel(room);
        let mut handover = Self {
            store: SqliteStore::open(folder.path()).unwrap(),
            _folder: folder,
            commits: 0,
            feed: Feed::from_store(),
            worker,
            handed,
        };
        handover.commit(Apply {
            deliveries: rows,
            ..Apply::default()
        });
        handover
    }

    fn commit(&mut self, apply: Apply) {
        let commit = Commit {
            follows: self.commits,
            apply,
            ..Commit::default()
        };
        self.store.commit(&commit).unwrap();
        self.commits += 1;
    }

    fn settle(&mut self, ids: &[String], state: DeliveryState, due: i64) {
        let outcome = |id: &String| OutcomeRow {
            id: id.clone(),
            state,
            reason: None,
            attempts: 1,
            log: "{}".to_owned(),
            next: TimeMs(due),
        };
        self.commit(Apply {
            outcomes: ids.iter().map(outcome).collect(),
            ..Apply::default()
        });
    }

    /// Feeds, and says what arrived at the worker.
    fn advance(&mut self) -> Vec<Delivery> {
        self.feed.advance(&self.store, &self.worker).unwrap();
        std::iter::from_fn(|| self.handed.try_recv().ok()).collect()
    }

    fn ids(&mut self) -> String {
        let ids: Vec<String> = self.advance().into_iter().map(|one| one.id).collect();
        ids.join(" ")
    }
}

#[test]
fn what_the_worker_has_is_not_handed_over_again_while_its_report_is_on_the_way() {
    let mut handover = Handover::of(vec![row("a", 1), row("b", 2), row("c", 3)], 8);
    assert_eq!(handover.ids(), "a b c");
    handover.feed.given_back(lane(), "c", TimeMs(3));
    handover.feed.room(lane());
    assert_eq!(handover.ids(), "c", "the others wait in the store, too");
    handover.feed.start_over();
    assert_eq!(handover.ids(), "");
}

#[test]
fn what_is_due_comes_before_what_is_older_and_due_later() {
    let mut handover = Handover::of(vec![row("in hours", 9_000_000), row("now", 1)], 8);
    assert_eq!(handover.ids(), "now in hours");
}

#[test]
fn a_full_queue_still_takes_what_is_due_before_its_end() {
    let mut handover = Handover::of(vec![row("in hours", 9_000_000)], 8);
    assert_eq!(handover.ids(), "in hours");
    handover.feed.given_back(lane(), "x", TimeMs(9_000_000));
    let fresh = |id: &str, due| to_delivery(row(id, due));
    handover.feed.send(fresh("now", 5), &handover.worker);
    handover
        .feed
        .send(fresh("later", 9_000_001), &handover.worker);
    assert_eq!(handover.ids(), "now");
}

#[test]
fn a_retry_that_is_due_before_the_place_of_a_pass_is_fed_after_it() {
    let rows = vec![row("a", 1), row("b", 2), row("c", 3), row("d", 4)];
    let mut handover = Handover::of(rows, 2);
    assert_eq!(handover.ids(), "a b");
    // The channel is full again with `c` and `d` when `a` has to be tried again at once.
    handover
        .feed
        .advance(&handover.store, &handover.worker)
        .unwrap();
    handover.feed.reported("a");
    handover.settle(&["a".to_owned()], DeliveryState::Pending, 1);
    handover
        .feed
        .send(to_delivery(row("a", 1)), &handover.worker);
    assert_eq!(handover.ids(), "c d");
    assert_eq!(handover.ids(), "a");
    assert!(!handover.feed.is_behind());
}

#[test]
fn a_long_queue_is_read_about_once() {
    const LONG: i64 = 3_000;
    const QUEUED_MAX: usize = 200;
    let rows = (0..LONG).map(|n| row(&n.to_string(), n)).collect();
    let mut handover = Handover::of(rows, 32);
    let (mut queue, mut sent) = (Vec::new(), Vec::new());
    let mut had_to_give_back = false;
    while sent.len() < 3_000 {
        queue.extend(handover.advance());
        queue.sort_by_key(|delivery: &Delivery| delivery.next);
        while queue.len() > QUEUED_MAX {
            let last = queue.pop().unwrap();
            handover.feed.given_back(lane(), &last.id, last.next);
            had_to_give_back = true;
        }
        let rest = queue.split_off(queue.len().min(20));
        let done: Vec<String> = queue.into_iter().map(|one| one.id).collect();
        queue = rest;
        done.iter().for_each(|id| handover.feed.reported(id));
        handover.settle(&done, DeliveryState::Delivered, 0);
        sent.extend(done);
        if had_to_give_back && queue.len() <= QUEUED_MAX / 2 {
            handover.feed.room(lane());
            had_to_give_back = false;
        }
    }
    sent.sort_unstable();
    sent.dedup();
    assert_eq!(sent.len(), 3_000, "each once");
    let read = handover.feed.rows_read;
    assert!(read < 3 * LONG.unsigned_abs(), "{read} rows read");
}
