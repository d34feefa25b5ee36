//! Links for many at once: for the electronic social-security card, which opens them from its own page, or for a portal.
//!
//! **In**: CSV with a column `id_number`, by which way, for how many days, and whose decision it is. **Out**: CSV with `line`, `result`
//! (`issued`, `refused`), `token`, `until`. **What can go wrong**: a line that can't be right, a person who is not known and one
//! whose place does not open the way are refused alike; the others get theirs. No answer holds a value of the file.
//!
//! Links are told this once and kept nowhere; that one was issued for a person stands in the linked log before it is told. The same
//! file again gives other links that are as good.

use std::io::Read;

use csv::{ReaderBuilder, Writer};
use jianzai_wire::IdNumber;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

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
        let unread = |error: csv::Error| OfficeError::File(format!("the file: {error}"));
        let mut reader = ReaderBuilder::new().flexible(true).from_reader(file);
        let headers = reader.headers().map_err(unread)?;
        let column = headers.iter().position(|header| header.trim().trim_start_matches('\u{feff}') == "id_number");
        let column = column.ok_or_else(|| OfficeError::File("the first line has no column `id_number`".to_owned()))?;
        let until = days_after(now.date(), i64::from(days));
        let mut answers = Writer::from_writer(Vec::new());
        let unwritten = |error: csv::Error| OfficeError::File(format!("the answers: {error}"));
        answers.write_record(["line", "result", "token", "until"]).map_err(unwritten)?;
        let mut done = HandedOut::default();
        let mut records = reader.records();
        loop {
            let mut lines = Vec::new();
            for record in records.by_ref().take(AT_ONCE) {
                let record = record.map_err(unread)?;
                let line = record.position().map_or(0, csv::Position::line);
                lines.push((line, record.get(column).and_then(|text| IdNumber::parse(text.trim()).ok())));
            }
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
        lines: Vec<(u64, Option<IdNumber>)>,
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
            let rules = match who {
                Some(who) => self.rules_of(who).await?,
                None => None,
            };
            let open = rules.is_some_and(|rules| is_open(rules.on(now.date()), channel));
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

    /// The person with a number.
    async fn numbered(&self, number: &IdNumber) -> Result<Option<Uuid>, OfficeError> {
        let by_number = Column::IdHash.is_in(id_hashes(&self.keys, number));
        let found = Entity::find().select_only().column(Column::Id).filter(by_number);
        Ok(found.into_tuple().one(self.store.reads()).await?)
    }
}
