//! Lists for the payer: what it is told, once.
//!
//! **In**: instructions that are on no list yet. **Out**: a numbered list, and each list as text in one of the [`Form`]s.
//! **What can go wrong**: the process dies: the list is made (in one transaction) or it is not; a list that is made can be
//! written again and again, the same each time. Each instruction is on one list, and bears a name by which the payer knows it.
//!
//! A list names people, since the payer must know whom it pays: it goes where the operator asks for it, and to no other
//! place.

mod form;

use std::collections::HashMap;

use jianzai_wire::Division;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, JoinType,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Statement,
};
use time::{Date, OffsetDateTime};
use uuid::Uuid;
use zeroize::Zeroizing;

pub use self::form::Form;
use self::form::{Line, write};
use crate::audit::{self, Action, Entry};
use crate::chronicle::rows;
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
        let list = payer_list::ActiveModel { number: Set(number), made_at: Set(to_millis(now)), instructions: Set(0) };
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

    /// A list as text: the same each time, as long as nobody's name changes in the register. What was certified after it was
    /// made is none of its matter. That it was written stands in the linked log before anybody has it.
    pub async fn write_list(
        &self,
        number: i64,
        form: Form,
        now: OffsetDateTime,
    ) -> Result<Zeroizing<String>, OfficeError> {
        let db = self.store.reads();
        let known = payer_list::Entity::find_by_id(number).one(db).await?;
        let list = known.ok_or_else(|| OfficeError::Refused(format!("there is no list {number}")))?;
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
        let mut lines = Vec::new();
        for some in on_list.chunks(AT_ONCE) {
            lines.extend(self.lines(some, list.made_at).await?);
        }
        let text = write(&lines, form).map_err(|error| OfficeError::File(format!("writing the list: {error}")))?;
        let tx = self.store.begin("payer list written").await?;
        put_down(&tx, Action::PayerListWritten, format!("{number},{}", form.name()), now).await?;
        tx.commit().await?;
        Ok(text)
    }

    /// Instructions that are on no list yet.
    pub async fn unlisted(&self) -> Result<u64, OfficeError> {
        let db = self.store.reads();
        let listed = Expr::cust("NOT EXISTS (SELECT 1 FROM payer_item WHERE instruction_id = instruction.id)");
        let count = sea_orm::PaginatorTrait::count(instruction::Entity::find().filter(listed), db).await?;
        Ok(count)
    }

    async fn lines(&self, instructions: &[instruction::Model], until: i64) -> Result<Vec<Line>, OfficeError> {
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
            let person = people.get(&row.beneficiary_id).ok_or(OfficeError::Unreadable("beneficiary"))?;
            self.line(row, person, methods.get(&row.beneficiary_id).cloned())
        };
        instructions.iter().map(line).collect()
    }

    fn line(
        &self,
        row: &instruction::Model,
        person: &beneficiary::Model,
        method: Option<String>,
    ) -> Result<Line, OfficeError> {
        let opened = |column: &'static str, sealed: &[u8]| -> Result<Zeroizing<String>, OfficeError> {
            let bytes = columns::open(&self.keys, place(column, person.id), sealed)?;
            let text = std::str::from_utf8(&bytes).map_err(|_| OfficeError::Unreadable(column))?;
            Ok(Zeroizing::new(text.to_owned()))
        };
        let told = rows::told(row).map_err(|error| OfficeError::Unreadable(error.0))?;
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
