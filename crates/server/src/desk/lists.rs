//! `POST /v1/desk/batches/{from}/{sender}`: the list of an employer or another office; a line out for every line.
//!
//! **In**: CSV as [`crate::channels`] reads it, and who sent it. **Out**: CSV, `line`, `result`, `reason`; good lines are
//! kept, whatever the others are. **What can go wrong**: the first line is no heading (`input.body_invalid`); a line names
//! nobody whom the clerk serves, or by another name: `identity.not_confirmed`, whichever. Whoever sends too many of those
//! has to wait.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use jianzai_wire::ReasonCode;
use jianzai_wire::api::Problem;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::accounts::SignedIn;
use crate::accounts::signed_in::Clerks;
use crate::app::App;
use crate::channels::BatchSource;
use crate::limits::Counters;
use crate::office::OfficeError;
use crate::problem::Refusal;
use crate::year::channel::Channel;
use crate::year::dates::china;
use crate::year::record::Party;

/// Who sends lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SenderKind {
    /// An employer, about those who worked there.
    Employer,
    /// A community or street office, about those whom it has seen.
    Community,
    /// Another agency, about those who live with it.
    Assistance,
}

/// Take a list of certifications.
#[utoipa::path(post, path = "/v1/desk/batches/{from}/{sender}", tag = "desk", security(("desk" = [])),
    params(("from" = SenderKind, Path, description = "What the sender is."),
        ("sender" = Uuid, Path, description = "The sender's identifier.")),
    request_body(content = String, content_type = "text/csv", description = "name, id_number, proof_date."), responses(
    (status = 200, body = String, content_type = "text/csv", description = "line, result (recorded, known, \
        waits, refused), reason. The same list again finds every line known; what waits is recorded when another clerk \
        brings the same."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 422, body = Problem, content_type = "application/problem+json", description = "`input.body_invalid`"),
    (status = 429, body = Problem, content_type = "application/problem+json", description = "`limit.too_many_tries`"),
))]
pub(crate) async fn take(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Clerks>,
    Path((from, sender)): Path<(SenderKind, Uuid)>,
    list: Bytes,
) -> Result<Response, Refusal> {
    let (channel, by) = match from {
        SenderKind::Employer => (Channel::Employer, Party::Employer(sender)),
        SenderKind::Community => (Channel::Community, Party::Office(sender)),
        SenderKind::Assistance => (Channel::AssistanceForm, Party::Office(sender)),
    };
    let (account, now) = (&signed_in.account, app.clock.now());
    let counters = Counters::at_lists(account.id, &app.keys).ok_or(ReasonCode::ServerInternal)?;
    counters.check(app.store.reads(), now).await??;
    let source = BatchSource { channel, by, decided_by: Party::Staff(account.id) };
    let taken = app.office().batch(source, Some(&account.area), list.as_ref(), china(now)).await;
    let report = taken.map_err(|error| match error {
        OfficeError::File(_) => ReasonCode::InputBodyInvalid.into(),
        error => Refusal::from(error),
    })?;
    let tx = app.store.begin("list taken").await?;
    for _ in 0..report.unconfirmed {
        counters.count(&*tx, now).await?;
    }
    tx.commit().await?;
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], report.answers).into_response())
}
