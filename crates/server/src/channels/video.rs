//! Video calls by appointment: free times, booking, outcome.
//!
//! **In**: times at which an office calls; who takes one; what the clerk saw. **Out**: bookings; at the end a certification,
//! or the time given back. **What can go wrong**: the time is gone, over, or not theirs: [`SlotRefused`]. One person has
//! one time ahead of them; who books another gives the first back. A call has one outcome, that of whoever was first to say: the
//! certification is recorded with it or not at all.
//!
//! Whoever books or ends a call holds the person's `benefit` first and then the time, so that of two who do so at once the later
//! one sees what the first has done.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::by_hand::{ByHand, Certified, record_in};
use crate::audit::{self, Action, Entry};
use crate::chronicle::people::has_mobile;
use crate::chronicle::policies::Rules;
use crate::chronicle::rows::{name, of_party};
use crate::clock::{to_millis, to_time};
use crate::db::Writing;
use crate::db::year::slot::{ActiveModel, Column, Entity, Model};
use crate::db::year::{benefit, message};
use crate::messages::announce::{Telling, tell, withdraw};
use crate::messages::{CALL_SOON, WITHDRAWN};
use crate::office::{Office, OfficeError};
use crate::year::channel::{Channel, EvidenceKind};
use crate::year::dates::{china, day_number, days_after};
use crate::year::policy::Policy;
use crate::year::record::{Ground, Party};

/// What a clerk found in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VideoOutcome {
    /// The person, alive and well.
    Certified,
    /// Nobody answered, or the line was too poor.
    NotReached,
    /// Not sure that it was the person.
    NotSure,
}

impl VideoOutcome {
    fn name(self) -> &'static str {
        match self {
            Self::Certified => "certified",
            Self::NotReached => "not_reached",
            Self::NotSure => "not_sure",
        }
    }
}

/// What is told of a booking at once; on the day before it is [`CALL_SOON`].
const BOOKED: &str = "call_booked";

/// Why nothing came of a call or a booking.
#[derive(Debug, thiserror::Error)]
pub enum SlotRefused {
    /// The database failed, or something else of our own.
    #[error(transparent)]
    Office(#[from] OfficeError),
    /// Somebody has it, or it is over, or there is no such time.
    #[error("this time is no longer free; please choose another")]
    Gone,
    /// The call has its outcome already.
    #[error("the outcome of this call is recorded already")]
    Decided,
}

impl From<sea_orm::DbErr> for SlotRefused {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Office(error.into())
    }
}

impl Office {
    /// Offers times; those that the office offers already stay as they are. How many are new.
    pub async fn offer_slots(
        &self,
        office: Uuid,
        begins: &[OffsetDateTime],
        minutes: u8,
        by: Party,
        now: OffsetDateTime,
    ) -> Result<u64, OfficeError> {
        let tx = self.store.begin("offer slots").await?;
        let mut added = 0;
        for begins_at in begins.iter().copied().map(to_millis) {
            let row = ActiveModel {
                id: Set(name("slot", &[office.as_bytes(), &begins_at.to_be_bytes()])),
                office_id: Set(office),
                begins_at: Set(begins_at),
                minutes: Set(i64::from(minutes)),
                ..Default::default()
            };
            let written = Entity::insert(row).on_conflict_do_nothing().exec_without_returning(&*tx).await?;
            added += u64::from(matches!(written, sea_orm::TryInsertResult::Inserted(1..)));
        }
        if added > 0 {
            let entry = Entry::of(Action::SlotsOffered, office).detail(added.to_string());
            audit::append(&tx, to_millis(now), Entry { actor: by.account(), ..entry }).await?;
        }
        tx.commit().await?;
        Ok(added)
    }

    /// The next free times of an office: their names and moments.
    pub async fn free_slots(
        &self,
        office: Uuid,
        now: OffsetDateTime,
    ) -> Result<Vec<(Uuid, OffsetDateTime)>, OfficeError> {
        let free = Entity::find()
            .filter(Column::OfficeId.eq(office))
            .filter(Column::BeneficiaryId.is_null())
            .filter(Column::BeginsAt.gt(to_millis(now)))
            .order_by_asc(Column::BeginsAt)
            .limit(50)
            .all(self.store.reads())
            .await?;
        Ok(free.into_iter().map(|slot| (slot.id, to_time(slot.begins_at))).collect())
    }

    /// Books a time for somebody, gives back the one that they had ahead of them, and tells them: at once, and on the day
    /// before.
    pub async fn book(&self, slot: Uuid, who: Uuid, by: Party, now: OffsetDateTime) -> Result<(), SlotRefused> {
        let rules = Rules::of(&self.policies, self.store.reads(), &self.keys, who).await.map_err(OfficeError::from)?;
        let mobile = has_mobile(self.store.reads(), &self.keys, who).await.map_err(OfficeError::from)?;
        let tx = self.store.begin("book").await?;
        let wanted = held(&tx, slot, who).await?;
        let wanted = wanted.filter(|slot| slot.begins_at > to_millis(now)).ok_or(SlotRefused::Gone)?;
        match wanted.beneficiary_id {
            Some(whose) if whose == who => return Ok(()),
            Some(_) => return Err(SlotRefused::Gone),
            None => {}
        }
        Entity::update_many()
            .col_expr(Column::BeneficiaryId, Expr::value(None::<Uuid>))
            .col_expr(Column::BookedAt, Expr::value(None::<i64>))
            .filter(Column::BeneficiaryId.eq(who))
            .filter(Column::BeginsAt.gt(to_millis(now)))
            .filter(Column::Outcome.is_null())
            .exec(&*tx)
            .await?;
        let booked = ActiveModel {
            id: Set(slot),
            beneficiary_id: Set(Some(who)),
            booked_at: Set(Some(to_millis(now))),
            ..Default::default()
        };
        let booked = booked.update(&*tx).await?;
        withdraw(&*tx, who, &[BOOKED, CALL_SOON]).await?;
        if let Some(rules) = rules {
            tell_of(&*tx, &booked, who, mobile, rules.on(now.date()), now).await?;
        }
        let entry = Entry::of(Action::SlotBooked, slot);
        audit::append(&tx, to_millis(now), Entry { actor: by.account(), ..entry }).await?;
        Ok(tx.commit().await?)
    }

    /// What came of a call; certifies, where it does. The record names the call as its evidence.
    pub async fn call_ended(
        &self,
        slot: Uuid,
        outcome: VideoOutcome,
        by: Party,
        decided_by: Party,
        now: OffsetDateTime,
    ) -> Result<Option<Certified>, SlotRefused> {
        let called = Entity::find_by_id(slot).one(self.store.reads()).await?.ok_or(SlotRefused::Gone)?;
        let who = called.beneficiary_id.filter(|_| called.begins_at <= to_millis(now)).ok_or(SlotRefused::Gone)?;
        let rules = if outcome == VideoOutcome::Certified { self.rules_of(who).await? } else { None };
        let tx = self.store.begin("call ended").await?;
        let call = held(&tx, slot, who).await?.filter(|call| call.beneficiary_id == Some(who));
        let call = call.ok_or(SlotRefused::Gone)?;
        if call.outcome.as_deref().is_some_and(|known| known != outcome.name()) {
            return Err(SlotRefused::Decided);
        }
        let certified = match (outcome, rules) {
            (VideoOutcome::NotReached | VideoOutcome::NotSure, _) => None,
            (VideoOutcome::Certified, None) => Some(Certified::NoPolicy),
            (VideoOutcome::Certified, Some(rules)) => {
                let (id, how) = (name("call", &[slot.as_bytes()]), by_call(&call, by, decided_by));
                Some(record_in(&tx, id, who, &how, rules.on(now.date()), now).await?)
            }
        };
        if call.outcome.is_none() && matches!(certified, None | Some(Certified::New(_) | Certified::Known(_))) {
            note(&tx, &call, who, outcome, decided_by, to_millis(now)).await?;
        }
        tx.commit().await?;
        Ok(certified)
    }
}

/// A time, held until the transaction ends, with the person who wants it or has it.
async fn held(tx: &Writing, slot: Uuid, who: Uuid) -> Result<Option<Model>, DbErr> {
    benefit::Entity::find_by_id(who).lock_exclusive().one(&**tx).await?;
    Entity::find_by_id(slot).lock_exclusive().one(&**tx).await
}

/// How somebody was certified in a call.
fn by_call(call: &Model, by: Party, decided_by: Party) -> ByHand {
    ByHand {
        channel: Channel::VideoCall,
        by,
        decided_by,
        seconded_by: None,
        proof_date: china(call.begins_at).date(),
        ground: Ground::Evidence { kind: EvidenceKind::Call, reference: call.id },
    }
}

/// Notes what came of a call. Nobody needs to be reminded of it any more; of its day no other reminder of theirs speaks.
async fn note(
    tx: &Writing,
    call: &Model,
    who: Uuid,
    outcome: VideoOutcome,
    decided_by: Party,
    at: i64,
) -> Result<(), DbErr> {
    let ended = ActiveModel {
        id: Set(call.id),
        outcome: Set(Some(outcome.name().to_owned())),
        decided_by: Set(Some(of_party(decided_by))),
        ..Default::default()
    };
    ended.update(&**tx).await?;
    message::Entity::update_many()
        .col_expr(message::Column::State, Expr::value(WITHDRAWN))
        .filter(message::Column::BeneficiaryId.eq(who))
        .filter(message::Column::Template.eq(CALL_SOON))
        .filter(message::Column::AboutDay.eq(day_number(china(call.begins_at).date())))
        .filter(message::Column::State.eq("waiting"))
        .exec(&**tx)
        .await?;
    let entry = Entry::of(Action::CallEnded, call.id).detail(outcome.name());
    audit::append(tx, at, Entry { actor: decided_by.account(), ..entry }).await
}

/// Tells somebody of their booking; on the day before only where that is not the same day, and only by phone: a letter would come
/// after the call.
async fn tell_of(
    tx: &impl ConnectionTrait,
    booked: &Model,
    who: Uuid,
    mobile: bool,
    policy: &Policy,
    now: OffsetDateTime,
) -> Result<(), DbErr> {
    let (day, begins_at) = (china(booked.begins_at).date(), booked.begins_at);
    // Who books the same time a second time is told a second time.
    let about = name("booking", &[booked.id.as_bytes(), &to_millis(now).to_be_bytes()]);
    let telling = Telling { template: BOOKED, beneficiary: who, about, day, mobile, not_before: None };
    tell(tx, &telling, policy, to_millis(now)).await?;
    if !mobile || now.date() >= days_after(day, -1) {
        return Ok(());
    }
    let not_before = Some(begins_at - 86_400_000);
    tell(tx, &Telling { template: CALL_SOON, not_before, ..telling }, policy, to_millis(now)).await
}
