//! `GET /v1/attempts/{id}`: where an attempt stands. Never a portrait, a phone number or an address.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jianzai_wire::ReasonCode;
use jianzai_wire::api::{AttemptState, Keys, Problem};
use sea_orm::EntityTrait as _;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::app::{App, public_keys};
use crate::attempts::authorised;
use crate::columns::{self, Place};
use crate::db::entity::{State as Standing, attempt, certificate};
use crate::problem::Refusal;

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
        Standing::Certified => {
            let signed = certificate(&app, &attempt).await?;
            AttemptState::Certified { certificate: BASE64_URL_SAFE_NO_PAD.encode(&*signed) }
        }
    };
    Ok(Json(state))
}

/// Place of a certificate's bytes.
pub(crate) fn place(attempt: Uuid) -> Place {
    Place { table: "certificate", column: "sealed", row: attempt }
}

/// The certificate that an attempt led to: COSE_Sign1 bytes.
pub(crate) async fn certificate(app: &App, attempt: &attempt::Model) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let row = certificate::Entity::find_by_id(attempt.id).one(app.store.reads()).await?;
    let row = row.ok_or(ReasonCode::AttemptNotFound)?;
    columns::open(&app.keys, place(attempt.id), &row.sealed).map_err(|error| Refusal::internal(&error))
}
