//! Events of other services and household registers, taken from files.
//!
//! **In**: a CSV or Parquet file: of events with the columns `id_number`, `event`, `day`; of a register with `id_number`,
//! `status`, and beside it the day of which it speaks, and perhaps the place whose people it has. Other columns are not read.
//! **Out**: rows of `trace` or `household_statement` for the people who are in the register of pensions, found by the keyed hash
//! of the ID number. **What can go wrong**: a row that can't be read is left out and told by its line and reason; the others are
//! kept. Rows about people who draw nothing here are counted, and no more. A register that is about far fewer people than the
//! one before it is refused, unless whoever brings it says that it is whole. No report holds a value of the file.
//!
//! - The same file again is known by its digest, and adds nothing. The same event in two files is one trace: person, kind and
//!   day are its key. Of two rows of a register about one person the first counts.
//! - An import that is cut short says nothing until it is repeated: traces count, and people are absent from a register, only
//!   when all of a file is in. Where rows of a register were left out, or it is about nobody here, nobody is absent from it.
//! - A register that is refused for being about too few says nothing either. The same file again, with the word that it is whole,
//!   ends as if that had been said at once.
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

use sea_orm::{ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, IntoActiveModel as _};
use sea_orm::{QueryFilter as _, QueryOrder as _};
use sha2::{Digest as _, Sha256};
use time::{Date, OffsetDateTime};
use tokio::sync::mpsc;

#[cfg(test)]
pub(super) use self::fill::BRINGING_IN;
use self::fill::{Counts, Filled, Filling};
use self::rows::Reading;
use crate::clock::to_millis;
use crate::db::silent_entity::silent_import;
use crate::import::Note;
use crate::keys::Role;
use crate::office::{Office, OfficeError};
use crate::year::dates::day_number;
use crate::year::policy::Place;

/// Batches that wait to be written.
const WAITING: usize = 2;
/// Rows that are told one by one; the others are counted.
pub(super) const TOLD: usize = 1_000;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Events of other services.
    Events,
    /// A household register, whole.
    Register(Household),
}

/// A household register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Household {
    /// The day of which it speaks.
    pub day: Date,
    /// It has the people who live by the policy of this place, and says nothing of others; none: everybody.
    pub place: Option<Place>,
    /// Whether it is taken even where it is about far fewer people than the one before.
    pub fewer: bool,
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

impl Household {
    /// One of a day that has everybody.
    pub fn of(day: Date) -> Self {
        Self { day, place: None, fewer: false }
    }
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
            Self::Register(household) => Some(day_number(household.day)),
        }
    }

    /// The place whose people a register has, as it stands in rows.
    fn place(self) -> Option<String> {
        match self {
            Self::Events => None,
            Self::Register(household) => household.place.map(|place| place.to_string()),
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
        let filling = Filling { store: &self.store, source, import: import.number, at: to_millis(now) };
        let filled = filling.fill(&mut receive, interrupted).await;
        // The reader ends when nobody receives any more.
        drop(receive);
        let read = reader.await.map_err(|_| unreadable(path, "it is damaged"));
        let (filled, read) = (filled?, read?.map_err(|why| unreadable(path, &why))?);
        match filled {
            Filled::Cut => Ok(Taken { number: import.number, ..Taken::default() }),
            Filled::TooFew { matched, before } => Err(OfficeError::Refused(format!(
                "this register has {matched} rows about people here, and the newest one before it had {before}; check that the \
                 file is whole, and if it is, repeat the import with --fewer"
            ))),
            Filled::Ended(counts) => Ok(taken(&counted(import, counts, now), false, read.notes)),
        }
    }

    async fn silent_import_begin(
        &self,
        source: Source,
        digest: Vec<u8>,
        now: OffsetDateTime,
    ) -> Result<silent_import::Model, OfficeError> {
        use silent_import::{Column, Entity};
        let tx = self.store.begin("silent import").await?;
        let known = Entity::find().filter(Column::Digest.eq(digest.clone())).one(&*tx).await?;
        if let Some(ended) = known.as_ref().filter(|known| known.ended_at.is_some()) {
            return Ok(ended.clone());
        }
        // Also where the file is known: another may have come between its being cut short and now.
        if let Source::Register(household) = source
            && is_taken(&*tx, household).await?
        {
            let of = household.place.map(|place| format!(" for {place}")).unwrap_or_default();
            return Err(OfficeError::Refused(format!(
                "there is a register of {}{of} already; a corrected one is given the day on which it was made",
                household.day
            )));
        }
        if let Some(known) = known {
            return Ok(known);
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
            place: source.place(),
        };
        Entity::insert(import.clone().into_active_model()).exec_without_returning(&*tx).await?;
        tx.commit().await?;
        Ok(import)
    }
}

/// Whether there is a register of the same day for the same place.
async fn is_taken(db: &impl ConnectionTrait, household: Household) -> Result<bool, DbErr> {
    use silent_import::{Column, Entity};
    let place = match household.place {
        Some(place) => Column::Place.eq(place.to_string()),
        None => Column::Place.is_null(),
    };
    let other = Entity::find().filter(Column::OnDay.eq(day_number(household.day))).filter(place);
    Ok(other.filter(Column::EndedAt.is_not_null()).one(db).await?.is_some())
}

/// The row of an import that has ended.
fn counted(import: silent_import::Model, counts: Counts, now: OffsetDateTime) -> silent_import::Model {
    let Counts { kept, known, nobody, left_out } = counts;
    silent_import::Model { ended_at: Some(to_millis(now)), kept, known, nobody, left_out, ..import }
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
    if let Some(place) = source.place() {
        // In front, where those without a place have their kind: none of them can come to the same.
        digest.update(format!("place {place} "));
    }
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
