//! Reads the values of a TOML file and remembers every fault with its line, so that all are told at once.

use std::fmt;
use std::ops::{Range, RangeInclusive};

use time::{Date, Time};
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use crate::year::names::Named;

/// Something in a policy that cannot stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file, as it was named.
    pub file: String,
    /// Counts from 1.
    pub line: usize,
    /// The key, with the tables above it.
    pub key: String,
    /// What is wrong.
    pub wrong: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}. {}.", self.file, self.line, self.key, self.wrong, self.remedy)
    }
}

/// One file being read.
pub(super) struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    /// Found so far.
    pub(super) faults: Vec<Fault>,
}

/// A table and where it stands.
pub(super) struct Section<'a> {
    table: Option<&'a DeTable<'a>>,
    path: String,
    span: Range<usize>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, faults: Vec::new() }
    }
}

impl Reader<'_> {
    /// The line of a place in the text.
    pub(super) fn line(&self, at: usize) -> usize {
        let before = self.text.as_bytes().get(..at).unwrap_or(self.text.as_bytes());
        before.iter().filter(|byte| **byte == b'\n').count() + 1
    }

    pub(super) fn fault(&mut self, at: usize, key: &str, wrong: impl Into<String>, remedy: impl Into<String>) {
        let line = self.line(at);
        let (file, key) = (self.file.to_owned(), format!("`{key}`"));
        self.faults.push(Fault { file, line, key, wrong: wrong.into(), remedy: remedy.into() });
    }

    /// The file's own table.
    pub(super) fn root<'s>(document: &'s Spanned<DeTable<'s>>) -> Section<'s> {
        Section { table: Some(document.get_ref()), path: String::new(), span: 0..0 }
    }

    /// A key of `section` that is none of `keys` is a fault.
    pub(super) fn only(&mut self, section: &Section<'_>, keys: &[&str]) {
        if let Some(table) = section.table {
            self.known(table, &section.path, keys);
        }
    }

    /// A table that must be there, with no keys but `keys`.
    pub(super) fn section<'s>(&mut self, above: &Section<'s>, key: &str, keys: &[&str]) -> Section<'s> {
        let path = above.path_of(key);
        let (table, span) = match self.value(above, key, &format!("Add a table `[{path}]` with {}", list(keys))) {
            Some(value) => match value.get_ref() {
                DeValue::Table(table) => (Some(table), value.span()),
                _ => {
                    self.fault(value.span().start, &path, "it is not a table", format!("Write `[{path}]`"));
                    (None, value.span())
                }
            },
            None => (None, above.span.clone()),
        };
        if let Some(table) = table {
            self.known(table, &path, keys);
        }
        Section { table, path, span }
    }

    /// The tables of a list of tables; none if it isn't there.
    pub(super) fn sections<'s>(&mut self, above: &Section<'s>, key: &str, keys: &[&str]) -> Vec<Section<'s>> {
        let Some(value) = above.get(key) else { return Vec::new() };
        let remedy = format!("Write `[[{key}]]` before each");
        let Some(array) = self.array(above, key, value, &remedy) else { return Vec::new() };
        let mut sections = Vec::new();
        for item in array {
            let path = above.path_of(key);
            if let DeValue::Table(table) = item.get_ref() {
                self.known(table, &path, keys);
                sections.push(Section { table: Some(table), path, span: item.span() });
            } else {
                self.fault(item.span().start, &path, "it is not a table", &remedy);
            }
        }
        sections
    }

    fn known(&mut self, table: &DeTable<'_>, path: &str, keys: &[&str]) {
        for key in table.keys().filter(|key| !keys.contains(&key.get_ref().as_ref())) {
            let name = if path.is_empty() { key.get_ref().to_string() } else { format!("{path}.{}", key.get_ref()) };
            let remedy = format!("Remove it, or write one of {}", list(keys));
            self.fault(key.span().start, &name, "there is no such key", remedy);
        }
    }

    fn value<'s>(&mut self, section: &Section<'s>, key: &str, remedy: &str) -> Option<&'s Spanned<DeValue<'s>>> {
        let found = section.get(key);
        // A section that is missing itself has been told already.
        if found.is_none() && section.table.is_some() {
            self.fault(section.span.start, &section.path_of(key), "it is missing", remedy);
        }
        found
    }

    /// A whole number within `range`; what it counts is said in `unit`.
    pub(super) fn number<N>(
        &mut self,
        section: &Section<'_>,
        key: &str,
        range: RangeInclusive<i64>,
        unit: &str,
    ) -> Option<N>
    where
        N: TryFrom<i64>,
    {
        let remedy = format!("Write a whole number from {} to {}: {unit}", range.start(), range.end());
        let value = self.value(section, key, &remedy)?;
        let number = value
            .get_ref()
            .as_integer()
            .and_then(|digits| i64::from_str_radix(&digits.as_str().replace('_', ""), digits.radix()).ok());
        let found = number.filter(|number| range.contains(number)).and_then(|number| N::try_from(number).ok());
        if found.is_none() {
            let wrong = number.map_or_else(|| "it is no whole number".to_owned(), |number| format!("it is {number}"));
            self.fault(value.span().start, &section.path_of(key), wrong, remedy);
        }
        found
    }

    /// A number that may be left out; then zero.
    pub(super) fn number_or_zero<N>(&mut self, section: &Section<'_>, key: &str, max: i64, unit: &str) -> N
    where
        N: TryFrom<i64> + Default,
    {
        if section.get(key).is_none() {
            return N::default();
        }
        self.number(section, key, 0..=max, unit).unwrap_or_default()
    }

    /// `true` or `false`; false if left out.
    pub(super) fn flag(&mut self, section: &Section<'_>, key: &str) -> bool {
        let Some(value) = section.get(key) else { return false };
        value.get_ref().as_bool().unwrap_or_else(|| {
            let wrong = "it is neither true nor false";
            self.fault(value.span().start, &section.path_of(key), wrong, "Write `true` or `false`");
            false
        })
    }

    /// A text that isn't empty.
    pub(super) fn text<'s>(&mut self, section: &Section<'s>, key: &str, remedy: &str) -> Option<&'s str> {
        let value = self.value(section, key, remedy)?;
        let text = value.get_ref().as_str().filter(|text| !text.trim().is_empty());
        if text.is_none() {
            self.fault(value.span().start, &section.path_of(key), "it is no text", remedy);
        }
        text
    }

    /// One of a list of words.
    pub(super) fn word<W: Named>(&mut self, section: &Section<'_>, key: &str) -> Option<W> {
        let remedy = format!("Write one of {}", words::<W>());
        let value = self.value(section, key, &remedy)?;
        self.word_in(&section.path_of(key), value, &remedy)
    }

    /// The same; `else_word` if the key is missing.
    pub(super) fn word_or<W: Named + Copy>(&mut self, section: &Section<'_>, key: &str, else_word: W) -> W {
        if section.get(key).is_some() { self.word(section, key).unwrap_or(else_word) } else { else_word }
    }

    /// Some of a list of words, each once, at least one.
    pub(super) fn words<W: Named + PartialEq>(&mut self, section: &Section<'_>, key: &str) -> Vec<W> {
        let remedy = format!("Write a list of some of {}", words::<W>());
        let Some(value) = self.value(section, key, &remedy) else { return Vec::new() };
        let Some(array) = self.array(section, key, value, &remedy) else { return Vec::new() };
        if array.is_empty() {
            self.fault(value.span().start, &section.path_of(key), "it is empty", &remedy);
        }
        let mut found: Vec<W> = Vec::new();
        for item in array {
            let Some(word) = self.word_in(&section.path_of(key), item, &remedy) else { continue };
            if found.contains(&word) {
                let wrong = format!("`{}` is there twice", word.name());
                self.fault(item.span().start, &section.path_of(key), wrong, "Write it once");
            } else {
                found.push(word);
            }
        }
        found
    }

    /// The same; none if the key is missing.
    pub(super) fn words_if_there<W: Named + PartialEq>(&mut self, section: &Section<'_>, key: &str) -> Vec<W> {
        if section.get(key).is_some() { self.words(section, key) } else { Vec::new() }
    }

    fn array<'s>(
        &mut self,
        section: &Section<'s>,
        key: &str,
        value: &'s Spanned<DeValue<'s>>,
        remedy: &str,
    ) -> Option<&'s DeArray<'s>> {
        let array = value.get_ref().as_array();
        if array.is_none() {
            self.fault(value.span().start, &section.path_of(key), "it is no list", remedy);
        }
        array
    }

    fn word_in<W: Named>(&mut self, path: &str, value: &Spanned<DeValue<'_>>, remedy: &str) -> Option<W> {
        let text = value.get_ref().as_str();
        let word = text.and_then(W::named);
        if word.is_none() {
            let wrong = text.map_or_else(|| "it is no text".to_owned(), |text| format!("`{text}` is not known"));
            self.fault(value.span().start, path, wrong, remedy);
        }
        word
    }

    /// A day, written as TOML writes days.
    pub(super) fn date(&mut self, section: &Section<'_>, key: &str) -> Option<Date> {
        let remedy = "Write a day without quotes, such as 2026-01-01";
        let value = self.value(section, key, remedy)?;
        let date = value.get_ref().as_datetime().filter(|moment| moment.time.is_none()).and_then(|moment| moment.date);
        let date = date.and_then(|date| {
            let month = time::Month::try_from(date.month).ok()?;
            Date::from_calendar_date(i32::from(date.year), month, date.day).ok()
        });
        if date.is_none() {
            self.fault(value.span().start, &section.path_of(key), "it is no day", remedy);
        }
        date
    }

    /// A time of day, written as TOML writes them.
    pub(super) fn time(&mut self, section: &Section<'_>, key: &str) -> Option<Time> {
        let remedy = "Write a time without quotes, such as 21:00:00";
        let value = self.value(section, key, remedy)?;
        let time = value.get_ref().as_datetime().filter(|moment| moment.date.is_none()).and_then(|moment| moment.time);
        let time = time.and_then(|time| Time::from_hms(time.hour, time.minute, time.second.unwrap_or(0)).ok());
        if time.is_none() {
            self.fault(value.span().start, &section.path_of(key), "it is no time of day", remedy);
        }
        time
    }
}

impl<'a> Section<'a> {
    /// Where the value of `key` begins, else the section.
    pub(super) fn at(&self, key: &str) -> usize {
        self.get(key).map_or(self.span.start, |value| value.span().start)
    }

    /// `key` with the tables above it.
    pub(super) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn get(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.table?.get(key)
    }
}

fn words<W: Named>() -> String {
    list(&W::ALL.iter().map(|word| word.name()).collect::<Vec<_>>())
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
