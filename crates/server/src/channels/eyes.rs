//! Four eyes: what two accounts have to say before it is recorded.
//!
//! **In**: a certification by people as one account tells it. **Out**: the account that had told the same before, if there is
//! one; else the word is taken down and waits. **What can go wrong**: the two tell it differently: then both words wait, until
//! one account tells it as another did. Neither is shown the other's. Of two clerks who speak at once of the visit that a
//! volunteer reported, the one confirming it and the other setting it aside, the first is heard.
//!
//! The policy of the place says for which ways (`four_eyes`). Whoever tells it again replaces their own word. Words go when
//! the certification is recorded, and when no proof can be so old any more.

use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DbErr, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
    QuerySelect as _,
};
use uuid::Uuid;

use super::by_hand::ByHand;
use crate::chronicle::rows::of_party;
use crate::db::desk_entity::staff;
use crate::db::year::benefit;
use crate::db::year::certification_word::{Column, Entity, Model};
use crate::year::dates::day_number;
use crate::year::names::Named as _;
use crate::year::record::Ground;

/// No policy takes a proof that is older (`proof_age_days`).
const KEPT_MS: i64 = 366 * 86_400_000;

/// What came of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Eyes {
    /// Another account had said the same.
    Four {
        /// It.
        first: Uuid,
    },
    /// It waits for another's.
    Two {
        /// Whether it had not been said so before.
        is_new: bool,
    },
}

/// Accounts that don't count beside this one: who invited it and whom it invited, since whoever invites is told the code and
/// could be both.
pub(super) async fn tied(tx: &impl ConnectionTrait, account: Uuid) -> Result<Vec<Uuid>, DbErr> {
    let either = Condition::any().add(staff::Column::Id.eq(account)).add(staff::Column::InviterId.eq(account));
    let rows = staff::Entity::find().filter(either).all(tx).await?;
    Ok(rows.iter().filter_map(|row| if row.id == account { row.inviter_id } else { Some(row.id) }).collect())
}

/// Takes an account's word down on the certification `id`, which is not recorded yet; accounts that are `tied` to it don't count
/// as another. The caller holds the lock on the person's benefit.
pub(super) async fn say(
    tx: &impl ConnectionTrait,
    id: Uuid,
    who: Uuid,
    account: Uuid,
    tied: &[Uuid],
    how: &ByHand,
    at: i64,
) -> Result<Eyes, DbErr> {
    let words = Entity::find().filter(Column::CertificationId.eq(id)).all(tx).await?;
    let own = Model {
        certification_id: id,
        account_id: account,
        beneficiary_id: who,
        channel: how.channel.name().to_owned(),
        brought_by: of_party(how.by),
        seconded_by: how.seconded_by.map(of_party),
        proof_day: day_number(how.proof_date),
        said_at: at,
        reported: how.is_volunteers_own(),
        reason: reason(how.ground),
    };
    // At the counter each clerk is the one to whom the person came.
    let counter = how.channel.is_at_counter();
    let same = |word: &Model| {
        let brought = counter || word.brought_by == own.brought_by;
        // Why there was a visit two may see differently: ill, or frail.
        brought && word.seconded_by == own.seconded_by && word.proof_day == own.proof_day
    };
    let is_other = |word: &Model| word.account_id != account && !tied.contains(&word.account_id);
    if let Some(first) = words.iter().find(|word| is_other(word) && same(word)) {
        return Ok(Eyes::Four { first: first.account_id });
    }
    let before = words.iter().find(|word| word.account_id == account);
    let is_new = !before.is_some_and(same);
    if is_new || before.is_some_and(|before| before.reason != own.reason) {
        Entity::delete_by_id((id, account)).exec(tx).await?;
        Entity::insert(own.into_active_model()).exec_without_returning(tx).await?;
    }
    Ok(Eyes::Two { is_new })
}

fn reason(ground: Ground) -> Option<String> {
    match ground {
        Ground::Reason(reason) => Some(reason.name().to_owned()),
        Ground::Evidence { .. } => None,
    }
}

/// What became of a word since it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waits {
    /// It waits as it was.
    AsRead,
    /// Its account has told it otherwise.
    Otherwise,
    /// It waits no more.
    Gone,
}

/// Whether a word waits as it was read. Nobody takes it away or tells it otherwise before the transaction ends; where somebody is
/// confirming it, it is waited for them.
pub(super) async fn waits(tx: &impl ConnectionTrait, word: &Model) -> Result<Waits, DbErr> {
    // In the order in which whoever says a word locks: first the person's benefit.
    benefit::Entity::find_by_id(word.beneficiary_id).lock_exclusive().one(tx).await?;
    let row = Entity::find_by_id((word.certification_id, word.account_id)).lock_exclusive().one(tx).await?;
    Ok(match row {
        None => Waits::Gone,
        Some(row) if row == *word => Waits::AsRead,
        Some(_) => Waits::Otherwise,
    })
}

/// Takes a word away that nobody shall confirm; the caller holds it ([`waits`]).
pub(super) async fn take_away(tx: &impl ConnectionTrait, word: &Model) -> Result<(), DbErr> {
    Entity::delete_by_id((word.certification_id, word.account_id)).exec(tx).await.map(drop)
}

/// The certification is recorded: its words have said what they had to.
pub(super) async fn done(tx: &impl ConnectionTrait, id: Uuid) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::CertificationId.eq(id)).exec(tx).await.map(drop)
}

/// Forgets words that no other can follow any more.
pub(crate) async fn forget_old(tx: &impl ConnectionTrait, now: i64) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::SaidAt.lt(now - KEPT_MS)).exec(tx).await.map(drop)
}
