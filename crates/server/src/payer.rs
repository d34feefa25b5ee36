//! Lists for the payer: what it is told, once.
//!
//! **In**: instructions that are on no list yet. **Out**: a numbered list, and each list as text in one of the [`Form`]s.
//! **What can go wrong**: the process dies: the list is made (in one transaction) or it is not; a list that is made can be
//! written again and again, the same each time. Each instruction is on one list, and bears a name by which the payer knows it.
//!
//! A list names people, since the payer must know whom it pays: it goes where the operator asks for it, and to no other
//! place.

use std::collections::HashMap;

use jianzai_wire::Division;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, JoinType,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Statement,
};
use serde::Serialize;
use time::{Date, OffsetDateTime};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::chronicle::rows;
use crate::clock::to_millis;
use crate::columns;
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

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// Comma-separated, with our own words.
    Csv,
    /// JSON, with our own words.
    Json,
    /// Comma-separated, with the field codes of the core systems.
    Core,
}

/// A line of a list.
#[derive(Debug, Clone, Serialize)]
struct Line {
    instruction: Uuid,
    id_number: Zeroizing<String>,
    name: Zeroizing<String>,
    insured_place: String,
    lives_elsewhere: bool,
    kind: &'static str,
    told_on: String,
    from_month: Option<String>,
    back_pay: Vec<String>,
    overpaid: Vec<String>,
    cause: Option<String>,
    died_on: Option<String>,
    #[serde(skip)]
    year: i32,
    /// How they were certified last.
    #[serde(skip)]
    method: Option<String>,
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
        tx.commit().await?;
        Ok(Some((number, count)))
    }

    /// A list as text: the same each time, as long as nobody's name changes in the register.
    pub async fn write_list(&self, number: i64, form: Form) -> Result<Zeroizing<String>, OfficeError> {
        let db = self.store.reads();
        let known = payer_list::Entity::find_by_id(number).one(db).await?;
        known.ok_or_else(|| OfficeError::Refused(format!("there is no list {number}")))?;
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
            lines.extend(self.lines(some).await?);
        }
        write(&lines, form).map_err(|error| OfficeError::File(format!("writing the list: {error}")))
    }

    /// Instructions that are on no list yet.
    pub async fn unlisted(&self) -> Result<u64, OfficeError> {
        let db = self.store.reads();
        let listed = Expr::cust("NOT EXISTS (SELECT 1 FROM payer_item WHERE instruction_id = instruction.id)");
        let count = sea_orm::PaginatorTrait::count(instruction::Entity::find().filter(listed), db).await?;
        Ok(count)
    }

    async fn lines(&self, instructions: &[instruction::Model]) -> Result<Vec<Line>, OfficeError> {
        let ids: Vec<Uuid> = instructions.iter().map(|row| row.beneficiary_id).collect();
        let db = self.store.reads();
        let people = beneficiary::Entity::find().filter(beneficiary::Column::Id.is_in(ids.iter().copied()));
        let people: HashMap<_, _> = people.all(db).await?.into_iter().map(|row| (row.id, row)).collect();
        let methods: Vec<(Uuid, String)> = certification::Entity::find()
            .select_only()
            .columns([certification::Column::BeneficiaryId, certification::Column::Channel])
            .filter(certification::Column::BeneficiaryId.is_in(ids))
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

fn write(lines: &[Line], form: Form) -> Result<Zeroizing<String>, Box<dyn std::error::Error>> {
    if form == Form::Json {
        return Ok(Zeroizing::new(serde_json::to_string_pretty(lines)? + "\n"));
    }
    let mut csv = csv::Writer::from_writer(Vec::new());
    match form {
        Form::Core => {
            csv.write_record(["aac003", "aac147", "aaa027", "aae001", "bae099", "aaa094", "aaa080", "aae116"])?;
            for line in lines {
                csv.write_record(core(line))?;
            }
        }
        _ => {
            csv.write_record([
                "instruction",
                "id_number",
                "name",
                "insured_place",
                "kind",
                "told_on",
                "from_month",
                "back_pay",
                "overpaid",
                "cause",
                "died_on",
            ])?;
            for line in lines {
                let (back_pay, overpaid) = (line.back_pay.join(" "), line.overpaid.join(" "));
                let instruction = line.instruction.to_string();
                let optional = |text: &'_ Option<String>| text.clone().unwrap_or_default();
                csv.write_record([
                    &instruction,
                    &*line.id_number,
                    &*line.name,
                    &line.insured_place,
                    line.kind,
                    &line.told_on,
                    &optional(&line.from_month),
                    &back_pay,
                    &overpaid,
                    &optional(&line.cause),
                    &optional(&line.died_on),
                ])?;
            }
        }
    }
    let bytes = csv.into_inner().map_err(|error| error.to_string())?;
    Ok(Zeroizing::new(String::from_utf8(bytes)?))
}

/// The fields of the core systems: name, ID number, paying agency, year, method, result (1: confirmed), whether they live
/// elsewhere, payment status (1: paid, 2: held back, 3: ended). Months to be paid back are in the other forms.
fn core(line: &Line) -> [String; 8] {
    let (result, status) = match line.kind {
        "suspend" => ("0", "2"),
        "stop" => ("0", "3"),
        _ if line.cause.as_deref() == Some("appeal") => ("0", "1"),
        _ => ("1", "1"),
    };
    [
        line.name.to_string(),
        line.id_number.to_string(),
        line.insured_place.clone(),
        line.year.to_string(),
        line.method.clone().unwrap_or_default(),
        result.to_owned(),
        u8::from(line.lives_elsewhere).to_string(),
        status.to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::tests::{Kind, World};
    use crate::year::tests::stage::morning;

    async fn office(kind: Kind) -> (World, Office) {
        let world = World::new(kind).await;
        let office = Office::open(&world.config, &crate::clock::SystemClock).await.unwrap();
        (world, office)
    }

    async fn tell(world: &World, who: u128, number: usize, told: Instruction) {
        let tx = world.store.begin("test").await.unwrap();
        let row = rows::of_instruction(Uuid::from_u128(who), number, date!(2026 - 07 - 01), &told);
        row.insert(&*tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    #[tokio::test]
    async fn each_instruction_is_on_one_list_which_reads_the_same_each_time() {
        for kind in [Kind::Sqlite, Kind::Postgres] {
            let (world, office) = office(kind).await;
            let july = Month::of(date!(2026 - 07 - 01));
            world.person(1, "440300", date!(1945 - 09 - 15), date!(2020 - 01 - 10), date!(2026 - 01 - 10)).await;
            world.person(2, "440100", date!(1945 - 09 - 15), date!(2020 - 01 - 10), date!(2026 - 01 - 10)).await;
            assert_eq!(office.make_list(morning(date!(2026 - 07 - 01))).await.unwrap(), None, "nothing to tell");
            tell(&world, 1, 0, Instruction::Suspend { from: july }).await;
            tell(&world, 2, 0, Instruction::BackPay { months: vec![july, july.plus(1)] }).await;
            assert_eq!(office.unlisted().await.unwrap(), 2);
            assert_eq!(office.make_list(morning(date!(2026 - 07 - 01))).await.unwrap(), Some((1, 2)));
            tell(&world, 1, 1, Instruction::BackPay { months: vec![july] }).await;
            assert_eq!(office.make_list(morning(date!(2026 - 07 - 02))).await.unwrap(), Some((2, 1)));
            assert_eq!(office.make_list(morning(date!(2026 - 07 - 02))).await.unwrap(), None);
            let csv = office.write_list(1, Form::Csv).await.unwrap();
            assert_eq!(csv, office.write_list(1, Form::Csv).await.unwrap());
            let second: Vec<_> = csv.lines().nth(2).unwrap().split(',').skip(3).collect();
            assert_eq!(second, ["440100", "back_pay", "2026-07-01", "", "2026-07 2026-08", "", "", ""]);
            let core = office.write_list(1, Form::Core).await.unwrap();
            let number = crate::tests::id_number(date!(1945 - 09 - 15), 1);
            let first = format!("王健在,{},440300,2026,,0,0,2", number.expose());
            assert_eq!(core.lines().nth(1), Some(first.as_str()));
            let json: serde_json::Value =
                serde_json::from_str(&office.write_list(2, Form::Json).await.unwrap()).unwrap();
            assert_eq!((json[0]["kind"].as_str(), json.as_array().unwrap().len()), (Some("back_pay"), 1));
            assert!(matches!(office.write_list(3, Form::Csv).await, Err(OfficeError::Refused(_))));
        }
    }

    #[test]
    fn whoever_lives_below_the_insured_place_lives_there() {
        assert!(lies_in("440305", "440300") && lies_in("440300", "440300"));
        assert!(!lies_in("530100", "440300") && !lies_in("440000", "440300"));
    }
}
