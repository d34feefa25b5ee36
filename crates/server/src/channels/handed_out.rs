//! Links for many at once: for the electronic social-security card, which opens them from its own page, or for a portal.
//!
//! **In**: CSV with a column `id_number`, by which way, for how many days, and whose decision it is. **Out**: CSV with `line`, `result`
//! (`issued`, `refused`), `token`, `until`. **What can go wrong**: a line that can't be right, a person who is not known, one
//! whose place does not open the way and one about whom what is kept can't be read (the log says who) are refused alike; the others
//! get theirs. No answer holds a value of the file. A file that can't be read to its end gives no links: it is read before the first
//! is issued.
//!
//! Links are told this once and kept nowhere; that one was issued for a person stands in the linked log before it is told. The same
//! file again gives other links that are as good.

use std::io::Read;

use csv::{ReaderBuilder, Writer};
use jianzai_wire::IdNumber;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::batch::{is_of_one_person, unreadable};
use super::link::{Link, is_open, token};
use crate::audit::{self, Action, Entry};
use crate::clock::to_millis;
use crate::db::entity::beneficiary::{Column, Entity};
use crate::office::{Office, OfficeError};
use crate::register::id_hashes;
use crate::year::channel::Channel;
use crate::year::dates::days_after;
use crate::year::names::Named as _;

/// Lines answered together.
const AT_ONCE: usize = 200;

/// What came of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HandedOut {
    /// Links issued.
    pub issued: u64,
    /// Lines refused.
    pub refused: u64,
    /// A line for every line, CSV.
    pub answers: String,
}

/// A line by its number, and the ID number on it if it can be one.
type Wanted = (u64, Option<IdNumber>);

/// What a line came to.
struct Answered {
    line: u64,
    link: Option<(Uuid, String)>,
}

impl Office {
    /// Issues a link for each line.
    pub async fn links_for(
        &self,
        file: impl Read,
        channel: Channel,
        days: u8,
        by: Uuid,
        now: OffsetDateTime,
    ) -> Result<HandedOut, OfficeError> {
        let mut wanted = wanted(file)?.into_iter();
        let until = days_after(now.date(), i64::from(days));
        let mut answers = Writer::from_writer(Vec::new());
        let unwritten = |error: csv::Error| OfficeError::File(format!("the answers: {error}"));
        answers.write_record(["line", "result", "token", "until"]).map_err(unwritten)?;
        let mut done = HandedOut::default();
        loop {
            let lines: Vec<_> = wanted.by_ref().take(AT_ONCE).collect();
            if lines.is_empty() {
                break;
            }
            for Answered { line, link } in self.hand_out(lines, channel, until, by, now).await? {
                let (result, token, until) = match link {
                    Some((_, token)) => ("issued", token, until.to_string()),
                    None => ("refused", String::new(), String::new()),
                };
                *(if result == "issued" { &mut done.issued } else { &mut done.refused }) += 1;
                answers.write_record([line.to_string().as_str(), result, &token, &until]).map_err(unwritten)?;
            }
        }
        let bytes = answers.into_inner().map_err(|error| OfficeError::File(format!("the answers: {error}")))?;
        done.answers = String::from_utf8(bytes).map_err(|error| OfficeError::File(error.to_string()))?;
        Ok(done)
    }

    async fn hand_out(
        &self,
        lines: Vec<Wanted>,
        channel: Channel,
        until: Date,
        by: Uuid,
        now: OffsetDateTime,
    ) -> Result<Vec<Answered>, OfficeError> {
        let mut answered = Vec::new();
        for (line, number) in lines {
            let who = match number {
                Some(number) => self.numbered(&number).await?,
                None => None,
            };
            let open = match who {
                Some(who) => self.has_open(who, channel, now.date()).await?,
                None => false,
            };
            let link = match who.filter(|_| open) {
                Some(beneficiary) => Some((beneficiary, token(&self.keys, &Link { beneficiary, channel, until })?)),
                None => None,
            };
            answered.push(Answered { line, link });
        }
        let issued = answered.iter().filter_map(|answer| answer.link.as_ref());
        let entry = |(who, _): &(Uuid, String)| Entry::of(Action::LinkIssued, *who).by(by).detail(channel.name());
        let entries = issued.map(entry).collect();
        let tx = self.store.begin("links handed out").await?;
        audit::append_all(&tx, to_millis(now), entries).await?;
        tx.commit().await?;
        Ok(answered)
    }

    /// Whether the place of somebody opens a way; not where what is kept about them can't be read.
    async fn has_open(&self, who: Uuid, channel: Channel, today: Date) -> Result<bool, OfficeError> {
        match self.rules_of(who).await {
            Ok(rules) => Ok(rules.is_some_and(|rules| is_open(rules.on(today), channel))),
            Err(error) if is_of_one_person(&error) => {
                unreadable(who, &error);
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// The person with a number.
    async fn numbered(&self, number: &IdNumber) -> Result<Option<Uuid>, OfficeError> {
        let by_number = Column::IdHash.is_in(id_hashes(&self.keys, number));
        let found = Entity::find().select_only().column(Column::Id).filter(by_number);
        Ok(found.into_tuple().one(self.store.reads()).await?)
    }
}

/// All that a file asks for.
fn wanted(file: impl Read) -> Result<Vec<Wanted>, OfficeError> {
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(file);
    let headers = reader.headers().map_err(|error| OfficeError::File(format!("the first line: {error}")))?;
    let column = headers.iter().position(|header| header.trim().trim_start_matches('\u{feff}') == "id_number");
    let column = column.ok_or_else(|| OfficeError::File("the first line has no column `id_number`".to_owned()))?;
    let mut wanted = Vec::new();
    for record in reader.records() {
        wanted.push(match record {
            Ok(record) => {
                let number = record.get(column).and_then(|text| IdNumber::parse(text.trim()).ok());
                (record.position().map_or(0, csv::Position::line), number)
            }
            // The reader's own message may quote the line.
            Err(error) if error.is_io_error() => {
                return Err(OfficeError::File("the file can't be read to its end".to_owned()));
            }
            Err(error) => (error.position().map_or(0, csv::Position::line), None),
        });
    }
    Ok(wanted)
}
