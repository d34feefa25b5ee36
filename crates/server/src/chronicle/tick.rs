//! The daily tick: looks at everybody for whom something may have changed, and writes what follows.
//!
//! **In**: a moment in China, the policies, rows whose `next_look` has come. **Out**: steps of standing, messages to send,
//! instructions to the payer, and when to look next; and cases of those who are looked for again. **What can go wrong**: the process dies or the database fails: the
//! batch in hand is undone, those before it stand, and the next run does what is left. A person whose rows can't be read is
//! logged by identifier and looked at again next time.
//!
//! People are looked at in batches of [`AT_ONCE`], each one transaction, in a fixed number of questions however many they
//! are; memory holds one batch. Two ticks at once wait for each other's rows and find them done. Everything
//! that is written bears a name that follows from what it is about, so that even a fault of this module could not send or
//! pay twice: there is only one row. Whoever adds a fact writes the person's row as well, and so waits for a tick that has the
//! person in hand and does not know of it ([`super::record`]).

use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Statement,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::people::{Life, lives};
use super::policies::{self, PoliciesError};
use super::reminder::row_of;
use super::rows::of_instruction;
use crate::audit::{self, Action, Entry};
use crate::clock::to_millis;
use crate::db::Datastore;
use crate::db::year::{benefit, instruction, message, standing_change};
use crate::keys::KeyRing;
use crate::messages::unreached::look_again;
use crate::messages::{WITHDRAWN, told_anew};
use crate::year::dates::{day_number, days_after};
use crate::year::names::Named;
use crate::year::policy::{Policy, PolicySet, Scheme};
use crate::year::standing::{Assessment, Standing, assess};
use crate::year::tick::look;

/// People of one transaction.
const AT_ONCE: u64 = 500;
/// Rows of one statement: SQLite takes 32,766 values.
const ROWS: usize = 1_000;
/// Newcomers of one transaction.
const NEWCOMERS: usize = 20_000;

/// What a tick did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ticked {
    /// People looked at.
    pub looked_at: u64,
    /// Steps from one standing to another.
    pub steps: u64,
    /// Messages that came due.
    pub messages: u64,
    /// Instructions to the payer.
    pub instructions: u64,
    /// People whose rows can't be read.
    pub unreadable: u64,
    /// People for whose place and benefit no policy is in force.
    pub without_policy: u64,
    /// Whether it was told to stop before the end.
    pub interrupted: bool,
}

/// Everything that a batch writes.
#[derive(Default)]
struct Effects {
    steps: Vec<standing_change::ActiveModel>,
    messages: Vec<message::ActiveModel>,
    instructions: Vec<instruction::ActiveModel>,
    benefits: Vec<benefit::ActiveModel>,
}

/// Looks at everybody whose day has come. `interrupted` is asked after every write: if it says yes, the batch in hand is
/// undone.
pub(crate) async fn tick(
    store: &Datastore,
    keys: &KeyRing,
    policies: &PolicySet,
    now: OffsetDateTime,
    interrupted: &(dyn Fn() -> bool + Sync),
) -> Result<Ticked, PoliciesError> {
    let mut ticked = Ticked::default();
    let mut policies = AsOfNow::begun(policies, policies::count(store.reads()).await?);
    loop {
        let added = enrol(store, day_number(now.date())).await?;
        if interrupted() {
            return Ok(Ticked { interrupted: true, ..ticked });
        }
        if added == 0 {
            break;
        }
    }
    loop {
        batches(store, keys, &mut policies, now, &mut ticked, interrupted).await?;
        // After the looks, so that whoever has come is known to have; those who are looked for again are looked at once more.
        if ticked.interrupted || look_again(store, now, interrupted).await? == 0 {
            break;
        }
    }
    Ok(Ticked { interrupted: interrupted(), ..ticked })
}

/// The policies, as of each batch: a version that is added between two of them has set everybody's next look to today, and whoever
/// is looked at after that is looked at by it.
pub(super) struct AsOfNow<'a> {
    given: &'a PolicySet,
    /// Versions of which `given`, or `newer`, is made.
    versions: u64,
    newer: Option<PolicySet>,
}

impl<'a> AsOfNow<'a> {
    /// With a set that was made of so many versions.
    pub(super) fn begun(given: &'a PolicySet, versions: u64) -> Self {
        Self { given, versions, newer: None }
    }

    /// The policies of now.
    pub(super) async fn read(&mut self, tx: &impl ConnectionTrait) -> Result<&PolicySet, PoliciesError> {
        let versions = policies::count(tx).await?;
        if versions != self.versions {
            (self.newer, self.versions) = (Some(policies::load(tx).await?), versions);
        }
        Ok(self.newer.as_ref().unwrap_or(self.given))
    }
}

/// Looks at everybody whose day has come.
async fn batches(
    store: &Datastore,
    keys: &KeyRing,
    policies: &mut AsOfNow<'_>,
    now: OffsetDateTime,
    ticked: &mut Ticked,
    interrupted: &(dyn Fn() -> bool + Sync),
) -> Result<(), PoliciesError> {
    let mut after = None;
    while let Some(last) = batch(store, keys, policies, now, after, ticked, interrupted).await? {
        after = Some(last);
        if ticked.interrupted {
            break;
        }
    }
    Ok(())
}

/// People of the register who have no row yet draw the employees' pension from today on, until an import says otherwise.
async fn enrol(store: &Datastore, today: i64) -> Result<u64, DbErr> {
    let tx = store.begin("enrol").await?;
    let scheme = Scheme::EmployeePension.name();
    let current = Standing::Current.name();
    let sql = format!(
        "INSERT INTO benefit (beneficiary_id, scheme, entitled_from, steps_until, next_look, standing) \
         SELECT id, '{scheme}', {today}, {today}, {today}, '{current}' FROM beneficiary \
         WHERE NOT EXISTS (SELECT 1 FROM benefit WHERE beneficiary_id = beneficiary.id) \
         LIMIT {NEWCOMERS} ON CONFLICT (beneficiary_id) DO NOTHING"
    );
    let added = tx.execute_raw(Statement::from_string(tx.get_database_backend(), sql)).await?.rows_affected();
    tx.commit().await?;
    Ok(added)
}

/// Looks at the next batch; the key of its last row, if there was any.
async fn batch(
    store: &Datastore,
    keys: &KeyRing,
    policies: &mut AsOfNow<'_>,
    now: OffsetDateTime,
    after: Option<(i64, Uuid)>,
    ticked: &mut Ticked,
    interrupted: &(dyn Fn() -> bool + Sync),
) -> Result<Option<(i64, Uuid)>, PoliciesError> {
    let tx = store.begin_many("tick").await?;
    let policies = policies.read(&*tx).await?;
    let rows = to_look_at(&*tx, day_number(now.date()), after).await?;
    let last = rows.last().and_then(|row| Some((row.next_look?, row.beneficiary_id)));
    if last.is_none() {
        return Ok(None);
    }
    let (mut done, mut effects) = (*ticked, Effects::default());
    for life in lives(&*tx, keys, rows, now.date()).await? {
        match life {
            Ok(life) => effects.add(&life, policies, now, &mut done),
            Err((id, error)) => {
                done.unreadable += 1;
                tracing::error!(beneficiary = %id, %error, "not looked at");
            }
        }
    }
    done.steps += effects.steps.len() as u64;
    done.messages += effects.messages.len() as u64;
    done.instructions += effects.instructions.len() as u64;
    let logged = effects.logged();
    if !effects.write(&*tx, interrupted).await? {
        ticked.interrupted = true;
        return Ok(None);
    }
    // Last, because nobody else can log anything until the transaction ends.
    audit::append_all(&tx, to_millis(now), logged).await?;
    tx.commit().await?;
    *ticked = Ticked { interrupted: interrupted(), ..done };
    Ok(last)
}

/// Rows whose day has come, in the order of their days, after those of earlier batches.
async fn to_look_at(
    tx: &impl ConnectionTrait,
    today: i64,
    after: Option<(i64, Uuid)>,
) -> Result<Vec<benefit::Model>, DbErr> {
    use benefit::Column::{BeneficiaryId, NextLook};
    let mut rows = benefit::Entity::find()
        .filter(NextLook.lte(today))
        .order_by_asc(NextLook)
        .order_by_asc(BeneficiaryId)
        .limit(AT_ONCE)
        .lock_exclusive();
    if let Some((day, id)) = after {
        let key = Expr::tuple([Expr::col(NextLook), Expr::col(BeneficiaryId)]);
        rows = rows.filter(key.gt(Expr::tuple([Expr::value(day), Expr::value(id)])));
    }
    rows.all(tx).await
}

impl Effects {
    fn add(&mut self, life: &Life, policies: &PolicySet, now: OffsetDateTime, ticked: &mut Ticked) {
        let (today, versions) = (now.date(), policies.versions(life.insured_place, life.scheme));
        ticked.looked_at += 1;
        let policy = PolicySet::in_force(versions, today);
        let outcome = look(versions, &life.person, &life.contact, &life.kept, now);
        let (Some(policy), Some(outcome)) = (policy, outcome) else {
            ticked.without_policy += 1;
            let first = versions.first().map(|first| day_number(first.valid_from));
            let mut row = life.benefit.clone().into_active_model();
            row.next_look = Set(first.filter(|first| *first > day_number(today)));
            row.insured_place = Set(Some(life.insured_place.into()));
            self.benefits.push(row);
            return;
        };
        let id = life.benefit.beneficiary_id;
        self.steps.extend(outcome.changes.iter().map(|step| standing_change::ActiveModel {
            beneficiary_id: Set(id),
            on_day: Set(day_number(step.on)),
            was: Set(step.from.name().to_owned()),
            is_now: Set(step.to.name().to_owned()),
        }));
        self.messages.extend(outcome.reminders.iter().map(|reminder| row_of(id, reminder, &outcome, policy, now)));
        let number = life.kept.told.len();
        self.instructions.extend(outcome.instruction.iter().map(|told| of_instruction(id, number, today, told)));
        let yesterday = days_after(today, -1);
        let was = assess(versions, &life.person, yesterday, yesterday).map(|was| was.standing);
        // A step of today is recorded tomorrow, when the day is over.
        let tomorrow = (was != Some(outcome.assessment.standing)).then(|| days_after(today, 1));
        // What was recorded after midnight, while this tick went on, it does not know of.
        let later = life.person.facts.iter().map(|fact| fact.recorded).filter(|day| *day > today).min();
        let next_look = outcome.next_look.into_iter().chain(tomorrow).chain(later).min();
        self.benefits.push(benefit::ActiveModel {
            steps_until: Set(day_number(Ord::max(life.kept.steps_until, yesterday))),
            next_look: Set(next_look.map(day_number)),
            insured_place: Set(Some(life.insured_place.into())),
            ..found(&life.benefit, &outcome.assessment, policy, day_number(today))
        });
    }

    /// What the linked log says of it: to whom the money stops or flows again.
    fn logged(&self) -> Vec<Entry> {
        let entry = |row: &instruction::ActiveModel| {
            let action = match row.kind.as_ref().as_str() {
                "suspend" | "stop" => Action::Suspended,
                _ => Action::Resumed,
            };
            Entry::of(action, *row.beneficiary_id.as_ref()).detail(row.kind.as_ref().clone())
        };
        self.instructions.iter().map(entry).collect()
    }

    /// Writes everything; false if it was told to stop.
    async fn write(self, tx: &impl ConnectionTrait, interrupted: &(dyn Fn() -> bool + Sync)) -> Result<bool, DbErr> {
        for rows in self.steps.chunks(ROWS) {
            standing_change::Entity::insert_many(rows.to_vec()).exec_without_returning(tx).await?;
            if interrupted() {
                return Ok(false);
            }
        }
        for rows in self.messages.chunks(ROWS) {
            let anew = told_anew([WITHDRAWN, "failed", "no_way"]);
            message::Entity::insert_many(rows.to_vec()).on_conflict(anew).exec_without_returning(tx).await?;
            if interrupted() {
                return Ok(false);
            }
        }
        for rows in self.instructions.chunks(ROWS) {
            instruction::Entity::insert_many(rows.to_vec()).exec_without_returning(tx).await?;
            if interrupted() {
                return Ok(false);
            }
        }
        for rows in self.benefits.chunks(ROWS) {
            benefit::Entity::insert_many(rows.to_vec()).on_conflict(found_anew()).exec_without_returning(tx).await?;
            if interrupted() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The row with what a look found.
fn found(row: &benefit::Model, now: &Assessment, policy: &Policy, today: i64) -> benefit::ActiveModel {
    benefit::ActiveModel {
        beneficiary_id: Set(row.beneficiary_id),
        scheme: Set(row.scheme.clone()),
        entitled_from: Set(row.entitled_from),
        steps_until: Set(row.steps_until),
        next_look: Set(row.next_look),
        looked_on: Set(Some(today)),
        standing: Set(now.standing.name().to_owned()),
        cycle: Set(Some(day_number(now.cycle))),
        opens: Set(Some(day_number(now.window.opens))),
        due_by: Set(Some(day_number(now.window.due_by))),
        closes: Set(Some(day_number(now.window.closes))),
        suspends_on: Set(now.suspends_on.map(day_number)),
        held: Set(now.held.map(|held| held.name().to_owned())),
        policy_place: Set(Some(policy.place.to_string())),
        policy_version: Set(Some(i64::from(policy.version))),
        insured_place: Set(row.insured_place.clone()),
    }
}

/// What a look may change of a row that is there.
fn found_anew() -> OnConflict {
    use benefit::Column::{
        Closes, Cycle, DueBy, Held, InsuredPlace, LookedOn, NextLook, Opens, PolicyPlace, PolicyVersion, Standing,
        StepsUntil, SuspendsOn,
    };
    let columns = [
        StepsUntil,
        NextLook,
        LookedOn,
        Standing,
        Cycle,
        Opens,
        DueBy,
        Closes,
        SuspendsOn,
        Held,
        PolicyPlace,
        PolicyVersion,
        InsuredPlace,
    ];
    OnConflict::column(benefit::Column::BeneficiaryId).update_columns(columns).to_owned()
}
