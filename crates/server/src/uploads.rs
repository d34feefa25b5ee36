//! `/v1/uploads`: the sealed bundle, in pieces that survive anything (tus 1.0: core and creation).
//!
//! **In**: a committed attempt's sealed bundle, in pieces of at most [`PIECE`] bytes. **Out**: the bundle in the object
//! store, the attempt `accepted`, and a job to judge it.
//!
//! **Order of durability.** A piece is appended to a staged file and flushed to the disk, then the row says how much has
//! arrived, then the caller hears it. With the last piece the whole goes into the object store (flushed), then one
//! transaction records the last byte, the acceptance and the job, then the caller hears it. Whatever is cut short at any
//! point, what was acknowledged is there, and the caller goes on from the offset that `HEAD` tells. Bytes behind that
//! offset are overwritten.
//!
//! **What can go wrong.** A line that breaks in the middle of a piece: what had arrived is kept. Two calls at once on one
//! upload: whichever has arrived first counts, the other is then refused for its offset; a line that hangs holds up nobody.
//! What arrives is already sealed; nothing here is in clear.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;
use jianzai_wire::ReasonCode;
use jianzai_wire::api::Problem;
use object_store::{ObjectStoreExt as _, path::Path as ObjectPath};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _,
};
use uuid::Uuid;

use crate::app::{App, today};
use crate::attempts::authorised;
use crate::chronicle::policies::Rules;
use crate::db::entity::{State as Standing, attempt, job, upload};
use crate::durable;
use crate::problem::Refusal;
use crate::year::channel::EvidenceKind;
use crate::year::dates::{china, end_of_day};

/// The largest piece.
pub(crate) const PIECE: usize = 1 << 20;
/// A caller from whom nothing arrives for so long is gone.
const SILENCE: Duration = Duration::from_secs(30);
/// A piece that takes longer is cut off; what had arrived is kept, and the caller goes on from there.
const PIECE_LIMIT: Duration = Duration::from_secs(90);

const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const VERSION: HeaderName = HeaderName::from_static("tus-version");
const EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const TUS_1: HeaderValue = HeaderValue::from_static("1.0.0");

/// What this server speaks (tus 1.0).
#[utoipa::path(options, path = "/v1/uploads", tag = "upload", responses(
    (status = 204, description = "`Tus-Version`, `Tus-Extension`.")))]
pub(crate) async fn abilities() -> impl IntoResponse {
    let creation = HeaderValue::from_static("creation");
    (StatusCode::NO_CONTENT, [(RESUMABLE, TUS_1), (VERSION, TUS_1), (EXTENSION, creation)])
}

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
    let tx = app.store.begin("create upload").await?;
    let attempt = by_token(&*tx, &headers).await?;
    let of_attempt = upload::Entity::find().filter(upload::Column::AttemptId.eq(attempt.id));
    if let Some(known) = of_attempt.one(&*tx).await? {
        // The bundle was sealed once; another length is another bundle.
        return if known.length == signed(length)? {
            Ok(created(known.id))
        } else {
            Err(ReasonCode::AttemptUsed.into())
        };
    }
    may_deliver(&attempt, now)?;
    if length == 0 {
        return Err(ReasonCode::UploadBadRequest.into());
    }
    if length > attempt.rules()?.max_bundle_bytes {
        return Err(ReasonCode::UploadTooLarge.into());
    }
    let id = Uuid::new_v4();
    let path = app.config.staging().join(id.to_string());
    on_disk(move || durable::create_empty(&path)).await?;
    let row = upload::ActiveModel {
        id: Set(id),
        attempt_id: Set(attempt.id),
        length: Set(signed(length)?),
        received: Set(0),
        created_at: Set(now),
        completed_at: Set(None),
    };
    row.insert(&*tx).await?;
    tx.commit().await?;
    Ok(created(id))
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
    let (upload, _) = find(app.store.reads(), id, &headers).await?;
    let told = [(RESUMABLE, TUS_1), (OFFSET, upload.received.into()), (LENGTH, upload.length.into())];
    Ok((StatusCode::OK, told).into_response())
}

/// Deliver a piece (tus 1.0 core). Acknowledged when it is on the disk; the last one when the whole is accepted.
#[utoipa::path(patch, path = "/v1/uploads/{id}", tag = "upload", security(("attempt" = [])),
    params(("id" = Uuid, Path, description = "The upload."), ("Upload-Offset" = u64, Header, description = "Where it begins.")),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"), responses(
    (status = 204, description = "`Upload-Offset`"),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "`upload.not_found`"),
    (status = 409, body = Problem, content_type = "application/problem+json", description = "`upload.bad_offset`"),
    (status = 413, body = Problem, content_type = "application/problem+json", description = "`upload.too_large`")))]
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
    let Some(expected) = awaited(app, id, headers, offset).await? else { return signed(offset) };
    let (piece, broken) = receive(body, expected.space.min(PIECE)).await?;
    // From here on alone; meanwhile another call may have brought the same piece.
    let _alone = app.alone_with(id).await;
    let Some(Awaited { upload, attempt, .. }) = awaited(app, id, headers, offset).await? else {
        return signed(offset);
    };
    let received = upload.received + i64::try_from(piece.len()).map_err(|_| ReasonCode::UploadTooLarge)?;
    if !piece.is_empty() {
        let path = app.config.staging().join(id.to_string());
        on_disk(move || durable::write_at(&path, offset, &piece)).await?;
        if received == upload.length {
            accept(app, &upload, &attempt).await?;
        } else {
            let tx = app.store.begin("piece").await?;
            upload::ActiveModel { id: Set(id), received: Set(received), ..Default::default() }.update(&*tx).await?;
            tx.commit().await?;
        }
    }
    broken.map_or(Ok(received), Err)
}

/// An upload that waits for a piece.
struct Awaited {
    upload: upload::Model,
    attempt: attempt::Model,
    /// Bytes that are still to come.
    space: usize,
}

/// The upload, if it waits for a piece at `offset`; `None` if it is complete.
async fn awaited(app: &App, id: Uuid, headers: &HeaderMap, offset: u64) -> Result<Option<Awaited>, Refusal> {
    let (upload, attempt) = find(app.store.reads(), id, headers).await?;
    if upload.received != signed(offset)? {
        return Err(ReasonCode::UploadBadOffset.into());
    }
    if upload.completed_at.is_some() {
        return Ok(None);
    }
    may_deliver(&attempt, app.clock.now())?;
    let space = usize::try_from(upload.length - upload.received).map_err(|_| ReasonCode::ServerInternal)?;
    Ok(Some(Awaited { upload, attempt, space }))
}

/// Reads a piece of at most `space` bytes. If the line breaks, what had arrived and why it is not all.
async fn receive(body: Body, space: usize) -> Result<(Vec<u8>, Option<Refusal>), Refusal> {
    let mut piece = Vec::new();
    let mut chunks = body.into_data_stream();
    let begun = std::time::Instant::now();
    loop {
        let patience = SILENCE.min(PIECE_LIMIT.saturating_sub(begun.elapsed()));
        match tokio::time::timeout(patience, chunks.next()).await {
            Ok(Some(Ok(chunk))) if chunk.len() <= space - piece.len() => piece.extend_from_slice(&chunk),
            Ok(Some(Ok(_))) => return Err(ReasonCode::UploadTooLarge.into()),
            Ok(Some(Err(_))) | Err(_) => return Ok((piece, Some(ReasonCode::UploadBadRequest.into()))),
            Ok(None) => return Ok((piece, None)),
        }
    }
}

/// The whole is on the disk: puts it into the object store, then records that it is there and will be judged.
async fn accept(app: &App, upload: &upload::Model, attempt: &attempt::Model) -> Result<(), Refusal> {
    let staged = app.config.staging().join(upload.id.to_string());
    let read_from = staged.clone();
    let bundle = on_disk(move || std::fs::read(&read_from)).await?;
    let now = app.clock.now();
    let delete_at = delete_at(app, &app.rules(attempt.beneficiary_id).await?, now);
    let path = object_path(attempt);
    app.objects.put(&path, bundle.into()).await.map_err(|error| Refusal::internal(&error))?;
    let tx = app.store.begin("accept").await?;
    upload::ActiveModel {
        id: Set(upload.id),
        received: Set(upload.length),
        completed_at: Set(Some(now)),
        ..Default::default()
    }
    .update(&*tx)
    .await?;
    attempt::ActiveModel {
        id: Set(attempt.id),
        state: Set(Standing::Accepted),
        accepted_at: Set(Some(now)),
        evidence_path: Set(Some(path.to_string())),
        delete_at: Set(Some(delete_at)),
        ..Default::default()
    }
    .update(&*tx)
    .await?;
    let job = job::ActiveModel { attempt_id: Set(attempt.id), run_at: Set(now), tries: Set(0), ..Default::default() };
    job.insert(&*tx).await?;
    tx.commit().await?;
    app.work.notify_one();
    // The staged file has done its work. If it stays behind, it is sealed, and swept up at the next start.
    let swept = on_disk(move || std::fs::remove_file(&staged)).await;
    swept.unwrap_or_else(|_| tracing::warn!("a staged file stayed behind"));
    Ok(())
}

/// When evidence that arrives now must go: on its day by the policy, or earlier if the operator says so.
fn delete_at(app: &App, rules: &Rules, now: i64) -> i64 {
    let today = china(now).date();
    let by_policy = end_of_day(rules.on(today).delete_on(EvidenceKind::Face, today));
    let at_most = app.config.retention.and_then(|at_most| i64::try_from(at_most.as_millis()).ok());
    at_most.map_or(by_policy, |at_most| by_policy.min(now.saturating_add(at_most)))
}

/// Where an attempt's evidence lies; always the same, so that what was cut short is found again.
pub(crate) fn object_path(attempt: &attempt::Model) -> ObjectPath {
    ObjectPath::from(format!("{}/{}", today(attempt.issued_at), attempt.id))
}

/// The attempt whose token a call came with.
async fn by_token(db: &impl ConnectionTrait, headers: &HeaderMap) -> Result<attempt::Model, Refusal> {
    let digest = crate::token::presented(headers)?;
    let of_token = attempt::Entity::find().filter(attempt::Column::TokenDigest.eq(digest.to_vec()));
    of_token.one(db).await?.ok_or(ReasonCode::AttemptUnauthorised.into())
}

/// An upload and its attempt, for whoever has the attempt's token.
async fn find(
    db: &impl ConnectionTrait,
    id: Uuid,
    headers: &HeaderMap,
) -> Result<(upload::Model, attempt::Model), Refusal> {
    let upload = upload::Entity::find_by_id(id).one(db).await?.ok_or(ReasonCode::UploadNotFound)?;
    let attempt = authorised(db, upload.attempt_id, headers).await?;
    Ok((upload, attempt))
}

fn may_deliver(attempt: &attempt::Model, now: i64) -> Result<(), Refusal> {
    match (attempt.state, attempt.deliver_by) {
        (Standing::Open, _) => Err(ReasonCode::AttemptNotCommitted.into()),
        (Standing::Committed, Some(until)) if now < until => Ok(()),
        (Standing::Committed, _) => Err(ReasonCode::EvidenceLate.into()),
        _ => Err(attempt.spent()),
    }
}

fn created(id: Uuid) -> Response {
    (StatusCode::CREATED, [(RESUMABLE, TUS_1)], [(header::LOCATION, format!("/v1/uploads/{id}"))]).into_response()
}

fn speaks_tus(headers: &HeaderMap) -> Result<(), Refusal> {
    match headers.get(RESUMABLE) {
        Some(version) if *version == TUS_1 => Ok(()),
        _ => Err(Refusal::with_status(ReasonCode::UploadBadRequest, StatusCode::PRECONDITION_FAILED)),
    }
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Result<u64, Refusal> {
    let text = headers.get(name).and_then(|value| value.to_str().ok());
    let number = text.filter(|text| text.bytes().all(|b| b.is_ascii_digit())).and_then(|text| text.parse().ok());
    number.ok_or(ReasonCode::UploadBadRequest.into())
}

fn signed(number: u64) -> Result<i64, Refusal> {
    i64::try_from(number).map_err(|_| ReasonCode::UploadBadRequest.into())
}

/// Disks block: not on the threads that serve calls.
async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|error| Refusal::internal(&error))?;
    done.map_err(|error| Refusal::internal(&error))
}
