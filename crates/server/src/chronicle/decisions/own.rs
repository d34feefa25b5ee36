//! Nobody decides on what they had a hand in.
//!
//! **In**: a case, and a clerk who wants it. **Out**: whether it is their own: they were signed in and held the phone in the
//! attempt that it is about, reported the death, or made the decision against which the appeal is, alone or as one of two. A
//! colleague takes it then, or the head. **What can go wrong**: the database fails.
//!
//! Whoever only wrote an appeal down at the counter brought nothing of their own: they may decide on it, unless it is against a
//! decision of theirs.

use sea_orm::{ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use uuid::Uuid;

use crate::chronicle::rows::of_party;
use crate::db::entity::{activation, attempt};
use crate::db::year::review::{Column, Entity, Model};
use crate::db::year::review_word;
use crate::year::names::Named as _;
use crate::year::policy::ReviewKind;
use crate::year::record::Party;

/// Decisions against which a person may appeal without naming an attempt.
const AGAINST_THEM: [&str; 2] = ["refused", "died"];

/// Whether a clerk had a hand in what a case is about.
pub(super) async fn is_own(tx: &impl ConnectionTrait, case: &Model, clerk: Uuid) -> Result<bool, DbErr> {
    if case.opened_by.as_deref() == Some(of_party(Party::Staff(clerk)).as_str()) {
        return Ok(true);
    }
    if helper(tx, case).await? == Some(clerk) {
        return Ok(true);
    }
    match ReviewKind::named(&case.kind) {
        Some(ReviewKind::Appeal) => decided_before(tx, case, clerk).await,
        _ => Ok(false),
    }
}

/// Who was signed in and held the phone in the attempt that a case is about.
async fn helper(tx: &impl ConnectionTrait, case: &Model) -> Result<Option<Uuid>, DbErr> {
    let Some(attempt) = case.attempt_id else { return Ok(None) };
    let Some(attempt) = attempt::Entity::find_by_id(attempt).one(tx).await? else { return Ok(None) };
    let activation = activation::Entity::find_by_id(attempt.activation_id).one(tx).await?;
    Ok(activation.and_then(|activation| activation.helper_id))
}

/// Whether a clerk made the decision that an appeal is against: on its attempt, or where it names none, the last that was made
/// against the person.
async fn decided_before(tx: &impl ConnectionTrait, appeal: &Model, clerk: Uuid) -> Result<bool, DbErr> {
    let theirs = Entity::find().filter(Column::BeneficiaryId.eq(appeal.beneficiary_id));
    let against = match appeal.attempt_id {
        Some(attempt) => {
            theirs.filter(Column::Kind.eq(ReviewKind::Submission.name())).filter(Column::AttemptId.eq(attempt))
        }
        None => theirs.filter(Column::Decision.is_in(AGAINST_THEM)).filter(Column::DecidedAt.lte(appeal.opened_at)),
    };
    let Some(case) = against.order_by_desc(Column::DecidedAt).one(tx).await? else { return Ok(false) };
    if case.decided_by.as_deref() == Some(of_party(Party::Staff(clerk)).as_str()) {
        return Ok(true);
    }
    let word = review_word::Entity::find_by_id((case.id, clerk)).one(tx).await?;
    Ok(word.is_some_and(|word| case.decision == Some(word.decision)))
}
