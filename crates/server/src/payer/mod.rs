//! Lists for the payer: what it is told, once.
//!
//! **In**: instructions that are on no list yet. **Out**: a numbered list, each list as text in one of the [`Form`]s, and that it
//! has been written. **What can go wrong**: the process dies, or nobody takes the text: the list is made (in one transaction) or it
//! is not, and one that is made is [`Office::unwritten_list`] until whoever wrote it to its end says so; it comes before any new
//! one. Written twice, it is the same list: it has a number, each instruction is on one list, and bears a name by which the payer
//! knows it.
//!
//! What is kept about somebody can't be read: the others are written. Theirs are named in the log, and go off the list in the
//! transaction in which it is first noted as written: they are on none then, and the next list takes them up, as often as it takes.
//! Until that transaction they stay where they are, and what is on a list that was written before stays for good, since the payer
//! has it from there.
//!
//! A list names people, since the payer must know whom it pays: it goes where the operator asks for it, and to no other
//! place.

mod form;

use std::collections::{HashMap, HashSet};

use jianzai_wire::Division;
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait as _, DbErr, EntityTrait as _, JoinType,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Statement,
};
use time::{Date, OffsetDateTime};
use uuid::Uuid;
use zeroize::Zeroizing;

pub use self::form::Form;
use self::form::{Line, write};
use crate::audit::{self, Action, Entry};
use crate::chronicle::rows::{self, Unreadable};
use crate::clock::to_millis;
use crate::columns;
use crate::db::Writing;
use crate::db::entity::beneficiary;
use crate::db::year::{certification, instruction, payer_item, payer_list};
use crate::office::{Office, OfficeError};
use crate::register::place;
use crate::year::dates::Month;
use crate::year::instructions::{Instruction, Told};

/// People read at once.
const AT_ONCE: usize = 1_000;
/// Names the lock under which lists are made: the next number is one's own.
const LISTING: i64 = 0x6a69_616e_7a61_6902;

/// A list as text.
pub struct ListText {
    /// The text.
    pub text: Zeroizing<String>,
    /// Instructions that are on the list and not in the text: what is kept about the person can't be read.
    pub left_out: Vec<Uuid>,
}

/// In the linked log.
async fn put_down(tx: &Writing, action: Action, detail: String, now: OffsetDateTime) -> Result<(), OfficeError> {
    Ok(audit::append(tx, to_millis(now), Entry { action, actor: None, subject: None, detail }).await?)
}

impl Office {
    /// Puts everything that is on no list onto a new one; its number and length, or `None` if there is nothing.
    pub async fn make_list(&self, now: OffsetDateTime) -> Result<Option<(i64, u64)>, OfficeError> {
        let tx = self.store.begin("payer list").await?;
        let backend = tx.get_database_backend();
        if backend == sea_orm::DbBackend::Postgres {
            tx.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({LISTING})")).await?;
        }
        let last: Option<Option<i64>> = payer_list::Entity::find()
            .select_only()
            .column_as(payer_list::Column::Number.max(), "last")
            .into_tuple()
            .one(&*tx)
            .await?;
        let number = last.flatten().unwrap_or(0) + 1;
        let list = payer_list::ActiveModel {
            number: Set(number),
            made_at: Set(to_millis(now)),
            instructions: Set(0),
            written_at: Set(None),
        };
        list.insert(&*tx).await?;
        let sql = format!(
            "INSERT INTO payer_item (instruction_id, list) SELECT id, {number} FROM instruction \
             WHERE NOT EXISTS (SELECT 1 FROM payer_item WHERE instruction_id = instruction.id)"
        );
        let count = tx.execute_raw(Statement::from_string(backend, sql)).await?.rows_affected();
        if count == 0 {
            return Ok(None);
        }
        let instructions = i64::try_from(count).unwrap_or(i64::MAX);
        payer_list::ActiveModel { number: Set(number), instructions: Set(instructions), ..Default::default() }
            .update(&*tx)
            .await?;
        put_down(&tx, Action::PayerListMade, format!("{number},{count}"), now).await?;
        tx.commit().await?;
        Ok(Some((number, count)))
    }

    /// The oldest list that nobody has written to its end.
    pub async fn unwritten_list(&self) -> Result<Option<i64>, OfficeError> {
        let oldest = payer_list::Entity::find()
            .filter(payer_list::Column::WrittenAt.is_null())
            .order_by_asc(payer_list::Column::Number)
            .one(self.store.reads())
            .await?;
        Ok(oldest.map(|list| list.number))
    }

    /// A list as text: the same each time, as long as nobody's name changes in the register. What was certified after it was
    /// made is none of its matter. Whoever has put the text out says so with [`Self::note_written`].
    pub async fn write_list(&self, number: i64, form: Form) -> Result<ListText, OfficeError> {
        let db = self.store.reads();
        let list = payer_list::Entity::find_by_id(number).one(db).await?.ok_or_else(|| no_list(number))?;
        let on_list = instruction::Entity::find()
            .join(
                JoinType::InnerJoin,
                instruction::Entity::belongs_to(payer_item::Entity)
                    .from(instruction::Column::Id)
                    .to(payer_item::Column::InstructionId)
                    .into(),
            )
            .filter(payer_item::Column::List.eq(number))
            .order_by_asc(instruction::Column::ToldOn)
            .order_by_asc(instruction::Column::BeneficiaryId)
            .order_by_asc(instruction::Column::Number)
            .all(db)
            .await?;
        let mut read = Vec::with_capacity(on_list.len());
        for some in on_list.chunks(AT_ONCE) {
            read.extend(self.lines(some, list.made_at).await?);
        }
        let (lines, left_out) = told_and_left_out(&on_list, read);
        let text = write(&lines, form).map_err(|error| OfficeError::File(format!("writing the list: {error}")))?;
        Ok(ListText { text, left_out })
    }

    /// A list was written to its end; the first time, what was left out of it is another list's from now on.
    pub async fn note_written(
        &self,
        number: i64,
        form: Form,
        left_out: &[Uuid],
        now: OffsetDateTime,
    ) -> Result<(), OfficeError> {
        let tx = self.store.begin("payer list written").await?;
        let list = payer_list::Entity::find_by_id(number).lock_exclusive().one(&*tx).await?;
        let list = list.ok_or_else(|| no_list(number))?;
        if list.written_at.is_none() {
            let gone = take_off(&tx, number, left_out).await?;
            let written = payer_list::ActiveModel {
                number: Set(number),
                instructions: Set(list.instructions.saturating_sub_unsigned(gone)),
                written_at: Set(Some(to_millis(now))),
                ..Default::default()
            };
            written.update(&*tx).await?;
        }
        let detail = format!("{number},{}", form.name());
        let detail = if left_out.is_empty() { detail } else { format!("{detail},left_out.{}", left_out.len()) };
        put_down(&tx, Action::PayerListWritten, detail, now).await?;
        Ok(tx.commit().await?)
    }

    /// The line of each instruction.
    async fn lines(
        &self,
        instructions: &[instruction::Model],
        until: i64,
    ) -> Result<Vec<Result<Line, Unreadable>>, OfficeError> {
        let ids: Vec<Uuid> = instructions.iter().map(|row| row.beneficiary_id).collect();
        let db = self.store.reads();
        let people = beneficiary::Entity::find().filter(beneficiary::Column::Id.is_in(ids.iter().copied()));
        let people: HashMap<_, _> = people.all(db).await?.into_iter().map(|row| (row.id, row)).collect();
        let methods: Vec<(Uuid, String)> = certification::Entity::find()
            .select_only()
            .columns([certification::Column::BeneficiaryId, certification::Column::Channel])
            .filter(certification::Column::BeneficiaryId.is_in(ids))
            .filter(certification::Column::RecordedAt.lte(until))
            .order_by_asc(certification::Column::ProofDay)
            .order_by_asc(certification::Column::Id)
            .into_tuple()
            .all(db)
            .await?;
        // The last one of each stays.
        let methods: HashMap<_, _> = methods.into_iter().collect();
        let line = |row: &instruction::Model| {
            let person = people.get(&row.beneficiary_id).ok_or(Unreadable("beneficiary"))?;
            self.line(row, person, methods.get(&row.beneficiary_id).cloned())
        };
        Ok(instructions.iter().map(line).collect())
    }

    fn line(
        &self,
        row: &instruction::Model,
        person: &beneficiary::Model,
        method: Option<String>,
    ) -> Result<Line, Unreadable> {
        let opened = |column: &'static str, sealed: &[u8]| -> Result<Zeroizing<String>, Unreadable> {
            let bytes = columns::open(&self.keys, place(column, person.id), sealed).map_err(|_| Unreadable(column))?;
            let text = std::str::from_utf8(&bytes).map_err(|_| Unreadable(column))?;
            Ok(Zeroizing::new(text.to_owned()))
        };
        let told = rows::told(row)?;
        let insured_place = opened("insured_place", &person.insured_place)?;
        let residence = opened("residence", &person.residence)?;
        let (from, back_pay, overpaid, died_on) = parts(&told);
        Ok(Line {
            instruction: row.id,
            id_number: opened("id_number", &person.id_number)?,
            name: opened("name", &person.name)?,
            lives_elsewhere: !lies_in(&residence, &insured_place),
            insured_place: insured_place.to_string(),
            kind: kind(&told.instruction),
            told_on: told.on.to_string(),
            year: from.map_or(told.on.year(), Month::year),
            from_month: from.map(|month| month.to_string()),
            back_pay: back_pay.iter().map(Month::to_string).collect(),
            overpaid: overpaid.iter().map(Month::to_string).collect(),
            cause: row.cause.clone(),
            died_on: died_on.map(|day| day.to_string()),
            method,
        })
    }
}

/// The lines of those who can be read; all instructions of the others, since payment would go wrong by a later one without the
/// earlier.
fn told_and_left_out(on_list: &[instruction::Model], read: Vec<Result<Line, Unreadable>>) -> (Vec<Line>, Vec<Uuid>) {
    let unreadable = on_list.iter().zip(&read).filter(|(_, line)| line.is_err());
    let unreadable: HashSet<Uuid> = unreadable.map(|(row, _)| row.beneficiary_id).collect();
    let (mut lines, mut left_out) = (Vec::new(), Vec::new());
    for (row, line) in on_list.iter().zip(read) {
        match line {
            Ok(line) if !unreadable.contains(&row.beneficiary_id) => lines.push(line),
            line => {
                let what = line.err().map_or("another instruction of theirs", |Unreadable(what)| what);
                tracing::error!(instruction = %row.id, what, "can't be read, and is left out of the list");
                left_out.push(row.id);
            }
        }
    }
    (lines, left_out)
}

fn no_list(number: i64) -> OfficeError {
    OfficeError::Refused(format!("there is no list {number}"))
}

/// Takes instructions off a list; how many were on it.
async fn take_off(tx: &Writing, number: i64, instructions: &[Uuid]) -> Result<u64, DbErr> {
    let mut gone = 0;
    for some in instructions.chunks(AT_ONCE) {
        let items = payer_item::Entity::delete_many()
            .filter(payer_item::Column::List.eq(number))
            .filter(payer_item::Column::InstructionId.is_in(some.iter().copied()));
        gone += items.exec(&**tx).await?.rows_affected;
    }
    Ok(gone)
}

fn parts(told: &Told) -> (Option<Month>, &[Month], &[Month], Option<Date>) {
    match &told.instruction {
        Instruction::Suspend { from } => (Some(*from), &[], &[], None),
        Instruction::Resume { from, back_pay, .. } => (Some(*from), back_pay, &[], None),
        Instruction::BackPay { months } => (None, months, &[], None),
        Instruction::Stop { from, died_on, owed, overpaid } => (Some(*from), owed, overpaid, Some(*died_on)),
    }
}

fn kind(instruction: &Instruction) -> &'static str {
    match instruction {
        Instruction::Suspend { .. } => "suspend",
        Instruction::Resume { .. } => "resume",
        Instruction::BackPay { .. } => "back_pay",
        Instruction::Stop { .. } => "stop",
    }
}

/// Whether somebody lives where they are insured: in the place itself or one below it.
fn lies_in(residence: &str, insured_place: &str) -> bool {
    let mut at = Division::parse(residence).ok();
    let insured = Division::parse(insured_place).ok();
    while at.is_some() && at != insured {
        at = at.and_then(Division::parent);
    }
    at.is_some()
}

#[cfg(test)]
mod tests;
