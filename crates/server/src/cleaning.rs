//! What must go, goes: evidence, scans and data of other services on their dates, uploads that were given up, counts that are
//! over, what somebody said they cannot do.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use object_store::{ObjectStoreExt as _, path::Path as ObjectPath};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, DbErr, EntityTrait as _, QueryFilter as _, QuerySelect as _, QueryTrait as _};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::accounts::login;
use crate::app::App;
use crate::audit;
use crate::channels::{eyes, mailed};
use crate::db::entity::{attempt, upload};
use crate::desk::{access, in_vain};
use crate::limitations;
use crate::limits;
use crate::office::OfficeError;
use crate::silent::retention;
use crate::uploads::object_path;
use crate::year::dates::china;

/// How often it looks.
const EVERY: Duration = Duration::from_secs(60);
/// Rows handled at once; the rest wait for the next look.
const AT_ONCE: u64 = 500;

/// Looks again and again until stopped.
pub(crate) async fn run(app: Arc<App>, stop: CancellationToken) {
    loop {
        if let Err(error) = clean(&app).await {
            tracing::error!(%error, "cleaning; it is tried again");
        }
        if let Err(error) = audit::keep_head(&app).await {
            tracing::error!(%error, "signing the log");
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Why cleaning stopped short.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CleaningError {
    #[error(transparent)]
    Database(#[from] DbErr),
    #[error("evidence could not be deleted: {0}")]
    Evidence(object_store::Error),
    #[error(transparent)]
    Office(#[from] OfficeError),
    #[error("staged files: {0}")]
    Staging(#[from] std::io::Error),
}

/// One look: everything whose date has come. What can't be done does not keep the rest from being done.
pub(crate) async fn clean(app: &App) -> Result<(), CleaningError> {
    let evidence = delete_evidence(app).await;
    let scans = mailed::delete_due(&app.store, &app.config.data, china(app.clock.now()).date()).await;
    let abandoned = drop_abandoned(app).await;
    let old = forget_data(app).await;
    forget(app).await?;
    scans?;
    old?;
    evidence.and(abandoned)
}

/// Traces, statements of registers and findings that have been kept long enough.
async fn forget_data(app: &App) -> Result<(), CleaningError> {
    let policies = app.policies.current(app.store.reads()).await.map_err(OfficeError::from)?;
    retention::delete_due(&app.store, &policies, app.clock.now()).await?;
    Ok(())
}

/// Counts, sessions, reads and words that have been kept long enough.
async fn forget(app: &App) -> Result<(), CleaningError> {
    let tx = app.store.begin("forget counts").await?;
    limits::forget_old(&*tx, app.clock.now()).await?;
    limitations::forget(&*tx, app.clock.now()).await?;
    login::forget_old(&tx, app.clock.now()).await?;
    access::forget_old(&tx, app.clock.now()).await?;
    eyes::forget_old(&*tx, app.clock.now()).await?;
    in_vain::forget_old(&*tx, app.clock.now()).await?;
    Ok(tx.commit().await?)
}

/// Deletes first and records it after: cut short between, it is deleted again, which does no harm.
async fn delete_evidence(app: &App) -> Result<(), CleaningError> {
    use attempt::{Column, Entity};
    let now = app.clock.now();
    let due = Entity::find()
        .filter(Column::DeleteAt.lte(now))
        .filter(Column::DeletedAt.is_null())
        .limit(AT_ONCE)
        .all(app.store.reads())
        .await?;
    for attempt in due {
        if let Some(path) = attempt.evidence_path.as_deref() {
            delete_object(app, &ObjectPath::from(path)).await?;
        }
        let tx = app.store.begin("mark deleted").await?;
        Entity::update_many()
            .col_expr(Column::DeletedAt, Expr::value(now))
            .filter(Column::Id.eq(attempt.id))
            .exec(&*tx)
            .await?;
        tx.commit().await?;
    }
    Ok(())
}

async fn delete_object(app: &App, path: &ObjectPath) -> Result<(), CleaningError> {
    match app.objects.delete(path).await {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(CleaningError::Evidence(error)),
    }
}

/// Uploads of attempts that may no longer be delivered.
async fn drop_abandoned(app: &App) -> Result<(), CleaningError> {
    let over = attempt::Column::DeliverBy.lt(app.clock.now());
    let attempts = attempt::Entity::find().select_only().column(attempt::Column::Id).filter(over).into_query();
    let late = upload::Entity::find()
        .filter(upload::Column::CompletedAt.is_null())
        .filter(upload::Column::AttemptId.in_subquery(attempts))
        .limit(AT_ONCE)
        .all(app.store.reads())
        .await?;
    for upload in late {
        let _alone = app.alone_with(upload.id).await;
        // Its last piece may have arrived since it was listed.
        let now = upload::Entity::find_by_id(upload.id).one(app.store.reads()).await?;
        if now.is_none_or(|now| now.completed_at.is_some()) {
            continue;
        }
        match tokio::fs::remove_file(app.config.staging().join(upload.id.to_string())).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        // A stop between the object store and the row leaves evidence that no row names.
        if let Some(attempt) = attempt::Entity::find_by_id(upload.attempt_id).one(app.store.reads()).await? {
            delete_object(app, &object_path(attempt.id, attempt.issued_at)).await?;
        }
        let tx = app.store.begin("drop upload").await?;
        upload::Entity::delete_by_id(upload.id).exec(&*tx).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Removes staged files that no unfinished upload needs: left by a stop between acceptance and removal, or between
/// making the file and its row. Only before calls are taken.
pub(crate) async fn sweep_staging(app: &App) -> Result<(), CleaningError> {
    let unfinished =
        upload::Entity::find().filter(upload::Column::CompletedAt.is_null()).all(app.store.reads()).await?;
    let needed: HashSet<_> = unfinished.into_iter().map(|upload| upload.id).collect();
    let mut files = tokio::fs::read_dir(app.config.staging()).await?;
    while let Some(file) = files.next_entry().await? {
        let id = file.file_name().to_str().and_then(|name| Uuid::parse_str(name).ok());
        if id.is_none_or(|id| !needed.contains(&id)) {
            tokio::fs::remove_file(file.path()).await?;
        }
    }
    Ok(())
}
