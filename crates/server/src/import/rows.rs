//! The lines of a register file, checked.

use std::fs::File;
use std::io::BufReader;
use std::path::{Component, Path, PathBuf};

use csv::{ReaderBuilder, StringRecord};
use jianzai_wire::{Division, IdNumber, Language, Name, ReasonCode};
use time::Date;
use time::macros::format_description;
use zeroize::Zeroizing;

use super::{ImportError, Note};
use crate::year::dates::china;
use crate::year::names::Named as _;
use crate::year::policy::Scheme;

const COLUMNS: [&str; 6] = ["name", "id_number", "insured_place", "residence", "phones", "portrait"];
/// Columns that a file may have; without them, or with an empty field, what is known stays as it is.
const MORE: [&str; 3] = ["scheme", "entitled_from", "family_phones"];

const NO_PHONE: &str = "a phone number has something else than digits, + and -";

/// A row that can be right.
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) name: Name,
    pub(super) id_number: IdNumber,
    pub(super) insured_place: Division,
    pub(super) residence: Division,
    /// One a line.
    pub(super) phones: Zeroizing<String>,
    /// The portrait file, if there is one.
    pub(super) portrait: Option<PathBuf>,
    /// What is drawn.
    pub(super) scheme: Option<Scheme>,
    /// The day since when it is drawn.
    pub(super) entitled_from: Option<Date>,
    /// Of the family, one a line.
    pub(super) family_phones: Option<Zeroizing<String>>,
}

/// The rows of a file.
pub(super) struct Rows {
    reader: csv::Reader<BufReader<File>>,
    /// Where each of [`COLUMNS`] stands.
    places: [usize; 6],
    /// Where each of [`MORE`] stands, if it does.
    more: [Option<usize>; 3],
    folder: PathBuf,
    language: Language,
}

impl Rows {
    pub(super) fn open(path: &Path, language: Language) -> Result<Self, ImportError> {
        let failed = |error: &dyn std::fmt::Display| ImportError::File(format!("{}: {error}", path.display()));
        let file = File::open(path).map_err(|error| failed(&error))?;
        let mut reader = ReaderBuilder::new().flexible(true).from_reader(BufReader::new(file));
        let headers = reader.headers().map_err(|error| failed(&error))?;
        let find =
            |column: &str| headers.iter().position(|header| header.trim().trim_start_matches('\u{feff}') == column);
        let place =
            |column: &str| find(column).ok_or_else(|| failed(&format!("the first line has no column `{column}`")));
        let mut places = [0; 6];
        for (place_of, column) in places.iter_mut().zip(COLUMNS) {
            *place_of = place(column)?;
        }
        let more = MORE.map(find);
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self { reader, places, more, folder, language })
    }

    fn row(&self, line: u64, record: &StringRecord) -> Result<Row, Note> {
        let field = |column: usize| {
            let text = self.places.get(column).and_then(|place| record.get(*place)).map(str::trim);
            text.ok_or_else(|| Note::new(line, ReasonCode::InputBodyInvalid, "the row has too few columns"))
        };
        let checked = |reason| Note::of(line, reason, self.language);
        Ok(Row {
            line,
            name: Name::parse(field(0)?).map_err(checked)?,
            id_number: IdNumber::parse(field(1)?).map_err(checked)?,
            insured_place: Division::parse(field(2)?).map_err(checked)?,
            residence: Division::parse(field(3)?).map_err(checked)?,
            phones: phones(field(4)?).ok_or_else(|| Note::new(line, ReasonCode::InputBodyInvalid, NO_PHONE))?,
            portrait: self.portrait(line, field(5)?)?,
            scheme: self.more(line, record, 0, "the scheme is not known", Scheme::named)?,
            entitled_from: self.more(line, record, 1, "entitled_from is no day like 2020-01-31", day)?,
            family_phones: self.more(line, record, 2, NO_PHONE, phones)?,
        })
    }

    /// A field of a column that the file may have; `None` if it has not, or the field is empty.
    fn more<T>(
        &self,
        line: u64,
        record: &StringRecord,
        column: usize,
        wrong: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, Note> {
        let place = self.more.get(column).copied().flatten();
        let text = place.and_then(|place| record.get(place)).map(str::trim).filter(|text| !text.is_empty());
        let read = |text| read(text).ok_or_else(|| Note::new(line, ReasonCode::InputBodyInvalid, wrong));
        text.map(read).transpose()
    }

    /// Only files in the CSV's own folder and below it.
    fn portrait(&self, line: u64, text: &str) -> Result<Option<PathBuf>, Note> {
        let path = Path::new(text);
        if path.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
            let sentence = "the portrait must lie in the folder of the file or below it";
            return Err(Note::new(line, ReasonCode::InputBodyInvalid, sentence));
        }
        Ok((!text.is_empty()).then(|| self.folder.join(path)))
    }
}

impl Iterator for Rows {
    type Item = Result<Row, Note>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut record = StringRecord::new();
        let line = self.reader.position().line();
        match self.reader.read_record(&mut record) {
            Ok(false) => None,
            Ok(true) => {
                // Blank lines are skipped by the reader; the record knows where it began.
                let line = record.position().map_or(line, csv::Position::line);
                Some(self.row(line, &record))
            }
            // The reader's own message may quote the line.
            Err(error) => match error.kind() {
                csv::ErrorKind::Io(_) => None,
                csv::ErrorKind::Utf8 { .. } => {
                    Some(Err(Note::new(line, ReasonCode::InputBodyInvalid, "the row is not UTF-8")))
                }
                _ => Some(Err(Note::new(line, ReasonCode::InputBodyInvalid, "the row can't be read as CSV"))),
            },
        }
    }
}

/// A day as `2020-01-31`, not before 1900 and not later than today.
fn day(text: &str) -> Option<Date> {
    let day = Date::parse(text, format_description!("[year]-[month]-[day]")).ok()?;
    let today = china(crate::clock::to_millis(time::OffsetDateTime::now_utc())).date();
    (day.year() >= 1900 && day <= today).then_some(day)
}

fn phones(text: &str) -> Option<Zeroizing<String>> {
    let mut out = Zeroizing::new(String::new());
    for phone in text.split([';', '；', ' ']).map(str::trim).filter(|phone| !phone.is_empty()) {
        let plain = phone.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-'));
        if !plain || !(5..=20).contains(&phone.len()) {
            return None;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(phone);
    }
    Some(out)
}
