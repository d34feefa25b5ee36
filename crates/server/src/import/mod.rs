//! `jianzai-server import`: a register from a CSV file.
//!
//! **In**: a file with the columns `name`, `id_number`, `insured_place`, `residence`, `phones` (several: `;` between) and
//! `portrait` (a JPEG or PNG file, relative to the CSV), in any order, UTF-8; it may also have `scheme` (such as
//! `resident_pension`; else the employees' pension) and `entitled_from` (the day since when it is drawn, or on which the person
//! was last known to live: their first cycle begins there; without it, on the day of the import, so that nobody is overdue
//! because the service is new), and `family_phones` (as `phones`; they are reminded where the place reminds families). Places as
//! six digits or by name. **Out**:
//! the rows in the register, sealed, each portrait with its face print. **What can go wrong**: a row that can't be right
//! is left out and reported by its line and reason; the others are kept. No report holds a value of the file. A row
//! whose portrait can't be used is kept, and that is reported too.
//!
//! The same file again changes nothing. A row whose person is known replaces what is known, except that an empty portrait
//! leaves the old one.

mod drawn;
pub(crate) mod portrait;
mod rows;
mod store;

use std::collections::HashMap;
use std::path::Path;

use jianzai_face::ModelError;
use jianzai_wire::{Language, ReasonCode};

use self::portrait::Portraits;
use self::rows::Rows;
use crate::clock::Clock;
use crate::columns::{NotOpened, NotSealed};
use crate::config::Config;
use crate::keys::{KeysError, Role};
use crate::{durable, installation, register};

/// Rows written in one transaction: few enough not to hold up a service that is running beside.
const BATCH: usize = 500;

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Rows of people who were not known.
    pub added: u32,
    /// Rows that changed what was known.
    pub updated: u32,
    /// Rows that were known as they are.
    pub unchanged: u32,
    /// Rows that were left out.
    pub left_out: Vec<Note>,
    /// Rows that were kept, but whose portrait can't be used or is poor.
    pub portraits: Vec<Note>,
}

/// Something about one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Line of the file, counted from 1; the header is line 1.
    pub line: u64,
    /// The reason.
    pub reason: ReasonCode,
    /// What the matter is, in a sentence that holds no value of the file.
    pub sentence: String,
}

impl Note {
    pub(crate) fn new(line: u64, reason: ReasonCode, sentence: &str) -> Self {
        Self { line, reason, sentence: sentence.to_owned() }
    }

    pub(crate) fn of(line: u64, reason: ReasonCode, language: Language) -> Self {
        Self::new(line, reason, reason.words(language).sentence)
    }
}

/// Why nothing more could be imported. Rows before it may have been kept; the same file may be imported again.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file can't be read, or its first line is not as it must be.
    #[error("{0}")]
    File(String),
    /// The data folder can't be used.
    #[error("the data folder can't be used: {0}")]
    Folder(#[from] std::io::Error),
    /// The keys can't be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[from] sea_orm::DbErr),
    /// A value could not be sealed.
    #[error(transparent)]
    NotSealed(#[from] NotSealed),
    /// A value that was kept can't be opened: its key is gone, or the row was altered.
    #[error(transparent)]
    NotOpened(#[from] NotOpened),
    /// The networks that read portraits can't be used.
    #[error(transparent)]
    Models(#[from] ModelError),
}

/// Imports a file. Computes faces on the calling thread, a tenth of a second for each new portrait.
pub async fn import(config: &Config, clock: &dyn Clock, csv: &Path, language: Language) -> Result<Report, ImportError> {
    durable::private_folder(&config.data)?;
    let (database, keys) = installation::open::<ImportError>(config, clock).await?;
    let mut portraits = Portraits::new(&config.models);
    let mut report = Report::default();
    let key = keys.current(Role::IdHash).ok_or(NotSealed)?;
    let mut lines = HashMap::new();
    let mut rows = Rows::open(csv, language)?;
    loop {
        let mut batch = Vec::new();
        while batch.len() < BATCH {
            let Some(row) = rows.next() else { break };
            match row {
                Ok(row) => match *lines.entry(register::id_hash(key, &row.id_number)).or_insert(row.line) {
                    first if first == row.line => batch.push(row),
                    first => {
                        let sentence = format!("the person of line {first} again; the first is kept");
                        report.left_out.push(Note::new(row.line, ReasonCode::InputBodyInvalid, &sentence));
                    }
                },
                Err(note) => report.left_out.push(note),
            }
        }
        if batch.is_empty() {
            break;
        }
        store::store(&database, &keys, &mut portraits, batch, clock.now(), &mut report).await?;
    }
    database.close().await?;
    Ok(report)
}
