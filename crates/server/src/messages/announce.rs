//! What the registered phone hears outside of the ladder.
//!
//! A certification from a device that this person was never certified from is announced to it: whoever knows four facts and
//! has a good video is found out by the person themselves. What a clerk decided is told as well.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, JoinType, PaginatorTrait as _,
    QueryFilter as _, QuerySelect as _,
};
use time::Date;
use uuid::Uuid;

use crate::chronicle::rows::name;
use crate::db::entity::{State, activation, attempt};
use crate::db::year::message::{ActiveModel, Column, Entity};
use crate::messages::WITHDRAWN;
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
    let (beneficiary, about, mobile) = (of.beneficiary, of.attempt, of.mobile);
    let day = china(now).date();
    let telling = Telling { template: RUNG, beneficiary, about, day, mobile, not_before: None };
    tell(tx, &telling, policy, now).await
}

/// Something to tell a person, once.
pub(crate) struct Telling {
    /// The words.
    pub(crate) template: &'static str,
    /// Whom.
    pub(crate) beneficiary: Uuid,
    /// What it is about: about the same thing nothing is told twice.
    pub(crate) about: Uuid,
    /// The day that the words name.
    pub(crate) day: Date,
    /// Whether the register has a mobile phone; else a letter goes.
    pub(crate) mobile: bool,
    /// Not sooner than this.
    pub(crate) not_before: Option<i64>,
}

/// Takes back what was not sent yet: it is no longer so.
pub(crate) async fn withdraw(
    tx: &impl ConnectionTrait,
    beneficiary: Uuid,
    templates: &[&'static str],
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::State, Expr::value(WITHDRAWN))
        .filter(Column::BeneficiaryId.eq(beneficiary))
        .filter(Column::Template.is_in(templates.iter().copied()))
        .filter(Column::State.eq("waiting"))
        .exec(tx)
        .await
        .map(drop)
}

/// Tells it as soon as it is not quiet. Nobody opts out of this.
pub(crate) async fn tell(tx: &impl ConnectionTrait, telling: &Telling, policy: &Policy, now: i64) -> Result<(), DbErr> {
    let &Telling { template, beneficiary, about, day, mobile, not_before } = telling;
    let medium = if mobile { Medium::Sms } else { Medium::Letter };
    let minutes = |time: time::Time| i64::from(time.hour()) * 60 + i64::from(time.minute());
    let message = ActiveModel {
        id: Set(name("message", &[beneficiary.as_bytes(), template.as_bytes(), about.as_bytes()])),
        beneficiary_id: Set(beneficiary),
        cycle: Set(None),
        rung: Set(template.to_owned()),
        recipient: Set(Recipient::Elder.name().to_owned()),
        medium: Set(Some(medium.name().to_owned())),
        legal: Set(true),
        template: Set(template.to_owned()),
        about_day: Set(Some(day_number(day))),
        quiet_from: Set(minutes(policy.quiet.from)),
        quiet_until: Set(minutes(policy.quiet.until)),
        decided_on: Set(day_number(china(now).date())),
        state: Set("waiting".to_owned()),
        tries: Set(0),
        run_at: Set(not_before.map_or(now, |then| then.max(now))),
        handed_on: Set(None),
        receipt: Set(None),
    };
    Entity::insert(message).on_conflict_do_nothing().exec_without_returning(tx).await.map(drop)
}
