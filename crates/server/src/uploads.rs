//! `/v1/uploads`: the sealed bundle, in pieces that survive anything (tus 1.0: core and creation).
//!
//! **In**: a committed attempt's sealed bundle, in pieces of at most [`PIECE`] bytes. **Out**: the bundle in the object
//! store, the attempt `accepted`, and a job to judge it.
//!
//! **Order of durability.** A piece is appended to a staged file and flushed to the disk, then the row says how much has
//! arrived, then the caller hears it. With the last piece, or with one that is all, the whole goes into the object store
//! (flushed), then one transaction records the last byte, the acceptance and the job, then the caller hears it. Whatever is cut short at any
//! point, what was acknowledged is there, and the caller goes on from the offset that `HEAD` tells. Bytes behind that
//! offset are overwritten.
//!
//! **What can go wrong.** A line that breaks in the middle of a piece: what had arrived is kept. Two calls at once on one
//! upload: whichever has arrived first counts, the other is then refused for its offset; a line that hangs holds up nobody.
//! The object store is away: the last piece is answered `server.busy`, and counts as not arrived.
//! What arrives is already sealed; nothing here is in clear.

mod accept;
mod delivery;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use jianzai_wire::ReasonCode;
use jianzai_wire::api::Problem;
use object_store::{ObjectStoreExt as _, path::Path as ObjectPath};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait as _, DbErr, EntityTrait as _, QueryFilter as _};
use uuid::Uuid;

use self::accept::Acceptance;
use self::delivery::{OfToken, OfUpload};
use crate::app::{App, today};
use crate::chronicle::policies::Rules;
use crate::db::entity::upload;
use crate::durable;
use crate::problem::Refusal;
use crate::tus::{LENGTH, OFFSET, RESUMABLE, TUS_1, created, number, signed, speaks_tus};
use crate::year::channel::EvidenceKind;
use crate::year::dates::{china, end_of_day};

/// The largest piece.
pub(crate) const PIECE: usize = 1 << 20;
/// A caller from whom nothing arrives for so long is gone.
const SILENCE: Duration = Duration::from_secs(30);
/// A piece that takes longer is cut off; what had arrived is kept, and the caller goes on from there.
const PIECE_LIMIT: Duration = Duration::from_secs(90);

/// What was read of an upload so lately needs no second look, if nobody here changed it.
const FRESH: Duration = Duration::from_secs(1);

/// Seconds after which a caller may try again whose bundle could not be kept.
const COME_AGAIN: u32 = 30;

/// Begin to deliver an attempt's sealed bundle (tus 1.0 creation). The same again names the same upload.
#[utoipa::path(post, path = "/v1/uploads", tag = "upload", security(("attempt" = [])),
    params(("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("Upload-Length" = u64, Header, description = "Bytes of the whole.")),
    responses((status = 201, description = "`Location` of the upload."),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`attempt.not_committed`"),
        (status = 410, body = Problem, content_type = "application/problem+json", description = "`evidence.late`"),
        (status = 413, body = Problem, content_type = "application/problem+json", description = "`upload.too_large`")))]
pub(crate) async fn create(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Refusal> {
    speaks_tus(&headers)?;
    let length: u64 = number(&headers, &LENGTH)?;
    let now = app.clock.now();
    let found = OfToken::find(app.store.reads(), &headers).await?;
    if let Some(known) = found.begun() {
        return created_before(known, length);
    }
    found.delivery.is_awaited(now)?;
    if length == 0 {
        return Err(ReasonCode::UploadBadRequest.into());
    }
    if length > found.max_bundle_bytes()? {
        return Err(ReasonCode::UploadTooLarge.into());
    }
    let id = Uuid::new_v4();
    let row = upload::ActiveModel {
        id: Set(id),
        attempt_id: Set(found.delivery.attempt_id),
        length: Set(signed(length)?),
        received: Set(0),
        created_at: Set(now),
        completed_at: Set(None),
    };
    let unless_there = OnConflict::column(upload::Column::AttemptId).do_nothing().to_owned();
    let added = upload::Entity::insert(row).on_conflict(unless_there).exec_without_returning(app.store.single()).await;
    match added {
        Ok(1..) => Ok(created(id)),
        // Another call was first by a moment.
        Ok(0) | Err(DbErr::RecordNotInserted) => match OfToken::find(app.store.reads(), &headers).await?.begun() {
            Some(known) => created_before(known, length),
            None => Err(ReasonCode::ServerInternal.into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// The same again names the same upload. The bundle was sealed once; another length is another bundle.
fn created_before((id, known): (Uuid, i64), length: u64) -> Result<Response, Refusal> {
    if known == signed(length)? { Ok(created(id)) } else { Err(ReasonCode::AttemptUsed.into()) }
}

/// How much has arrived (tus 1.0 core).
#[utoipa::path(head, path = "/v1/uploads/{id}", tag = "upload", security(("attempt" = [])),
    params(("id" = Uuid, Path, description = "The upload.")), responses(
    (status = 200, description = "`Upload-Offset`, `Upload-Length`."),
    (status = 404, description = "`upload.not_found`")))]
pub(crate) async fn offset(
    State(app): State<Arc<App>>,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    speaks_tus(&headers)?;
    let _alone = app.alone_with(id).await;
    let progress = OfUpload::find(app.store.reads(), id, &headers).await?.progress;
    let told = [(RESUMABLE, TUS_1), (OFFSET, progress.received.into()), (LENGTH, progress.length.into())];
    Ok((StatusCode::OK, told).into_response())
}

/// Deliver a piece (tus 1.0 core). Acknowledged when it is on the disk; the last one when the whole is accepted.
#[utoipa::path(patch, path = "/v1/uploads/{id}", tag = "upload", security(("attempt" = [])),
    params(("id" = Uuid, Path, description = "The upload."), ("Upload-Offset" = u64, Header, description = "Where it begins.")),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"), responses(
    (status = 204, description = "`Upload-Offset`"),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "`upload.not_found`"),
    (status = 409, body = Problem, content_type = "application/problem+json", description = "`upload.bad_offset`"),
    (status = 413, body = Problem, content_type = "application/problem+json", description = "`upload.too_large`"),
    (status = 503, body = Problem, content_type = "application/problem+json", description = "`server.busy`: the last \
        piece could not be kept and is sent again.")))]
pub(crate) async fn deliver(
    State(app): State<Arc<App>>,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    speaks_tus(&headers)?;
    if headers.get(header::CONTENT_TYPE).is_none_or(|kind| kind != "application/offset+octet-stream") {
        return Err(Refusal::with_status(ReasonCode::UploadBadRequest, StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let offset = number(&headers, &OFFSET)?;
    // A task of its own: if the line breaks, the server drops the call, and what has arrived must still be kept.
    let arrival = tokio::spawn(async move { arrive(&app, id, &headers, offset, body).await });
    let offset = arrival.await.map_err(|error| Refusal::internal(&error))??;
    Ok((StatusCode::NO_CONTENT, [(RESUMABLE, TUS_1), (OFFSET, offset.into())]).into_response())
}

/// Takes in a piece and says how much has arrived now.
async fn arrive(app: &App, id: Uuid, headers: &HeaderMap, offset: u64, body: Body) -> Result<i64, Refusal> {
    let (begun, changes) = (std::time::Instant::now(), app.changes_of(id));
    let Some((upload, space)) = awaited(app, id, headers, offset).await? else { return signed(offset) };
    let (piece, broken) = receive(body, space.min(PIECE)).await?;
    // From here on alone. Meanwhile another call may have brought the same piece; or, while a data folder is adopted, another
    // process, which is not counted here.
    let alone = app.alone_with(id).await;
    let is_fresh = alone.changes_before() == changes && begun.elapsed() < FRESH;
    if !is_fresh && upload.progress_now(app.store.reads()).await? != upload.progress {
        return Err(ReasonCode::UploadBadOffset.into());
    }
    let arrived = i64::try_from(piece.len()).map_err(|_| ReasonCode::UploadTooLarge)?;
    let received = upload.progress.received + arrived;
    match (arrived == 0, received == upload.progress.length) {
        (true, _) => {}
        (false, true) => accept(app, &upload, piece).await?,
        (false, false) => {
            stage(app, &upload, piece).await?;
            let row = upload::ActiveModel { received: Set(received), ..Default::default() };
            let this = upload::Entity::update_many().set(row).filter(upload::Column::Id.eq(id));
            let this = this.filter(upload::Column::Received.eq(upload.progress.received));
            if this.exec(app.store.single()).await?.rows_affected != 1 {
                return Err(ReasonCode::UploadBadOffset.into());
            }
        }
    }
    broken.map_or(Ok(received), Err)
}

/// Puts a piece behind those that are staged, and waits for the disk.
async fn stage(app: &App, upload: &OfUpload, piece: Vec<u8>) -> Result<(), Refusal> {
    let path = staged(app, upload.id);
    let offset = u64::try_from(upload.progress.received).map_err(|_| ReasonCode::ServerInternal)?;
    on_disk(move || {
        // A file that should be there and is not must not be made anew with a hole in it.
        if offset == 0 {
            durable::create_empty(&path)?;
        }
        durable::write_at(&path, offset, &piece)
    })
    .await
}

fn staged(app: &App, upload: Uuid) -> PathBuf {
    app.config.staging().join(upload.to_string())
}

/// The upload, if it waits for a piece at `offset`, and how many bytes are still to come; `None` if it is complete.
async fn awaited(app: &App, id: Uuid, headers: &HeaderMap, offset: u64) -> Result<Option<(OfUpload, usize)>, Refusal> {
    let upload = OfUpload::find(app.store.reads(), id, headers).await?;
    let progress = upload.progress;
    if progress.received != signed(offset)? {
        return Err(ReasonCode::UploadBadOffset.into());
    }
    if progress.completed_at.is_some() {
        return Ok(None);
    }
    upload.delivery.is_awaited(app.clock.now())?;
    let space = usize::try_from(progress.length - progress.received).map_err(|_| ReasonCode::ServerInternal)?;
    Ok(Some((upload, space)))
}

/// Reads a piece of at most `space` bytes. If the line breaks, what had arrived and why it is not all. Copied together: a slow
/// line brings small chunks, each of which would hold the buffer that it was read into.
async fn receive(body: Body, space: usize) -> Result<(Vec<u8>, Option<Refusal>), Refusal> {
    let mut piece = Vec::new();
    let mut chunks = body.into_data_stream();
    let begun = std::time::Instant::now();
    loop {
        let patience = SILENCE.min(PIECE_LIMIT.saturating_sub(begun.elapsed()));
        match tokio::time::timeout(patience, chunks.next()).await {
            Ok(Some(Ok(chunk))) if chunk.len() <= space - piece.len() => {
                // Memory that nothing is written to is only promised.
                piece.reserve_exact(space - piece.len());
                piece.extend_from_slice(&chunk);
            }
            Ok(Some(Ok(_))) => return Err(ReasonCode::UploadTooLarge.into()),
            Ok(Some(Err(_))) | Err(_) => return Ok((piece, Some(ReasonCode::UploadBadRequest.into()))),
            Ok(None) => return Ok((piece, None)),
        }
    }
}

/// The last piece, or the only one: puts the whole into the object store, then records that it is there and will be judged.
async fn accept(app: &App, upload: &OfUpload, piece: Vec<u8>) -> Result<(), Refusal> {
    let is_all = upload.progress.received == 0;
    let bundle = if is_all {
        piece
    } else {
        stage(app, upload, piece).await?;
        let path = staged(app, upload.id);
        on_disk(move || std::fs::read(&path)).await?
    };
    let (now, delivery) = (app.clock.now(), &upload.delivery);
    let delete_at = delete_at(app, &app.rules(delivery.beneficiary_id).await?, now);
    let path = delivery.path();
    app.objects.put(&path, bundle.into()).await.map_err(|error| not_kept(&error))?;
    let acceptance = Acceptance { upload: upload.id, attempt: delivery.attempt_id, path, delete_at, now };
    // Another process may have given the upload up meanwhile.
    if !acceptance.record(&app.store).await? {
        return Err(ReasonCode::UploadNotFound.into());
    }
    app.work.notify_one();
    if !is_all {
        // The staged file has done its work. If it stays behind, it is sealed, and swept up at the next start.
        let path = staged(app, upload.id);
        let swept = on_disk(move || std::fs::remove_file(&path)).await;
        swept.unwrap_or_else(|_| tracing::warn!("a staged file stayed behind"));
    }
    Ok(())
}

/// The object store is away, or full: the piece stays with whoever sent it, and is sent again.
fn not_kept(error: &object_store::Error) -> Refusal {
    tracing::error!(%error, "evidence could not be kept; the caller comes again");
    Refusal { retry_after: Some(COME_AGAIN), ..ReasonCode::ServerBusy.into() }
}

/// When evidence that arrives now must go: on its day by the policy, or earlier if the operator says so.
fn delete_at(app: &App, rules: &Rules, now: i64) -> i64 {
    let today = china(now).date();
    let by_policy = end_of_day(rules.on(today).delete_on(EvidenceKind::Face, today));
    let at_most = app.config.retention.and_then(|at_most| i64::try_from(at_most.as_millis()).ok());
    at_most.map_or(by_policy, |at_most| by_policy.min(now.saturating_add(at_most)))
}

/// Where the evidence of an attempt that was issued then lies; always the same, so that what was cut short is found again.
pub(crate) fn object_path(attempt: Uuid, issued_at: i64) -> ObjectPath {
    ObjectPath::from(format!("{}/{attempt}", today(issued_at)))
}

/// Disks block: not on the threads that serve calls.
async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> Result<T, Refusal> {
    durable::off_thread(work).await.map_err(|error| Refusal::internal(&error))
}
