//! Rows of a Parquet file: plain, Snappy or gzip; text as strings, the day as a date, a timestamp or text.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;
use parquet::record::reader::RowIter;
use parquet::schema::types::Type;

use super::rows::{Next, Raw, RawDay, Rows, columns};
use super::{Source, unreadable};
use crate::office::OfficeError;

const DAY_MS: i64 = 86_400_000;

pub(super) struct ParquetRows {
    rows: RowIter<'static>,
    /// Where each of number, word and day stands among the columns that are read.
    places: Vec<usize>,
    read: u64,
}

impl ParquetRows {
    pub(super) fn open(source: Source, path: &Path) -> Result<Self, OfficeError> {
        // The library's own messages speak of the file's form, and of no value in it.
        let failed = |error: ParquetError| unreadable(path, &format!("it can't be read as Parquet: {error}"));
        let file = File::open(path).map_err(|error| unreadable(path, &error.to_string()))?;
        let reader = SerializedFileReader::new(file).map_err(failed)?;
        let schema = reader.metadata().file_metadata().schema().clone();
        let wanted = columns(source);
        let fields: Vec<_> =
            schema.get_fields().iter().filter(|field| wanted.contains(&field.name())).cloned().collect();
        let place = |column: &&str| {
            let found = fields.iter().position(|field| field.name() == *column && field.is_primitive());
            found.ok_or_else(|| unreadable(path, &format!("it has no column `{column}`")))
        };
        let places = wanted.iter().map(place).collect::<Result<_, _>>()?;
        let projection = projection(schema.name(), fields.clone()).map_err(failed)?;
        let rows = RowIter::from_file_into(Box::new(reader)).project(Some(projection)).map_err(failed)?;
        Ok(Self { rows, places, read: 0 })
    }
}

fn projection(name: &str, fields: Vec<Arc<Type>>) -> Result<Type, ParquetError> {
    Type::group_type_builder(name).with_fields(fields).build()
}

impl Rows for ParquetRows {
    fn next(&mut self, row: &mut Raw) -> Result<Next, String> {
        let Some(read) = self.rows.next() else { return Ok(Next::End) };
        self.read += 1;
        row.line = self.read;
        let read = read.map_err(|_| format!("row {} can't be read; it is damaged", self.read))?;
        let fields: Vec<&Field> = read.get_column_iter().map(|(_, field)| field).collect();
        let mut fields = self.places.iter().map(|place| fields.get(*place).copied());
        let (Some(number), Some(word)) = (text(fields.next()), text(fields.next())) else {
            return Ok(Next::Malformed("the number, or the event or status, is missing or no text"));
        };
        row.id_number.clear();
        row.id_number.push_str(number);
        row.word.clear();
        row.word.push_str(word.trim());
        row.day = match fields.next().flatten() {
            Some(Field::Str(text)) => RawDay::Text(text.clone()),
            Some(Field::Date(day)) => RawDay::Number(i64::from(*day)),
            Some(Field::TimestampMillis(at)) => RawDay::Number(at.div_euclid(DAY_MS)),
            Some(Field::TimestampMicros(at)) => RawDay::Number(at.div_euclid(DAY_MS * 1_000)),
            _ => RawDay::None,
        };
        Ok(Next::Row)
    }
}

/// Text, also where the file does not say that the bytes are text.
fn text(field: Option<Option<&Field>>) -> Option<&str> {
    match field?? {
        Field::Str(text) => Some(text),
        Field::Bytes(bytes) => std::str::from_utf8(bytes.data()).ok(),
        _ => None,
    }
}
