//! Lists of employers and of other offices: a file in, a line out for every line.
//!
//! **In**: CSV with the columns `name`, `id_number` and `proof_date` (such as 2026-03-01), in any order. **Out**: CSV with
//! `line`, `result` (`recorded`, `known`, `waits`, `refused`), `reason`. Good lines are kept, whatever the others are. **What can go
//! wrong**: a line that can't be right is refused by its reason; a person who is not known and a name that is another's are
//! refused alike; of somebody about whom what is kept can't be read the line is refused (`server.internal`), and the log says
//! whose it is. The same file again finds every line known. No answer holds a value of the file.
//!
//! A list that a clerk hands in is held against their area, and each line that names somebody is a read: see
//! [`crate::desk::lists`].

use std::io::Read;

use csv::{ReaderBuilder, StringRecord, Writer};
use jianzai_wire::{IdNumber, Name, ReasonCode};
use sha2::{Digest as _, Sha256};
use time::macros::format_description;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::by_hand::{ByHand, Certified};
use crate::audit::{self, Action, Entry};
use crate::chronicle::rows::{name, of_party};
use crate::clock::to_millis;
use crate::desk::lists::{AtDesk, Looked};
use crate::office::{Office, OfficeError};
use crate::year::channel::Channel;
use crate::year::names::Named as _;
use crate::year::record::{Ground, Party, RecordFault};

/// Lines that are looked up together.
const AT_ONCE: usize = 50;
const COLUMNS: [&str; 3] = ["name", "id_number", "proof_date"];

/// Whose list it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchSource {
    /// By which way it certifies.
    pub channel: Channel,
    /// Who sent it.
    pub by: Party,
    /// The clerk who takes it.
    pub decided_by: Party,
}

/// What came of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BatchReport {
    /// Lines recorded now.
    pub recorded: u64,
    /// Lines that were recorded before.
    pub known: u64,
    /// Lines that wait until another account brings the same.
    pub waits: u64,
    /// Lines that were refused.
    pub refused: u64,
    /// A line for every line, CSV.
    pub answers: String,
}

/// A line of a list: what it says, or why it can't be right.
struct Line {
    number: u64,
    read: Result<Row, &'static str>,
}

/// A line that can be right.
struct Row {
    name: Name,
    number: IdNumber,
    proof_date: Date,
}

impl Office {
    /// Takes a list, whoever it is about.
    pub async fn batch(
        &self,
        source: BatchSource,
        file: impl Read,
        now: OffsetDateTime,
    ) -> Result<BatchReport, OfficeError> {
        self.batch_of(source, None, file, now).await
    }

    /// The same; of people whom a clerk serves, where one hands it in.
    pub(crate) async fn batch_of(
        &self,
        source: BatchSource,
        desk: Option<&AtDesk<'_>>,
        file: impl Read,
        now: OffsetDateTime,
    ) -> Result<BatchReport, OfficeError> {
        let mut reader = ReaderBuilder::new().flexible(true).from_reader(file);
        let headers = reader.headers().map_err(|error| OfficeError::File(format!("the first line: {error}")))?.clone();
        let place = |column: &str| {
            let found = headers.iter().position(|header| header.trim().trim_start_matches('\u{feff}') == column);
            found.ok_or_else(|| OfficeError::File(format!("the first line has no column `{column}`")))
        };
        let places = [place(COLUMNS[0])?, place(COLUMNS[1])?, place(COLUMNS[2])?];
        let mut report = BatchReport::default();
        let mut answers = Writer::from_writer(Vec::new());
        let unwritten = |error: csv::Error| OfficeError::File(format!("the answers: {error}"));
        answers.write_record(["line", "result", "reason"]).map_err(unwritten)?;
        loop {
            let lines = some_lines(&mut reader, places, now.date())?;
            if lines.is_empty() {
                break;
            }
            for (line, result, reason) in self.take(source, desk, lines, now).await? {
                match result {
                    "recorded" => report.recorded += 1,
                    "known" => report.known += 1,
                    "waits" => report.waits += 1,
                    _ => report.refused += 1,
                }
                answers.write_record([line.to_string().as_str(), result, reason]).map_err(unwritten)?;
            }
        }
        self.log_list(source, &report, now).await?;
        let bytes = answers.into_inner().map_err(|error| OfficeError::File(format!("the answers: {error}")))?;
        report.answers = String::from_utf8(bytes).map_err(|error| OfficeError::File(error.to_string()))?;
        Ok(report)
    }

    /// Puts down that a list was taken, and how many lines of it were what.
    async fn log_list(
        &self,
        source: BatchSource,
        report: &BatchReport,
        now: OffsetDateTime,
    ) -> Result<(), OfficeError> {
        let BatchReport { recorded, known, waits, refused, .. } = report;
        let detail = format!("{},{recorded},{known},{refused}", source.channel.name());
        let detail = if *waits > 0 { format!("{detail},waits.{waits}") } else { detail };
        let tx = self.store.begin("list taken").await?;
        let subject = name("sender", &[of_party(source.by).as_bytes()]);
        let entry = Entry::of(Action::BatchTaken, subject).detail(detail);
        audit::append(&tx, to_millis(now), Entry { actor: source.decided_by.account(), ..entry }).await?;
        Ok(tx.commit().await?)
    }

    /// Takes some lines: each with what came of it, and why. Whom they name is looked up beforehand, for all of them.
    async fn take(
        &self,
        source: BatchSource,
        desk: Option<&AtDesk<'_>>,
        lines: Vec<Line>,
        now: OffsetDateTime,
    ) -> Result<Vec<(u64, &'static str, &'static str)>, OfficeError> {
        let rows: Vec<&Row> = lines.iter().filter_map(|line| line.read.as_ref().ok()).collect();
        let mut looked = self.look(desk, &rows, now).await?.into_iter();
        let mut answers = Vec::with_capacity(lines.len());
        for line in &lines {
            let (result, reason) = match &line.read {
                Err(reason) => ("refused", *reason),
                Ok(row) => match looked.next().unwrap_or(Ok(Looked::Nobody)) {
                    Ok(looked) => self.certify_row(source, row, looked, now).await?,
                    Err(reason) => ("refused", reason),
                },
            };
            answers.push((line.number, result, reason));
        }
        Ok(answers)
    }

    /// Whom each row names, or why it is refused.
    async fn look(
        &self,
        desk: Option<&AtDesk<'_>>,
        rows: &[&Row],
        now: OffsetDateTime,
    ) -> Result<Vec<Result<Looked, &'static str>>, OfficeError> {
        let named = rows.iter().map(|row| (&row.name, &row.number));
        if let Some(desk) = desk {
            return Ok(desk.look(self, named, to_millis(now)).await?.into_iter().map(Ok).collect());
        }
        let mut looked = Vec::with_capacity(rows.len());
        for (name, number) in named {
            looked.push(match self.person(name, number).await {
                Ok(found) => Ok(found.map_or(Looked::Nobody, Looked::Found)),
                // The log has been told who it is.
                Err(error) if is_of_one_person(&error) => Err(ReasonCode::ServerInternal.code()),
                Err(error) => return Err(error),
            });
        }
        Ok(looked)
    }

    async fn certify_row(
        &self,
        source: BatchSource,
        row: &Row,
        looked: Looked,
        now: OffsetDateTime,
    ) -> Result<(&'static str, &'static str), OfficeError> {
        let who = match looked {
            Looked::Found(who) => who,
            Looked::Nobody => return Ok(("refused", ReasonCode::IdentityNotConfirmed.code())),
            Looked::TooMany => return Ok(("refused", ReasonCode::LimitTooManyTries.code())),
        };
        let ground = match source.channel.reasons().first() {
            Some(reason) => Ground::Reason(*reason),
            None => Ground::Evidence { kind: source.channel.evidence(), reference: list_of(source, row.proof_date) },
        };
        let how = ByHand {
            channel: source.channel,
            by: source.by,
            decided_by: source.decided_by,
            seconded_by: None,
            proof_date: row.proof_date,
            ground,
        };
        let certified = match self.certify(who, &how, now).await {
            Err(error) if is_of_one_person(&error) => return Ok(("refused", unreadable(who, &error))),
            certified => certified?,
        };
        Ok(match certified {
            Certified::New(_) => ("recorded", ""),
            Certified::Known(_) => ("known", ""),
            Certified::Waits(_) => ("waits", ""),
            Certified::Refused(faults) => ("refused", faults.first().map_or("", |fault| code(*fault))),
            Certified::RecordedDead => ("refused", ReasonCode::DeathRecorded.code()),
            Certified::NoPolicy => ("refused", "policy.none"),
        })
    }
}

/// Whether what failed is what is kept about one person: the others of a list are not touched by it.
pub(crate) fn is_of_one_person(error: &OfficeError) -> bool {
    matches!(error, OfficeError::NotOpened(_) | OfficeError::Unreadable(_))
}

/// Says in the log whose line is refused since what is kept about them can't be read; the code of such a line.
pub(super) fn unreadable(who: Uuid, error: &OfficeError) -> &'static str {
    tracing::error!(beneficiary = %who, %error, "their line of a list is refused");
    ReasonCode::ServerInternal.code()
}

/// The next lines of a list; none at its end.
fn some_lines(reader: &mut csv::Reader<impl Read>, places: [usize; 3], today: Date) -> Result<Vec<Line>, OfficeError> {
    let (mut lines, mut record) = (Vec::new(), StringRecord::new());
    while lines.len() < AT_ONCE {
        let number = reader.position().line();
        let read = match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => row(&record, places, today),
            // The reader's own message may quote the line.
            Err(error) if matches!(error.kind(), csv::ErrorKind::Io(_)) => {
                return Err(OfficeError::File("the list can't be read to its end".to_owned()));
            }
            Err(_) => Err(ReasonCode::InputBodyInvalid.code()),
        };
        lines.push(Line { number: record.position().map_or(number, csv::Position::line), read });
    }
    Ok(lines)
}

/// The paper that a line stands on: the list of that office and that day.
fn list_of(source: BatchSource, day: Date) -> Uuid {
    let digest = Sha256::digest(day.to_string());
    name("list", &[of_party(source.by).as_bytes(), digest.as_slice()])
}

fn row(record: &StringRecord, places: [usize; 3], today: Date) -> Result<Row, &'static str> {
    let field = |place: usize| record.get(place).map(str::trim).ok_or(ReasonCode::InputBodyInvalid.code());
    let [name, number, day] = places;
    let day = Date::parse(field(day)?, format_description!("[year]-[month]-[day]"));
    Ok(Row {
        name: Name::parse(field(name)?).map_err(ReasonCode::code)?,
        number: IdNumber::parse_on(field(number)?, today).map_err(ReasonCode::code)?,
        proof_date: day.map_err(|_| ReasonCode::InputBodyInvalid.code())?,
    })
}

/// The stable code of a fault.
pub(super) fn code(fault: RecordFault) -> &'static str {
    match fault {
        RecordFault::ChannelClosed => "record.channel_closed",
        RecordFault::ProofInFuture => "record.proof_in_future",
        RecordFault::ProofTooOld => "record.proof_too_old",
        RecordFault::WrongGround => "record.wrong_ground",
        RecordFault::WrongParty => "record.wrong_party",
        RecordFault::WrongDecider => "record.wrong_decider",
        RecordFault::SecondMissing => "record.second_missing",
    }
}
