//! What a clerk may see and do who has an attempt's case: the evidence, opened, and the certificate.
//!
//! **In**: an attempt that the judge left open or refused. **Out**: its evidence, checked as the judge checks it; or the
//! certificate with record and announcement, as if the judge had passed it, but decided by the clerk. **What can go
//! wrong**: the evidence was deleted, or can't be opened: [`NotShown`]; the place takes no such certification any more:
//! its faults. Of somebody who is recorded as dead no clerk's word is taken down
//! ([`crate::chronicle::decisions::give`]) until a head has recorded that they live; so nothing here says both.

use jianzai_evidence::{EvidenceError, Opened, Source};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, DbErr, EntityTrait as _, QuerySelect as _};
use uuid::Uuid;

use super::JudgingError;
use super::case::Case;
use super::{certify, examine};
use crate::app::App;
use crate::chronicle::record::{self, Recorded};
use crate::db::Writing;
use crate::db::entity::{State, attempt, certificate};
use crate::messages::announce::new_device;
use crate::year::record::{CertificationRecord, Party, RecordFault};

/// Why evidence can't be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotShown {
    #[error("there is no evidence, or it was deleted")]
    Gone,
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    #[error(transparent)]
    Judging(#[from] JudgingError),
}

/// The evidence of an attempt, checked against what the service knows of it.
pub(crate) async fn opened(app: &App, attempt: Uuid) -> Result<Opened, NotShown> {
    demand_evidence(app, attempt).await?;
    let case = Case::load(app, attempt).await?;
    let bundle = case.bundle(app).await?;
    let opened = tokio::task::spawn_blocking(move || examine::open(&case, &bundle)?.watch(&mut |_| ()));
    Ok(opened.await.map_err(|_| JudgingError::Panicked)??)
}

async fn demand_evidence(app: &App, attempt: Uuid) -> Result<(), NotShown> {
    let row = attempt::Entity::find_by_id(attempt).one(app.store.reads()).await.map_err(JudgingError::from)?;
    let there = row.is_some_and(|row| row.evidence_path.is_some() && row.deleted_at.is_none());
    if there { Ok(()) } else { Err(NotShown::Gone) }
}

/// An attempt that a clerk certifies: everything but the transaction.
pub(crate) struct ByClerk {
    case: Case,
    record: CertificationRecord,
    certificate: certificate::ActiveModel,
}

/// Why nothing was certified after all; the transaction is to be given up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotCertified {
    #[error(transparent)]
    Database(#[from] DbErr),
    #[error("the attempt ended otherwise meanwhile")]
    Ended,
    #[error("the place does not take it")]
    Faults(Vec<RecordFault>),
}

impl ByClerk {
    /// Makes certificate and record ready. Evidence that does not open certifies nobody.
    pub(crate) async fn prepare(app: &App, attempt: Uuid, clerk: Uuid, now: i64) -> Result<Self, NotShown> {
        let acted = opened(app, attempt).await?.record().source == Source::Actor;
        let case = Case::load(app, attempt).await?;
        if acted && !case.demo {
            return Err(NotShown::Gone);
        }
        let record = certify::record(&case, Party::Staff(clerk), now);
        let certificate = certify::certificate(app, &case, now)?;
        Ok(Self { case, record, certificate })
    }

    /// Writes both, the attempt's new state, and the announcement of a device that is new for the person.
    pub(crate) async fn write(self, tx: &Writing, first: Option<Uuid>, now: i64) -> Result<(), NotCertified> {
        let id = self.record.id;
        let row = attempt::Entity::find_by_id(id).lock_exclusive().one(&**tx).await?;
        if !row.is_some_and(|row| matches!(row.state, State::Review | State::Refused)) {
            return Err(NotCertified::Ended);
        }
        let policy = self.case.rules.on(self.record.recorded);
        match record::certify(&**tx, &self.record, first.map(Party::Staff), policy, now).await? {
            Recorded::Refused(faults) => return Err(NotCertified::Faults(faults)),
            Recorded::New | Recorded::Known => {}
        }
        self.certificate.insert(&**tx).await?;
        let certified = attempt::ActiveModel {
            id: Set(id),
            state: Set(State::Certified),
            reasons: Set(String::new()),
            judged_at: Set(Some(now)),
            ..Default::default()
        };
        certified.update(&**tx).await?;
        Ok(new_device(&**tx, &self.case.certification(), policy, now).await?)
    }
}
