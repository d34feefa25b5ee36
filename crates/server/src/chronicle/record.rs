//! Facts and certification records, written within the transaction of whatever they follow from.
//!
//! **In**: a record that a channel made, the policy of its day. **Out**: its row, its fact, and the person's next look set
//! to the day. **What can go wrong**: the record has faults under the policy: nothing is written. The same record again is
//! [`Recorded::Known`], and changes nothing.

use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, Condition, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _,
    TryInsertResult,
};
use uuid::Uuid;

use super::rows::{self, of_party};
use crate::db::year::{benefit, certification, fact};
use crate::year::channel::Channel;
use crate::year::dates::day_number;
use crate::year::facts::Fact;
use crate::year::names::Named;
use crate::year::policy::Policy;
use crate::year::record::{CertificationRecord, Ground, Party, RecordFault};

/// What came of writing a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Recorded {
    /// It stands.
    New,
    /// It stood already.
    Known,
    /// It cannot stand.
    Refused(Vec<RecordFault>),
}

/// The name of a certification by hand: the same person, way, bringer and day are the same certification.
pub(crate) fn certification_id(beneficiary: Uuid, channel: Channel, by: Party, proof: time::Date) -> Uuid {
    let day = day_number(proof).to_be_bytes();
    rows::name("certification", &[beneficiary.as_bytes(), channel.name().as_bytes(), of_party(by).as_bytes(), &day])
}

/// Every fault of a record and its second person under a policy: with none it can be written.
pub(crate) fn faults(record: &CertificationRecord, seconded_by: Option<Party>, policy: &Policy) -> Vec<RecordFault> {
    let mut faults = record.faults(policy);
    let second = seconded_by.filter(|second| *second != record.by && *second != record.decided_by);
    if policy.second_person.contains(&record.channel) && second.is_none() {
        faults.push(RecordFault::SecondMissing);
    }
    faults
}

/// Writes a certification and its fact, if the policy of the day it is recorded on takes it.
pub(crate) async fn certify(
    tx: &impl ConnectionTrait,
    record: &CertificationRecord,
    seconded_by: Option<Party>,
    policy: &Policy,
    at: i64,
) -> Result<Recorded, DbErr> {
    let faults = faults(record, seconded_by, policy);
    if !faults.is_empty() {
        return Ok(Recorded::Refused(faults));
    }
    let (evidence, evidence_id, reason) = match record.ground {
        Ground::Evidence { kind, reference } => (Some(kind.name().to_owned()), Some(reference), None),
        Ground::Reason(reason) => (None, None, Some(reason.name().to_owned())),
    };
    let row = certification::ActiveModel {
        id: Set(record.id),
        beneficiary_id: Set(record.beneficiary),
        channel: Set(record.channel.name().to_owned()),
        brought_by: Set(of_party(record.by)),
        proof_day: Set(day_number(record.proof_date)),
        recorded_day: Set(day_number(record.recorded)),
        recorded_at: Set(at),
        evidence: Set(evidence),
        evidence_id: Set(evidence_id),
        reason: Set(reason),
        decided_by: Set(of_party(record.decided_by)),
        seconded_by: Set(seconded_by.map(of_party)),
        policy_place: Set(policy.place.to_string()),
        policy_version: Set(i64::from(policy.version)),
        delete_on: Set(record.delete_on(policy).map(day_number)),
    };
    let written = certification::Entity::insert(row).on_conflict_do_nothing().exec_without_returning(tx).await?;
    if !is_new(&written) {
        return Ok(Recorded::Known);
    }
    add(tx, record.beneficiary, &record.fact(), at).await?;
    Ok(Recorded::New)
}

/// Adds a fact, and lets the next tick look at the person. Says whether it was new.
pub(crate) async fn add(tx: &impl ConnectionTrait, beneficiary: Uuid, fact: &Fact, at: i64) -> Result<bool, DbErr> {
    let row = rows::of_fact(beneficiary, fact, at);
    let written = fact::Entity::insert(row).on_conflict_do_nothing().exec_without_returning(tx).await?;
    if is_new(&written) {
        look_by(tx, beneficiary, day_number(fact.recorded)).await?;
    }
    Ok(is_new(&written))
}

/// Lets a tick look at a person on a day, if it would not have looked before. The row is always written, so that whoever looks at
/// the person at this moment, and has not seen what was added, is waited for: their next look is not the last word.
pub(crate) async fn look_by(tx: &impl ConnectionTrait, beneficiary: Uuid, day: i64) -> Result<(), DbErr> {
    benefit::Entity::update_many()
        .col_expr(benefit::Column::NextLook, look_at_latest(day))
        .filter(benefit::Column::BeneficiaryId.eq(beneficiary))
        .exec(tx)
        .await
        .map(drop)
}

/// The next look at somebody who is to be looked at on a day at the latest.
pub(super) fn look_at_latest(day: i64) -> SimpleExpr {
    use benefit::Column::NextLook;
    let later = Condition::any().add(NextLook.is_null()).add(NextLook.gt(day));
    Expr::case(later, day).finally(Expr::col(NextLook)).into()
}

fn is_new(written: &TryInsertResult<u64>) -> bool {
    matches!(written, TryInsertResult::Inserted(1..))
}
