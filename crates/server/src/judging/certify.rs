//! Makes the certificate of an attempt that passed, and its record: both, or neither.
//!
//! **In**: an attempt that the judge passed, or a clerk. **Out**: record and certificate, written in the caller's
//! transaction. **What can go wrong**: the policy of the place does not take the record: a person looks at the attempt,
//! and is told why; it stops taking it between the two: [`JudgingError::NotRecorded`], and the transaction is given up. Whoever is
//! recorded as dead comes to neither: that is asked in the transaction, by the caller.

use ed25519_dalek::SigningKey;
use jianzai_certificate::{Channel, Claims, issue};
use jianzai_wire::{Mode, ReasonCode};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait as _, ConnectionTrait};
use uuid::Uuid;

use super::JudgingError;
use super::case::Case;
use super::examine::Finding;
use crate::app::{App, ISSUER};
use crate::chronicle::record::{Recorded, certify, faults};
use crate::clock::{to_millis, to_time};
use crate::columns;
use crate::db::entity::certificate::ActiveModel;
use crate::keys::Role;
use crate::messages::announce::new_device;
use crate::outcome::place;
use crate::year::channel::EvidenceKind;
use crate::year::dates::china;
use crate::year::record::{CertificationRecord, Ground, Party, RecordFault};

/// The record of somebody who passed, if the place takes it, no sample was drawn and whoever helped still has their account;
/// else what a clerk has to look at.
pub(super) fn allowed(case: &Case, now: i64) -> Result<CertificationRecord, Finding> {
    if case.leased.as_ref().is_some_and(|leased| leased.sampled) {
        return Err(Finding::review(ReasonCode::AttemptSampled));
    }
    if case.helper.as_ref().is_some_and(|helper| helper.closed) {
        return Err(Finding::review(ReasonCode::AttemptHelperClosed));
    }
    let record = record(case, Party::Judge, now);
    match faults(&record, None, case.rules.on(record.recorded)).first() {
        None => Ok(record),
        Some(fault) => Err(Finding::review(why(*fault))),
    }
}

/// Why a person looks at an attempt that the judge passed.
fn why(fault: RecordFault) -> ReasonCode {
    match fault {
        // An attempt can't be begun by a way that is closed; the place may have closed it since.
        RecordFault::ChannelClosed => ReasonCode::ChannelClosed,
        RecordFault::ProofInFuture => ReasonCode::RecordProofInFuture,
        RecordFault::ProofTooOld => ReasonCode::RecordProofTooOld,
        RecordFault::SecondMissing => ReasonCode::AttemptSecondPerson,
        RecordFault::WrongGround | RecordFault::WrongParty | RecordFault::WrongDecider => ReasonCode::ServerInternal,
    }
}

/// Writes a certificate with its record, and announces a device that is new for the person.
pub(super) async fn write(
    tx: &impl ConnectionTrait,
    certificate: ActiveModel,
    record: &CertificationRecord,
    case: &Case,
    now: i64,
) -> Result<(), JudgingError> {
    let policy = case.rules.on(record.recorded);
    match certify(tx, record, None, policy, now).await? {
        Recorded::Refused(faults) => return Err(JudgingError::NotRecorded(faults)),
        Recorded::New | Recorded::Known => {}
    }
    certificate.insert(tx).await?;
    Ok(new_device(tx, &case.certification(), policy, now).await?)
}

/// The record of an attempt that passed. Like its certificate, it is named by the attempt.
pub(super) fn record(case: &Case, decided_by: Party, now: i64) -> CertificationRecord {
    let by = match (case.mode, &case.helper) {
        (Mode::OwnPhone, _) => Party::Beneficiary,
        (Mode::Assisted, None) => Party::Family,
        (Mode::Assisted, Some(helper)) => helper.party,
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
        revoked_at: Set(None),
    })
}
