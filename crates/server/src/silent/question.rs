//! What is known of many people, asked of the database at once.
//!
//! **In**: rules, a day, the data to look at, a range of people. **Out**: for everybody in the range a [`Gathered`]: the traces
//! that the rules may count and what the register states, from which [`evaluate()`] finds what they are. **What can go wrong**: the
//! database fails.
//!
//! One question for a range, whose answer holds a number for each trace: 20,000 people who each leave a trace of four kinds every
//! day of a year come to 250 MB.

use std::fmt::Write as _;

use sea_orm::{ConnectionTrait as _, DbBackend, DbErr, FromQueryResult, Statement};
use time::Date;
use uuid::Uuid;

use super::evaluate::{Finding, Statement as Stated, Trace, evaluate, first_day};
use super::rules::Rules;
use crate::db::Datastore;
use crate::db::bulk::literal;
use crate::db::silent_entity::silent_import;
use crate::year::dates::{day_number, numbered_day};
use crate::year::policy::Place;

/// A day and the place of a kind are asked for as one number.
const KINDS: i64 = 1_000;

/// The register that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Compared {
    /// Its import.
    pub(super) import: i64,
    /// The day of which it speaks.
    pub(super) day: Date,
    /// Whether every row of it could be read, and any is about somebody here: only then is anybody absent.
    pub(super) complete: bool,
}

impl Compared {
    /// A register that was taken.
    pub(super) fn of(import: &silent_import::Model) -> Option<Self> {
        let complete = import.left_out == 0 && import.kept + import.known > 0;
        Some(Self { import: import.number, day: numbered_day(import.on_day?), complete })
    }
}

/// Whether a register has everybody whom the rules look at.
pub(super) fn has_everybody(register: &silent_import::Model, rules: &Rules) -> bool {
    match register.place.as_deref() {
        None => true,
        Some(place) => !rules.places.is_empty() && rules.places.iter().all(|other| other.to_string() == place),
    }
}

/// Whether the data did not find those whom nothing confirms. Where the register confirms, that is said only by a whole one
/// within the window: a comparison that was not made has missed nobody.
pub(super) fn misses_people(rules: &Rules, on: Date, register: Option<Compared>) -> bool {
    let is_whole = |register: Compared| register.complete && register.day >= first_day(rules, on);
    !rules.register.confirms || register.is_some_and(is_whole)
}

/// Which data a run looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Data {
    /// The last import.
    pub(super) last_import: i64,
    /// Imports before it that were cut short.
    pub(super) unfinished: Vec<i64>,
    /// The register.
    pub(super) register: Option<Compared>,
}

/// People with identifiers above one and up to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) after: Uuid,
    pub(super) until: Uuid,
}

/// What is asked of a run's data.
#[derive(Debug)]
pub(super) struct Question<'a> {
    pub(super) rules: &'a Rules,
    pub(super) on: Date,
    pub(super) data: Data,
    /// Kinds that the rules name, each known by its place.
    kinds: Vec<&'a str>,
}

/// What is known of somebody.
#[derive(Debug, FromQueryResult)]
pub(super) struct Gathered {
    pub(super) beneficiary_id: Uuid,
    pub(super) policy_place: String,
    pub(super) scheme: String,
    pub(super) entitled_from: i64,
    /// Traces that the rules may count, in no order: days and kinds, each as one number, with a space between them.
    traces: Option<String>,
    /// What the register states.
    status: Option<String>,
}

impl Range {
    /// As a condition on a column.
    pub(super) fn holds(self, backend: DbBackend, column: &str) -> String {
        let [after, until] = [self.after, self.until].map(|id| literal(backend, id));
        format!("{column} > {after} AND {column} <= {until}")
    }
}

impl<'a> Question<'a> {
    pub(super) fn new(rules: &'a Rules, on: Date, data: Data) -> Self {
        let alone = rules.strong.iter().chain(&rules.death).map(|kind| kind.kind.as_str());
        let kinds = alone.chain(rules.weak.iter().map(|weak| weak.kind.as_str())).collect();
        Self { rules, on, data, kinds }
    }

    /// Asks about everybody in a range.
    pub(super) async fn ask(&self, store: &Datastore, range: Range) -> Result<Vec<Gathered>, DbErr> {
        let backend = store.reads().get_database_backend();
        let sql = self.sql(backend, range);
        if backend != DbBackend::Postgres {
            return Gathered::find_by_statement(Statement::from_string(backend, sql)).all(store.reads()).await;
        }
        let tx = store.begin("silent question").await?;
        // A range is grouped in memory; compiling the question would take longer than answering it. Just after an import the
        // planner takes a range for one row, and would go through all traces of it once for each person.
        tx.execute_unprepared("SET LOCAL work_mem = '64MB'; SET LOCAL jit = off; SET LOCAL enable_nestloop = off")
            .await?;
        let found = Gathered::find_by_statement(Statement::from_string(backend, sql)).all(&*tx).await?;
        // Nothing was written.
        drop(tx);
        Ok(found)
    }

    /// What somebody is found to be.
    pub(super) fn find(&self, of: &Gathered) -> Finding {
        let numbers = of.traces.iter().flat_map(|traces| traces.split(' '));
        let traces: Vec<_> = numbers.filter_map(|number| self.trace(number.parse().ok()?)).collect();
        evaluate(self.rules, &traces, &self.stated(of), self.on)
    }

    fn stated(&self, of: &Gathered) -> Stated {
        match (self.data.register, &of.status) {
            (Some(register), Some(status)) => Stated::Status { day: register.day, status: status.clone() },
            (Some(register), None) if register.complete => Stated::Absent { day: register.day },
            _ => Stated::NotAsked,
        }
    }

    /// The trace behind a number.
    fn trace(&self, number: i64) -> Option<Trace> {
        let kind = self.kinds.get(usize::try_from(number.rem_euclid(KINDS)).ok()?)?;
        Some(Trace { day: numbered_day(number.div_euclid(KINDS)), kind: (*kind).to_owned() })
    }

    /// Only what was taken before the run, and to its end.
    fn taken(&self) -> String {
        let mut taken = format!("import <= {}", self.data.last_import);
        if !self.data.unfinished.is_empty() {
            let numbers: Vec<_> = self.data.unfinished.iter().map(ToString::to_string).collect();
            let _ = write!(taken, " AND import NOT IN ({})", numbers.join(", "));
        }
        taken
    }

    fn sql(&self, backend: DbBackend, range: Range) -> String {
        let Rules { strong, weak, death, places, .. } = self.rules;
        let (on, since) = (day_number(self.on), day_number(first_day(self.rules, self.on)));
        let number: String = self.kinds.iter().enumerate().fold(String::new(), |mut cases, (number, kind)| {
            let _ = write!(cases, " WHEN '{kind}' THEN {number}");
            cases
        });
        let number = if number.is_empty() { "0".to_owned() } else { format!("CASE kind{number} END") };
        let number = format!("CAST(on_day * {KINDS} + {number} AS TEXT)");
        let list = match backend {
            DbBackend::Postgres => format!("string_agg({number}, ' ')"),
            _ => format!("group_concat({number}, ' ')"),
        };
        let alone = quoted(strong.iter().chain(death).map(|kind| kind.kind.as_str()));
        let together = quoted(weak.iter().map(|weak| weak.kind.as_str()));
        let [traces, people, statements] =
            ["beneficiary_id", "b.beneficiary_id", "h.beneficiary_id"].map(|column| range.holds(backend, column));
        let (status, register) = match self.data.register {
            // The range twice: otherwise the whole register is read for each.
            Some(Compared { import, .. }) => (
                "h.status",
                format!(
                    "LEFT JOIN household_statement h ON h.import = {import} AND h.beneficiary_id = b.beneficiary_id \
                       AND {statements}"
                ),
            ),
            None => ("CAST(NULL AS TEXT)", String::new()),
        };
        let lives_by = match places.as_slice() {
            [] => "b.policy_place IS NOT NULL".to_owned(),
            places => format!("b.policy_place IN ({})", quoted(places.iter().map(Place::to_string))),
        };
        let taken = self.taken();
        format!(
            "SELECT b.beneficiary_id, b.policy_place, b.scheme, b.entitled_from, t.traces, {status} AS status \
             FROM benefit b LEFT JOIN ( \
               SELECT beneficiary_id, {list} AS traces FROM trace \
               WHERE {traces} AND {taken} AND on_day <= {on} \
                 AND (kind IN ({alone}) OR (kind IN ({together}) AND on_day >= {since})) \
               GROUP BY beneficiary_id \
             ) t ON t.beneficiary_id = b.beneficiary_id {register} \
             WHERE {people} AND b.standing <> 'deceased' AND {lives_by} ORDER BY b.beneficiary_id"
        )
    }
}

/// Words as they are written in a statement: rules let only plain ones through. None at all is one that nothing is called.
fn quoted(words: impl Iterator<Item = impl std::fmt::Display>) -> String {
    let words: Vec<_> = words.map(|word| format!("'{word}'")).collect();
    if words.is_empty() { "''".to_owned() } else { words.join(", ") }
}
