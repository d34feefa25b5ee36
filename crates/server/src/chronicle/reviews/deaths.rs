//! Deaths: reported, taken back, and what can't be beside one.
//!
//! **In**: a report; that somebody lives after all; a day on which somebody is said to have died; and, from whoever is about to
//! certify somebody, whether they are recorded as dead. **Out**: a case for a clerk, with the account that reported it; the fact
//! that takes a death back. **What can go wrong**: the day can't be that of the death ([`demand_possible`]): it has not come, or
//! lies before the pension began, or before a certification for which the person was there, and which counts.
//!
//! Whoever is recorded as dead is certified by nobody, neither by the judge nor by a clerk, whichever way they come. That they
//! live is recorded first, by a head ([`Office::withdraw_death`]): so no certification for which somebody was seen says otherwise.
//! Data leave out whom the last tick found dead.

use std::collections::HashSet;

use jianzai_wire::Secret;
use sea_orm::{ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _, QuerySelect as _};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::{Opening, ReviewError, open_with_words};
use crate::audit::{self, Action, Entry};
use crate::chronicle::record::add;
use crate::clock::to_millis;
use crate::db::entity::beneficiary;
use crate::db::year::{benefit, fact};
use crate::messages::announce::withdraw;
use crate::office::Office;
use crate::year::channel::Channel;
use crate::year::dates::{china, day_number};
use crate::year::facts::{Fact, What};
use crate::year::names::Named as _;

/// The message that tells of a recorded death.
pub(crate) const TOLD_OF_DEATH: &str = "death_recorded";
/// As facts are called that say of somebody that they died, and that they live after all.
const DIED: &str = "deceased";
const LIVES: &str = "death_withdrawn";

impl Office {
    /// Somebody says that the person died. Nothing changes before a clerk has looked, another one than reported it.
    pub async fn report_death(
        &self,
        who: Uuid,
        clerk: Option<Uuid>,
        words: Option<Secret>,
        now: OffsetDateTime,
    ) -> Result<Uuid, ReviewError> {
        let opening = Opening::death(who, clerk, words);
        let (tx, at) = (self.store.begin("open review").await?, to_millis(now));
        let (id, is_new) = open_with_words(&*tx, &self.keys, &opening, at).await?;
        if is_new {
            audit::append(&tx, at, Entry { actor: clerk, ..Entry::of(Action::DeathReported, id) }).await?;
        }
        tx.commit().await?;
        Ok(id)
    }

    /// A death was recorded wrongly: the person lives, and what was withheld is owed. Who has not been told of it is not.
    pub async fn withdraw_death(&self, who: Uuid, clerk: Uuid, now: OffsetDateTime) -> Result<(), ReviewError> {
        let (tx, at) = (self.store.begin("withdraw death").await?, to_millis(now));
        add(&*tx, who, &Fact::of_day(now.date(), What::DeathWithdrawn { clerk }), at).await?;
        withdraw(&*tx, who, &[TOLD_OF_DEATH]).await?;
        audit::append(&tx, at, Entry::of(Action::DeathDecided, who).by(clerk).detail("withdrawn")).await?;
        Ok(tx.commit().await?)
    }
}

/// Whether somebody is recorded as dead, as standing has it: what was recorded last counts, and of one day that they live.
pub(crate) async fn is_recorded_dead(db: &impl ConnectionTrait, who: Uuid) -> Result<bool, DbErr> {
    let said = fact::Entity::find()
        .filter(fact::Column::BeneficiaryId.eq(who))
        .filter(fact::Column::Kind.is_in([DIED, LIVES]))
        .all(db)
        .await?;
    let last = said.iter().max_by_key(|fact| (fact.recorded_day, fact.kind == LIVES));
    Ok(last.is_some_and(|last| last.kind == DIED))
}

/// The same for whoever is about to certify them: nobody records a death before the transaction ends, and one that is being
/// recorded is waited for.
pub(crate) async fn is_dead_now(tx: &impl ConnectionTrait, who: Uuid) -> Result<bool, DbErr> {
    benefit::Entity::find_by_id(who).lock_exclusive().one(tx).await?;
    is_recorded_dead(tx, who).await
}

/// Refuses a day on which somebody can't have died. A slip of the year would claim years of pension back.
pub(crate) async fn demand_possible(
    tx: &impl ConnectionTrait,
    who: Uuid,
    died_on: Date,
    today: Date,
) -> Result<(), ReviewError> {
    if died_on > today {
        return Err(ReviewError::DiedInFuture);
    }
    let day = day_number(died_on);
    // Held, so that nobody is certified meanwhile.
    let drawn = benefit::Entity::find_by_id(who).lock_exclusive().one(tx).await?;
    let began = drawn.map(|drawn| drawn.entitled_from);
    // Where no file says since when something is drawn, it is the day on which they came into the register: of before nothing is
    // known then, and many a death of before is found out after.
    if began.is_some_and(|began| day < began) && began != came(tx, who).await? {
        return Err(ReviewError::DiedBeforeEntitled);
    }
    match last_seen(tx, who).await?.is_some_and(|seen| day < seen) {
        true => Err(ReviewError::DiedBeforeProof),
        false => Ok(()),
    }
}

/// The day on which somebody came into the register.
async fn came(tx: &impl ConnectionTrait, who: Uuid) -> Result<Option<i64>, DbErr> {
    let imported = beneficiary::Entity::find_by_id(who).select_only().column(beneficiary::Column::ImportedAt);
    Ok(imported.into_tuple::<i64>().one(tx).await?.map(|at| day_number(china(at).date())))
}

/// The last day on which somebody was there for a certification that was not revoked.
async fn last_seen(tx: &impl ConnectionTrait, who: Uuid) -> Result<Option<i64>, DbErr> {
    let facts = fact::Entity::find()
        .filter(fact::Column::BeneficiaryId.eq(who))
        .filter(fact::Column::Kind.is_in(["certified", "revoked"]))
        .all(tx)
        .await?;
    let (void, proofs): (Vec<_>, Vec<_>) = facts.into_iter().partition(|fact| fact.kind == "revoked");
    let void: HashSet<Uuid> = void.iter().filter_map(|fact| fact.about_id).collect();
    let counts = |proof: &&fact::Model| {
        let channel = proof.channel.as_deref().and_then(Channel::named);
        channel.is_some_and(Channel::needs_the_person) && proof.about_id.is_none_or(|id| !void.contains(&id))
    };
    Ok(proofs.iter().filter(counts).map(|proof| proof.on_day).max())
}
