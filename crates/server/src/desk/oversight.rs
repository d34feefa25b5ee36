//! `POST /v1/desk/accesses`: a head or an auditor sees who of the area read about whom, and why.
//!
//! Accounts, people and cases appear by their identifiers only: an auditor learns that somebody was read about, never who
//! that is.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use jianzai_wire::api::Problem;
use jianzai_wire::desk::{Access, Accesses, AccessesRequest};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use uuid::Uuid;

use crate::accounts::SignedIn;
use crate::accounts::signed_in::Overseers;
use crate::app::App;
use crate::clock::{to_millis, to_time};
use crate::db::desk_entity::{access_log, staff};
use crate::problem::{Body, Refusal};

/// Shown at once; older ones are asked for with `before`.
const AT_ONCE: u64 = 200;

/// Who read about whom, and why.
#[utoipa::path(post, path = "/v1/desk/accesses", tag = "desk", security(("desk" = [])), request_body = AccessesRequest,
    responses(
    (status = 200, body = Accesses, description = "The newest first, by accounts of one's own area."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 403, body = Problem, content_type = "application/problem+json", description = "`account.not_allowed`"),
))]
pub(crate) async fn accesses(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Overseers>,
    Body(request): Body<AccessesRequest>,
) -> Result<Json<Accesses>, Refusal> {
    let mut rows = access_log::Entity::find()
        .filter(access_log::Column::StaffId.is_in(overseen(&app, &signed_in).await?))
        .order_by_desc(access_log::Column::At)
        .order_by_desc(access_log::Column::Id);
    if let Some(account) = request.account {
        rows = rows.filter(access_log::Column::StaffId.eq(account));
    }
    if let Some(person) = request.person {
        rows = rows.filter(access_log::Column::BeneficiaryId.eq(person));
    }
    if let Some(before) = request.before {
        rows = rows.filter(access_log::Column::At.lt(to_millis(before)));
    }
    let rows = rows.limit(AT_ONCE).all(app.store.reads()).await?;
    let told = rows.into_iter().map(|row| Access {
        at: to_time(row.at),
        account: row.staff_id,
        what: row.what,
        reason: row.reason,
        reference: row.reference_id,
        person: row.beneficiary_id,
        outcome: row.outcome,
    });
    Ok(Json(Accesses { accesses: told.collect() }))
}

/// The accounts that work within the area.
async fn overseen(app: &App, signed_in: &SignedIn<Overseers>) -> Result<Vec<Uuid>, Refusal> {
    let accounts = staff::Entity::find().all(app.store.reads()).await?;
    let accounts = accounts.into_iter().filter_map(|row| row.account());
    Ok(accounts.filter(|account| signed_in.demand_area(&account.area).is_ok()).map(|account| account.id).collect())
}
