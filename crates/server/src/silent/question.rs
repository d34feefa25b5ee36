//! What traces and register come to, asked of the database for many people at once.
//!
//! **In**: rules, a day, the data to look at, a range of people. **Out**: for everybody in the range a [`Gathered`]: what the
//! rules need to know of their traces, and no trace itself. **What can go wrong**: the database fails.
//!
//! One question for a range: traces are numbered within person and kind, the latest first, so that a kind gives no more than
//! its points at most; then summed up within the person, the latest first, so that the day is found from which on they are
//! enough. [`super::evaluate()`] does the same for one person in memory, and the tests hold one against the other.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DbBackend, DbErr, FromQueryResult, Statement, TransactionTrait as _,
};
use time::Date;
use uuid::Uuid;

use super::evaluate::{
    Finding, Ground, Outcome, Statement as Stated, Trace, first_day, life, stated_alive, unexplained,
};
use super::rules::Rules;
use crate::db::bulk::literal;
use crate::year::dates::{day_number, numbered_day};
use crate::year::policy::Place;

/// Days and kinds are asked for as one number, to find the latest of both.
const KINDS: i64 = 1_000;

/// The register that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Compared {
    /// Its import.
    pub(super) import: i64,
    /// The day of which it speaks.
    pub(super) day: Date,
    /// Whether every row of it could be read: only then is anybody absent.
    pub(super) complete: bool,
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
    /// Kinds that the rules name, in the order in which traces of one day are looked at: each by its number.
    kinds: BTreeMap<&'a str, i64>,
}

/// What the rules need to know of somebody.
#[derive(Debug, FromQueryResult)]
pub(super) struct Gathered {
    pub(super) beneficiary_id: Uuid,
    pub(super) policy_place: String,
    pub(super) scheme: String,
    pub(super) entitled_from: i64,
    /// The last trace that counts alone, in the window.
    strong: Option<i64>,
    /// The same, of whatever age.
    strong_ever: Option<i64>,
    /// The last day that a trace of death speaks of.
    died: Option<i64>,
    /// The day from which on weak traces are enough, and their points.
    reached: Option<i64>,
    reached_points: Option<i64>,
    /// Points of all weak traces.
    points: Option<i64>,
    /// What the register states.
    status: Option<String>,
}

impl Gathered {
    /// Whether a trace speaks of their death.
    pub(super) fn is_reported_dead(&self) -> bool {
        self.died.is_some()
    }
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
        let mut kinds: Vec<_> = alone.chain(rules.weak.iter().map(|weak| weak.kind.as_str())).collect();
        kinds.sort_unstable();
        Self { rules, on, data, kinds: kinds.into_iter().zip(0..).collect() }
    }

    /// Asks about everybody in a range.
    pub(super) async fn ask(&self, db: &DatabaseConnection, range: Range) -> Result<Vec<Gathered>, DbErr> {
        let backend = db.get_database_backend();
        let sql = self.sql(backend, range);
        if backend != DbBackend::Postgres {
            return Gathered::find_by_statement(Statement::from_string(backend, sql)).all(db).await;
        }
        let tx = db.begin().await?;
        // A range is sorted in memory; compiling the question would take longer than answering it.
        tx.execute_unprepared("SET LOCAL work_mem = '64MB'; SET LOCAL jit = off").await?;
        let found = Gathered::find_by_statement(Statement::from_string(backend, sql)).all(&tx).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// Every trace of death of those in a range, in the order of days and kinds.
    pub(super) async fn deaths(
        &self,
        db: &DatabaseConnection,
        range: Range,
    ) -> Result<HashMap<Uuid, Vec<Trace>>, DbErr> {
        #[derive(FromQueryResult)]
        struct Row {
            beneficiary_id: Uuid,
            kind: String,
            on_day: i64,
        }
        let backend = db.get_database_backend();
        let kinds = quoted(self.rules.death.iter().map(|kind| kind.kind.as_str()));
        let sql = format!(
            "SELECT beneficiary_id, kind, on_day FROM trace WHERE {} AND kind IN ({kinds}) AND on_day <= {} AND {}",
            range.holds(backend, "beneficiary_id"),
            day_number(self.on),
            self.taken(),
        );
        let mut found: HashMap<Uuid, Vec<Trace>> = HashMap::new();
        for row in Row::find_by_statement(Statement::from_string(backend, sql)).all(db).await? {
            let trace = Trace { day: numbered_day(row.on_day), kind: row.kind };
            found.entry(row.beneficiary_id).or_default().push(trace);
        }
        found.values_mut().for_each(|traces| traces.sort());
        Ok(found)
    }

    /// What somebody is found to be; `deaths` are all traces of their death.
    pub(super) fn find(&self, of: &Gathered, deaths: &[Trace]) -> Finding {
        let found = |outcome, proof, grounds| Finding { outcome, proof, grounds, rules: self.rules.version };
        let stated = self.stated(of);
        let stated_dead = match &stated {
            Stated::Status { day, status } if self.rules.register.dead.contains(status) => Some(*day),
            _ => None,
        };
        let last_death = of.died.map(numbered_day).into_iter().chain(stated_dead).max();
        if let Some(day) = last_death {
            let mut grounds: Vec<_> = deaths.iter().cloned().map(Ground::Death).collect();
            grounds.extend(stated_dead.map(Ground::StatedDead));
            let after = of.strong_ever.and_then(|code| self.trace(code)).filter(|trace| trace.day > day);
            let outcome = if after.is_some() { Outcome::Flagged } else { Outcome::SuspectedDead };
            grounds.extend(after.map(Ground::AfterDeath));
            return found(outcome, None, grounds);
        }
        if let Some(ground) = unexplained(self.rules, &stated) {
            return found(Outcome::Flagged, None, vec![ground]);
        }
        let strong = of.strong.and_then(|code| self.trace(code));
        let points = |sum: Option<i64>| sum.and_then(|sum| u32::try_from(sum).ok()).unwrap_or(0);
        let weak = match of.reached {
            Some(day) => Ok((numbered_day(day), points(of.reached_points))),
            None => Err(points(of.points)),
        };
        let (outcome, proof, grounds) = life(self.rules, strong, stated_alive(self.rules, &stated, self.on), weak);
        found(outcome, proof, grounds)
    }

    fn stated(&self, of: &Gathered) -> Stated {
        match (self.data.register, &of.status) {
            (Some(register), Some(status)) => Stated::Status { day: register.day, status: status.clone() },
            (Some(register), None) if register.complete => Stated::Absent { day: register.day },
            _ => Stated::NotAsked,
        }
    }

    /// The trace behind a day and a kind's number.
    fn trace(&self, code: i64) -> Option<Trace> {
        let kind = self.kinds.iter().find(|(_, number)| **number == code.rem_euclid(KINDS))?.0;
        Some(Trace { day: numbered_day(code.div_euclid(KINDS)), kind: (*kind).to_owned() })
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

    /// The numbers of some kinds; one that no kind has, if there are none.
    fn numbers<'k>(&self, kinds: impl Iterator<Item = &'k str>) -> String {
        let numbers: Vec<_> =
            kinds.filter_map(|kind| self.kinds.get(kind)).chain([&-1]).map(ToString::to_string).collect();
        numbers.join(", ")
    }

    fn sql(&self, backend: DbBackend, range: Range) -> String {
        let Rules { strong, weak, death, together, places, .. } = self.rules;
        let (on, since) = (day_number(self.on), day_number(first_day(self.rules, self.on)));
        let number: String = self.kinds.iter().fold(String::new(), |mut cases, (kind, number)| {
            let _ = write!(cases, " WHEN '{kind}' THEN {number}");
            cases
        });
        let alone = quoted(strong.iter().chain(death).map(|kind| kind.kind.as_str()));
        let weak_kinds = quoted(weak.iter().map(|weak| weak.kind.as_str()));
        let strong = self.numbers(strong.iter().map(|kind| kind.kind.as_str()));
        let death = self.numbers(death.iter().map(|kind| kind.kind.as_str()));
        let counted = self.numbers(weak.iter().map(|weak| weak.kind.as_str()));
        // The first traces of a kind give their points; the one that reaches the most gives what is left.
        let gains = weak.iter().fold(String::new(), |mut gains, weak| {
            let (whole, rest) = (weak.at_most / weak.points.max(1), weak.at_most % weak.points.max(1));
            let number = self.kinds.get(weak.kind.as_str()).copied().unwrap_or(-1);
            let _ = write!(
                gains,
                " WHEN {number} THEN CASE WHEN nth <= {whole} THEN {} WHEN nth = {whole} + 1 THEN {rest} ELSE 0 END",
                weak.points
            );
            gains
        });
        let gain = if gains.is_empty() { "0".to_owned() } else { format!("CASE kind_number{gains} ELSE 0 END") };
        let (enough, kinds) = (together.points, together.kinds);
        let (status, register) = match self.data.register {
            Some(Compared { import, .. }) => (
                "h.status",
                format!(
                    "LEFT JOIN household_statement h ON h.import = {import} AND h.beneficiary_id = b.beneficiary_id"
                ),
            ),
            None => ("CAST(NULL AS TEXT)", String::new()),
        };
        let lives_by = match places.as_slice() {
            [] => "b.policy_place IS NOT NULL".to_owned(),
            places => format!("b.policy_place IN ({})", quoted(places.iter().map(Place::to_string))),
        };
        let (traces, people) = (range.holds(backend, "beneficiary_id"), range.holds(backend, "b.beneficiary_id"));
        let taken = self.taken();
        format!(
            "WITH seen AS ( \
               SELECT beneficiary_id, on_day, CASE kind{number} END AS kind_number, \
                 row_number() OVER (PARTITION BY beneficiary_id, kind ORDER BY on_day DESC) AS nth \
               FROM trace WHERE {traces} AND {taken} AND on_day <= {on} \
                 AND (kind IN ({alone}) OR (kind IN ({weak_kinds}) AND on_day >= {since})) \
             ), summed AS ( \
               SELECT beneficiary_id, on_day, kind_number, SUM({gain}) OVER latest_first AS so_far, \
                 SUM(CASE WHEN nth = 1 AND kind_number IN ({counted}) THEN 1 ELSE 0 END) OVER latest_first AS kinds \
               FROM seen WINDOW latest_first AS \
                 (PARTITION BY beneficiary_id ORDER BY on_day DESC, kind_number DESC ROWS UNBOUNDED PRECEDING) \
             ), found AS ( \
               SELECT beneficiary_id, \
                 MAX(CASE WHEN kind_number IN ({strong}) AND on_day >= {since} \
                   THEN on_day * {KINDS} + kind_number END) AS strong, \
                 MAX(CASE WHEN kind_number IN ({strong}) THEN on_day * {KINDS} + kind_number END) AS strong_ever, \
                 MAX(CASE WHEN kind_number IN ({death}) THEN on_day END) AS died, \
                 MAX(CASE WHEN so_far >= {enough} AND kinds >= {kinds} THEN on_day END) AS reached, \
                 CAST(MIN(CASE WHEN so_far >= {enough} AND kinds >= {kinds} THEN so_far END) AS BIGINT) \
                   AS reached_points, \
                 CAST(MAX(so_far) AS BIGINT) AS points \
               FROM summed GROUP BY beneficiary_id \
             ) \
             SELECT b.beneficiary_id, b.policy_place, b.scheme, b.entitled_from, f.strong, f.strong_ever, f.died, \
               f.reached, f.reached_points, f.points, {status} AS status \
             FROM benefit b LEFT JOIN found f ON f.beneficiary_id = b.beneficiary_id {register} \
             WHERE {people} AND b.standing <> 'deceased' AND {lives_by} ORDER BY b.beneficiary_id"
        )
    }
}

/// Words as they are written in a statement: rules let only plain ones through. None at all is one that nothing is called.
fn quoted(words: impl Iterator<Item = impl std::fmt::Display>) -> String {
    let words: Vec<_> = words.map(|word| format!("'{word}'")).collect();
    if words.is_empty() { "''".to_owned() } else { words.join(", ") }
}
