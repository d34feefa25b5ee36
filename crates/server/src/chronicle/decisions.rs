//! Cases in the hands of clerks: taken by one, decided by one, or by two where the policy of the place asks for it.
//!
//! **In**: a clerk who opens a case, and later their word on it. **Out**: for a while the case is theirs; their word stands
//! at once, or waits until another clerk says the same; then the fact that ends the hold, and for a submission that is
//! refused the attempt's new state. What a certification brings with it, the caller writes in the same transaction.
//! **What can go wrong**: a colleague has the case, it is decided, or it is not decided so; the clerk had a hand in what it is
//! about ([`own`]); the word contradicts what is recorded: a death before the person was last there, or a certification of
//! somebody recorded as dead ([`super::reviews::deaths`]). Each is a [`ReviewError`], and nothing changes. The same word
//! again, after an answer that was lost, is known; the same decision in other words is not the same.
//!
//! Two clerks decide apart: nobody is shown what the other said. Where they disagree, a third decides.

mod own;

use jianzai_wire::{ReasonCode, Secret};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QuerySelect as _,
};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::policies::Rules;
use super::record::add;
use super::reviews::deaths::{demand_possible, is_dead_now};
use super::reviews::{ReviewError, place};
use super::rows::{name, of_party};
use crate::audit::{self, Action, Entry};
use crate::clock::to_millis;
use crate::columns::{self, Place};
use crate::db::entity::{State, activation, attempt};
use crate::db::year::review::{ActiveModel, Entity, Model};
use crate::db::year::{review_taken, review_word};
use crate::keys::KeyRing;
use crate::messages::unreached::told_in_person;
use crate::office::{Office, OfficeError};
use crate::year::channel::Channel;
use crate::year::dates::{china, day_number};
use crate::year::facts::{Fact, What};
use crate::year::names::Named as _;
use crate::year::policy::ReviewKind;
use crate::year::record::Party;

/// A case is a clerk's for so long.
const TAKEN_MS: i64 = 60 * 60_000;

/// How a clerk decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It is the person, alive and well. On an appeal, the person was right.
    Certify,
    /// Not certified, and the person is told this; they may try again.
    Refuse(ReasonCode),
    /// The appeal is right, or not.
    Appeal {
        /// Whether the person was right.
        upheld: bool,
    },
    /// The person died on this day.
    Died(Date),
    /// The report of death was wrong.
    Lives,
    /// The person was found, and told what did not reach them.
    Found,
    /// Nobody could find the person.
    NotFound,
}

impl Decision {
    /// As the linked log calls it.
    pub(crate) fn action(self, kind: ReviewKind) -> Action {
        match kind {
            ReviewKind::Submission | ReviewKind::Unreached => Action::ReviewDecided,
            ReviewKind::Appeal => Action::AppealDecided,
            ReviewKind::DeathReport => Action::DeathDecided,
        }
    }

    /// Whether such a case is decided so.
    pub(crate) fn fits(self, kind: ReviewKind) -> bool {
        match self {
            Self::Certify => matches!(kind, ReviewKind::Submission | ReviewKind::Appeal),
            Self::Refuse(_) => kind == ReviewKind::Submission,
            Self::Appeal { .. } => kind == ReviewKind::Appeal,
            Self::Died(_) | Self::Lives => kind == ReviewKind::DeathReport,
            Self::Found | Self::NotFound => kind == ReviewKind::Unreached,
        }
    }

    /// As it stands in rows.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Certify => "certified",
            Self::Refuse(_) => "refused",
            Self::Appeal { upheld: true } => "upheld",
            Self::Appeal { upheld: false } => "dismissed",
            Self::Died(_) => "died",
            Self::Lives => "lives",
            Self::Found => "found",
            Self::NotFound => "not_found",
        }
    }

    fn died_day(self) -> Option<i64> {
        match self {
            Self::Died(on) => Some(day_number(on)),
            _ => None,
        }
    }

    /// What the person is told of a refusal.
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Refuse(code) => Some(code.code()),
            _ => None,
        }
    }
}

/// A clerk's word on a case.
pub(crate) struct Word<'a> {
    pub(crate) review: Uuid,
    pub(crate) clerk: Uuid,
    pub(crate) decision: Decision,
    /// Why, in the clerk's words.
    pub(crate) reason: &'a Secret,
    /// Whether two clerks have to say the same.
    pub(crate) two: bool,
}

/// What came of a word.
#[derive(Debug, PartialEq)]
pub(crate) enum Came {
    /// The case is decided.
    Stands {
        /// The clerk who had said the same, where two were wanted.
        first: Option<Uuid>,
    },
    /// It waits for another clerk's.
    WantsSecond,
    /// It was given before.
    Known(Box<Came>),
}

impl Office {
    /// Takes a case and decides it, where one clerk may and nothing is certified; `words` say why.
    pub async fn decide(
        &self,
        review: Uuid,
        clerk: Uuid,
        decision: Decision,
        words: &Secret,
        now: OffsetDateTime,
    ) -> Result<(), ReviewError> {
        let at = to_millis(now);
        let (row, kind) = waiting(self.store.reads(), review).await?;
        if decision == Decision::Certify || !decision.fits(kind) {
            return Err(ReviewError::NotFound);
        }
        let two = self.wants_two(&row, kind, now.date()).await?;
        let tx = self.store.begin("decide review").await?;
        take(&*tx, review, clerk, at).await?;
        let word = Word { review, clerk, decision, reason: words, two };
        let action = match give(&*tx, &self.keys, &word, at).await? {
            Came::Stands { .. } => decision.action(kind),
            Came::WantsSecond => Action::WordGiven,
            Came::Known(_) => return Ok(()),
        };
        audit::append(&tx, at, Entry::of(action, review).by(clerk).detail(decision.name())).await?;
        Ok(tx.commit().await?)
    }

    /// Whether two clerks have to decide a case alike: where the place wants it of such cases, or a second person for the
    /// way by which the attempt came; the first clerk is that person.
    pub(crate) async fn wants_two(&self, row: &Model, kind: ReviewKind, today: Date) -> Result<bool, OfficeError> {
        let rules = Rules::of(&self.policies, self.store.reads(), &self.keys, row.beneficiary_id).await?;
        let Some(rules) = rules else { return Ok(false) };
        let policy = rules.on(today);
        if policy.second_clerk.contains(&kind) || policy.second_person.is_empty() {
            return Ok(policy.second_clerk.contains(&kind));
        }
        let way = match row.attempt_id {
            Some(attempt) => way_of(self.store.reads(), attempt).await?,
            None => None,
        };
        Ok(way.is_some_and(|way| policy.second_person.contains(&way)))
    }
}

/// The way by which an attempt came.
async fn way_of(db: &impl ConnectionTrait, attempt: Uuid) -> Result<Option<Channel>, OfficeError> {
    let Some(attempt) = attempt::Entity::find_by_id(attempt).one(db).await? else { return Ok(None) };
    Ok(activation::Entity::find_by_id(attempt.activation_id).one(db).await?.map(|begun| begun.way()))
}

/// A case and what it is.
pub(crate) async fn waiting(db: &impl ConnectionTrait, id: Uuid) -> Result<(Model, ReviewKind), ReviewError> {
    let row = Entity::find_by_id(id).one(db).await?.ok_or(ReviewError::NotFound)?;
    let kind = ReviewKind::named(&row.kind).ok_or(ReviewError::NotFound)?;
    Ok((row, kind))
}

/// Puts a case into a clerk's hands; answers until when. To take one's own again prolongs it.
pub(crate) async fn take(tx: &impl ConnectionTrait, id: Uuid, clerk: Uuid, at: i64) -> Result<i64, ReviewError> {
    let review = locked(tx, id).await?;
    if review.decided_at.is_some() {
        return Err(ReviewError::Decided);
    }
    if review_word::Entity::find_by_id((id, clerk)).one(tx).await?.is_some() {
        return Err(ReviewError::WantsSecond);
    }
    let taken_until = at + TAKEN_MS;
    if own::is_own(tx, &review, clerk).await? {
        return Err(ReviewError::Own);
    }
    let row = review_taken::Model { review_id: id, clerk_id: clerk, taken_until };
    match review_taken::Entity::find_by_id(id).one(tx).await? {
        Some(taken) if taken.clerk_id != clerk && at < taken.taken_until => return Err(ReviewError::Taken),
        Some(_) => row.into_active_model().reset_all().update(tx).await.map(drop)?,
        None => row.into_active_model().insert(tx).await.map(drop)?,
    }
    Ok(taken_until)
}

/// A case that is open and in a clerk's hands.
pub(crate) async fn in_hand(
    db: &impl ConnectionTrait,
    id: Uuid,
    clerk: Uuid,
    at: i64,
) -> Result<(Model, ReviewKind), ReviewError> {
    let (row, kind) = waiting(db, id).await?;
    if row.decided_at.is_some() {
        return Err(ReviewError::Decided);
    }
    let taken = review_taken::Entity::find_by_id(id).one(db).await?;
    match taken.filter(|taken| taken.clerk_id == clerk && at < taken.taken_until) {
        Some(_) => Ok((row, kind)),
        None => Err(ReviewError::Taken),
    }
}

/// Takes a clerk's word down; where it stands, with the facts that follow.
pub(crate) async fn give(
    tx: &impl ConnectionTrait,
    keys: &KeyRing,
    word: &Word<'_>,
    at: i64,
) -> Result<Came, ReviewError> {
    let review = locked(tx, word.review).await?;
    let kind = ReviewKind::named(&review.kind).filter(|kind| word.decision.fits(*kind)).ok_or(ReviewError::NotFound)?;
    let words = said(tx, word.review).await?;
    if let Some(before) = given_before(keys, &review, &words, word)? {
        return Ok(Came::Known(Box::new(before)));
    }
    in_hand(tx, word.review, word.clerk, at).await?;
    demand_consistent(tx, review.beneficiary_id, word.decision, at).await?;
    let same =
        |row: &&review_word::Model| row.decision == word.decision.name() && row.died_day == word.decision.died_day();
    let first = words.iter().find(same).map(|row| row.clerk_id);
    if word.two {
        write(tx, keys, word, at).await?;
    }
    review_taken::Entity::delete_by_id(word.review).exec(tx).await?;
    if word.two && first.is_none() {
        return Ok(Came::WantsSecond);
    }
    settle(tx, keys, &review, kind, word, at).await?;
    Ok(Came::Stands { first: first.filter(|_| word.two) })
}

/// Refuses a word that contradicts what is recorded, also the first of two.
async fn demand_consistent(
    tx: &impl ConnectionTrait,
    who: Uuid,
    decision: Decision,
    at: i64,
) -> Result<(), ReviewError> {
    match decision {
        Decision::Died(on) => demand_possible(tx, who, on, china(at).date()).await,
        Decision::Certify => match is_dead_now(tx, who).await? {
            true => Err(ReviewError::RecordedDead),
            false => Ok(()),
        },
        _ => Ok(()),
    }
}

/// What came of this very word, if it was given before: the same decision, in the same words. Another word of the same
/// clerk's is refused.
fn given_before(
    keys: &KeyRing,
    review: &Model,
    words: &[review_word::Model],
    word: &Word<'_>,
) -> Result<Option<Came>, ReviewError> {
    let decided = review.decided_at.is_some();
    let mine = review.decided_by.as_deref() == Some(of_party(Party::Staff(word.clerk)).as_str());
    let own = match words.iter().find(|row| row.clerk_id == word.clerk) {
        Some(row) => {
            let sealed = (word_place(word.review, word.clerk), row.reason.as_slice());
            Said { decision: Some(&row.decision), died_day: row.died_day, code: row.code.as_deref(), sealed }
        }
        None if mine => {
            let sealed = (place("reason", review.id), review.reason.as_deref().unwrap_or_default());
            let (decision, code) = (review.decision.as_deref(), review.code.as_deref());
            Said { decision, died_day: review.died_day, code, sealed }
        }
        None if decided => return Err(ReviewError::Decided),
        None => return Ok(None),
    };
    match own.is(keys, word)? {
        false => Err(ReviewError::SaidOtherwise),
        true if !decided => Ok(Some(Came::WantsSecond)),
        true if review.decision.as_deref() == Some(word.decision.name()) => Ok(Some(Came::Stands { first: None })),
        // Two others said otherwise.
        true => Err(ReviewError::Decided),
    }
}

/// A word as it was taken down.
struct Said<'a> {
    decision: Option<&'a str>,
    died_day: Option<i64>,
    code: Option<&'a str>,
    sealed: (Place, &'a [u8]),
}

impl Said<'_> {
    /// Whether it is this word, to the letter.
    fn is(&self, keys: &KeyRing, word: &Word<'_>) -> Result<bool, ReviewError> {
        let decision = word.decision;
        if (self.decision, self.died_day, self.code) != (Some(decision.name()), decision.died_day(), decision.code()) {
            return Ok(false);
        }
        let (place, sealed) = self.sealed;
        let reason = columns::open(keys, place, sealed).map_err(OfficeError::from)?;
        Ok(reason.as_slice() == word.reason.expose().as_bytes())
    }
}

async fn locked(tx: &impl ConnectionTrait, id: Uuid) -> Result<Model, ReviewError> {
    Entity::find_by_id(id).lock_exclusive().one(tx).await?.ok_or(ReviewError::NotFound)
}

async fn said(tx: &impl ConnectionTrait, review: Uuid) -> Result<Vec<review_word::Model>, ReviewError> {
    Ok(review_word::Entity::find().filter(review_word::Column::ReviewId.eq(review)).all(tx).await?)
}

async fn write(tx: &impl ConnectionTrait, keys: &KeyRing, word: &Word<'_>, at: i64) -> Result<(), ReviewError> {
    let row = review_word::ActiveModel {
        review_id: Set(word.review),
        clerk_id: Set(word.clerk),
        decision: Set(word.decision.name().to_owned()),
        died_day: Set(word.decision.died_day()),
        reason: Set(columns::seal(keys, word_place(word.review, word.clerk), word.reason.expose().as_bytes())?),
        said_at: Set(at),
        code: Set(word.decision.code().map(str::to_owned)),
    };
    row.insert(tx).await?;
    Ok(())
}

/// Writes the decision, the facts that follow, and an attempt's refusal.
async fn settle(
    tx: &impl ConnectionTrait,
    keys: &KeyRing,
    review: &Model,
    kind: ReviewKind,
    word: &Word<'_>,
    at: i64,
) -> Result<(), ReviewError> {
    let (today, id, clerk) = (china(at).date(), review.id, word.clerk);
    if let Decision::Died(on) = word.decision {
        add(tx, review.beneficiary_id, &Fact { on, recorded: today, what: What::Deceased { clerk } }, at).await?;
    }
    if let (Decision::Refuse(code), Some(attempt)) = (word.decision, review.attempt_id) {
        refuse(tx, attempt, code, at).await?;
    }
    if word.decision == Decision::Found {
        told_in_person(tx, review.beneficiary_id, today).await?;
    }
    let upheld = matches!(word.decision, Decision::Certify | Decision::Appeal { upheld: true });
    let ends = match kind {
        ReviewKind::Appeal => What::AppealDecided { appeal: id, upheld, clerk },
        ReviewKind::Submission | ReviewKind::DeathReport | ReviewKind::Unreached => What::ReviewClosed { review: id },
    };
    add(tx, review.beneficiary_id, &Fact::of_day(today, ends), at).await?;
    let decided = ActiveModel {
        id: Set(id),
        decision: Set(Some(word.decision.name().to_owned())),
        reason: Set(Some(columns::seal(keys, place("reason", id), word.reason.expose().as_bytes())?)),
        decided_by: Set(Some(of_party(Party::Staff(clerk)))),
        decided_at: Set(Some(at)),
        died_day: Set(word.decision.died_day()),
        code: Set(word.decision.code().map(str::to_owned)),
        ..Default::default()
    };
    decided.update(tx).await?;
    Ok(())
}

/// An attempt that a clerk did not certify. One that ended otherwise meanwhile stays as it is.
async fn refuse(tx: &impl ConnectionTrait, id: Uuid, code: ReasonCode, at: i64) -> Result<(), ReviewError> {
    let row = attempt::Entity::find_by_id(id).lock_exclusive().one(tx).await?;
    if row.is_some_and(|row| row.state == State::Review) {
        let refused = attempt::ActiveModel {
            id: Set(id),
            state: Set(State::Refused),
            reasons: Set(code.code().to_owned()),
            judged_at: Set(Some(at)),
            ..Default::default()
        };
        refused.update(tx).await?;
    }
    Ok(())
}

/// Place of the words of one of two clerks.
fn word_place(review: Uuid, clerk: Uuid) -> Place {
    Place { table: "review_word", column: "reason", row: name("word", &[review.as_bytes(), clerk.as_bytes()]) }
}
