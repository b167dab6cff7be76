use std::future::Future;

use super::*;
use crate::sqlite::execute;

fn writer(folder: &tempfile::TempDir) -> Writer {
    let path = folder.path().join("segments.db");
    Writer::new(writing(&path, include_str!("schema.sql")).unwrap())
}

fn create(writer: &Writer, group: &'static str) -> impl Future<Output = Result<(), GroupError>> {
    let write = writer.write(move |connection| groups::create(connection, group, "Group"));
    async move { write.await? }
}

async fn names(writer: &Writer) -> Vec<String> {
    let groups = writer.write(groups::all).await.unwrap();
    groups.into_iter().map(|group| group.identifier).collect()
}

#[tokio::test]
async fn a_write_that_fails_leaves_its_neighbours_alone() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer(&folder);
    let fails = writer.write(|connection| {
        drop(groups::create(connection, "half", "Half")?);
        execute(connection, "SELECT nonsense")
    });
    let (before, failed, after) = tokio::join!(create(&writer, "a"), fails, create(&writer, "b"));
    assert!(before.is_ok() && failed.is_err() && after.is_ok());
    assert_eq!(names(&writer).await, ["a", "b"]);
}

#[tokio::test]
async fn when_the_transaction_is_lost_nobody_is_told_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer(&folder);
    let lost = writer.write(|connection| execute(connection, "ROLLBACK"));
    let (before, lost, after) = tokio::join!(create(&writer, "a"), lost, create(&writer, "b"));
    let told: Vec<_> = [("a", before), ("b", after)]
        .into_iter()
        .filter_map(|(group, result)| result.ok().map(|()| group))
        .collect();
    assert!(lost.is_err());
    assert_eq!(names(&writer).await, told);
    create(&writer, "c").await.unwrap();
}

#[tokio::test]
async fn a_write_that_panics_does_not_stop_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer(&folder);
    let panics = writer.write(|connection| -> rusqlite::Result<()> {
        drop(groups::create(connection, "half", "Half")?);
        panic!("a bug")
    });
    assert!(panics.await.is_err());
    create(&writer, "a").await.unwrap();
    assert_eq!(names(&writer).await, ["a"]);
}

#[tokio::test]
async fn a_full_disk_is_an_error_until_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer(&folder);
    let pages = |pages: i64| {
        writer.write(move |connection| connection.pragma_update(None, "max_page_count", pages))
    };
    let fill = |from: usize| {
        writer.write(move |connection| {
            let name = "x".repeat(900);
            for number in from..from + 500 {
                drop(groups::create(connection, &number.to_string(), &name)?);
            }
            Ok(())
        })
    };
    pages(60).await.unwrap();
    let (first, second) = (fill(0).await, create(&writer, "small").await);
    assert!(first.is_err() && second.is_ok());
    assert_eq!(names(&writer).await, ["small"]);
    pages(100_000).await.unwrap();
    fill(0).await.unwrap();
    assert_eq!(names(&writer).await.len(), 501);
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("segments.db");
    drop(SqliteStore::open(&path).unwrap());
    drop(SqliteStore::open(&path).unwrap());
    let connection = Connection::open(&path).unwrap();
    connection
        .execute("UPDATE segue_schema SET version = 2", [])
        .unwrap();
    assert!(matches!(
        SqliteStore::open(&path),
        Err(OpenError::Newer { found: 2, known: 1 })
    ));
    assert!(matches!(
        SqliteStore::open(folder.path()),
        Err(OpenError::Sqlite(_))
    ));
}

#[tokio::test]
async fn every_commit_is_synced() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer(&folder);
    let settings = writer.write(|connection| {
        let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
        let sync: i64 = connection.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
        Ok((mode, sync))
    });
    assert_eq!(settings.await.unwrap(), ("wal".to_owned(), 2));
}
