//! Is a message of the ladder still to be told, and of which day does it speak?
//!
//! **In**: the row of a message that is about to go, the moment. **Out**: the day that its words name, or that nobody needs it any
//! more: the person has certified since, has died, or is told of something else by now. While they wait for an answer of ours a
//! legal notice waits as well, and nobody is reminded. What counts
//! are the facts of this moment, not what the last tick made of them: between a tick and the hour at which a gateway answers lies
//! a night. **What can go wrong**: what is kept about the person can't be read: the caller tries again, and a person looks.

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use crate::chronicle::people::lives;
use crate::chronicle::reminder::{STOPPED, STOPS};
use crate::clock::to_millis;
use crate::db::year::message::Model;
use crate::db::year::{benefit, slot};
use crate::messages::CALL_SOON;
use crate::office::{Office, OfficeError};
use crate::year::dates::{LETTER_DAYS, day_number, days_after, numbered_day};
use crate::year::names::Named as _;
use crate::year::policy::Medium;
use crate::year::standing::{Assessment, Standing, assess};

/// Whether something is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needed {
    /// Yes.
    Now {
        /// The day that the words name.
        about_day: Option<i64>,
    },
    /// Not while the person waits for an answer of ours; then it may be.
    Later,
    /// No.
    No,
}

impl Office {
    /// What a message says if it goes now.
    pub(super) async fn needed(&self, message: &Model, now: OffsetDateTime) -> Result<Needed, OfficeError> {
        let Some(cycle) = message.cycle.map(numbered_day) else {
            // An announcement: it was so when it was put down. But of a call that has begun nobody is reminded.
            let over = message.template == CALL_SOON && !self.has_call_ahead(message.beneficiary_id, now).await?;
            return Ok(if over { Needed::No } else { Needed::Now { about_day: message.about_day } });
        };
        let (db, today) = (self.store.reads(), now.date());
        let Some(row) = benefit::Entity::find_by_id(message.beneficiary_id).one(db).await? else {
            return Ok(Needed::No);
        };
        let Some(life) = lives(db, &self.keys, vec![row], today).await?.pop() else { return Ok(Needed::No) };
        let life = life.map_err(|(_, error)| OfficeError::Unreadable(error.0))?;
        let policies = self.policies.current(db).await?;
        let versions = policies.versions(life.insured_place, life.scheme);
        let Some(standing) = assess(versions, &life.person, today, today) else { return Ok(Needed::No) };
        Ok(told(message, &standing, cycle, today))
    }

    /// Whether somebody has a time for a call ahead of them.
    async fn has_call_ahead(&self, who: Uuid, now: OffsetDateTime) -> Result<bool, OfficeError> {
        let ahead = slot::Entity::find().filter(slot::Column::BeneficiaryId.eq(who));
        let ahead = ahead.filter(slot::Column::BeginsAt.gt(to_millis(now)));
        Ok(ahead.one(self.store.reads()).await?.is_some())
    }
}

/// What a message of a cycle says to somebody who stands so.
fn told(message: &Model, now: &Assessment, cycle: Date, today: Date) -> Needed {
    let over = matches!(now.standing, Standing::Current | Standing::Deceased) || now.cycle != cycle;
    if over || (now.held.is_some() && !message.legal) {
        return Needed::No;
    }
    match (message.template.as_str(), now.suspends_on) {
        (STOPS, Some(suspends_on)) => {
            Needed::Now { about_day: Some(day_number(stops_on(suspends_on, message, today))) }
        }
        (STOPS, None) if now.held.is_some() => Needed::Later,
        (STOPS, None) => Needed::No,
        (STOPPED, _) if now.standing != Standing::Suspended => Needed::No,
        _ => Needed::Now { about_day: message.about_day },
    }
}

/// The day from which a notice says that payment would stop: never one that is over when it is read.
fn stops_on(suspends_on: Date, message: &Model, today: Date) -> Date {
    let by_letter = message.medium.as_deref() == Some(Medium::Letter.name());
    let read_by = if by_letter { LETTER_DAYS + 1 } else { 1 };
    suspends_on.max(days_after(today, read_by))
}
