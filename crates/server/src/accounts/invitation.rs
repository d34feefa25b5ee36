//! Volunteers are invited: a clerk or head asks for a code, gives it to the volunteer, and the volunteer makes the account.
//!
//! **In**: an area within one's own; later the code, a login name and a password. **Out**: a code that works once within a
//! week; an account and what its authenticator needs. **What can go wrong**: the code is wrong, used, too old, or its
//! inviter's account was closed: one answer, `invitation.not_valid`; an address that tries codes has to wait. A name that is
//! taken or a weak password leaves the invitation as it is.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode};
use jianzai_wire::api::Problem;
use jianzai_wire::desk::{AcceptRequest, Accepted, Account, Invitation, InvitationRequest, StaffRole};
use jianzai_wire::{Area, ReasonCode, Secret};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _,
    QuerySelect as _, Select,
};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::login::HASHING;
use super::password;
use super::signed_in::{Clerks, SignedIn};
use super::store::{self, Credentials};
use crate::activation::client_address;
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::clock::to_time;
use crate::db::desk_entity::{invitation, staff};
use crate::limits::Counters;
use crate::problem::{Body, Refusal};

/// An invitation can be accepted for a week.
const VALID_MS: i64 = 7 * 86_400_000;

/// Invite a volunteer.
#[utoipa::path(post, path = "/v1/desk/invitations", tag = "desk", security(("desk" = [])),
    request_body = InvitationRequest, responses(
    (status = 201, body = Invitation, description = "The code is told this once."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 403, body = Problem, content_type = "application/problem+json", description = "`account.not_allowed`: one's \
        own role or area is not enough."),
))]
pub(crate) async fn invite(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Clerks>,
    Body(request): Body<InvitationRequest>,
) -> Result<(StatusCode, Json<Invitation>), Refusal> {
    signed_in.demand_area(&request.area)?;
    let (id, now) = (Uuid::now_v7(), app.clock.now());
    let code = password::made().map_err(|error| Refusal::internal(&error))?;
    let row = invitation::ActiveModel {
        id: Set(id),
        code_digest: Set(digest(&code).to_vec()),
        area: Set(request.area.digits().to_owned()),
        inviter_id: Set(signed_in.account.id),
        created_at: Set(now),
        expires_at: Set(now + VALID_MS),
        accepted_at: Set(None),
        account_id: Set(None),
    };
    let tx = app.store.begin("invite").await?;
    row.insert(&*tx).await?;
    audit::append(&tx, now, Entry::of(Action::Invited, id).by(signed_in.account.id)).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(Invitation { code, expires_at: to_time(now + VALID_MS) })))
}

/// Accept an invitation: make the account.
#[utoipa::path(post, path = "/v1/desk/invitations/accept", tag = "desk", request_body = AcceptRequest, responses(
    (status = 201, body = Accepted, description = "The account is made; the code works no more."),
    (status = 409, body = Problem, content_type = "application/problem+json", description = "`account.name_taken`"),
    (status = 410, body = Problem, content_type = "application/problem+json", description = "`invitation.not_valid`: \
        wrong, used, or too old; which is not said."),
    (status = 422, body = Problem, content_type = "application/problem+json", description = "`account.password_weak`"),
    (status = 429, body = Problem, content_type = "application/problem+json", description = "`limit.too_many_tries`"),
))]
pub(crate) async fn accept(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Body(request): Body<AcceptRequest>,
) -> Result<(StatusCode, Json<Accepted>), Refusal> {
    let counters = Counters::at_invitation(client_address(&app, peer, &headers), &app.keys);
    let counters = counters.ok_or(ReasonCode::ServerInternal)?;
    let now = app.clock.now();
    counters.check(app.store.reads(), now).await??;
    if inviting(app.store.reads(), open(&request.code, now).one(app.store.reads()).await?).await?.is_none() {
        let tx = app.store.begin("refuse invitation").await?;
        counters.count(&*tx, now).await?;
        tx.commit().await?;
        return Err(ReasonCode::InvitationNotValid.into());
    }
    password::check(&request.password, &request.login)?;
    let (id, credentials) = credentials(&app, &request).await?;
    let tx = app.store.begin("accept invitation").await?;
    // Somebody else may have accepted it meanwhile.
    let locked = open(&request.code, now).lock_exclusive().one(&*tx).await?;
    let open = inviting(&*tx, locked).await?.ok_or(ReasonCode::InvitationNotValid)?;
    if store::by_login(&app.keys, &request.login).one(&*tx).await?.is_some() {
        return Err(ReasonCode::AccountNameTaken.into());
    }
    let area = Area::parse(&open.area).map_err(|_| ReasonCode::ServerInternal)?;
    let account = Account { id, role: StaffRole::Volunteer, area };
    let authenticator = credentials.authenticator.clone();
    let row = credentials.row(&app.keys, &account, &request.login, Some(open.inviter_id), now);
    row.map_err(|error| Refusal::internal(&error))?.insert(&*tx).await?;
    invitation::Entity::update_many()
        .col_expr(invitation::Column::AcceptedAt, Expr::value(now))
        .col_expr(invitation::Column::AccountId, Expr::value(id))
        .filter(invitation::Column::Id.eq(open.id))
        .exec(&*tx)
        .await?;
    audit::append(&tx, now, Entry::of(Action::InvitationAccepted, open.id).by(id)).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(Accepted { account, authenticator })))
}

/// The invitation that a code opens.
fn open(code: &Secret, now: i64) -> Select<invitation::Entity> {
    invitation::Entity::find()
        .filter(invitation::Column::CodeDigest.eq(digest(code).to_vec()))
        .filter(invitation::Column::AcceptedAt.is_null())
        .filter(invitation::Column::ExpiresAt.gt(now))
}

/// The invitation, if its inviter's account is open still.
async fn inviting(
    db: &impl ConnectionTrait,
    found: Option<invitation::Model>,
) -> Result<Option<invitation::Model>, Refusal> {
    let Some(found) = found else { return Ok(None) };
    let inviter = staff::Entity::find_by_id(found.inviter_id).one(db).await?;
    Ok(inviter.is_some_and(|inviter| inviter.disabled_at.is_none()).then_some(found))
}

async fn credentials(app: &Arc<App>, request: &AcceptRequest) -> Result<(Uuid, Credentials), Refusal> {
    let (app, id, login, given) = (app.clone(), Uuid::now_v7(), request.login.clone(), request.password.clone());
    let _turn = HASHING.acquire().await.map_err(|error| Refusal::internal(&error))?;
    let made = tokio::task::spawn_blocking(move || Credentials::new(&app.keys, id, &login, &given)).await;
    let made = made.map_err(|error| Refusal::internal(&error))?;
    Ok((id, made.map_err(|error| Refusal::internal(&error))?))
}

/// A code is copied by hand: capitals, dashes and spaces make no difference.
fn digest(code: &Secret) -> [u8; 32] {
    let mut plain = Zeroizing::new(code.expose().to_ascii_lowercase());
    plain.retain(|c| c.is_ascii_alphanumeric());
    Sha256::digest(plain.as_bytes()).into()
}
