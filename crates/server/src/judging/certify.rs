//! Makes the certificate of an attempt that passed.

use ed25519_dalek::SigningKey;
use jianzai_certificate::{Channel, Claims, issue};
use sea_orm::ActiveValue::Set;
use time::{Date, Month, UtcOffset};
use uuid::Uuid;

use super::JudgingError;
use super::case::Case;
use crate::app::{App, ISSUER};
use crate::clock::{to_millis, to_time};
use crate::columns;
use crate::db::entity::certificate::ActiveModel;
use crate::keys::Role;
use crate::outcome::place;

/// The row of a new certificate, signed and sealed.
pub(super) fn certificate(app: &App, case: &Case, now: i64) -> Result<ActiveModel, JudgingError> {
    let key = app.keys.current(Role::Certificate).ok_or(JudgingError::Kept("certificate key"))?;
    // The capture was made between issue and commit; the day of the commit is the day it was proven by.
    let proof_date = in_china(case.committed_at);
    let claims = Claims {
        serial: Uuid::new_v4(),
        issuer: ISSUER.to_owned(),
        masked_name: case.name.masked(),
        channel: Channel::from(case.mode),
        proof_date,
        issued_at: to_time(now / 1_000 * 1_000),
        valid_until: a_year_after(proof_date),
        insured_place: case.insured_place,
        demo: case.demo,
    };
    let signed = issue(&claims, &SigningKey::from_bytes(key.expose()), &key.id)?;
    let sealed = columns::seal(&app.keys, place(case.attempt), signed.bytes());
    Ok(ActiveModel {
        attempt_id: Set(case.attempt),
        serial: Set(claims.serial.to_string()),
        beneficiary_id: Set(case.beneficiary),
        sealed: Set(sealed.map_err(|_| JudgingError::Kept("column key"))?),
        signed_with: Set(key.id.clone()),
        issued_at: Set(now),
        valid_until: Set(to_millis(claims.expires_at())),
        demo: Set(case.demo),
    })
}

fn in_china(millis: i64) -> Date {
    let offset = UtcOffset::from_hms(8, 0, 0).unwrap_or(UtcOffset::UTC);
    to_time(millis).to_offset(offset).date()
}

/// The same day twelve months later; 28 February after a 29th.
fn a_year_after(date: Date) -> Date {
    let year = date.year() + 1;
    date.replace_year(year).or_else(|_| Date::from_calendar_date(year, Month::February, 28)).unwrap_or(Date::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::{date, datetime};

    #[test]
    fn a_day_begins_at_midnight_in_china() {
        assert_eq!(in_china(to_millis(datetime!(2026-11-20 15:59:59 UTC))), date!(2026 - 11 - 20));
        assert_eq!(in_china(to_millis(datetime!(2026-11-20 16:00 UTC))), date!(2026 - 11 - 21));
    }

    #[test]
    fn twelve_months_hold_for_every_day() {
        assert_eq!(a_year_after(date!(2026 - 11 - 21)), date!(2027 - 11 - 21));
        assert_eq!(a_year_after(date!(2028 - 02 - 29)), date!(2029 - 02 - 28));
        assert_eq!(a_year_after(date!(2027 - 02 - 28)), date!(2028 - 02 - 28));
    }
}
