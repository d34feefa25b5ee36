//! What somebody cannot do, beside their attempt.
//!
//! **In**: the limitations that came with the attempt. **Out**: a sealed column, opened for the clerk who has to decide.
//! **What can go wrong**: a key that is gone: then nothing is shown, and the attempt is judged as ever.
//!
//! It says something about a person's health, so it is there only as long as somebody may have to decide about the attempt:
//! it goes once the attempt is certified, when nothing can come of it any more, and with the evidence of what waits. After a
//! refusal it stays as long as the app takes an appeal against it, and until that appeal is decided.

use jianzai_wire::Limitation;
use sea_orm::sea_query::{Expr, SelectStatement};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _, QuerySelect as _,
    QueryTrait as _,
};
use uuid::Uuid;

use crate::appeal::APPEALABLE_MS;
use crate::columns::{self, NotSealed, Place};
use crate::db::entity::{State, attempt};
use crate::db::year::review;
use crate::keys::KeyRing;
use crate::year::names::Named as _;
use crate::year::policy::ReviewKind;

/// Seals what came with an attempt; none if nothing did.
pub(crate) fn seal(keys: &KeyRing, row: Uuid, mut limitations: Vec<Limitation>) -> Result<Option<Vec<u8>>, NotSealed> {
    limitations.sort_unstable();
    limitations.dedup();
    if limitations.is_empty() {
        return Ok(None);
    }
    let text = serde_json::to_vec(&limitations).map_err(|_| NotSealed)?;
    columns::seal(keys, place(row), &text).map(Some)
}

/// What is known of an attempt.
pub(crate) fn of(keys: &KeyRing, attempt: &attempt::Model) -> Vec<Limitation> {
    let Some(sealed) = &attempt.limitations else { return Vec::new() };
    let opened = columns::open(keys, place(attempt.id), sealed).ok();
    opened.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

/// Forgets those of attempts that nobody will have to decide about.
pub(crate) async fn forget(db: &impl ConnectionTrait, now: i64) -> Result<u64, DbErr> {
    use attempt::{Column, Entity};
    let certified = Column::State.eq(State::Certified);
    let never_sent = Condition::all().add(Column::State.eq(State::Committed)).add(Column::DeliverBy.lt(now));
    let waits = Column::State.is_in([State::Committed, State::Accepted, State::Review]);
    let deleted = Condition::all().add(waits).add(Column::DeletedAt.is_not_null());
    let over = Condition::any().add(certified).add(never_sent).add(deleted).add(refused_for_good(now));
    let forgotten = Entity::update_many()
        .col_expr(Column::Limitations, Expr::value(Option::<Vec<u8>>::None))
        .filter(Column::Limitations.is_not_null())
        .filter(over)
        .exec(db)
        .await?;
    Ok(forgotten.rows_affected)
}

/// Refused, or never carried out in time, and no appeal is open or can be.
fn refused_for_good(now: i64) -> Condition {
    use attempt::Column;
    let left = Condition::all().add(Column::State.eq(State::Open)).add(Column::CommitBy.lt(now));
    let refused = Condition::any().add(Column::State.eq(State::Refused)).add(left);
    let too_late = now - APPEALABLE_MS;
    let ended_then = Condition::all().add(Column::JudgedAt.is_null()).add(Column::CommitBy.lte(too_late));
    let too_late = Condition::any().add(Column::JudgedAt.lte(too_late)).add(ended_then);
    let open = appealed(Condition::all().add(review::Column::DecidedAt.is_null()));
    let decided = appealed(Condition::all().add(review::Column::DecidedAt.is_not_null()));
    Condition::all()
        .add(refused)
        .add(too_late.add(Column::Id.in_subquery(decided)))
        .add(Column::Id.not_in_subquery(open))
}

/// Attempts that appeals are about.
fn appealed(which: Condition) -> SelectStatement {
    use review::{Column, Entity};
    Entity::find()
        .select_only()
        .column(Column::AttemptId)
        .filter(Column::Kind.eq(ReviewKind::Appeal.name()))
        .filter(Column::AttemptId.is_not_null())
        .filter(which)
        .into_query()
}

fn place(row: Uuid) -> Place {
    Place { table: "attempt", column: "limitations", row }
}
