//! `GET /v1/attempts/{id}`: where an attempt stands. Never a portrait, a phone number or an address. A certificate that was taken
//! back is not given again.

use std::sync::{Arc, OnceLock};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use jianzai_certificate::{DrawError, Drawing, Fonts, SignedCertificate, draw};
use jianzai_wire::ReasonCode;
use jianzai_wire::api::{AttemptState, Keys, Problem};
use sea_orm::EntityTrait as _;
use uuid::Uuid;

use crate::app::{App, public_keys};
use crate::attempts::authorised;
use crate::columns::{self, Place};
use crate::db::entity::{State as Standing, attempt, certificate};
use crate::problem::Refusal;

/// A4 at 150 dpi.
const PICTURE_WIDTH: u32 = 1240;

/// The fonts of this machine; none where it has no Chinese ones.
static FONTS: OnceLock<Option<Fonts>> = OnceLock::new();

/// The keys that certificates are checked with.
#[utoipa::path(get, path = "/v1/keys", tag = "certificates", responses((status = 200, body = Keys)))]
pub(crate) async fn keys(State(app): State<Arc<App>>) -> Json<Keys> {
    Json(public_keys(&app.keys))
}

/// Where an attempt stands.
#[utoipa::path(get, path = "/v1/attempts/{id}", tag = "certification", security(("attempt" = [])),
    params(("id" = Uuid, Path, description = "The attempt.")), responses(
    (status = 200, body = AttemptState),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`attempt.unauthorised`"),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "`attempt.not_found`"),
))]
pub(crate) async fn state(
    State(app): State<Arc<App>>,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
) -> Result<Json<AttemptState>, Refusal> {
    let attempt = authorised(app.store.reads(), id, &headers).await?;
    let state = match attempt.state {
        Standing::Open if app.clock.now() >= attempt.commit_by => {
            AttemptState::Refused { reasons: vec![ReasonCode::AttemptExpired] }
        }
        Standing::Open => AttemptState::Open,
        Standing::Committed => AttemptState::Committed,
        Standing::Accepted => AttemptState::Accepted,
        Standing::Review => AttemptState::Review { reasons: attempt.why() },
        Standing::Refused => AttemptState::Refused { reasons: attempt.why() },
        Standing::Certified => match certificate(&app, &attempt).await {
            Ok(certificate) => AttemptState::Certified { certificate: certificate.text() },
            Err(refusal) if refusal.reason == ReasonCode::CertificateRevoked => {
                AttemptState::Refused { reasons: vec![ReasonCode::CertificateRevoked] }
            }
            Err(refusal) => return Err(refusal),
        },
    };
    Ok(Json(state))
}

/// Place of a certificate's bytes.
pub(crate) fn place(attempt: Uuid) -> Place {
    Place { table: "certificate", column: "sealed", row: attempt }
}

/// The certificate of an attempt, as a picture.
#[utoipa::path(get, path = "/v1/attempts/{id}/certificate.png", tag = "certificates", security(("attempt" = [])),
    params(("id" = Uuid, Path, description = "The attempt.")), responses(
    (status = 200, content_type = "image/png"),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "`attempt.not_found`: there is \
        no such attempt, or it led to no certificate."),
    (status = 410, body = Problem, content_type = "application/problem+json", description = "`certificate.revoked`")))]
pub(crate) async fn picture(
    State(app): State<Arc<App>>,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let png = drawn(&app, id, &headers, |drawing| drawing.png(PICTURE_WIDTH)).await?;
    Ok(([(header::CONTENT_TYPE, "image/png")], png).into_response())
}

/// The certificate of an attempt, as a sheet to print.
#[utoipa::path(get, path = "/v1/attempts/{id}/certificate.pdf", tag = "certificates", security(("attempt" = [])),
    params(("id" = Uuid, Path, description = "The attempt.")), responses(
    (status = 200, content_type = "application/pdf"),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "`attempt.not_found`: there is \
        no such attempt, or it led to no certificate."),
    (status = 410, body = Problem, content_type = "application/problem+json", description = "`certificate.revoked`")))]
pub(crate) async fn sheet(
    State(app): State<Arc<App>>,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let pdf = drawn(&app, id, &headers, Drawing::pdf).await?;
    Ok(([(header::CONTENT_TYPE, "application/pdf")], pdf).into_response())
}

async fn drawn(
    app: &App,
    id: Uuid,
    headers: &HeaderMap,
    form: impl FnOnce(&Drawing) -> Result<Vec<u8>, DrawError> + Send + 'static,
) -> Result<Vec<u8>, Refusal> {
    let attempt = authorised(app.store.reads(), id, headers).await?;
    let certificate = certificate(app, &attempt).await?;
    let drawn = tokio::task::spawn_blocking(move || form(&draw(&certificate, fonts()?)?));
    drawn.await.map_err(|error| Refusal::internal(&error))?.map_err(|error| Refusal::internal(&error))
}

/// The fonts of this machine, looked through once and kept: it takes a part of a second.
pub(crate) fn fonts() -> Result<&'static Fonts, DrawError> {
    FONTS.get_or_init(|| Fonts::load().ok()).as_ref().ok_or(DrawError::NoCjkFont)
}

/// The certificate that an attempt led to, unless it was taken back.
async fn certificate(app: &App, attempt: &attempt::Model) -> Result<SignedCertificate, Refusal> {
    let row = certificate::Entity::find_by_id(attempt.id).one(app.store.reads()).await?;
    let row = row.ok_or(ReasonCode::AttemptNotFound)?;
    if row.revoked_at.is_some() {
        return Err(ReasonCode::CertificateRevoked.into());
    }
    let bytes = columns::open(&app.keys, place(attempt.id), &row.sealed).map_err(|error| Refusal::internal(&error))?;
    SignedCertificate::find(&bytes).map_err(|error| Refusal::internal(&error))
}
