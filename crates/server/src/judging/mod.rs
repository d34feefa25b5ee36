//! Judges what has arrived, one bundle at a time.
//!
//! **In**: jobs, each an accepted attempt. **Out**: the attempt certified (with its certificate, in the same transaction),
//! in review, or refused, with reasons. **What can go wrong**: the process dies: the lease runs out, or the next start
//! takes the job back, and it is judged again from the start; a certificate is unique to its attempt, so it can't be given
//! twice. Several processes judge at once: a job is one worker's until its lease runs out, and who has lost it changes
//! nothing. The place does not take a certification of what passed, or the person is recorded as dead: a person looks at it, and
//! for somebody who is recorded as dead a clerk certifies only once a head has recorded that they live
//! ([`crate::chronicle::reviews::deaths`]). A fault of our own: tried again,
//! ever later, and after [`MAX_TRIES`] a person looks at it; the beneficiary is never refused for it. The object store is
//! away, or this process began before the key was made that the bundle is sealed to: that costs no try, however long it
//! lasts, and nothing is deleted. Something wrong with the evidence: refused, with the code that names it.

pub(crate) mod by_clerk;
mod case;
mod certify;
mod examine;
mod pacing;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jianzai_wire::ReasonCode;
use sea_orm::sea_query::{Expr, LockBehavior, LockType};
use sea_orm::{
    ActiveModelTrait as _,
    ActiveValue::{NotSet, Set},
    ColumnTrait as _, Condition, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::case::Case;
use self::certify::{allowed, write};
pub(crate) use self::examine::Examiner;
use self::examine::{Examined, Finding};
use crate::app::App;
use crate::audit::{self, Entry};
use crate::chronicle::reviews::deaths::is_dead_now;
use crate::chronicle::reviews::{self, Opening};
use crate::db::entity::{State, attempt, job};
use crate::year::record::RecordFault;

/// A job is another's after this long.
const LEASE_MS: i64 = 5 * 60_000;
/// A bundle that could not be judged so often goes to review.
const MAX_TRIES: i64 = 6;
/// Evidence that is out of reach is asked for again after this.
const OUT_OF_REACH_MS: i64 = 30_000;
/// How long to wait where nobody rings.
const IDLE: Duration = Duration::from_secs(5);

/// Why a judgement could not be reached, through a fault of our own.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JudgingError {
    #[error(transparent)]
    Database(#[from] DbErr),
    #[error("the evidence can't be read: {0}")]
    Store(#[from] object_store::Error),
    #[error("a value of the attempt can't be used: {0}")]
    Kept(&'static str),
    #[error("a network failed: {0}")]
    Face(#[from] jianzai_face::FaceError),
    #[error("the certificate could not be made: {0}")]
    Certificate(#[from] jianzai_certificate::CertificateError),
    #[error("the examination panicked")]
    Panicked,
    #[error("the key {0}, which the app was told to seal to, is not among the keys of this process")]
    KeyNotHere(String),
    #[error("the record of a certificate could not stand: {0:?}")]
    NotRecorded(Vec<RecordFault>),
}

impl JudgingError {
    /// The store, or the key to what it holds, is out of reach from here; it says nothing about this attempt.
    fn is_out_of_reach(&self) -> bool {
        match self {
            Self::Store(error) => !matches!(error, object_store::Error::NotFound { .. }),
            Self::KeyNotHere(_) => true,
            _ => false,
        }
    }
}

/// Judges until stopped; hands the job in hand back then.
pub(crate) async fn run(app: Arc<App>, examiner: Examiner, worker: Uuid, stop: CancellationToken) {
    let examiner = Arc::new(Mutex::new(examiner));
    while !stop.is_cancelled() {
        let worked = match claim(&app, worker).await {
            Ok(Some(job)) => work(&app, &examiner, job, &stop).await.map(|()| true),
            Ok(None) => Ok(false),
            Err(error) => Err(error.into()),
        };
        if let Err(error) = &worked {
            tracing::error!(%error, "judging; it is tried again");
        }
        if !worked.unwrap_or(false) {
            tokio::select! {
                () = app.work.notified() => {}
                () = tokio::time::sleep(IDLE) => {}
                () = stop.cancelled() => {}
            }
        }
    }
}

/// Takes back what an earlier run of this very worker had in hand when it died. What others have stays theirs until their
/// leases run out.
pub(crate) async fn take_back(app: &App, worker: Uuid) -> Result<(), DbErr> {
    let tx = app.store.begin("take back jobs").await?;
    job::Entity::update_many()
        .col_expr(job::Column::LeasedBy, Expr::value(None::<Uuid>))
        .col_expr(job::Column::LeasedUntil, Expr::value(None::<i64>))
        .filter(job::Column::DoneAt.is_null())
        .filter(job::Column::LeasedBy.eq(worker))
        .exec(&*tx)
        .await?;
    tx.commit().await
}

/// The next job, leased to this worker.
async fn claim(app: &App, worker: Uuid) -> Result<Option<job::Model>, DbErr> {
    let now = app.clock.now();
    let tx = app.store.begin("claim job").await?;
    let free = Condition::any().add(job::Column::LeasedUntil.is_null()).add(job::Column::LeasedUntil.lt(now));
    let next = job::Entity::find()
        .filter(job::Column::DoneAt.is_null())
        .filter(job::Column::RunAt.lte(now))
        .filter(free)
        .order_by_asc(job::Column::RunAt)
        // Jobs that another process is claiming at this moment are passed over.
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .one(&*tx)
        .await?;
    let Some(next) = next else { return Ok(None) };
    let leased = job::ActiveModel {
        attempt_id: Set(next.attempt_id),
        leased_by: Set(Some(worker)),
        leased_until: Set(Some(now + LEASE_MS)),
        tries: Set(next.tries + 1),
        ..Default::default()
    };
    let leased = leased.update(&*tx).await?;
    tx.commit().await?;
    Ok(Some(leased))
}

async fn work(
    app: &App,
    examiner: &Arc<Mutex<Examiner>>,
    job: job::Model,
    stop: &CancellationToken,
) -> Result<(), JudgingError> {
    let id = job.attempt_id;
    if job.tries > MAX_TRIES {
        return conclude(app, &job, None, &Finding::review(ReasonCode::ServerInternal)).await;
    }
    match examine(app, examiner, id, stop).await {
        Ok((case, Examined::Found(finding))) => conclude(app, &job, Some(&case), &finding).await,
        // A stop of ours is no fault of the bundle's and costs it no try.
        Ok((_, Examined::Interrupted)) => give_back(app, &job, 0, job.tries - 1).await,
        Err(error) if error.is_out_of_reach() => {
            tracing::error!(attempt = %id, %error, "the evidence is out of reach");
            give_back(app, &job, OUT_OF_REACH_MS, job.tries - 1).await
        }
        Err(error) => {
            tracing::error!(attempt = %id, tries = job.tries, %error, "an attempt could not be judged");
            // Ten seconds, then twice as long each time.
            give_back(app, &job, 10_000 << job.tries.min(MAX_TRIES), job.tries).await
        }
    }
}

async fn examine(
    app: &App,
    examiner: &Arc<Mutex<Examiner>>,
    id: Uuid,
    stop: &CancellationToken,
) -> Result<(Arc<Case>, Examined), JudgingError> {
    let case = Arc::new(Case::load(app, id).await?);
    let bundle = case.bundle(app).await?;
    let (examiner, stop, shared) = (examiner.clone(), stop.clone(), case.clone());
    let examined = tokio::task::spawn_blocking(move || {
        // A panic during an earlier examination leaves no state that the next one does not reset.
        let mut examiner = examiner.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        examiner.examine(&shared, &bundle, &|| stop.is_cancelled())
    });
    let examined = examined.await.map_err(|_| JudgingError::Panicked)??;
    Ok((case, examined))
}

/// Records the outcome, and with it the certificate, in one transaction.
async fn conclude(app: &App, job: &job::Model, case: Option<&Case>, found: &Finding) -> Result<(), JudgingError> {
    let now = app.clock.now();
    let passed = case.filter(|_| found.state == State::Certified);
    let allowed = passed.map(|case| allowed(case, now));
    let certified = match (&allowed, passed) {
        (Some(Ok(record)), Some(case)) => Some((certify::certificate(app, case, now)?, record, case)),
        _ => None,
    };
    let tx = app.store.begin("conclude").await?;
    let mine = job::Entity::find_by_id(job.attempt_id).lock_exclusive().one(&*tx).await?;
    if mine.is_none_or(|mine| mine.leased_by != job.leased_by || mine.done_at.is_some()) {
        tracing::warn!(attempt = %job.attempt_id, "the job became another's; its outcome counts");
        return Ok(());
    }
    let is_dead = match passed {
        Some(case) => is_dead_now(&*tx, case.beneficiary).await?,
        None => false,
    };
    let of_the_dead = Finding::review(ReasonCode::AttemptRecordedDead);
    let finding = match &allowed {
        Some(_) if is_dead => &of_the_dead,
        Some(Err(instead)) => instead,
        _ => found,
    };
    let judged = judged(job.attempt_id, finding, found, now).update(&*tx).await?;
    if let Some((certificate, record, case)) = certified.filter(|_| !is_dead) {
        write(&*tx, certificate, record, case, now).await?;
    }
    if finding.state == State::Review {
        reviews::open(&*tx, &Opening::submission(&judged), now).await?;
    }
    job::ActiveModel {
        attempt_id: Set(job.attempt_id),
        done_at: Set(Some(now)),
        leased_by: Set(None),
        leased_until: Set(None),
        ..Default::default()
    }
    .update(&*tx)
    .await?;
    let entry = Entry::of(decision(finding.state), job.attempt_id).detail(judged.reasons.clone());
    audit::append(&tx, now, entry).await?;
    tx.commit().await?;
    app.metrics.judged(finding.state);
    tracing::info!(attempt = %job.attempt_id, outcome = ?finding.state, reasons = %judged.reasons, "judged");
    Ok(())
}

/// An attempt as it stands from now on, with what the judge had `found` whatever came of it.
fn judged(attempt: Uuid, finding: &Finding, found: &Finding, now: i64) -> attempt::ActiveModel {
    let codes: Vec<_> = finding.reasons.iter().map(|reason| reason.code()).collect();
    attempt::ActiveModel {
        id: Set(attempt),
        delete_at: if finding.is_worthless() { Set(Some(now)) } else { NotSet },
        state: Set(finding.state),
        reasons: Set(codes.join(",")),
        judged_at: Set(Some(now)),
        judgement: Set(found.judgement.clone()),
        ..Default::default()
    }
}

/// As the linked log calls an outcome.
fn decision(state: State) -> audit::Action {
    match state {
        State::Certified => audit::Action::Certified,
        State::Refused => audit::Action::Refused,
        State::Review | State::Open | State::Committed | State::Accepted => audit::Action::SentToReview,
    }
}

/// Lets the job be taken again, not before `after_ms`, unless it became another's meanwhile.
async fn give_back(app: &App, job: &job::Model, after_ms: i64, tries: i64) -> Result<(), JudgingError> {
    let tx = app.store.begin("give back job").await?;
    job::Entity::update_many()
        .set(job::ActiveModel {
            run_at: Set(app.clock.now() + after_ms),
            tries: Set(tries),
            leased_by: Set(None),
            leased_until: Set(None),
            ..Default::default()
        })
        .filter(job::Column::AttemptId.eq(job.attempt_id))
        .filter(job::Column::LeasedBy.eq(job.leased_by))
        .filter(job::Column::DoneAt.is_null())
        .exec(&*tx)
        .await?;
    Ok(tx.commit().await?)
}

#[cfg(test)]
mod refused;
#[cfg(test)]
mod several;
#[cfg(test)]
pub(crate) mod tests;
