//! Video calls by appointment: free times, booking, outcome.
//!
//! **In**: times at which an office calls; who takes one; what the clerk saw. **Out**: bookings; at the end a certification,
//! or the time given back. **What can go wrong**: the time is gone, over, or not theirs: [`SlotRefused`]. One person has
//! one time ahead of them; who books another gives the first back.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::by_hand::{ByHand, Certified};
use crate::audit::{self, Action, Entry};
use crate::chronicle::people::has_mobile;
use crate::chronicle::policies::Rules;
use crate::chronicle::rows::{name, of_party};
use crate::clock::{to_millis, to_time};
use crate::db::year::slot::{ActiveModel, Column, Entity, Model};
use crate::messages::announce::{Telling, tell, withdraw};
use crate::office::{Office, OfficeError};
use crate::year::channel::{Channel, EvidenceKind};
use crate::year::dates::{china, days_after};
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

/// What is told of a booking: at once, and on the day before.
const TEMPLATES: [&str; 2] = ["call_booked", "call_soon"];

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
        let wanted = Entity::find_by_id(slot).lock_exclusive().one(&*tx).await?;
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
        withdraw(&*tx, who, &TEMPLATES).await?;
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
        if called.outcome.as_deref().is_some_and(|known| known != outcome.name()) {
            return Err(SlotRefused::Decided);
        }
        let certified = match outcome {
            VideoOutcome::Certified => Some(self.certify_call(&called, who, by, decided_by, now).await?),
            VideoOutcome::NotReached | VideoOutcome::NotSure => None,
        };
        if matches!(certified, Some(Certified::Refused(_) | Certified::NoPolicy | Certified::Waits(_))) {
            return Ok(certified);
        }
        let tx = self.store.begin("call ended").await?;
        let ended = ActiveModel {
            id: Set(slot),
            outcome: Set(Some(outcome.name().to_owned())),
            decided_by: Set(Some(of_party(decided_by))),
            ..Default::default()
        };
        ended.update(&*tx).await?;
        if called.outcome.is_none() {
            let entry = Entry::of(Action::CallEnded, slot).detail(outcome.name());
            audit::append(&tx, to_millis(now), Entry { actor: decided_by.account(), ..entry }).await?;
        }
        tx.commit().await?;
        Ok(certified)
    }

    async fn certify_call(
        &self,
        call: &Model,
        who: Uuid,
        by: Party,
        decided_by: Party,
        now: OffsetDateTime,
    ) -> Result<Certified, OfficeError> {
        let how = ByHand {
            channel: Channel::VideoCall,
            by,
            decided_by,
            seconded_by: None,
            proof_date: china(call.begins_at).date(),
            ground: Ground::Evidence { kind: EvidenceKind::Call, reference: call.id },
        };
        self.certify_as(name("call", &[call.id.as_bytes()]), who, &how, now).await
    }
}

/// Tells somebody of their booking; on the day before only where that is not the same day.
async fn tell_of(
    tx: &impl ConnectionTrait,
    booked: &Model,
    who: Uuid,
    mobile: bool,
    policy: &Policy,
    now: OffsetDateTime,
) -> Result<(), DbErr> {
    let (day, begins_at) = (china(booked.begins_at).date(), booked.begins_at);
    let [at_once, day_before] = TEMPLATES;
    // Who books the same time a second time is told a second time.
    let about = name("booking", &[booked.id.as_bytes(), &to_millis(now).to_be_bytes()]);
    let telling = Telling { template: at_once, beneficiary: who, about, day, mobile, not_before: None };
    tell(tx, &telling, policy, to_millis(now)).await?;
    if now.date() >= days_after(day, -1) {
        return Ok(());
    }
    let not_before = Some(begins_at - 86_400_000);
    tell(tx, &Telling { template: day_before, not_before, ..telling }, policy, to_millis(now)).await
}
