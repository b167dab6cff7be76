//! What people who are not in memory cost in the store alone, whatever is done with them: their row
//! is read, and written back.
//!
//! Of caches that do not know what will happen none misses less than one that always holds the busiest.
//! So many rows an event, times what one of them takes, is about the least that ingest can cost with
//! this store: without a request, the journal or a single condition, and without the rows of people
//! who are in memory and have to be written now and then.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use segue_tracker_proxy::keys::{AccountNo, IdKind, JournalSeq, ProfileId};
use segue_tracker_proxy::store::sqlite::SqliteStore;
use segue_tracker_proxy::store::{
    Commit, ProfileRow, Reader as _, Store as _, TimerWrite, WriteBack, Written,
};

use super::options::Options;
use super::progress;
use super::server;
use super::table::Table;
use super::zipf::Zipf;
use crate::random::Random;

/// About what the row of somebody has who did a handful of things, in bytes.
const STATE_BYTES: usize = 200;
const RECENT_BYTES: usize = 80;
/// What one event adds to a history.
const EVENTS_BYTES: usize = 320;
/// Rows of one commit: as many as leave the proxy's memory at once.
const ROWS_PER_COMMIT: usize = 4_096;
/// Rows that are read with one view of the store: as many as some thousands of events need.
const ROWS_PER_VIEW: u32 = 512;
/// One part in so many of the people fits the cache.
const CACHED_PART: u32 = 10;

const ACCOUNT: AccountNo = AccountNo(1);

/// The store, and where it has everybody.
struct People {
    store: SqliteStore,
    commits: u64,
    rows: Vec<Written>,
    random: Random,
}

pub(crate) fn run(options: &Options, dir: &Path) -> anyhow::Result<String> {
    progress("rows");
    let dir = dir.join("rows");
    let mut people = People::settle(&dir, options.users())?;
    let many = (options.users() / 5).max(1);
    let read = people.cpu_of(many, |people| people.read(many))?;
    let write = people.cpu_of(many, |people| people.write(many))?;
    drop(people);
    std::fs::remove_dir_all(&dir)?;

    let missed = 1.0 - Zipf::over(options.users()).share_of(options.users() / CACHED_PART);
    let title = "Rows: people who are not in memory, in the store alone";
    let mut table = Table::new(title, &["", "processor time"]);
    let mut row = |name: &str, us: f64| table.row([name.to_owned(), format!("{us:.2} µs")]);
    row("a row that is read", us(read));
    row("a row that is written back", us(write));
    let least = missed * (us(read) + us(write));
    row("about the least per event", least);
    let missed = missed * 100.0;
    Ok(format!(
        "{}\n{missed:.1} of 100 events are of people beyond the busiest tenth\n",
        table.render()
    ))
}

fn us(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

impl People {
    /// Everybody has been there once.
    fn settle(dir: &Path, users: u32) -> anyhow::Result<Self> {
        let mut people = Self {
            store: SqliteStore::open(dir)?,
            commits: 0,
            rows: Vec::new(),
            random: Random::new(1),
        };
        people.commits = people.store.head()?.commits;
        let everybody: Vec<u32> = (0..users).collect();
        for some in everybody.chunks(ROWS_PER_COMMIT) {
            let written = people.commit(some)?;
            people.rows.extend(written);
        }
        people.store.tend()?;
        Ok(people)
    }

    /// What this process takes for one of `many`.
    fn cpu_of(
        &mut self,
        many: u32,
        work: impl FnOnce(&mut Self) -> anyhow::Result<()>,
    ) -> anyhow::Result<Duration> {
        let own = || server::cpu(&std::fs::read_to_string("/proc/self/stat")?);
        let before = own()?;
        work(self)?;
        Ok((own()? - before) / many)
    }

    fn read(&mut self, many: u32) -> anyhow::Result<()> {
        let reader = self.store.reader()?;
        for n in 0..many {
            if n % ROWS_PER_VIEW == 0 {
                reader.release()?;
                reader.hold()?;
            }
            let found = reader.profile(ACCOUNT, id(self.anybody()))?;
            found.context("somebody is gone")?;
        }
        Ok(())
    }

    fn write(&mut self, many: u32) -> anyhow::Result<()> {
        let mut left = many as usize;
        while left > 0 {
            let mut some: Vec<u32> = (0..ROWS_PER_COMMIT.min(left))
                .map(|_| self.anybody())
                .collect();
            some.sort_unstable();
            some.dedup();
            left -= some.len();
            let written = self.commit(&some)?;
            for (who, written) in some.into_iter().zip(written) {
                self.rows[who as usize] = written;
            }
        }
        // What was written is in the file only now.
        Ok(self.store.tend()?)
    }

    fn anybody(&mut self) -> u32 {
        self.random.below(self.rows.len() as u64) as u32
    }

    fn commit(&mut self, some: &[u32]) -> anyhow::Result<Vec<Written>> {
        let profiles = some.iter().map(|who| {
            let known = self.rows.get(*who as usize);
            ProfileRow {
                row: known.map(|known| known.row),
                account: ACCOUNT,
                id: id(*who),
                folded: JournalSeq(0),
                timer: TimerWrite::Keep,
                state: vec![1; STATE_BYTES],
                recent: vec![2; RECENT_BYTES],
                events: vec![3; EVENTS_BYTES],
                newest: known.and_then(|known| known.newest),
                absorbed: Vec::new(),
            }
        });
        let commit = Commit {
            follows: self.commits,
            write_back: WriteBack {
                profiles: profiles.collect(),
                ..WriteBack::default()
            },
            ..Commit::default()
        };
        self.commits += 1;
        let written = self.store.commit(&commit)?;
        if self.store.wants_tending() {
            self.store.tend()?;
        }
        Ok(written)
    }
}

fn id(who: u32) -> ProfileId {
    ProfileId::provisional(ACCOUNT, IdKind::User, &who.to_string())
}
