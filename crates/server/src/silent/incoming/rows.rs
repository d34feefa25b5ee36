//! The rows of a file, checked and hashed.
//!
//! **In**: raw rows, from either form of file. **Out**: batches of hashes, words and days. **What can go wrong**: a row can't be
//! right: it is counted and told; the file can't be read on: the reading ends with the reason.

use std::path::Path;

use jianzai_wire::{IdNumber, Language, ReasonCode};
use time::Date;
use time::macros::format_description;
use tokio::sync::mpsc::Sender;
use zeroize::Zeroizing;

use super::from_csv::CsvRows;
use super::from_parquet::ParquetRows;
use super::{Source, TOLD};
use crate::import::Note;
use crate::keys::Key;
use crate::office::OfficeError;
use crate::register::id_hash;
use crate::silent::rules::is_word;
use crate::year::dates::{day_number, numbered_day};

/// Rows of a batch.
const AT_ONCE: usize = if cfg!(test) { 300 } else { 10_000 };
/// Nothing that is looked at happened before 1900-01-01.
const EARLIEST: i64 = -25_567;

/// A row as it stands in the file.
#[derive(Debug, Default)]
pub(super) struct Raw {
    /// Line of a CSV file, counted from 1 with the header; row of a Parquet file, counted from 1.
    pub(super) line: u64,
    pub(super) id_number: Zeroizing<String>,
    /// The event, or the status.
    pub(super) word: String,
    pub(super) day: RawDay,
}

/// A day as it stands in the file.
#[derive(Debug, Default)]
pub(super) enum RawDay {
    /// It has none.
    #[default]
    None,
    /// As text.
    Text(String),
    /// Counted from 1970-01-01.
    Number(i64),
}

/// What came of asking for the next row.
pub(super) enum Next {
    /// There it is.
    Row,
    /// It has not even the form of one; why.
    Malformed(&'static str),
    /// There is none.
    End,
}

/// A form of file.
pub(super) trait Rows: Send {
    /// Reads the next row. An error says why the file can't be read on; it holds no value of it.
    fn next(&mut self, row: &mut Raw) -> Result<Next, String>;
}

/// Checked rows. Where ID numbers are hashed with several keys, each has as many entries.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Rows of the file.
    pub(super) rows: u64,
    pub(super) hashes: Vec<Vec<u8>>,
    pub(super) words: Vec<String>,
    pub(super) days: Vec<i64>,
    pub(super) lines: Vec<i64>,
}

/// What a reading sends.
#[derive(Debug)]
pub(super) enum Piece {
    /// Rows.
    Rows(Batch),
    /// That was all of it, but for the rows that could not be read. A reading that ends without it has failed.
    End {
        /// How many those are.
        left_out: u64,
    },
}

/// What was left out.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) left_out: u64,
    pub(super) notes: Vec<Note>,
}

/// A file that is being read.
pub(super) struct Reading {
    rows: Box<dyn Rows>,
    keys: Vec<Key>,
    today: i64,
    /// Every row's day, of a register.
    day: Option<i64>,
    /// The last ID number and its hashes: files often have one person's rows together.
    last: (Zeroizing<String>, Result<Vec<Vec<u8>>, ReasonCode>),
}

/// The columns that are read, in the order of number, word and day.
pub(super) fn columns(source: Source) -> &'static [&'static str] {
    match source {
        Source::Events => &["id_number", "event", "day"],
        Source::Register(_) => &["id_number", "status"],
    }
}

impl Reading {
    /// Opens a file: one whose name ends in `.parquet` is read as such, every other as CSV.
    pub(super) fn open(source: Source, path: &Path, today: Date, keys: Vec<Key>) -> Result<Self, OfficeError> {
        let is_parquet = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("parquet"));
        let rows: Box<dyn Rows> = match is_parquet {
            true => Box::new(ParquetRows::open(source, path)?),
            false => Box::new(CsvRows::open(source, path)?),
        };
        let last = (Zeroizing::default(), Err(ReasonCode::InputBodyInvalid));
        Ok(Self { rows, keys, today: day_number(today), day: source.day(), last })
    }

    /// Reads to the end, or until nobody receives. Runs on a thread of its own.
    pub(super) fn run(mut self, to: &Sender<Piece>) -> Result<Read, String> {
        let (mut read, mut batch, mut row) = (Read::default(), Batch::default(), Raw::default());
        loop {
            let checked = match self.rows.next(&mut row)? {
                Next::End => break,
                Next::Row => self.check(&row, &mut batch),
                Next::Malformed(why) => Err(Note::new(row.line, ReasonCode::InputBodyInvalid, why)),
            };
            if let Err(note) = checked {
                read.left_out += 1;
                if read.notes.len() < TOLD {
                    read.notes.push(note);
                }
            }
            if batch.hashes.len() >= AT_ONCE {
                let piece = Piece::Rows(std::mem::take(&mut batch));
                if to.blocking_send(piece).is_err() {
                    return Ok(read);
                }
            }
        }
        for piece in [Piece::Rows(batch), Piece::End { left_out: read.left_out }] {
            // Where nobody receives any more, they say why.
            let _ended = to.blocking_send(piece);
        }
        Ok(read)
    }

    fn check(&mut self, row: &Raw, batch: &mut Batch) -> Result<(), Note> {
        let wrong = |sentence: &str| Note::new(row.line, ReasonCode::InputBodyInvalid, sentence);
        if !is_word(&row.word) {
            return Err(wrong("the event or status is no word of a to z, 0 to 9 and _, with at most 40 letters"));
        }
        let day = match self.day {
            Some(day) => day,
            None => self.happened(&row.day).ok_or_else(|| wrong("the day is none like 2026-01-31 up to today"))?,
        };
        if *self.last.0 != *row.id_number {
            let (today, keys) = (numbered_day(self.today), &self.keys);
            let number = IdNumber::parse_on(row.id_number.trim(), today);
            let hashes = number.map(|number| keys.iter().map(|key| id_hash(key, &number).to_vec()).collect());
            self.last = (row.id_number.clone(), hashes);
        }
        let hashes = self.last.1.as_ref().map_err(|reason| Note::of(row.line, *reason, Language::En))?;
        let line = i64::try_from(row.line).unwrap_or(i64::MAX);
        batch.rows += 1;
        for hash in hashes {
            batch.hashes.push(hash.clone());
            batch.words.push(row.word.clone());
            batch.days.push(day);
            batch.lines.push(line);
        }
        Ok(())
    }

    fn happened(&self, day: &RawDay) -> Option<i64> {
        let number = match day {
            RawDay::None => None,
            RawDay::Number(number) => Some(*number),
            RawDay::Text(text) => {
                Date::parse(text.trim(), format_description!("[year]-[month]-[day]")).ok().map(day_number)
            }
        };
        number.filter(|day| (EARLIEST..=self.today).contains(day))
    }
}
