//! What waits for a clerk: submissions that the judge leaves open, reports of death, appeals.
//!
//! **In**: something that only a person can decide. **Out**: a row in the queue with the day by which it must be answered,
//! and the fact that holds a suspension meanwhile; decided, the fact that ends it. **What can go wrong**: it is open or
//! decided already: then nothing changes, and the caller is told which.
//!
//! One attempt has one review, and one appeal: the same call again opens nothing more.

use jianzai_wire::Secret;
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait as _, QuerySelect as _,
    TryInsertResult,
};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::record::add;
use super::rows::{name, of_party};
use crate::audit::{self, Action, Entry};
use crate::clock::to_millis;
use crate::columns::{self, NotSealed, Place};
use crate::db::entity::attempt;
use crate::db::year::review::{ActiveModel, Entity, Model};
use crate::keys::KeyRing;
use crate::office::Office;
use crate::year::dates::{china, day_number, days_after};
use crate::year::facts::{Fact, What};
use crate::year::names::{Named as _, words};
use crate::year::record::Party;

/// Days in which a review is answered.
pub(crate) const REVIEW_DAYS: i64 = 10;
/// Days in which an appeal is answered.
pub(crate) const APPEAL_DAYS: i64 = 20;

words! {
    /// What waits.
    pub(crate) Kind {
        /// An attempt that the judge leaves open.
        Submission = "submission",
        /// Somebody says that the person died.
        DeathReport = "death_report",
        /// The person, or somebody for them, appeals.
        Appeal = "appeal",
    }
}

/// Something to put before a clerk.
pub(crate) struct Opening {
    beneficiary: Uuid,
    kind: Kind,
    attempt: Option<Uuid>,
    /// What the person says.
    statement: Option<Secret>,
}

impl Opening {
    /// An attempt that the judge leaves open.
    pub(crate) fn submission(attempt: &attempt::Model) -> Self {
        let beneficiary = attempt.beneficiary_id;
        Self { beneficiary, kind: Kind::Submission, attempt: Some(attempt.id), statement: None }
    }

    /// The same attempt's second appeal is the first; without an attempt, the same day's.
    fn id(&self, today: i64) -> Uuid {
        let kind = self.kind.name().as_bytes();
        match &self.attempt {
            Some(attempt) => name("review", &[kind, attempt.as_bytes()]),
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
}

impl Office {
    /// The person, or somebody for them, appeals: against what came of an attempt, or against a suspension. What was withheld
    /// is paid on meanwhile.
    pub async fn appeal(
        &self,
        who: Uuid,
        attempt: Option<Uuid>,
        words: Option<Secret>,
        now: OffsetDateTime,
    ) -> Result<Uuid, ReviewError> {
        self.put(Opening { beneficiary: who, kind: Kind::Appeal, attempt, statement: words }, now).await
    }

    /// Somebody says that the person died. Nothing changes before a clerk has looked.
    pub async fn report_death(
        &self,
        who: Uuid,
        words: Option<Secret>,
        now: OffsetDateTime,
    ) -> Result<Uuid, ReviewError> {
        self.put(Opening { beneficiary: who, kind: Kind::DeathReport, attempt: None, statement: words }, now).await
    }

    async fn put(&self, opening: Opening, now: OffsetDateTime) -> Result<Uuid, ReviewError> {
        let (tx, at) = (self.store.begin("open review").await?, to_millis(now));
        let id = open_with_words(&*tx, &self.keys, &opening, at).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Decides what waits; `words` say why.
    pub async fn decide(
        &self,
        review: Uuid,
        clerk: Uuid,
        decision: Decision,
        words: &Secret,
        now: OffsetDateTime,
    ) -> Result<(), ReviewError> {
        let tx = self.store.begin("decide review").await?;
        let at = to_millis(now);
        decide(&*tx, &self.keys, review, clerk, decision, words, at).await?;
        let entry = Entry::of(decision.action(), review).by(clerk).detail(decision.code());
        audit::append(&tx, at, entry).await?;
        Ok(tx.commit().await?)
    }

    /// A death was recorded wrongly: the person lives, and what was withheld is owed.
    pub async fn withdraw_death(&self, who: Uuid, clerk: Uuid, now: OffsetDateTime) -> Result<(), ReviewError> {
        let (tx, at) = (self.store.begin("withdraw death").await?, to_millis(now));
        add(&*tx, who, &Fact::of_day(now.date(), What::DeathWithdrawn { clerk }), at).await?;
        audit::append(&tx, at, Entry::of(Action::DeathDecided, who).by(clerk).detail("withdrawn")).await?;
        Ok(tx.commit().await?)
    }
}

/// Puts something before a clerk; no words of the person come with it.
pub(crate) async fn open(tx: &impl ConnectionTrait, opening: &Opening, at: i64) -> Result<Uuid, DbErr> {
    insert(tx, opening, None, at).await
}

/// Puts something before a clerk, with the person's words sealed.
async fn open_with_words(
    tx: &impl ConnectionTrait,
    keys: &KeyRing,
    opening: &Opening,
    at: i64,
) -> Result<Uuid, ReviewError> {
    let id = opening.id(day_number(china(at).date()));
    let seal = |words: &Secret| columns::seal(keys, place("statement", id), words.expose().as_bytes());
    let statement = opening.statement.as_ref().map(seal).transpose()?;
    Ok(insert(tx, opening, statement, at).await?)
}

async fn insert(
    tx: &impl ConnectionTrait,
    opening: &Opening,
    statement: Option<Vec<u8>>,
    at: i64,
) -> Result<Uuid, DbErr> {
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
    };
    let written = Entity::insert(row).on_conflict_do_nothing().exec_without_returning(tx).await?;
    if matches!(written, TryInsertResult::Inserted(1..)) {
        let what = match opening.kind {
            Kind::Appeal => What::AppealOpened { appeal: id },
            Kind::Submission | Kind::DeathReport => What::ReviewOpened { review: id },
        };
        add(tx, opening.beneficiary, &Fact::of_day(today, what), at).await?;
    }
    Ok(id)
}

/// How a clerk decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Not certified; the person may try again.
    Refuse,
    /// The appeal is right, or not.
    Appeal {
        /// Whether the person was right.
        upheld: bool,
    },
    /// The person died on this day.
    Died(Date),
    /// The report of death was wrong.
    Lives,
}

impl Decision {
    /// As the linked log calls it.
    fn action(self) -> Action {
        match self {
            Self::Refuse => Action::ReviewDecided,
            Self::Appeal { .. } => Action::AppealDecided,
            Self::Died(_) | Self::Lives => Action::DeathDecided,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Refuse => "refused",
            Self::Appeal { upheld: true } => "upheld",
            Self::Appeal { upheld: false } => "dismissed",
            Self::Died(_) => "died",
            Self::Lives => "lives",
        }
    }

    fn fits(self, kind: Kind) -> bool {
        match self {
            Self::Refuse => kind == Kind::Submission,
            Self::Appeal { .. } => kind == Kind::Appeal,
            Self::Died(_) | Self::Lives => kind == Kind::DeathReport,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refused",
            Self::Appeal { upheld: true } => "upheld",
            Self::Appeal { upheld: false } => "dismissed",
            Self::Died(_) => "died",
            Self::Lives => "lives",
        }
    }
}

/// Decides what waits, with the clerk's words sealed.
async fn decide(
    tx: &impl ConnectionTrait,
    keys: &KeyRing,
    id: Uuid,
    clerk: Uuid,
    decision: Decision,
    reason: &Secret,
    at: i64,
) -> Result<(), ReviewError> {
    let review = Entity::find_by_id(id).lock_exclusive().one(tx).await?.ok_or(ReviewError::NotFound)?;
    let kind = Kind::named(&review.kind).filter(|kind| decision.fits(*kind)).ok_or(ReviewError::NotFound)?;
    if review.decided_at.is_some() {
        return Err(ReviewError::Decided);
    }
    let today = china(at).date();
    if let Decision::Died(on) = decision {
        add(tx, review.beneficiary_id, &Fact { on, recorded: today, what: What::Deceased { clerk } }, at).await?;
    }
    let ends = match (kind, decision) {
        (Kind::Appeal, _) => {
            What::AppealDecided { appeal: id, upheld: decision == Decision::Appeal { upheld: true }, clerk }
        }
        _ => What::ReviewClosed { review: id },
    };
    add(tx, review.beneficiary_id, &Fact::of_day(today, ends), at).await?;
    let reason = columns::seal(keys, place("reason", id), reason.expose().as_bytes())?;
    let Model { id, .. } = review;
    let decided = ActiveModel {
        id: Set(id),
        decision: Set(Some(decision.name().to_owned())),
        reason: Set(Some(reason)),
        decided_by: Set(Some(of_party(Party::Staff(clerk)))),
        decided_at: Set(Some(at)),
        ..Default::default()
    };
    decided.update(tx).await?;
    Ok(())
}

/// Place of the words of a review.
pub(crate) fn place(column: &'static str, row: Uuid) -> Place {
    Place { table: "review", column, row }
}
