//! What did not arrive, and must: it goes by letter.
//!
//! **In**: a message that the law asks for, to the person themselves, which no sender took, for which the address has gone, or
//! of which the gateway says that it did not arrive. **Out**: the same words as a letter, a message of its own with a name that
//! follows from the first, so that there is one however often this is said. That payment stops it says of no day before the
//! post can have brought it. **What can go wrong**: no sender takes the letter: it is tried for as long as it takes. It comes back
//! undelivered: until somebody finds the person nobody is suspended for want of an answer (`chronicle::people`), and a clerk
//! is asked to find them ([`super::unreached`]). The first is said to have failed only after the payer was told: then the letter
//! comes late, the payer is told nothing else, and a clerk looks as well.

use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait as _, IntoActiveModel as _,
};
use time::OffsetDateTime;

use crate::chronicle::reminder::STOPS;
use crate::chronicle::rows::name;
use crate::clock::to_millis;
use crate::db::year::message::{ActiveModel, Entity, Model};
use crate::messages::{CALL_SOON, WITHDRAWN, told_anew};
use crate::year::dates::{LETTER_DAYS, day_number, days_after};
use crate::year::names::Named as _;
use crate::year::policy::{Medium, Recipient};

/// Sends a letter in place of what failed, if the law asks for it and it was none. What reminds of a call is none that a letter
/// could bring in time.
pub(super) async fn instead(tx: &impl ConnectionTrait, failed: Model, now: OffsetDateTime) -> Result<(), DbErr> {
    let letter = Some(Medium::Letter.name().to_owned());
    if failed.template == CALL_SOON {
        return Ok(());
    }
    if !failed.legal || failed.recipient != Recipient::Elder.name() || failed.medium == letter {
        return Ok(());
    }
    let read_by = day_number(days_after(now.date(), LETTER_DAYS + 1));
    let row = ActiveModel {
        id: Set(name("message", &[failed.id.as_bytes(), Medium::Letter.name().as_bytes()])),
        medium: Set(letter),
        about_day: Set(if failed.template == STOPS {
            failed.about_day.map(|day| day.max(read_by))
        } else {
            failed.about_day
        }),
        decided_on: Set(day_number(now.date())),
        state: Set("waiting".to_owned()),
        tries: Set(0),
        run_at: Set(to_millis(now)),
        handed_on: Set(None),
        receipt: Set(None),
        ..failed.into_active_model().reset_all()
    };
    Entity::insert(row).on_conflict(told_anew([WITHDRAWN])).exec_without_returning(tx).await.map(drop)
}
