//! Makes the certificate of an attempt that passed, and its record.

use ed25519_dalek::SigningKey;
use jianzai_certificate::{Channel, Claims, issue};
use jianzai_wire::Mode;
use sea_orm::ActiveValue::Set;
use uuid::Uuid;

use super::JudgingError;
use super::case::Case;
use crate::app::{App, ISSUER};
use crate::clock::{to_millis, to_time};
use crate::columns;
use crate::db::entity::certificate::ActiveModel;
use crate::keys::Role;
use crate::outcome::place;
use crate::year::channel::EvidenceKind;
use crate::year::dates::china;
use crate::year::record::{CertificationRecord, Ground, Party};

/// The record of an attempt that passed. Like its certificate, it is named by the attempt.
pub(super) fn record(case: &Case, decided_by: Party, now: i64) -> CertificationRecord {
    let by = match (case.mode, &case.leased) {
        (Mode::OwnPhone, _) => Party::Beneficiary,
        (Mode::Assisted, None) => Party::Family,
        (Mode::Assisted, Some(leased)) => Party::Volunteer(leased.to),
    };
    CertificationRecord {
        id: case.attempt,
        beneficiary: case.beneficiary,
        by,
        channel: case.channel,
        proof_date: china(case.proven_at()).date(),
        recorded: china(now).date(),
        ground: Ground::Evidence { kind: EvidenceKind::Face, reference: case.attempt },
        decided_by,
    }
}

/// The row of a new certificate, signed and sealed.
pub(super) fn certificate(app: &App, case: &Case, now: i64) -> Result<ActiveModel, JudgingError> {
    let key = app.keys.current(Role::Certificate).ok_or(JudgingError::Kept("certificate key"))?;
    let proof_date = china(case.proven_at()).date();
    let claims = Claims {
        serial: Uuid::new_v4(),
        issuer: ISSUER.to_owned(),
        masked_name: case.name.masked(),
        channel: Channel::from(case.mode),
        proof_date,
        issued_at: to_time(now / 1_000 * 1_000),
        valid_until: case.rules.valid_until(proof_date),
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
