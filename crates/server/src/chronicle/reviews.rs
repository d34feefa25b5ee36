//! What waits for a clerk: submissions that the judge leaves open, reports of death, people whom a notice did not reach, appeals.
//!
//! **In**: something that only a person can decide. **Out**: a row in the queue with the day by which it must be answered,
//! and the fact that holds a suspension meanwhile; [`super::decisions`] ends it. **What can go wrong**: it is open already:
//! then nothing changes.
//!
//! One attempt has one review, and one appeal: the same call again opens nothing more.

pub(crate) mod deaths;

use jianzai_wire::Secret;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait as _, TryInsertResult};
use uuid::Uuid;

use super::record::add;
use super::rows::{name, of_party};
use crate::columns::{self, NotSealed, Place};
use crate::db::entity::attempt;
use crate::db::year::review::{ActiveModel, Entity};
use crate::keys::KeyRing;
use crate::office::OfficeError;
use crate::year::dates::{china, day_number, days_after};
use crate::year::facts::{Fact, What};
use crate::year::names::Named as _;
use crate::year::policy::ReviewKind as Kind;
use crate::year::record::Party;

/// Days in which a review is answered.
pub(crate) const REVIEW_DAYS: i64 = 10;
/// Days in which an appeal is answered.
pub(crate) const APPEAL_DAYS: i64 = 20;

/// Something to put before a clerk.
pub(crate) struct Opening {
    beneficiary: Uuid,
    kind: Kind,
    attempt: Option<Uuid>,
    /// The message that did not reach the person, or the case in which they were not found.
    unreached: Option<Uuid>,
    /// What the person says.
    statement: Option<Secret>,
    /// The account that reported it, where one of the staff did.
    opened_by: Option<Uuid>,
}

impl Opening {
    fn of(beneficiary: Uuid, kind: Kind) -> Self {
        Self { beneficiary, kind, attempt: None, unreached: None, statement: None, opened_by: None }
    }

    /// An attempt that the judge leaves open.
    pub(crate) fn submission(attempt: &attempt::Model) -> Self {
        Self { attempt: Some(attempt.id), ..Self::of(attempt.beneficiary_id, Kind::Submission) }
    }

    /// An appeal against what came of an attempt, or against a suspension.
    pub(crate) fn appeal(beneficiary: Uuid, attempt: Option<Uuid>, statement: Option<Secret>) -> Self {
        Self { attempt, statement, ..Self::of(beneficiary, Kind::Appeal) }
    }

    /// That somebody died, as an account reports it, or other data.
    fn death(beneficiary: Uuid, opened_by: Option<Uuid>, statement: Option<Secret>) -> Self {
        Self { statement, opened_by, ..Self::of(beneficiary, Kind::DeathReport) }
    }

    /// The same attempt's second appeal is the first; without an attempt, the same day's. A message fails once,
    /// and a case is followed by one.
    fn id(&self, today: i64) -> Uuid {
        let kind = self.kind.name().as_bytes();
        match self.attempt.as_ref().or(self.unreached.as_ref()) {
            Some(about) => name("review", &[kind, about.as_bytes()]),
            None => name("review", &[kind, self.beneficiary.as_bytes(), &today.to_be_bytes()]),
        }
    }
}

/// Why something could not be put before a clerk, or decided.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[from] DbErr),
    /// The words could not be sealed.
    #[error(transparent)]
    NotSealed(#[from] NotSealed),
    /// There is none, or it is none of those that are decided so.
    #[error("there is no such review, or it is not decided so")]
    NotFound,
    /// Somebody has decided it.
    #[error("it was decided already")]
    Decided,
    /// A colleague has it in hand, or nobody has.
    #[error("it is not in the hands of this clerk")]
    Taken,
    /// This clerk has said something else about it before.
    #[error("this clerk has said something else about it before, and that stands")]
    SaidOtherwise,
    /// This clerk has given their word; another's is wanted.
    #[error("a second clerk has to say the same")]
    WantsSecond,
    /// This clerk helped with the attempt that it is about, reported it, or made the decision that it is against.
    #[error("this clerk had a hand in it")]
    Own,
    /// Nobody has died on a day that has not come.
    #[error("the day of death has not come yet")]
    DiedInFuture,
    /// The pension was drawn from a later day on.
    #[error("the day of death lies before the day from which the pension is drawn")]
    DiedBeforeEntitled,
    /// The person was there on a later day, for a certification that counts.
    #[error("the day of death lies before a certification for which the person was there")]
    DiedBeforeProof,
    /// Whoever is recorded as dead is not certified.
    #[error("the person is recorded as dead, which has to be taken back first")]
    RecordedDead,
    /// There are no rules for the person.
    #[error(transparent)]
    Rules(#[from] OfficeError),
}

/// Puts something before a clerk; no words of the person come with it.
pub(crate) async fn open(tx: &impl ConnectionTrait, opening: &Opening, at: i64) -> Result<Uuid, DbErr> {
    Ok(insert(tx, opening, None, at).await?.0)
}

/// Lets a clerk find somebody whom a message did not reach, or who was not found in another case; the new case, and whether it
/// was not there yet.
pub(crate) async fn unreached(
    tx: &impl ConnectionTrait,
    beneficiary: Uuid,
    about: Uuid,
    at: i64,
) -> Result<(Uuid, bool), DbErr> {
    let opening = Opening { unreached: Some(about), ..Opening::of(beneficiary, Kind::Unreached) };
    insert(tx, &opening, None, at).await
}

/// Puts something before a clerk, with the person's words sealed.
pub(crate) async fn open_with_words(
    tx: &impl ConnectionTrait,
    keys: &KeyRing,
    opening: &Opening,
    at: i64,
) -> Result<(Uuid, bool), ReviewError> {
    let id = opening.id(day_number(china(at).date()));
    let seal = |words: &Secret| columns::seal(keys, place("statement", id), words.expose().as_bytes());
    let statement = opening.statement.as_ref().map(seal).transpose()?;
    Ok(insert(tx, opening, statement, at).await?)
}

/// Its name, and whether it was not there yet.
async fn insert(
    tx: &impl ConnectionTrait,
    opening: &Opening,
    statement: Option<Vec<u8>>,
    at: i64,
) -> Result<(Uuid, bool), DbErr> {
    let today = china(at).date();
    let id = opening.id(day_number(today));
    let days = if opening.kind == Kind::Appeal { APPEAL_DAYS } else { REVIEW_DAYS };
    let row = ActiveModel {
        id: Set(id),
        beneficiary_id: Set(opening.beneficiary),
        kind: Set(opening.kind.name().to_owned()),
        attempt_id: Set(opening.attempt),
        statement: Set(statement),
        opened_at: Set(at),
        answer_by: Set(day_number(days_after(today, days))),
        decision: Set(None),
        reason: Set(None),
        decided_by: Set(None),
        decided_at: Set(None),
        died_day: Set(None),
        code: Set(None),
        opened_by: Set(opening.opened_by.map(|account| of_party(Party::Staff(account)))),
    };
    let written = Entity::insert(row).on_conflict_do_nothing().exec_without_returning(tx).await?;
    let is_new = matches!(written, TryInsertResult::Inserted(1..));
    if is_new {
        let what = match opening.kind {
            Kind::Appeal => What::AppealOpened { appeal: id },
            Kind::Submission | Kind::DeathReport | Kind::Unreached => What::ReviewOpened { review: id },
        };
        add(tx, opening.beneficiary, &Fact::of_day(today, what), at).await?;
    }
    Ok((id, is_new))
}

/// Place of the words of a review.
pub(crate) fn place(column: &'static str, row: Uuid) -> Place {
    Place { table: "review", column, row }
}
