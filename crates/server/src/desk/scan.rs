//! `GET /v1/desk/forms/{id}/scan`: what came back by post, for whoever has to look at the paper once more.
//!
//! **In**: a form of somebody whom the clerk serves. **Out**: the scan as it was handed in, opened for this answer, kept nowhere and
//! not to be kept by anybody between. **What can go wrong**: nobody whom the clerk serves has such a form (`desk.nobody_found`, no
//! sooner than wherever nobody is found; it counts); it has not come back, or its scan went on its day (`desk.evidence_gone`).
//!
//! Each look is logged before anything is sent.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use jianzai_wire::ReasonCode;
use jianzai_wire::api::Problem;
use jianzai_wire::desk::ReadReason;
use sea_orm::EntityTrait as _;
use tokio::time::Instant;
use uuid::Uuid;

use super::access::{Outcome, Read, SOONEST, What, is_served, within_limits};
use crate::accounts::SignedIn;
use crate::accounts::signed_in::Clerks;
use crate::app::App;
use crate::db::year::mailed_form;
use crate::problem::Refusal;

/// The scan of a form that has come back.
#[utoipa::path(get, path = "/v1/desk/forms/{id}/scan", tag = "desk", security(("desk" = [])),
    params(("id" = Uuid, Path, description = "The form.")), responses(
    (status = 200, content_type = "image/jpeg", description = "As it was handed in: JPEG, PNG or PDF. The look is logged."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "`desk.nobody_found`"),
    (status = 410, body = Problem, content_type = "application/problem+json", description = "`desk.evidence_gone`"),
    (status = 429, body = Problem, content_type = "application/problem+json", description = "`limit.too_many_tries`"),
))]
pub(crate) async fn scan(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Clerks>,
    Path(id): Path<Uuid>,
) -> Result<Response, Refusal> {
    let (arrived, now) = (Instant::now(), app.clock.now());
    let tx = app.store.begin("see scan").await?;
    let counters = within_limits(&app, &tx, signed_in.account.id, now).await?;
    let form = mailed_form::Entity::find_by_id(id).one(&*tx).await?;
    let outcome = match &form {
        None => Outcome::Nobody,
        Some(form) if is_served(&app, &*tx, &signed_in, form.beneficiary_id).await? => {
            Outcome::Shown(form.beneficiary_id)
        }
        Some(_) => Outcome::Elsewhere,
    };
    let read = Read { what: What::Scan, reason: ReadReason::Review, reference: Some(id), sought: None, outcome };
    read.log(&tx, &signed_in, now).await?;
    let Some(form) = form.filter(|_| matches!(outcome, Outcome::Shown(_))) else {
        counters.count(&*tx, now).await?;
        tx.commit().await?;
        tokio::time::sleep_until(arrived + SOONEST).await;
        return Err(ReasonCode::DeskNobodyFound.into());
    };
    tx.commit().await?;
    let bytes = app.office().scan_of(&app.config, &form).await?.ok_or(ReasonCode::DeskEvidenceGone)?;
    let headers = [(header::CONTENT_TYPE, kind(&bytes)), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, bytes.to_vec()).into_response())
}

/// What the scan is; it was taken in as one of these.
fn kind(bytes: &[u8]) -> &'static str {
    match bytes {
        [0xff, 0xd8, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        _ => "application/pdf",
    }
}
