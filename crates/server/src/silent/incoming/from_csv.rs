//! Rows of a CSV file, UTF-8, with a first line that names the columns.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use csv::{ReaderBuilder, StringRecord};

use super::rows::{Next, Raw, RawDay, Rows, columns};
use super::{Source, unreadable};
use crate::office::OfficeError;

const BUFFER: usize = 1 << 18;

pub(super) struct CsvRows {
    reader: csv::Reader<BufReader<File>>,
    record: StringRecord,
    /// Where each column stands.
    places: Vec<usize>,
}

impl CsvRows {
    pub(super) fn open(source: Source, path: &Path) -> Result<Self, OfficeError> {
        let file = File::open(path).map_err(|error| unreadable(path, &error.to_string()))?;
        let mut reader = ReaderBuilder::new().flexible(true).from_reader(BufReader::with_capacity(BUFFER, file));
        let headers = reader.headers().map_err(|_| unreadable(path, "the first line can't be read as UTF-8 CSV"))?;
        let place = |column: &&str| {
            let found = headers.iter().position(|header| header.trim().trim_start_matches('\u{feff}') == *column);
            found.ok_or_else(|| unreadable(path, &format!("the first line has no column `{column}`")))
        };
        let places = columns(source).iter().map(place).collect::<Result<_, _>>()?;
        Ok(Self { reader, record: StringRecord::new(), places })
    }
}

impl Rows for CsvRows {
    fn next(&mut self, row: &mut Raw) -> Result<Next, String> {
        row.line = self.reader.position().line();
        match self.reader.read_record(&mut self.record) {
            Ok(false) => return Ok(Next::End),
            Ok(true) => {}
            // The reader's own message may quote the line.
            Err(error) if matches!(error.kind(), csv::ErrorKind::Io(_)) => {
                return Err("it can't be read to its end".to_owned());
            }
            Err(error) if matches!(error.kind(), csv::ErrorKind::Utf8 { .. }) => {
                return Ok(Next::Malformed("the row is not UTF-8"));
            }
            Err(_) => return Ok(Next::Malformed("the row can't be read as CSV")),
        }
        row.line = self.record.position().map_or(row.line, csv::Position::line);
        let mut fields = self.places.iter().map(|place| self.record.get(*place));
        let (Some(Some(number)), Some(Some(word))) = (fields.next(), fields.next()) else {
            return Ok(Next::Malformed("the row has too few columns"));
        };
        row.id_number.clear();
        row.id_number.push_str(number);
        row.word.clear();
        row.word.push_str(word.trim());
        row.day = match fields.next() {
            None => RawDay::None,
            Some(Some(day)) => RawDay::Text(day.to_owned()),
            Some(None) => return Ok(Next::Malformed("the row has too few columns")),
        };
        Ok(Next::Row)
    }
}
