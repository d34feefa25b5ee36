//! What was taken and found goes on its day: traces, statements of household registers, findings.
//!
//! **In**: the policies, the day. **Out**: rows that were kept as long as the policy that their person lives by says
//! (`retention.data_days`, counted from the day on which they were taken or found) are gone. **What can go wrong**: the
//! database fails, or the process dies: the range in hand is undone, and the next look goes on with it.
//!
//! - Nothing goes about somebody of whom a case is open: whoever decides on an appeal or a report of death can still be told
//!   why.
//! - The newest register for each place stays, as it is the one that is compared; so does one that a run is at work with.
//! - A register of which rows have gone is compared no more ([`super::run`]): nobody is absent from it. A run of which
//!   findings have gone is not taken back any more ([`super::revert`]).
//!
//! Once a day everybody is gone through, [`AT_ONCE`] people in one transaction and [`RANGES`] ranges at a look; how far the
//! day has come is in `retention_walk`. Who lives by no policy yet keeps rows as long as the longest says.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DbBackend, DbErr, EntityTrait as _, FromQueryResult,
    QueryFilter as _, QueryOrder as _, Statement,
};
use uuid::Uuid;

use super::question::Range;
use crate::db::bulk::literal;
use crate::db::silent_entity::{retention_walk, silent_import, silent_run};
use crate::db::{Datastore, Writing};
use crate::year::dates::{china, day_number};
use crate::year::names::Named as _;
use crate::year::policy::PolicySet;

/// People of one transaction; few in tests, so that there are several.
const AT_ONCE: u64 = if cfg!(test) { 4 } else { 2_000 };
/// Ranges of one look; the rest wait for the next.
const RANGES: u32 = if cfg!(test) { 2 } else { 20 };
/// The one row of the walk.
const WALK: i64 = 1;

/// What is over for those who live by some policies.
#[derive(Debug, PartialEq, Eq)]
struct Over {
    /// Whom it is about, as a condition on an identifier's column; [`Over::people`] fills it in.
    lives_by: LivesBy,
    /// Traces of imports up to this one; 0: none.
    imports: i64,
    /// Statements of these registers.
    registers: Vec<i64>,
    /// Findings of these runs.
    runs: Vec<Uuid>,
}

/// Conditions on rows of `benefit`.
#[derive(Debug, PartialEq, Eq)]
enum LivesBy {
    /// One of these holds.
    AnyOf(Vec<String>),
    /// None of these holds: the longest, and everybody else.
    NoneOf(Vec<String>),
}

/// Deletes what is over, as far as one look goes; answers whether the day is done.
pub(crate) async fn delete_due(store: &Datastore, policies: &PolicySet, now: i64) -> Result<bool, DbErr> {
    let today = day_number(china(now).date());
    let walk = retention_walk::Entity::find_by_id(WALK).one(store.reads()).await?.filter(|walk| walk.day == today);
    let mut after = walk.map_or(Uuid::nil(), |walk| walk.reached_id);
    if after.is_max() {
        return Ok(true);
    }
    let over = over(store.reads(), policies, today).await?;
    if over.iter().all(|over| over.imports == 0 && over.runs.is_empty()) {
        return Ok(true);
    }
    for _ in 0..RANGES {
        let range = following(store.reads(), after).await?;
        let tx = store.begin("old rows").await?;
        for over in &over {
            over.delete(&tx, range, now).await?;
        }
        after = range.until;
        if after.is_max() {
            close(&tx, &over, now).await?;
        }
        let row = retention_walk::ActiveModel { id: Set(WALK), day: Set(today), reached_id: Set(after) };
        retention_walk::Entity::delete_by_id(WALK).exec(&*tx).await?;
        retention_walk::Entity::insert(row).exec_without_returning(&*tx).await?;
        tx.commit().await?;
        if after.is_max() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The next people after somebody.
async fn following(db: &impl ConnectionTrait, after: Uuid) -> Result<Range, DbErr> {
    #[derive(FromQueryResult)]
    struct Last {
        id: Uuid,
    }
    let backend = db.get_database_backend();
    let last = format!(
        "SELECT id FROM beneficiary WHERE id > {} ORDER BY id LIMIT 1 OFFSET {}",
        literal(backend, after),
        AT_ONCE - 1
    );
    let last = Last::find_by_statement(Statement::from_string(backend, last)).one(db).await?;
    Ok(Range { after, until: last.map_or(Uuid::max(), |last| last.id) })
}

/// What is over, for each number of days that a policy keeps data; the longest last.
async fn over(db: &impl ConnectionTrait, policies: &PolicySet, today: i64) -> Result<Vec<Over>, DbErr> {
    let mut lives_by: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
    for policy in policies.every() {
        for scheme in &policy.schemes {
            let (place, version, scheme) = (policy.place, policy.version, scheme.name());
            let condition =
                format!("(policy_place = '{place}' AND policy_version = {version} AND scheme = '{scheme}')");
            lives_by.entry(policy.retention.data_days.into()).or_default().insert(condition);
        }
    }
    let imports = silent_import::Entity::find().order_by_asc(silent_import::Column::Number).all(db).await?;
    let runs = silent_run::Entity::find().filter(silent_run::Column::ClearedAt.is_null()).all(db).await?;
    let longest = lives_by.keys().next_back().copied().unwrap_or_default();
    let shorter: Vec<String> =
        lives_by.iter().filter(|(days, _)| **days < longest).flat_map(|(_, all)| all.iter().cloned()).collect();
    let kept = kept(&imports, &runs, today - longest);
    let of_days = |(days, conditions): (i64, BTreeSet<String>)| {
        let is_over = |import: &&silent_import::Model| day_number(china(import.taken_at).date()) + days < today;
        // A clock that was set back must not let a later import go before its day.
        let up_to = imports.iter().take_while(is_over).last().map_or(0, |import| import.number);
        let register = |import: &&silent_import::Model| {
            import.on_day.is_some() && import.cleared_at.is_none() && !kept.contains(&import.number)
        };
        let registers = imports.iter().take_while(is_over).filter(register).map(|import| import.number).collect();
        let runs = runs.iter().filter(|run| run.on_day + days < today).map(|run| run.id).collect();
        let lives_by = match days == longest {
            true => LivesBy::NoneOf(shorter.clone()),
            false => LivesBy::AnyOf(conditions.into_iter().collect()),
        };
        Over { lives_by, imports: up_to, registers, runs }
    };
    Ok(lives_by.into_iter().map(of_days).collect())
}

/// Registers that stay: the newest for each place, and those that a run is at work with which did not begin too long ago.
fn kept(imports: &[silent_import::Model], runs: &[silent_run::Model], too_long_ago: i64) -> BTreeSet<i64> {
    let ended = imports.iter().filter(|import| import.ended_at.is_some() && import.on_day.is_some());
    let mut ended: Vec<_> = ended.collect();
    ended.sort_by_key(|import| (import.on_day, import.number));
    // Of each place the last remains.
    let newest: BTreeMap<_, _> = ended.iter().map(|import| (&import.place, import.number)).collect();
    let working = runs.iter().filter(|run| run.ended_at.is_none() && run.on_day >= too_long_ago);
    working.filter_map(|run| run.register_import).chain(newest.into_values()).collect()
}

impl Over {
    /// Deletes what is over about the people of a range.
    async fn delete(&self, tx: &Writing, range: Range, at: i64) -> Result<(), DbErr> {
        let backend = tx.get_database_backend();
        let people = self.people(backend, range);
        if self.imports > 0 {
            execute(tx, format!("DELETE FROM trace WHERE import <= {} AND {people}", self.imports)).await?;
        }
        let registers = self.registers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let runs = self.runs.iter().map(|run| literal(backend, *run)).collect::<Vec<_>>().join(", ");
        for (table, key, of, name, all) in [
            ("household_statement", "import", "silent_import", "number", registers),
            ("silent_finding", "run_id", "silent_run", "id", runs),
        ] {
            if all.is_empty() {
                continue;
            }
            let gone = format!("{key} IN ({all}) AND {people}");
            let thinned = format!(
                "UPDATE {of} SET thinned_at = {at} WHERE thinned_at IS NULL \
                 AND {name} IN (SELECT {key} FROM {table} WHERE {gone})"
            );
            execute(tx, thinned).await?;
            execute(tx, format!("DELETE FROM {table} WHERE {gone}")).await?;
        }
        Ok(())
    }

    /// The people of a range who live by these policies, and of whom no case is open.
    fn people(&self, backend: DbBackend, range: Range) -> String {
        let in_range = range.holds(backend, "beneficiary_id");
        let living = |not: &str, conditions: &[String]| {
            format!(
                "beneficiary_id {not} (SELECT beneficiary_id FROM benefit WHERE {in_range} AND ({}))",
                conditions.join(" OR ")
            )
        };
        let lives_by = match &self.lives_by {
            LivesBy::NoneOf(none) if none.is_empty() => "0 = 0".to_owned(),
            LivesBy::NoneOf(none) => living("NOT IN", none),
            LivesBy::AnyOf(any) => living("IN", any),
        };
        let open = "SELECT beneficiary_id FROM review WHERE decided_at IS NULL";
        format!("{in_range} AND {lives_by} AND beneficiary_id NOT IN ({open})")
    }
}

/// Runs and registers that are over for everybody, and of which nothing is left, need not be looked at again.
async fn close(tx: &Writing, over: &[Over], at: i64) -> Result<(), DbErr> {
    let Some(longest) = over.last() else { return Ok(()) };
    let backend = tx.get_database_backend();
    let runs = longest.runs.iter().map(|run| literal(backend, *run)).collect::<Vec<_>>().join(", ");
    let registers = longest.registers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    for (of, name, table, key, all) in [
        ("silent_run", "id", "silent_finding", "run_id", runs),
        ("silent_import", "number", "household_statement", "import", registers),
    ] {
        if !all.is_empty() {
            let cleared = format!(
                "UPDATE {of} SET cleared_at = {at} WHERE {name} IN ({all}) \
                 AND NOT EXISTS (SELECT 1 FROM {table} WHERE {table}.{key} = {of}.{name})"
            );
            execute(tx, cleared).await?;
        }
    }
    Ok(())
}

async fn execute(tx: &Writing, sql: String) -> Result<(), DbErr> {
    tx.execute_raw(Statement::from_string(tx.get_database_backend(), sql)).await.map(drop)
}
