//! Reading, the same on the writer's connection and on readers of their own.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::columns::{DELIVERY, PROFILE, collect, delivery_at, id_at, journal_at, profile_at};
use super::{SqliteReader, SqliteStore, outbox};
use crate::clock::TimeMs;
use crate::keys::{AccountNo, ActivationNo, AudienceNo, JournalSeq, ProfileId};
use crate::store::{
    AgedRow, CatalogRow, ChunkNo, DeliveryFilter, DeliveryRow, Head, HistoryChunk, JournalRow,
    MemberRow, OutboxRow, Reader, ResyncRow, StoreError, StoredProfile, TimerRow, Undelivered,
    Want,
};

trait Sqlite: std::fmt::Debug {
    fn side(&self) -> &SqliteReader;

    fn db(&self) -> &Connection {
        &self.side().db
    }
}

impl Sqlite for SqliteStore {
    fn side(&self) -> &SqliteReader {
        &self.own
    }
}

impl Sqlite for SqliteReader {
    fn side(&self) -> &SqliteReader {
        self
    }
}

impl<T: Sqlite> Reader for T {
    fn hold(&self) -> Result<(), StoreError> {
        if !self.side().holding.get() {
            self.db().execute_batch("BEGIN")?;
            self.side().holding.set(true);
        }
        Ok(())
    }

    fn release(&self) -> Result<(), StoreError> {
        if self.side().holding.replace(false) {
            self.db().execute_batch("COMMIT")?;
        }
        Ok(())
    }

    fn head(&self) -> Result<Head, StoreError> {
        Ok(self.db().query_row("SELECT * FROM head", [], |row| {
            Ok(Head {
                store_id: row.get(1)?,
                epoch: row.get(2)?,
                clock: TimeMs(row.get(3)?),
                sequence: row.get(4)?,
                journal: JournalSeq(row.get(5)?),
                folded: JournalSeq(row.get(6)?),
                warmed_row: row.get(7)?,
                commits: row.get(8)?,
            })
        })?)
    }

    fn newest_catalog(&self) -> Result<Option<CatalogRow>, StoreError> {
        let newest = "SELECT version, body FROM catalog ORDER BY version DESC LIMIT 1";
        let read = |row: &Row<'_>| {
            Ok(CatalogRow {
                version: row.get(0)?,
                body: row.get(1)?,
            })
        };
        Ok(self.db().query_row(newest, [], read).optional()?)
    }

    fn catalog(&self, version: u32) -> Result<Option<CatalogRow>, StoreError> {
        let wanted = "SELECT version, body FROM catalog WHERE version = ?1";
        let read = |row: &Row<'_>| {
            Ok(CatalogRow {
                version: row.get(0)?,
                body: row.get(1)?,
            })
        };
        Ok(self.db().query_row(wanted, [version], read).optional()?)
    }

    fn journal_after(&self, after: JournalSeq, limit: u32) -> Result<Vec<JournalRow>, StoreError> {
        let mut rows = self
            .db()
            .prepare_cached("SELECT * FROM journal WHERE seq > ?1 ORDER BY seq LIMIT ?2")?;
        collect(rows.query_map(params![after.0, limit], journal_at)?)
    }

    fn journal_before(
        &self,
        before: JournalSeq,
        limit: u32,
    ) -> Result<Vec<JournalRow>, StoreError> {
        let mut rows = self
            .db()
            .prepare_cached("SELECT * FROM journal WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2")?;
        let before = i64::try_from(before.0).unwrap_or(i64::MAX);
        collect(rows.query_map(params![before, limit], journal_at)?)
    }

    fn journal_sizes(&self) -> Result<Vec<(JournalSeq, u64)>, StoreError> {
        let mut rows = self
            .db()
            .prepare("SELECT seq, length(body) FROM journal ORDER BY seq")?;
        collect(rows.query_map([], |row| Ok((JournalSeq(row.get(0)?), row.get(1)?)))?)
    }

    fn alias(&self, account: AccountNo, id: ProfileId) -> Result<Option<ProfileId>, StoreError> {
        Ok(self
            .db()
            .prepare_cached("SELECT profile FROM alias WHERE account = ?1 AND id = ?2")?
            .query_row(params![account.0, id.0.as_slice()], |row| id_at(row, 0))
            .optional()?)
    }

    fn aliases_of(
        &self,
        account: AccountNo,
        profile: ProfileId,
    ) -> Result<Vec<ProfileId>, StoreError> {
        let mut rows = self
            .db()
            .prepare_cached("SELECT id FROM alias WHERE account = ?1 AND profile = ?2")?;
        collect(
            rows.query_map(params![account.0, profile.0.as_slice()], |row| {
                id_at(row, 0)
            })?,
        )
    }

    fn profile(
        &self,
        account: AccountNo,
        id: ProfileId,
    ) -> Result<Option<StoredProfile>, StoreError> {
        Ok(self
            .db()
            .prepare_cached(&format!(
                "SELECT {PROFILE} FROM profile WHERE account = ?1 AND part = ?2 AND id = ?3"
            ))?
            .query_row(params![account.0, id.part().0, id.0.as_slice()], profile_at)
            .optional()?)
    }

    fn profiles_after(&self, after: i64, limit: u32) -> Result<Vec<StoredProfile>, StoreError> {
        let mut rows = self.db().prepare_cached(&format!(
            "SELECT {PROFILE} FROM profile WHERE row > ?1 ORDER BY row LIMIT ?2"
        ))?;
        collect(rows.query_map(params![after, limit], profile_at)?)
    }

    fn profiles_by_key(
        &self,
        account: AccountNo,
        first: ProfileId,
        last: ProfileId,
        limit: u32,
    ) -> Result<Vec<StoredProfile>, StoreError> {
        let mut rows = self.db().prepare_cached(&format!(
            "SELECT {PROFILE} FROM profile
             WHERE account = ?1 AND part = ?2 AND id BETWEEN ?3 AND ?4 ORDER BY id LIMIT ?5"
        ))?;
        let (part, from, to) = (first.part().0, first.0.as_slice(), last.0.as_slice());
        collect(rows.query_map(params![account.0, part, from, to, limit], profile_at)?)
    }

    fn profile_count(&self) -> Result<(u64, i64), StoreError> {
        let all = "SELECT count(*), coalesce(max(row), 0) FROM profile";
        Ok(self
            .db()
            .query_row(all, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    fn history(&self, newest: Option<ChunkNo>) -> Result<Vec<HistoryChunk>, StoreError> {
        let (mut chunks, mut next) = (Vec::new(), newest);
        while let Some(no) = next {
            let (chunk, before) = self.chunk(no)?;
            chunks.push(chunk);
            next = before;
        }
        chunks.reverse();
        Ok(chunks)
    }

    fn chunks(&self, newest: Option<ChunkNo>) -> Result<Vec<ChunkNo>, StoreError> {
        let mut row = self
            .db()
            .prepare_cached("SELECT before FROM history WHERE chunk = ?1")?;
        let (mut chunks, mut next) = (Vec::new(), newest);
        while let Some(chunk) = next {
            chunks.push(chunk);
            next = row
                .query_row([chunk.0], |row| row.get::<_, Option<i64>>(0))?
                .map(ChunkNo);
        }
        chunks.reverse();
        Ok(chunks)
    }

    fn chunk(&self, no: ChunkNo) -> Result<(HistoryChunk, Option<ChunkNo>), StoreError> {
        let read = |row: &Row<'_>| {
            let before: Option<i64> = row.get(1)?;
            Ok((HistoryChunk(row.get(0)?), before.map(ChunkNo)))
        };
        Ok(self
            .db()
            .prepare_cached("SELECT events, before FROM history WHERE chunk = ?1")?
            .query_row([no.0], read)?)
    }

    fn timers_after(
        &self,
        (due, row): (TimeMs, i64),
        until: TimeMs,
        limit: u32,
    ) -> Result<Vec<TimerRow>, StoreError> {
        let mut rows = self.db().prepare_cached(
            "SELECT due, row, account, id FROM profile
             WHERE due IS NOT NULL AND (due, row) > (?1, ?2) AND due <= ?3
             ORDER BY due, row LIMIT ?4",
        )?;
        collect(rows.query_map(params![due.0, row, until.0, limit], |row| {
            Ok(TimerRow {
                due: TimeMs(row.get(0)?),
                row: row.get(1)?,
                account: AccountNo(row.get(2)?),
                id: id_at(row, 3)?,
            })
        })?)
    }

    fn audience_sizes(&self) -> Result<Vec<(AccountNo, AudienceNo, u64)>, StoreError> {
        let mut rows = self.db().prepare(
            "SELECT account, audience, sum(member) FROM membership GROUP BY account, audience",
        )?;
        collect(rows.query_map([], |row| {
            Ok((AccountNo(row.get(0)?), AudienceNo(row.get(1)?), row.get(2)?))
        })?)
    }

    fn members(
        &self,
        account: AccountNo,
        audience: AudienceNo,
        after: Option<ProfileId>,
        limit: u32,
    ) -> Result<Vec<MemberRow>, StoreError> {
        standings(self.db(), (account, audience), true, after, limit)
    }

    fn former_members(
        &self,
        account: AccountNo,
        audience: AudienceNo,
        after: Option<ProfileId>,
        limit: u32,
    ) -> Result<Vec<MemberRow>, StoreError> {
        standings(self.db(), (account, audience), false, after, limit)
    }

    fn each_alias(&self, with: &mut dyn FnMut(ProfileId)) -> Result<(), StoreError> {
        let mut rows = self.db().prepare("SELECT id FROM alias")?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            with(id_at(row, 0)?);
        }
        Ok(())
    }

    fn tombstones(&self) -> Result<Vec<(ProfileId, TimeMs)>, StoreError> {
        let mut rows = self
            .db()
            .prepare("SELECT id, erased FROM tombstone WHERE until >= (SELECT clock FROM head)")?;
        collect(rows.query_map([], |row| Ok((id_at(row, 0)?, TimeMs(row.get(1)?))))?)
    }

    fn waiting_destinations(&self) -> Result<Vec<(AccountNo, String)>, StoreError> {
        let mut rows = self
            .db()
            .prepare_cached("SELECT DISTINCT account, destination FROM delivery WHERE state = 0")?;
        collect(rows.query_map([], |row| Ok((AccountNo(row.get(0)?), row.get(1)?)))?)
    }

    fn waiting_deliveries(
        &self,
        account: AccountNo,
        destination: &str,
        after: (TimeMs, i64),
        limit: u32,
    ) -> Result<Vec<DeliveryRow>, StoreError> {
        let mut rows = self.db().prepare_cached(&format!(
            "SELECT {DELIVERY} FROM delivery d
             WHERE d.state = 0 AND d.account = ?1 AND d.destination = ?2
               AND (d.next, d.row) > (?3, ?4)
             ORDER BY d.next, d.row LIMIT ?5"
        ))?;
        let (due, row) = after;
        collect(
            rows.query_map(params![account.0, destination, due.0, row, limit], |row| {
                delivery_at(row, 0)
            })?,
        )
    }

    fn undelivered(
        &self,
        account: AccountNo,
        persons: &[ProfileId],
    ) -> Result<Vec<Undelivered>, StoreError> {
        outbox::undelivered(self.db(), account, persons)
    }

    fn delivery(&self, id: &str) -> Result<Option<DeliveryRow>, StoreError> {
        let mut wanted = self.db().prepare_cached(&format!(
            "SELECT {DELIVERY} FROM delivery d WHERE d.id = ?1"
        ))?;
        Ok(wanted
            .query_row([id], |row| delivery_at(row, 0))
            .optional()?)
    }

    fn outbox(
        &self,
        filter: &DeliveryFilter,
    ) -> Result<Vec<(OutboxRow, Option<DeliveryRow>)>, StoreError> {
        outbox::list(self.db(), filter)
    }

    fn outbox_after(&self, after: i64, limit: u32) -> Result<Vec<AgedRow>, StoreError> {
        outbox::after(self.db(), after, limit)
    }

    fn newest_outbox(&self) -> Result<i64, StoreError> {
        let newest = "SELECT coalesce(max(seq), 0) FROM outbox";
        Ok(self.db().query_row(newest, [], |row| row.get(0))?)
    }

    fn resyncs(&self) -> Result<Vec<ResyncRow>, StoreError> {
        let mut rows = self
            .db()
            .prepare("SELECT account, activation, want FROM resync")?;
        collect(rows.query_map([], |row| {
            Ok(ResyncRow {
                account: AccountNo(row.get(0)?),
                activation: ActivationNo(row.get(1)?),
                want: Want::from_number(row.get(2)?),
            })
        })?)
    }

    fn outbox_counts(
        &self,
        account: AccountNo,
        activation: Option<u32>,
    ) -> Result<Vec<(String, u64)>, StoreError> {
        outbox::counts(self.db(), account, activation)
    }
}

fn standings(
    db: &Connection,
    (account, audience): (AccountNo, AudienceNo),
    member: bool,
    after: Option<ProfileId>,
    limit: u32,
) -> Result<Vec<MemberRow>, StoreError> {
    let mut rows = db.prepare_cached(
        "SELECT profile, since, number FROM membership
         WHERE account = ?1 AND audience = ?2 AND (part, profile) > (?3, ?4) AND member = ?6
         ORDER BY part, profile LIMIT ?5",
    )?;
    let (part, key) = match &after {
        Some(after) => (i64::from(after.part().0), after.0.as_slice()),
        None => (-1, [].as_slice()),
    };
    let wanted = params![account.0, audience.0, part, key, limit, member];
    collect(rows.query_map(wanted, |row| {
        Ok(MemberRow {
            profile: id_at(row, 0)?,
            since: TimeMs(row.get(1)?),
            number: row.get(2)?,
        })
    })?)
}
