//! What a run recorded, taken back.
//!
//! **In**: a run, which part, who decided it. **Out**: facts that end what the run's facts began; nothing is deleted.
//! **What can go wrong**: there is no such run, it was a shadow, or what it found has gone on its day; the process dies: the same
//! call again does what is left.
//!
//! A run that was cut short is closed first: what stands of it is taken back, and no repetition adds to it. One that goes on at
//! this moment writes no further range. The linked log says that a part is being taken back before anything of it is, once, and
//! that it was when nothing is left.
//!
//! - [`Part::Pass`]: its certifications are void. Whoever was believed is told before anything stops, as whenever a
//!   certification is found void. The same version of the rules does not certify by the same proof again; a new version does.
//! - [`Part::Dead`]: its reports of death that no clerk has decided are withdrawn, and hold nothing any more. A later run that
//!   finds the same death reports it anew.
//! - [`Part::Missing`]: that the data did not find somebody counts for nothing. What another run found, of the same day or
//!   another, stands.

use sea_orm::{ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, FromQueryResult, QueryFilter as _, Statement};
use time::OffsetDateTime;
use uuid::Uuid;

use super::deaths::WITHDRAWN;
use super::effects::Effect;
use super::run::close;
use crate::audit::{self, Action, Entry};
use crate::chronicle::record::add;
use crate::chronicle::rows::of_party;
use crate::clock::to_millis;
use crate::db::bulk::literal;
use crate::db::desk_entity::audit_entry;
use crate::db::silent_entity::silent_run;
use crate::office::{Office, OfficeError};
use crate::year::dates::numbered_day;
use crate::year::facts::{Fact, What};
use crate::year::names::{Named as _, words};
use crate::year::record::Party;

/// People of one transaction; few in tests, so that there are several.
const AT_ONCE: u64 = if cfg!(test) { 2 } else { 2_000 };

words! {
    /// What of a run is taken back.
    pub Part {
        /// Its certifications.
        Pass = "pass",
        /// Its reports of death.
        Dead = "dead",
        /// That the data did not find people.
        Missing = "missing",
    }
}

/// What was taken back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reverted {
    /// Facts that were added.
    pub facts: u64,
}

#[derive(FromQueryResult)]
struct Row {
    beneficiary_id: Uuid,
    about_id: Option<Uuid>,
}

impl Part {
    fn effect(self) -> Effect {
        match self {
            Self::Pass => Effect::Certified,
            Self::Dead => Effect::Review,
            Self::Missing => Effect::Missing,
        }
    }

    /// Since when it is taken back of a run.
    fn reverted_at(self, run: &silent_run::Model) -> Option<i64> {
        match self {
            Self::Pass => run.pass_reverted_at,
            Self::Dead => run.dead_reverted_at,
            Self::Missing => run.missing_reverted_at,
        }
    }
}

impl Office {
    /// Takes back a part of what a run recorded; `by` is whoever decided it.
    pub async fn silent_revert(
        &self,
        run: Uuid,
        part: Part,
        by: Uuid,
        now: OffsetDateTime,
    ) -> Result<Reverted, OfficeError> {
        let row = self.silent_row(run).await?;
        if row.shadow {
            return Err(OfficeError::Refused("this run can't be taken back: a shadow recorded nothing".to_owned()));
        }
        if row.ended_at.is_none() {
            self.silent_give_up(run, by, now).await?;
        }
        if row.thinned_at.is_some() {
            let why = "some of what it found is no longer kept; take back single certifications and cases instead";
            return Err(OfficeError::Refused(format!("this run can't be taken back: {why}")));
        }
        self.silent_revert_begins(&row, part, by, now).await?;
        let (mut after, mut reverted) = (Uuid::nil(), Reverted::default());
        loop {
            let (facts, last) = self.revert_some(run, row.on_day, part, by, after, now).await?;
            reverted.facts += facts;
            match last {
                Some(last) => after = last,
                None => break,
            }
        }
        let tx = self.store.begin("silent revert").await?;
        let (backend, at, column) = (tx.get_database_backend(), to_millis(now), part.name());
        let sql = format!(
            "UPDATE silent_run SET {column}_reverted_at = {at} WHERE id = {} AND {column}_reverted_at IS NULL",
            literal(backend, run)
        );
        if tx.execute_raw(Statement::from_string(backend, sql)).await?.rows_affected() > 0 {
            audit::append(&tx, at, Entry::of(Action::SilentReverted, run).by(by).detail(part.name())).await?;
        }
        tx.commit().await?;
        Ok(reverted)
    }

    /// Puts down that a part is being taken back, unless a call that was cut short has done so.
    async fn silent_revert_begins(
        &self,
        run: &silent_run::Model,
        part: Part,
        by: Uuid,
        now: OffsetDateTime,
    ) -> Result<(), OfficeError> {
        use audit_entry::Column;
        let entry = Entry::of(Action::SilentReverted, run.id).by(by).detail(format!("{},begun", part.name()));
        let begun = audit_entry::Entity::find()
            .filter(Column::Action.eq(entry.action.name()))
            .filter(Column::Subject.eq(run.id.into_bytes().to_vec()))
            .filter(Column::Detail.eq(entry.detail.as_str()));
        if part.reverted_at(run).is_some() || begun.one(self.store.reads()).await?.is_some() {
            return Ok(());
        }
        let tx = self.store.begin("silent revert begins").await?;
        audit::append(&tx, to_millis(now), entry).await?;
        Ok(tx.commit().await?)
    }

    /// Closes a run that was cut short, or goes on.
    async fn silent_give_up(&self, run: Uuid, by: Uuid, now: OffsetDateTime) -> Result<(), OfficeError> {
        let (tx, at) = (self.store.begin("silent run given up").await?, to_millis(now));
        if close(&tx, run, at).await? {
            audit::append(&tx, at, Entry::of(Action::SilentRun, run).by(by).detail("given_up")).await?;
        }
        Ok(tx.commit().await?)
    }

    /// The next people after somebody: facts that were added, and the last of the people.
    async fn revert_some(
        &self,
        run: Uuid,
        on_day: i64,
        part: Part,
        by: Uuid,
        after: Uuid,
        now: OffsetDateTime,
    ) -> Result<(u64, Option<Uuid>), OfficeError> {
        let tx = self.store.begin_many("silent revert").await?;
        let (backend, at) = (tx.get_database_backend(), to_millis(now));
        let (run_name, after) = (literal(backend, run), literal(backend, after));
        // A certification that an earlier run had recorded is that run's.
        let own = match part {
            Part::Pass => format!(
                "AND about_id IN (SELECT id FROM certification WHERE evidence_id = {run_name} \
                AND beneficiary_id = silent_finding.beneficiary_id)"
            ),
            // A report that an earlier run had opened is that run's.
            Part::Dead => format!(
                "AND about_id IN (SELECT id FROM review WHERE decided_at IS NULL AND opened_at = \
                (SELECT began_at FROM silent_run WHERE id = {run_name}))"
            ),
            Part::Missing => String::new(),
        };
        let sql = format!(
            "SELECT beneficiary_id, about_id FROM silent_finding WHERE run_id = {run_name} AND beneficiary_id > {after} \
             AND effect = '{}' {own} ORDER BY beneficiary_id LIMIT {AT_ONCE}",
            part.effect().name()
        );
        let rows = Row::find_by_statement(Statement::from_string(backend, sql)).all(&*tx).await?;
        let mut facts = 0;
        for row in &rows {
            let fact = |what| Fact::of_day(now.date(), what);
            let fact = match (part, row.about_id) {
                (Part::Pass, Some(certification)) => fact(What::Revoked { certification, clerk: by }),
                (Part::Dead, Some(review)) => {
                    let sql = format!(
                        "UPDATE review SET decision = '{WITHDRAWN}', decided_by = '{}', decided_at = {at} \
                         WHERE id = {} AND decided_at IS NULL",
                        of_party(Party::Staff(by)),
                        literal(backend, review)
                    );
                    tx.execute_raw(Statement::from_string(backend, sql)).await?;
                    fact(What::ReviewClosed { review })
                }
                (Part::Missing, _) => {
                    let what = What::NoMatchWithdrawn { run, clerk: by };
                    Fact { on: numbered_day(on_day), recorded: now.date(), what }
                }
                _ => continue,
            };
            facts += u64::from(add(&*tx, row.beneficiary_id, &fact, at).await?);
        }
        tx.commit().await?;
        Ok((facts, rows.last().map(|row| row.beneficiary_id)))
    }
}
