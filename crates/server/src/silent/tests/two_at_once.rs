//! An import that ends while another is at work keeps what it brought.

use std::path::PathBuf;
use std::time::Duration;

use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use time::Date;
use time::macros::date;

use super::stage::Stage;
use crate::clock::SystemClock;
use crate::office::Office;
use crate::silent::Source;
use crate::silent::incoming::BRINGING_IN;
use crate::tests::Kind;
use crate::year::tests::stage::morning;

const CAME: Date = date!(2026 - 01 - 10);
const ON: Date = date!(2026 - 11 - 21);
const ENDS: &str = "UPDATE silent_import SET ended_at = 5 WHERE number = 1";

/// A first import with one event, which is not at its end, and a file that has the same event as its last, behind others.
async fn stage(kind: Kind) -> (Stage, PathBuf) {
    let mut stage = Stage::new(kind, "370200", 2, CAME).await;
    stage.events(&[(1, "hospital_stay", ON)], ON).await;
    let tx = stage.world.store.begin("test").await.unwrap();
    tx.execute_unprepared("UPDATE silent_import SET ended_at = NULL").await.unwrap();
    tx.commit().await.unwrap();
    let row = |person: u128, event: &str| format!("{},{event},{ON}\n", Stage::id_number(person));
    // Several transactions on SQLite.
    let about_nobody: String = (0..1_400).map(|at| row(100 + at % 800, "travel")).collect();
    let (first, last) = (row(2, "travel"), row(1, "hospital_stay"));
    let path = stage.file("csv", &format!("id_number,event,day\n{first}{about_nobody}{last}"));
    (stage, path)
}

/// The import of each trace.
async fn whose(stage: &Stage) -> Vec<String> {
    let rows = stage.world.rows_of(&["trace"]).await;
    let import = |row: &String| row.split(' ').find(|part| part.starts_with("import=")).map(str::to_owned);
    rows["trace"].iter().filter_map(import).collect()
}

#[tokio::test]
async fn an_import_that_waits_for_another_takes_nothing_of_what_that_one_brought() {
    let (stage, path) = stage(Kind::Postgres).await;
    // The first is at work, and everybody else waits.
    let first = stage.world.store.begin("test").await.unwrap();
    first.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({BRINGING_IN})")).await.unwrap();
    let office = Office::open(&stage.world.config, &SystemClock).await.unwrap();
    let second = tokio::spawn(async move { office.silent_import(Source::Events, &path, morning(ON)).await.unwrap() });
    let waits = "SELECT 1 AS waits FROM pg_locks JOIN pg_database d ON d.oid = database \
        WHERE locktype = 'advisory' AND NOT granted AND d.datname = current_database()";
    let waits = || Statement::from_string(DbBackend::Postgres, waits);
    while stage.world.store.reads().query_one_raw(waits()).await.unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    first.execute_unprepared(ENDS).await.unwrap();
    first.commit().await.unwrap();
    let taken = second.await.unwrap();
    assert_eq!((taken.number, taken.kept, taken.known), (2, 1, 1));
    assert_eq!(whose(&stage).await, ["import=1", "import=2"]);
}

#[tokio::test]
async fn an_import_takes_nothing_of_one_that_has_ended_between_two_of_its_batches() {
    let (stage, path) = stage(Kind::Sqlite).await;
    // The first ends with the first batch of the second.
    let trigger = format!("CREATE TRIGGER ends AFTER INSERT ON trace BEGIN {ENDS} AND NEW.kind = 'travel'; END");
    let tx = stage.world.store.begin("test").await.unwrap();
    tx.execute_unprepared(&trigger).await.unwrap();
    tx.commit().await.unwrap();
    let taken = stage.import(Source::Events, &path, ON).await;
    assert_eq!((taken.number, taken.kept, taken.known), (2, 1, 1));
    assert_eq!(whose(&stage).await, ["import=1", "import=2"]);
}
