//! A certification from a device that this person was never certified from is announced to the registered phone: whoever
//! knows four facts and has a good video is found out by the person themselves.

use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, JoinType,
    PaginatorTrait as _, QueryFilter as _, QuerySelect as _,
};
use uuid::Uuid;

use crate::chronicle::rows::name;
use crate::db::entity::{State, activation, attempt};
use crate::db::year::message::ActiveModel;
use crate::year::dates::{china, day_number};
use crate::year::names::Named as _;
use crate::year::policy::{Medium, Policy, Recipient};

/// The message's name among those of the ladder.
const RUNG: &str = "new_device";

/// A certification that was just recorded.
pub(crate) struct Certification<'a> {
    /// Whose.
    pub(crate) beneficiary: Uuid,
    /// The attempt that led to it.
    pub(crate) attempt: Uuid,
    /// The device's key.
    pub(crate) device_key: &'a [u8],
    /// Whether the register has a mobile phone; else a letter goes.
    pub(crate) mobile: bool,
}

/// Lets the registered phone know, if the device is new for the person. Nobody opts out of this.
pub(crate) async fn new_device(
    tx: &impl ConnectionTrait,
    of: &Certification<'_>,
    policy: &Policy,
    now: i64,
) -> Result<(), DbErr> {
    let earlier = attempt::Entity::find()
        .join(
            JoinType::InnerJoin,
            attempt::Entity::belongs_to(activation::Entity)
                .from(attempt::Column::ActivationId)
                .to(activation::Column::Id)
                .into(),
        )
        .filter(attempt::Column::BeneficiaryId.eq(of.beneficiary))
        .filter(attempt::Column::State.eq(State::Certified))
        .filter(attempt::Column::Id.ne(of.attempt))
        .filter(activation::Column::DeviceKey.eq(of.device_key));
    if earlier.count(tx).await? > 0 {
        return Ok(());
    }
    let (today, medium) = (day_number(china(now).date()), if of.mobile { Medium::Sms } else { Medium::Letter });
    let minutes = |time: time::Time| i64::from(time.hour()) * 60 + i64::from(time.minute());
    let message = ActiveModel {
        id: Set(name("message", &[of.beneficiary.as_bytes(), RUNG.as_bytes(), of.attempt.as_bytes()])),
        beneficiary_id: Set(of.beneficiary),
        cycle: Set(None),
        rung: Set(RUNG.to_owned()),
        recipient: Set(Recipient::Elder.name().to_owned()),
        medium: Set(Some(medium.name().to_owned())),
        legal: Set(true),
        template: Set(RUNG.to_owned()),
        about_day: Set(Some(today)),
        quiet_from: Set(minutes(policy.quiet.from)),
        quiet_until: Set(minutes(policy.quiet.until)),
        decided_on: Set(today),
        state: Set("waiting".to_owned()),
        tries: Set(0),
        run_at: Set(now),
        handed_on: Set(None),
        receipt: Set(None),
    };
    message.insert(tx).await.map(drop)
}
