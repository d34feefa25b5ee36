//! What a run came to, and why, in words.
//!
//! **In**: a run. **Out**: how many people it found to be what, and what was recorded; whether nobody counts as not found because
//! nothing whole was compared; for each person the explanation, from the grounds and the rules that are kept with the run.
//! **What can go wrong**: there is no such run.

use std::collections::BTreeMap;

use jianzai_wire::Language;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, FromQueryResult, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Statement,
};
use uuid::Uuid;

use super::effects::Effect;
use super::evaluate::{Finding, Outcome};
use super::grounds;
use super::question::{Compared, misses_people};
use super::rules::Rules;
use crate::db::bulk::literal;
use crate::db::silent_entity::{silent_finding, silent_import, silent_run};
use crate::db::year::review;
use crate::office::{Office, OfficeError};
use crate::year::dates::numbered_day;
use crate::year::names::Named as _;
use crate::year::policy::ReviewKind;

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunReport {
    /// Names the run.
    pub run: Uuid,
    /// Whether it only reports.
    pub shadow: bool,
    /// Whether it came to its end.
    pub ended: bool,
    /// Whether it stopped because its day was over; the same rules have to be run again today, over everybody.
    pub day_over: bool,
    /// Whether some of what it found has gone on its day.
    pub thinned: bool,
    /// The rules confirm by the register, and of so many days up to its own no whole one was compared: nobody counts as not found.
    pub not_compared: Option<u16>,
    /// How many people were found to be what, and what was recorded; by a shadow, what would have been.
    pub found: BTreeMap<(Outcome, Effect), u64>,
    /// People whom no tick has looked at yet, so that nobody knows which policy they live by.
    pub not_looked_at: u64,
}

/// One finding, told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// About whom.
    pub beneficiary: Uuid,
    /// What.
    pub outcome: Outcome,
    /// What was recorded.
    pub effect: Effect,
    /// Why, in words that hold nothing that names the person.
    pub explanation: String,
}

impl RunReport {
    /// People found to be something.
    pub fn people(&self, outcome: Outcome) -> u64 {
        self.found.iter().filter(|((found, _), _)| *found == outcome).map(|(_, count)| count).sum()
    }

    /// People who were found certified, reported dead, missing, also where an earlier run had recorded it.
    pub fn recorded(&self) -> [u64; 3] {
        [Effect::Certified, Effect::Review, Effect::Missing]
            .map(|effect| self.found.iter().filter(|((_, other), _)| *other == effect).map(|(_, count)| count).sum())
    }
}

impl Office {
    /// What a run came to.
    pub async fn silent_report(&self, run: Uuid) -> Result<RunReport, OfficeError> {
        #[derive(FromQueryResult)]
        struct Row {
            outcome: String,
            effect: String,
            people: i64,
        }
        let row = self.silent_row(run).await?;
        let (db, backend) = (self.store.reads(), self.store.reads().get_database_backend());
        let sql = format!(
            "SELECT outcome, effect, COUNT(*) AS people FROM silent_finding WHERE run_id = {} GROUP BY outcome, effect",
            literal(backend, run)
        );
        let mut found = BTreeMap::new();
        for row in Row::find_by_statement(Statement::from_string(backend, sql)).all(db).await? {
            let outcome = Outcome::named(&row.outcome).ok_or(OfficeError::Unreadable("silent_finding.outcome"))?;
            let effect = Effect::named(&row.effect).ok_or(OfficeError::Unreadable("silent_finding.effect"))?;
            found.insert((outcome, effect), u64::try_from(row.people).unwrap_or(0));
        }
        let sql = "SELECT COUNT(*) AS people FROM benefit WHERE policy_place IS NULL";
        let unknown = db.query_one_raw(Statement::from_string(backend, sql)).await?;
        let unknown = unknown.map(|row| row.try_get::<i64>("", "people")).transpose()?.unwrap_or(0);
        let not_looked_at = u64::try_from(unknown).unwrap_or(0);
        Ok(RunReport {
            run,
            shadow: row.shadow,
            ended: row.ended_at.is_some(),
            day_over: false,
            thinned: row.thinned_at.is_some(),
            not_compared: self.silent_not_compared(&row).await?,
            found,
            not_looked_at,
        })
    }

    /// The days of which a run compared no whole register, where it misses nobody for that.
    async fn silent_not_compared(&self, run: &silent_run::Model) -> Result<Option<u16>, OfficeError> {
        // Numbers can be told even where a later release does not know the rules any more.
        let Ok(rules) = Rules::read(&run.rules_file, &run.rules) else { return Ok(None) };
        let register = match run.register_import {
            Some(number) => silent_import::Entity::find_by_id(number).one(self.store.reads()).await?,
            None => None,
        };
        let misses = misses_people(&rules, numbered_day(run.on_day), register.as_ref().and_then(Compared::of));
        Ok((!misses).then_some(rules.window_days))
    }

    /// Findings of a run with their explanations, `count` of them after a person.
    pub async fn silent_explain(
        &self,
        run: Uuid,
        outcome: Option<Outcome>,
        after: Option<Uuid>,
        count: u64,
        language: Language,
    ) -> Result<Vec<Told>, OfficeError> {
        use silent_finding::Column;
        let row = self.silent_row(run).await?;
        let rules =
            Rules::read(&row.rules_file, &row.rules).map_err(|error| OfficeError::Refused(error.to_string()))?;
        let mut rows = silent_finding::Entity::find().filter(Column::RunId.eq(run));
        if let Some(outcome) = outcome {
            rows = rows.filter(Column::Outcome.eq(outcome.name()));
        }
        if let Some(after) = after {
            rows = rows.filter(Column::BeneficiaryId.gt(after));
        }
        let rows = rows.order_by_asc(Column::BeneficiaryId).limit(count).all(self.store.reads()).await?;
        rows.iter().map(|row| told(row, &rules, language)).collect()
    }

    /// What the data say where a report of death came from them, in words; none where people reported it, or what the runs
    /// found has gone on its day.
    pub(crate) async fn silent_ground(
        &self,
        review: &review::Model,
        language: Language,
    ) -> Result<Option<String>, OfficeError> {
        use silent_finding::Column;
        if review.kind != ReviewKind::DeathReport.name() {
            return Ok(None);
        }
        // By run and person, as findings lie; of runs there are few.
        let runs = silent_run::Entity::find()
            .filter(silent_run::Column::Shadow.eq(false))
            .order_by_desc(silent_run::Column::BeganAt)
            .all(self.store.reads())
            .await?;
        let found = silent_finding::Entity::find()
            .filter(Column::RunId.is_in(runs.iter().map(|run| run.id)))
            .filter(Column::BeneficiaryId.eq(review.beneficiary_id))
            .filter(Column::AboutId.eq(review.id))
            .all(self.store.reads())
            .await?;
        let latest = runs.iter().find_map(|run| Some((run, found.iter().find(|row| row.run_id == run.id)?)));
        let Some((run, row)) = latest else { return Ok(None) };
        let rules =
            Rules::read(&run.rules_file, &run.rules).map_err(|error| OfficeError::Refused(error.to_string()))?;
        Ok(Some(told(row, &rules, language)?.explanation))
    }

    /// The row of a run.
    pub(super) async fn silent_row(&self, run: Uuid) -> Result<silent_run::Model, OfficeError> {
        let row = silent_run::Entity::find_by_id(run).one(self.store.reads()).await?;
        row.ok_or_else(|| OfficeError::Refused("there is no such run; `silent run` prints the run's name".to_owned()))
    }
}

pub(super) fn told(row: &silent_finding::Model, rules: &Rules, language: Language) -> Result<Told, OfficeError> {
    let outcome = Outcome::named(&row.outcome).ok_or(OfficeError::Unreadable("silent_finding.outcome"))?;
    let effect = Effect::named(&row.effect).ok_or(OfficeError::Unreadable("silent_finding.effect"))?;
    let grounds = grounds::read(&row.grounds).ok_or(OfficeError::Unreadable("silent_finding.grounds"))?;
    let finding = Finding { outcome, proof: row.proof_day.map(numbered_day), grounds, rules: rules.version };
    Ok(Told { beneficiary: row.beneficiary_id, outcome, effect, explanation: finding.explain(rules, language) })
}
