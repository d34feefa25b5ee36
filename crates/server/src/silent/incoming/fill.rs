//! Batches of checked rows, brought into the tables.
//!
//! **In**: batches. **Out**: rows of those who are in the register of pensions, how many there were, and the import's row, which
//! ends in the transaction of the last of them. **What can go wrong**: the database fails, or a register is about too few:
//! PostgreSQL keeps nothing of the file, SQLite the batches before. Either way the same file again adds what is missing.
//!
//! An event that an import brought which was cut short, and never repeated, passes over to the import that brings it again. Which
//! those are is asked in the transaction that brings it in, on PostgreSQL behind the lock: an import that has ended by then
//! keeps what it brought.
//!
//! Rows come into a table that only this connection sees, and from there by a join with the register into their own: in the
//! order of their keys, so that the indices grow at their end. On PostgreSQL the join is made once, and what is there already is
//! left out beforehand: `ON CONFLICT` looks up every key twice, which takes more than half as long again. The order that the index
//! wants also shows what is there twice; a `DISTINCT` without `ON` would be planned as a table of hashes of its own, a quarter of
//! the whole more. So that nobody brings
//! in the same rows meanwhile, imports do this one after another, from the join to the end of the transaction.

use sea_orm::{DbBackend, DbErr};
use tokio::sync::mpsc::Receiver;

use super::rows::Piece;
use super::{Household, Source};
use crate::db::Datastore;
use crate::db::bulk::{Bulk, Column, Copy};
use crate::year::dates::day_number;

/// Rows that SQLite takes in one transaction: about a second, for which others wait. Few in tests, so that there are several.
const AT_ONCE: u64 = if cfg!(test) { 1_000 } else { 100_000 };

/// Rows of a file, counted, as they stand in the row of the import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    /// That were added by this import, now or before it was cut short.
    pub(super) kept: i64,
    /// That were there already.
    pub(super) known: i64,
    /// About people who are not in the register of pensions.
    pub(super) nobody: i64,
    /// That could not be read.
    pub(super) left_out: i64,
}

/// What came of the batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filled {
    /// All is in, and the import has ended.
    Ended(Counts),
    /// It was told to stop, or the reading failed.
    Cut,
    /// A register has less than the share [`LEAST`] of the rows that the one before had: it has not ended.
    TooFew {
        /// Its rows about people who are in the register of pensions.
        matched: i64,
        /// Those of the one before.
        before: i64,
    },
}

/// So many of so many: from one whole register to the next fewer people get lost than that, and a file that broke off has lost
/// more.
const LEAST: (i64, i64) = (9, 10);

/// Locks out other imports in a PostgreSQL database, and nobody else; a number that nothing else of ours uses.
pub(in crate::silent) const BRINGING_IN: i64 = 0x6a69_616e_7a61_6903;

/// Why there are no more rows in a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    /// It has enough.
    Next,
    /// That was the file, and so many of its rows could not be read.
    End(u64),
    /// The file can't be read on.
    Failed,
}

/// Where batches go.
pub(super) struct Filling<'a> {
    pub(super) store: &'a Datastore,
    pub(super) source: Source,
    /// The import's number.
    pub(super) import: i64,
    /// The moment at which it ends.
    pub(super) at: i64,
}

impl Filling<'_> {
    /// Fills the tables until there are no more batches.
    pub(super) async fn fill(
        &self,
        from: &mut Receiver<Piece>,
        interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Result<Filled, DbErr> {
        let (mut rows, mut matched) = (0, 0);
        loop {
            let mut bulk = self.store.begin_bulk().await?;
            let (staged, until) = stage(&mut bulk, from).await?;
            if until == Until::Failed {
                return Ok(Filled::Cut);
            }
            rows += count(staged);
            matched += bring_in(&mut bulk, self.source, self.import).await?;
            bulk.execute("DROP TABLE incoming".to_owned()).await?;
            if interrupted() {
                return Ok(Filled::Cut);
            }
            let Until::End(left_out) = until else {
                bulk.commit().await?;
                continue;
            };
            if let Some(before) = self.before(&mut bulk).await?.filter(|before| matched * LEAST.1 < before * LEAST.0) {
                return Ok(Filled::TooFew { matched, before });
            }
            let counts = self.end(&mut bulk, rows, matched, count(left_out)).await?;
            bulk.commit().await?;
            return Ok(Filled::Ended(counts));
        }
    }

    /// Rows about people here of the newest register for the same place before this one; none where this one need not be held
    /// against it.
    async fn before(&self, bulk: &mut Bulk) -> Result<Option<i64>, DbErr> {
        let Source::Register(Household { day, place, fewer: false }) = self.source else { return Ok(None) };
        let place = place.map_or("place IS NULL".to_owned(), |place| format!("place = '{place}'"));
        let newest = format!(
            "SELECT kept + known FROM silent_import WHERE ended_at IS NOT NULL AND on_day < {} AND {place} \
             ORDER BY on_day DESC, number DESC LIMIT 1",
            day_number(day)
        );
        bulk.number(format!("SELECT COALESCE(({newest}), 0)")).await.map(Some)
    }

    /// Ends the import: from now on it counts.
    async fn end(&self, bulk: &mut Bulk, rows: i64, matched: i64, left_out: i64) -> Result<Counts, DbErr> {
        let (table, import, at) = (table(self.source), self.import, self.at);
        let kept = bulk.number(format!("SELECT COUNT(*) FROM {table} WHERE import = {import}")).await?;
        let counts = Counts { kept, known: matched - kept, nobody: rows - matched, left_out };
        let Counts { known, nobody, .. } = counts;
        // Where the same file was brought twice at once, whoever was first has ended it.
        let ended = format!(
            "UPDATE silent_import SET ended_at = {at}, kept = {kept}, known = {known}, nobody = {nobody}, \
             left_out = {left_out} WHERE number = {import} AND ended_at IS NULL"
        );
        bulk.execute(ended).await?;
        if bulk.backend() == DbBackend::Postgres {
            // Without it the next question would be planned as for an empty table.
            bulk.execute(format!("ANALYZE {table}")).await?;
        }
        Ok(counts)
    }
}

fn count(rows: u64) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
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
            let left_out = loop {
                let batch = match from.recv().await {
                    Some(Piece::Rows(batch)) => batch,
                    Some(Piece::End { left_out }) => break left_out,
                    None => return Ok((rows, Until::Failed)),
                };
                rows += batch.rows;
                let entries = batch.hashes.iter().zip(&batch.words).zip(batch.days.iter().zip(&batch.lines));
                for ((hash, word), (day, line)) in entries {
                    copy.row(&[hash, word.as_bytes(), &day.to_be_bytes(), &line.to_be_bytes()]).await?;
                }
            };
            copy.finish().await?;
            bulk.execute("ANALYZE incoming".into()).await?;
            Ok((rows, Until::End(left_out)))
        }
        Bulk::Sqlite(_) => {
            let table = "CREATE TEMP TABLE incoming (hash BLOB NOT NULL, word TEXT NOT NULL, on_day INTEGER NOT NULL, \
                line INTEGER NOT NULL)";
            bulk.execute(table.into()).await?;
            while rows < AT_ONCE {
                let batch = match from.recv().await {
                    Some(Piece::Rows(batch)) => batch,
                    Some(Piece::End { left_out }) => return Ok((rows, Until::End(left_out))),
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
async fn bring_in(bulk: &mut Bulk, source: Source, import: i64) -> Result<i64, DbErr> {
    let cut_short = cut_short(import);
    if bulk.backend() == DbBackend::Postgres {
        bulk.execute(format!("SELECT pg_advisory_xact_lock({BRINGING_IN})")).await?;
        // A statement sees what was there when it began: only one that begins behind the lock knows who has ended.
        let others = bulk.number(format!("SELECT COUNT(*) FROM ({cut_short}) others")).await?;
        if others == 0 || matches!(source, Source::Register(_)) {
            return bulk.number(at_once(source, import)).await;
        }
    }
    let matched = "SELECT COUNT(*) FROM incoming i JOIN beneficiary b ON b.id_hash = i.hash";
    let matched = bulk.number(matched.to_owned()).await?;
    bulk.execute(one_by_one(source, import, &cut_short)).await?;
    Ok(matched)
}

/// The other imports of events that were cut short.
fn cut_short(but: i64) -> String {
    format!(
        "SELECT number FROM silent_import WHERE kind = '{}' AND ended_at IS NULL AND number <> {but}",
        Source::Events.kind()
    )
}

/// One question that brings in what is not there, and counts what was matched.
fn at_once(source: Source, import: i64) -> String {
    let added = match source {
        Source::Events => format!(
            "INSERT INTO trace (beneficiary_id, kind, on_day, import) \
             SELECT DISTINCT ON (j.id, j.word, j.on_day) j.id, j.word, j.on_day, {import}::BIGINT \
             FROM joined j WHERE NOT EXISTS ( \
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
fn one_by_one(source: Source, import: i64, cut_short: &str) -> String {
    let join = "FROM incoming i JOIN beneficiary b ON b.id_hash = i.hash WHERE true";
    match source {
        // A row that is there twice can't be changed twice.
        Source::Events => format!(
            "INSERT INTO trace (beneficiary_id, kind, on_day, import) \
             SELECT DISTINCT b.id, i.word, i.on_day, {import} {join} ORDER BY 1, 2, 3 \
             ON CONFLICT (beneficiary_id, kind, on_day) DO UPDATE SET import = excluded.import \
             WHERE trace.import IN ({cut_short})"
        ),
        Source::Register(_) => format!(
            "INSERT INTO household_statement (import, beneficiary_id, status) \
             SELECT {import}, b.id, i.word {join} ORDER BY b.id, i.line ON CONFLICT DO NOTHING"
        ),
    }
}
