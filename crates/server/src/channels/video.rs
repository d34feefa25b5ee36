//! Video calls by appointment: free times, booking, outcome.
//!
//! **In**: times at which an office calls; who takes one; what the clerk saw. **Out**: bookings; at the end a certification,
//! or the time given back. **What can go wrong**: the time is gone, over, or not theirs: [`SlotRefused`]. One person has
//! one time ahead of them; who books another gives the first back.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::by_hand::{ByHand, Certified};
use crate::chronicle::rows::{name, of_party};
use crate::clock::{to_millis, to_time};
use crate::db::year::slot::{ActiveModel, Column, Entity, Model};
use crate::office::{Office, OfficeError};
use crate::year::channel::{Channel, EvidenceKind};
use crate::year::dates::china;
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
    pub async fn offer_slots(&self, office: Uuid, begins: &[OffsetDateTime], minutes: u8) -> Result<u64, OfficeError> {
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

    /// Books a time for somebody, and gives back the one that they had ahead of them.
    pub async fn book(&self, slot: Uuid, who: Uuid, now: OffsetDateTime) -> Result<(), SlotRefused> {
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
        booked.update(&*tx).await?;
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
        if matches!(certified, Some(Certified::Refused(_) | Certified::NoPolicy)) {
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
