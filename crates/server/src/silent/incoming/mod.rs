//! Events of other services and household registers, taken from files.
//!
//! **In**: a CSV or Parquet file: of events with the columns `id_number`, `event`, `day`; of a register with `id_number`,
//! `status`, and the day of which it speaks beside. Other columns are not read. **Out**: rows of `trace` or
//! `household_statement` for the people who are in the register of pensions, found by the keyed hash of the ID number.
//! **What can go wrong**: a row that can't be read is left out and told by its line and reason; the others are kept. Rows about
//! people who draw nothing here are counted, and no more. No report holds a value of the file.
//!
//! - The same file again is known by its digest, and adds nothing. The same event in two files is one trace: person, kind and
//!   day are its key. Of two rows of a register about one person the first counts.
//! - An import that is cut short says nothing until it is repeated: traces count, and people are absent from a register, only
//!   when all of a file is in. Where rows of a register were left out, nobody is absent from it.
//! - Rows are read and hashed on a thread of their own and come in batches; memory holds a few of them, however long the
//!   file is. PostgreSQL takes the whole file in one transaction, SQLite a batch at a time, so that the service beside it can
//!   write in between.

mod fill;
mod from_csv;
mod from_parquet;
mod rows;

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use sea_orm::{IntoActiveModel as _, QueryOrder as _};
use sha2::{Digest as _, Sha256};
use time::{Date, OffsetDateTime};
use tokio::sync::mpsc;

use self::fill::{Counts, fill};
use self::rows::Reading;
use crate::clock::to_millis;
use crate::db::silent_entity::silent_import;
use crate::import::Note;
use crate::keys::Role;
use crate::office::{Office, OfficeError};
use crate::year::dates::{day_number, numbered_day};

/// Batches that wait to be written.
const WAITING: usize = 2;
/// Rows that are told one by one; the others are counted.
pub(super) const TOLD: usize = 1_000;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Events of other services.
    Events,
    /// A household register of this day, whole.
    Register(Date),
}

/// What came of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// Names the import.
    pub number: i64,
    /// Whether the file had been taken before; then nothing was done, and the figures are those of then.
    pub before: bool,
    /// Rows that it added.
    pub kept: u64,
    /// Rows that were there already.
    pub known: u64,
    /// Rows about people who are not in the register of pensions.
    pub nobody: u64,
    /// Rows that could not be read.
    pub left_out: u64,
    /// The first thousand of those, with their reasons.
    pub notes: Vec<Note>,
}

impl Source {
    fn kind(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Register(_) => "register",
        }
    }

    fn day(self) -> Option<i64> {
        match self {
            Self::Events => None,
            Self::Register(day) => Some(day_number(day)),
        }
    }
}

impl Office {
    /// Takes a file.
    pub async fn silent_import(&self, source: Source, path: &Path, now: OffsetDateTime) -> Result<Taken, OfficeError> {
        self.silent_import_until(source, path, now, &|| false).await
    }

    /// The same; `interrupted` is asked before a batch is made durable.
    pub(crate) async fn silent_import_until(
        &self,
        source: Source,
        path: &Path,
        now: OffsetDateTime,
        interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Result<Taken, OfficeError> {
        if source.day().is_some_and(|day| day > day_number(now.date())) {
            return Err(OfficeError::Refused("a register speaks of a day that has not come; check --on".to_owned()));
        }
        let digest = digest(source, path)?;
        let import = self.silent_import_begin(source, digest, now).await?;
        if import.ended_at.is_some() {
            return Ok(taken(&import, true, Vec::new()));
        }
        let reading = Reading::open(source, path, now.date(), self.keys.all(Role::IdHash).to_vec())?;
        let (send, mut receive) = mpsc::channel(WAITING);
        let reader = tokio::task::spawn_blocking(move || reading.run(&send));
        let unfinished = self.silent_unfinished(import.number).await?;
        let filled = fill(&self.store, source, import.number, &unfinished, &mut receive, interrupted).await;
        // The reader ends when nobody receives any more.
        drop(receive);
        let read = reader.await.map_err(|_| unreadable(path, "it is damaged"));
        let (Some(counts), read) = (filled?, read?.map_err(|why| unreadable(path, &why))?) else {
            return Ok(Taken { number: import.number, ..Taken::default() });
        };
        let left_out = i64::try_from(read.left_out).unwrap_or(i64::MAX);
        let ended = self.silent_import_end(import, counts, left_out, now).await?;
        Ok(taken(&ended, false, read.notes))
    }

    /// Other imports that were cut short.
    async fn silent_unfinished(&self, but: i64) -> Result<Vec<i64>, OfficeError> {
        use silent_import::{Column, Entity};
        let unfinished = Entity::find().filter(Column::EndedAt.is_null()).filter(Column::Number.ne(but));
        let unfinished = unfinished.all(self.store.reads()).await?;
        Ok(unfinished.into_iter().map(|import| import.number).collect())
    }

    async fn silent_import_begin(
        &self,
        source: Source,
        digest: Vec<u8>,
        now: OffsetDateTime,
    ) -> Result<silent_import::Model, OfficeError> {
        use silent_import::{Column, Entity};
        let tx = self.store.begin("silent import").await?;
        if let Some(known) = Entity::find().filter(Column::Digest.eq(digest.clone())).one(&*tx).await? {
            return Ok(known);
        }
        if let Some(day) = source.day() {
            let other = Entity::find().filter(Column::OnDay.eq(day)).filter(Column::EndedAt.is_not_null());
            if other.one(&*tx).await?.is_some() {
                let day = numbered_day(day);
                return Err(OfficeError::Refused(format!(
                    "there is a register of {day} already; a corrected one is given the day on which it was made"
                )));
            }
        }
        let last = Entity::find().order_by_desc(Column::Number).one(&*tx).await?;
        let import = silent_import::Model {
            number: last.map_or(0, |last| last.number) + 1,
            digest,
            kind: source.kind().to_owned(),
            on_day: source.day(),
            taken_at: to_millis(now),
            ended_at: None,
            kept: 0,
            known: 0,
            nobody: 0,
            left_out: 0,
            thinned_at: None,
            cleared_at: None,
        };
        Entity::insert(import.clone().into_active_model()).exec_without_returning(&*tx).await?;
        tx.commit().await?;
        Ok(import)
    }

    async fn silent_import_end(
        &self,
        import: silent_import::Model,
        counts: Counts,
        left_out: i64,
        now: OffsetDateTime,
    ) -> Result<silent_import::Model, OfficeError> {
        let ended = silent_import::Model {
            ended_at: Some(to_millis(now)),
            kept: counts.kept,
            known: counts.matched - counts.kept,
            nobody: counts.rows - counts.matched,
            left_out,
            ..import
        };
        let tx = self.store.begin("silent import ends").await?;
        let row = silent_import::ActiveModel {
            number: Set(ended.number),
            ended_at: Set(ended.ended_at),
            kept: Set(ended.kept),
            known: Set(ended.known),
            nobody: Set(ended.nobody),
            left_out: Set(ended.left_out),
            ..Default::default()
        };
        row.update(&*tx).await?;
        tx.commit().await?;
        Ok(ended)
    }
}

fn taken(row: &silent_import::Model, before: bool, notes: Vec<Note>) -> Taken {
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    Taken {
        number: row.number,
        before,
        kept: count(row.kept),
        known: count(row.known),
        nobody: count(row.nobody),
        left_out: count(row.left_out),
        notes,
    }
}

/// Names a file by what it holds.
fn digest(source: Source, path: &Path) -> Result<Vec<u8>, OfficeError> {
    let failed = |error: std::io::Error| unreadable(path, &error.to_string());
    let mut file = File::open(path).map_err(failed)?;
    let mut digest = Sha256::new();
    digest.update(source.kind());
    digest.update(source.day().unwrap_or(0).to_be_bytes());
    let mut piece = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut piece).map_err(failed)?;
        match piece.get(..read) {
            Some([]) | None => return Ok(digest.finalize().to_vec()),
            Some(bytes) => digest.update(bytes),
        }
    }
}

/// The file can't be read.
fn unreadable(path: &Path, why: &str) -> OfficeError {
    OfficeError::File(format!("{}: {why}", PathBuf::from(path.file_name().unwrap_or_default()).display()))
}
