//! What somebody cannot do, beside their attempt.
//!
//! **In**: the limitations that came with the attempt. **Out**: a sealed column, opened for the clerk who has to decide.
//! **What can go wrong**: a key that is gone: then nothing is shown, and the attempt is judged as ever.
//!
//! It says something about a person's health, so it is there only as long as somebody may have to decide about the attempt:
//! it goes once the attempt is certified or refused, when nothing can come of it any more, and with the evidence.

use jianzai_wire::Limitation;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, Condition, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _};
use uuid::Uuid;

use crate::columns::{self, NotSealed, Place};
use crate::db::entity::{State, attempt};
use crate::keys::KeyRing;

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
    let decided = Column::State.is_in([State::Certified, State::Refused]);
    let left = Condition::all().add(Column::State.eq(State::Open)).add(Column::CommitBy.lt(now));
    let never_sent = Condition::all().add(Column::State.eq(State::Committed)).add(Column::DeliverBy.lt(now));
    let over = Condition::any().add(decided).add(left).add(never_sent).add(Column::DeletedAt.is_not_null());
    let forgotten = Entity::update_many()
        .col_expr(Column::Limitations, Expr::value(Option::<Vec<u8>>::None))
        .filter(Column::Limitations.is_not_null())
        .filter(over)
        .exec(db)
        .await?;
    Ok(forgotten.rows_affected)
}

fn place(row: Uuid) -> Place {
    Place { table: "attempt", column: "limitations", row }
}
