//! Batches of checked rows, brought into the tables.
//!
//! **In**: batches. **Out**: rows of those who are in the register of pensions, and how many there were. **What can go wrong**:
//! the database fails: PostgreSQL keeps nothing of the file, SQLite the batches before. Either way the same file again adds
//! what is missing.
//!
//! An event that an import brought which was cut short, and never repeated, passes over to the import that brings it again.
//!
//! Rows come into a table that only this connection sees, and from there by a join with the register into their own: in the
//! order of their keys, so that the indices grow at their end. On PostgreSQL the join is made once, and what is there already is
//! left out beforehand: `ON CONFLICT` looks up every key twice, which takes more than half as long again. So that nobody brings
//! in the same rows meanwhile, imports do this one after another.

use sea_orm::{DbBackend, DbErr};
use tokio::sync::mpsc::Receiver;

use super::Source;
use super::rows::Piece;
use crate::db::Datastore;
use crate::db::bulk::{Bulk, Column, Copy};

/// Rows that SQLite takes in one transaction: about a second, for which others wait. Few in tests, so that there are several.
const AT_ONCE: u64 = if cfg!(test) { 1_000 } else { 100_000 };

/// Rows, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Of the file.
    pub(super) rows: i64,
    /// About people who are in the register of pensions.
    pub(super) matched: i64,
    /// That were added by this import, now or before it was cut short.
    pub(super) kept: i64,
}

/// Locks out other imports in a PostgreSQL database, and nobody else; a number that nothing else of ours uses.
const BRINGING_IN: i64 = 0x6a69_616e_7a61_6903;

/// Why there are no more rows in a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    /// It has enough.
    Next,
    /// That was the file.
    End,
    /// The file can't be read on.
    Failed,
}

/// Fills the tables until there are no more batches; nothing if it was told to stop, or the reading failed.
pub(super) async fn fill(
    store: &Datastore,
    source: Source,
    import: i64,
    unfinished: &[i64],
    from: &mut Receiver<Piece>,
    interrupted: &(dyn Fn() -> bool + Sync),
) -> Result<Option<Counts>, DbErr> {
    let mut counts = Counts::default();
    loop {
        let mut bulk = store.begin_bulk().await?;
        let (rows, until) = stage(&mut bulk, from).await?;
        if until == Until::Failed {
            return Ok(None);
        }
        counts.rows += i64::try_from(rows).unwrap_or(i64::MAX);
        counts.matched += bring_in(&mut bulk, source, import, unfinished).await?;
        bulk.execute("DROP TABLE incoming".to_owned()).await?;
        if interrupted() {
            return Ok(None);
        }
        let ended = until == Until::End;
        if ended {
            let table = table(source);
            counts.kept = bulk.number(format!("SELECT COUNT(*) FROM {table} WHERE import = {import}")).await?;
        }
        let backend = bulk.backend();
        bulk.commit().await?;
        if ended {
            if backend == DbBackend::Postgres {
                analyze(store, source).await?;
            }
            return Ok(Some(counts));
        }
    }
}

/// Without it the next question would be planned as for an empty table.
async fn analyze(store: &Datastore, source: Source) -> Result<(), DbErr> {
    let mut bulk = store.begin_bulk().await?;
    bulk.execute(format!("ANALYZE {}", table(source))).await?;
    bulk.commit().await
}

fn table(source: Source) -> &'static str {
    match source {
        Source::Events => "trace",
        Source::Register(_) => "household_statement",
    }
}

/// Puts rows before the join: all of them on PostgreSQL, some on SQLite. How many rows of the file.
async fn stage(bulk: &mut Bulk, from: &mut Receiver<Piece>) -> Result<(u64, Until), DbErr> {
    let mut rows = 0;
    match bulk {
        Bulk::Postgres(_) => {
            bulk.execute("SET LOCAL work_mem = '256MB'".into()).await?;
            bulk.execute("SET LOCAL jit = off".into()).await?;
            let table = "CREATE TEMP TABLE incoming (hash BYTEA NOT NULL, word TEXT NOT NULL, on_day BIGINT NOT NULL, \
                line BIGINT NOT NULL) ON COMMIT DROP";
            bulk.execute(table.into()).await?;
            let Bulk::Postgres(tx) = bulk else { return Ok((0, Until::Failed)) };
            let mut copy = Copy::begin(tx, "incoming").await?;
            loop {
                let batch = match from.recv().await {
                    Some(Piece::Rows(batch)) => batch,
                    Some(Piece::End) => break,
                    None => return Ok((rows, Until::Failed)),
                };
                rows += batch.rows;
                let entries = batch.hashes.iter().zip(&batch.words).zip(batch.days.iter().zip(&batch.lines));
                for ((hash, word), (day, line)) in entries {
                    copy.row(&[hash, word.as_bytes(), &day.to_be_bytes(), &line.to_be_bytes()]).await?;
                }
            }
            copy.finish().await?;
            bulk.execute("ANALYZE incoming".into()).await?;
            Ok((rows, Until::End))
        }
        Bulk::Sqlite(_) => {
            let table = "CREATE TEMP TABLE incoming (hash BLOB NOT NULL, word TEXT NOT NULL, on_day INTEGER NOT NULL, \
                line INTEGER NOT NULL)";
            bulk.execute(table.into()).await?;
            while rows < AT_ONCE {
                let batch = match from.recv().await {
                    Some(Piece::Rows(batch)) => batch,
                    Some(Piece::End) => return Ok((rows, Until::End)),
                    None => return Ok((rows, Until::Failed)),
                };
                rows += batch.rows;
                let columns = [
                    ("hash", Column::Bytes(batch.hashes)),
                    ("word", Column::Texts(batch.words)),
                    ("on_day", Column::Numbers(batch.days)),
                    ("line", Column::Numbers(batch.lines)),
                ];
                bulk.insert("incoming", &columns).await?;
            }
            Ok((rows, Until::Next))
        }
    }
}

/// The join; how many rows are about people who are in the register of pensions. Of two rows of a register about one person the
/// first counts.
async fn bring_in(bulk: &mut Bulk, source: Source, import: i64, unfinished: &[i64]) -> Result<i64, DbErr> {
    if bulk.backend() == DbBackend::Postgres {
        bulk.execute(format!("SELECT pg_advisory_xact_lock({BRINGING_IN})")).await?;
        if unfinished.is_empty() || matches!(source, Source::Register(_)) {
            return bulk.number(at_once(source, import)).await;
        }
    }
    let matched = "SELECT COUNT(*) FROM incoming i JOIN beneficiary b ON b.id_hash = i.hash";
    let matched = bulk.number(matched.to_owned()).await?;
    bulk.execute(one_by_one(source, import, unfinished)).await?;
    Ok(matched)
}

/// One question that brings in what is not there, and counts what was matched.
fn at_once(source: Source, import: i64) -> String {
    let added = match source {
        Source::Events => format!(
            "INSERT INTO trace (beneficiary_id, kind, on_day, import) \
             SELECT DISTINCT j.id, j.word, j.on_day, {import}::BIGINT FROM joined j WHERE NOT EXISTS ( \
               SELECT FROM trace t WHERE t.beneficiary_id = j.id AND t.kind = j.word AND t.on_day = j.on_day) \
             ORDER BY 1, 2, 3"
        ),
        Source::Register(_) => format!(
            "INSERT INTO household_statement (import, beneficiary_id, status) \
             SELECT DISTINCT ON (j.id) {import}, j.id, j.word FROM joined j WHERE NOT EXISTS ( \
               SELECT FROM household_statement h WHERE h.import = {import} AND h.beneficiary_id = j.id) \
             ORDER BY j.id, j.line"
        ),
    };
    format!(
        "WITH joined AS MATERIALIZED ( \
           SELECT b.id, i.word, i.on_day, i.line FROM incoming i JOIN beneficiary b ON b.id_hash = i.hash), \
         added AS ({added}) SELECT COUNT(*) FROM joined"
    )
}

/// A statement that takes each row as it finds it: there already, brought by an import that was cut short, or new.
fn one_by_one(source: Source, import: i64, unfinished: &[i64]) -> String {
    let join = "FROM incoming i JOIN beneficiary b ON b.id_hash = i.hash WHERE true";
    match source {
        Source::Events => {
            let numbers: Vec<_> = unfinished.iter().map(ToString::to_string).collect();
            let known = match numbers.as_slice() {
                [] => "ON CONFLICT DO NOTHING".to_owned(),
                numbers => format!(
                    "ON CONFLICT (beneficiary_id, kind, on_day) DO UPDATE SET import = excluded.import \
                     WHERE trace.import IN ({})",
                    numbers.join(", ")
                ),
            };
            // A row that is there twice can't be changed twice.
            format!(
                "INSERT INTO trace (beneficiary_id, kind, on_day, import) \
                 SELECT DISTINCT b.id, i.word, i.on_day, {import} {join} ORDER BY 1, 2, 3 {known}"
            )
        }
        Source::Register(_) => format!(
            "INSERT INTO household_statement (import, beneficiary_id, status) \
             SELECT {import}, b.id, i.word {join} ORDER BY b.id, i.line ON CONFLICT DO NOTHING"
        ),
    }
}
