//! Letters that come back: `POST /v1/desk/letters/returned`.
//!
//! **In**: a letter, by the name under which it was handed to the post. **Out**: that it came back, so that nobody is suspended
//! on the strength of it; and where something depends on it a case for a clerk: the person has to be found. Who was suspended
//! before has a case as well, and is paid no sooner for it. **What can go wrong**: no sender took such a letter, or it is
//! another area's: one answer, `desk.nobody_found`, counted, logged, and no sooner the one than the other. The same again is
//! known, and changes nothing.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jianzai_wire::ReasonCode;
use jianzai_wire::api::Problem;
use jianzai_wire::channels::{LetterRequest, LetterReturned};
use jianzai_wire::desk::ReadReason;
use sea_orm::EntityTrait as _;
use tokio::time::Instant;
use uuid::Uuid;

use super::access::{Outcome, Read, SOONEST, What, is_served, within_limits};
use crate::accounts::SignedIn;
use crate::accounts::signed_in::Clerks;
use crate::app::App;
use crate::db::year::message;
use crate::messages::unreached::was_posted;
use crate::problem::{Body, Refusal};
use crate::year::dates::china;

/// Take a letter that has come back undelivered.
#[utoipa::path(post, path = "/v1/desk/letters/returned", tag = "desk", security(("desk" = [])),
    request_body = LetterRequest, responses(
    (status = 201, body = LetterReturned, description = "Put down now; whoever has to be found is in the queue."),
    (status = 200, body = LetterReturned, description = "It was put down before."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "`desk.nobody_found`: no such \
        letter was sent, or it is another area's; which is not said."),
    (status = 429, body = Problem, content_type = "application/problem+json", description = "`limit.too_many_tries`"),
))]
pub(crate) async fn returned(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Clerks>,
    Body(LetterRequest { letter }): Body<LetterRequest>,
) -> Result<(StatusCode, Json<LetterReturned>), Refusal> {
    demand_served(&app, &signed_in, letter).await?;
    let returned = app.office().letter_returned(letter, signed_in.account.id, china(app.clock.now())).await?;
    let returned = returned.ok_or(ReasonCode::DeskNobodyFound)?;
    let status = if returned.known { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(LetterReturned { review: returned.review, known: returned.known })))
}

/// Refuses a letter that was sent to nobody whom the clerk serves. Logged either way.
async fn demand_served(app: &App, by: &SignedIn<Clerks>, letter: Uuid) -> Result<(), Refusal> {
    let (arrived, now) = (Instant::now(), app.clock.now());
    let tx = app.store.begin("letter returned").await?;
    let counters = within_limits(app, &tx, by.account.id, now).await?;
    let row = message::Entity::find_by_id(letter).one(&*tx).await?.filter(was_posted);
    let outcome = match row {
        None => Outcome::Nobody,
        Some(row) if is_served(app, &*tx, by, row.beneficiary_id).await? => Outcome::Shown(row.beneficiary_id),
        Some(_) => Outcome::Elsewhere,
    };
    let is_served = matches!(outcome, Outcome::Shown(_));
    if !is_served {
        counters.count(&*tx, now).await?;
    }
    let read = Read { what: What::Letter, reason: ReadReason::Report, reference: Some(letter), sought: None, outcome };
    read.log(&tx, by, now).await?;
    tx.commit().await?;
    if is_served {
        return Ok(());
    }
    tokio::time::sleep_until(arrived + SOONEST).await;
    Err(ReasonCode::DeskNobodyFound.into())
}
