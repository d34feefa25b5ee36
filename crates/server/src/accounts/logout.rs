//! Ending sessions: one's own, all of one's own, all of somebody else's.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use jianzai_wire::ReasonCode;
use jianzai_wire::api::Problem;
use jianzai_wire::desk::LogoutRequest;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use uuid::Uuid;

use super::signed_in::{Anybody, Heads, SignedIn};
use super::store;
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::db::desk_entity::{staff, staff_session};
use crate::problem::{Body, Refusal};

/// Sign out, here or everywhere.
#[utoipa::path(post, path = "/v1/desk/logout", tag = "desk", security(("desk" = [])), request_body = LogoutRequest,
    responses(
    (status = 204, description = "The session is over; with `everywhere`, every session of the account is."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
))]
pub(crate) async fn logout(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Anybody>,
    Body(request): Body<LogoutRequest>,
) -> Result<StatusCode, Refusal> {
    let (id, now) = (signed_in.account.id, app.clock.now());
    let tx = app.store.begin("sign out").await?;
    if request.everywhere {
        store::end_sessions(&*tx, id, now).await?;
        audit::append(&tx, now, Entry::of(Action::SessionsRevoked, id).by(id)).await?;
    } else {
        staff_session::Entity::update_many()
            .col_expr(staff_session::Column::RevokedAt, Expr::value(now))
            .filter(staff_session::Column::Id.eq(signed_in.session))
            .exec(&*tx)
            .await?;
        audit::append(&tx, now, Entry::of(Action::SignedOut, id).by(id)).await?;
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End every session of an account of one's own area.
#[utoipa::path(post, path = "/v1/desk/accounts/{id}/sign-out", tag = "desk", security(("desk" = [])),
    params(("id" = Uuid, Path, description = "The account.")), responses(
    (status = 204, description = "Every session of the account is over."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 403, body = Problem, content_type = "application/problem+json", description = "`account.not_allowed`: one's \
        own role or area is not enough, or there is no such account."),
))]
pub(crate) async fn sign_out(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Heads>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Refusal> {
    let other = staff::Entity::find_by_id(id).one(app.store.reads()).await?.and_then(|row| row.account());
    signed_in.demand_area(&other.ok_or(ReasonCode::AccountNotAllowed)?.area)?;
    let now = app.clock.now();
    let tx = app.store.begin("sign out another").await?;
    store::end_sessions(&*tx, id, now).await?;
    audit::append(&tx, now, Entry::of(Action::SessionsRevoked, id).by(signed_in.account.id)).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
