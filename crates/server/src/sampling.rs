//! Which of the plans that volunteers take along are looked at by people, whatever the judge says.
//!
//! **In**: the person for whom a plan is lent. **Out**: whether somebody looks at what comes back. **What can go wrong**: the
//! database fails: no plan is lent.
//!
//! One of [`ONE_IN`] is, and nobody can know beforehand which. There is one draw for a person until a plan of theirs has led to
//! a certificate: whoever has several out at once, gives one up, is refused, or sees that one went to review, has the same
//! draw with the next. Otherwise a film would be tried again until it met no clerk. What the judge refuses is refused at once,
//! drawn or not: it certifies nobody, and the next try is looked at.

use rand::RngExt as _;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use crate::db::entity::State;
use crate::db::entity::attempt::{Column, Entity};

const ONE_IN: u32 = 10;

/// Whether somebody looks at what comes back of the plan that is now lent for a person. The caller has locked the person.
pub(crate) async fn is_drawn(tx: &impl ConnectionTrait, person: Uuid) -> Result<bool, DbErr> {
    let leases = || Entity::find().filter(Column::BeneficiaryId.eq(person)).filter(Column::LeasedToId.is_not_null());
    let certified = leases().filter(Column::State.eq(State::Certified)).filter(Column::JudgedAt.is_not_null());
    let certified = certified.order_by_desc(Column::JudgedAt).one(tx).await?;
    let since = certified.and_then(|row| row.judged_at).unwrap_or(0);
    let before = leases().filter(Column::IssuedAt.gt(since)).select_only().column(Column::Sampled);
    let before: Vec<bool> = before.into_tuple().all(tx).await?;
    Ok(if before.is_empty() { rand::rng().random_ratio(1, ONE_IN) } else { before.contains(&true) })
}
