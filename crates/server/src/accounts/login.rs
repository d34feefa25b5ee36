//! `POST /v1/desk/login`: name, password and code for a session.
//!
//! Whatever was wrong, the answer is `account.not_confirmed`, after the same work (also where nobody has the name) and no
//! sooner than [`SOONEST`] after the call came in.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode};
use jianzai_wire::api::Problem;
use jianzai_wire::desk::{Account, LoginRequest, StaffSession};
use jianzai_wire::{ReasonCode, Secret};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, DbErr, EntityTrait as _};
use sea_orm::{QueryFilter as _, QuerySelect as _};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::signed_in::{Anybody, SignedIn};
use super::{authenticator, password, store};
use crate::activation::client_address;
use crate::app::App;
use crate::audit::{self, Action, Entry, Subject};
use crate::clock::to_time;
use crate::db::Writing;
use crate::db::desk_entity::{staff, staff_session};
use crate::keys::Role;
use crate::limits::Counters;
use crate::problem::{Body, Refusal};
use crate::token;

/// A session ends after a working day, whatever happens.
const LONGEST_MS: i64 = 12 * 3_600_000;
/// The check takes a tenth of a second; a refusal is told no sooner than this.
const SOONEST: Duration = Duration::from_millis(400);
/// Passwords hashed at a time, 19 MiB each: others wait.
pub(super) static HASHING: Semaphore = Semaphore::const_new(4);

/// Sign in.
#[utoipa::path(post, path = "/v1/desk/login", tag = "desk", request_body = LoginRequest, responses(
    (status = 201, body = StaffSession, description = "Signed in."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.not_confirmed`: \
        name, password or code is wrong; which is not said. A code works once."),
    (status = 429, body = Problem, content_type = "application/problem+json", description = "`limit.too_many_tries`"),
))]
pub(crate) async fn login(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Body(request): Body<LoginRequest>,
) -> Result<(StatusCode, Json<StaffSession>), Refusal> {
    let arrived = Instant::now();
    let key = app.keys.current(Role::IdHash).ok_or(ReasonCode::ServerInternal)?;
    let login_hash = store::login_hash(key, &request.login);
    let address = client_address(&app, peer, &headers);
    let counters = Counters::at_login(address, &login_hash, &app.keys).ok_or(ReasonCode::ServerInternal)?;
    let delay = counters.check(app.store.reads(), app.clock.now()).await??;
    let known = store::by_login(&app.keys, &request.login).one(app.store.reads()).await?;
    let right = password_is_right(&app, known.as_ref(), request.password.clone()).await?;
    let verified = known.filter(|_| right);
    let session = decide(&app, &request, verified, login_hash, &counters).await?;
    tokio::time::sleep(delay).await;
    match session {
        Some(session) => Ok((StatusCode::CREATED, Json(session))),
        None => {
            tokio::time::sleep_until(arrived + delay + SOONEST).await;
            Err(ReasonCode::AccountNotConfirmed.into())
        }
    }
}

/// Who is signed in.
#[utoipa::path(get, path = "/v1/desk/me", tag = "desk", security(("desk" = [])), responses(
    (status = 200, body = Account),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
))]
pub(crate) async fn me(signed_in: SignedIn<Anybody>) -> Json<Account> {
    Json(signed_in.account)
}

/// Hashes in any case, so that the time does not say whether the account exists.
async fn password_is_right(app: &App, known: Option<&staff::Model>, given: Secret) -> Result<bool, Refusal> {
    let kept = match known {
        None => Zeroizing::new(password::NOBODYS.as_bytes().to_vec()),
        Some(row) => row.open(&app.keys, "password", &row.password).map_err(|error| Refusal::internal(&error))?,
    };
    let _turn = HASHING.acquire().await.map_err(|error| Refusal::internal(&error))?;
    let hashed = tokio::task::spawn_blocking(move || {
        std::str::from_utf8(&kept).is_ok_and(|kept| password::is_right(&given, kept))
    });
    let right = hashed.await.map_err(|error| Refusal::internal(&error))?;
    Ok(right && known.is_some())
}

/// Takes the code and opens the session, or counts the failure; either is logged, in one transaction.
async fn decide(
    app: &App,
    request: &LoginRequest,
    verified: Option<staff::Model>,
    login_hash: [u8; 32],
    counters: &Counters,
) -> Result<Option<StaffSession>, Refusal> {
    let now = app.clock.now();
    let tx = app.store.begin("sign in").await?;
    // Others may have failed meanwhile.
    counters.check(&*tx, now).await??;
    let session = match confirmed(app, &tx, request, verified, now).await? {
        Some(account) => Some(open(&tx, account, now).await?),
        None => {
            counters.count(&*tx, now).await?;
            let (action, subject) = (Action::SignInRefused, Some(Subject::Hash(login_hash)));
            audit::append(&tx, now, Entry { action, actor: None, subject, detail: String::new() }).await?;
            None
        }
    };
    tx.commit().await?;
    Ok(session)
}

/// The account, if it is still what it was when the password was compared, and the code is right and new.
async fn confirmed(
    app: &App,
    tx: &Writing,
    request: &LoginRequest,
    verified: Option<staff::Model>,
    now: i64,
) -> Result<Option<Account>, Refusal> {
    let locked = store::by_login(&app.keys, &request.login).lock_exclusive().one(&**tx).await?;
    let Some(locked) = locked else { return Ok(None) };
    let secret = locked.open(&app.keys, "totp_secret", &locked.totp_secret);
    let secret = secret.map_err(|error| Refusal::internal(&error))?;
    let step = authenticator::step_of(&secret, request.code.expose(), now, locked.totp_step);
    let unchanged = verified.is_some_and(|verified| verified.password == locked.password);
    let (Some(step), true, None) = (step, unchanged, locked.disabled_at) else { return Ok(None) };
    staff::Entity::update_many()
        .col_expr(staff::Column::TotpStep, Expr::value(step))
        .filter(staff::Column::Id.eq(locked.id))
        .exec(&**tx)
        .await?;
    locked.account().map(Some).ok_or(ReasonCode::ServerInternal.into())
}

async fn open(tx: &Writing, account: Account, now: i64) -> Result<StaffSession, Refusal> {
    let (token, digest) = token::fresh()?;
    let session = staff_session::ActiveModel {
        id: Set(Uuid::now_v7()),
        staff_id: Set(account.id),
        token_digest: Set(digest.to_vec()),
        created_at: Set(now),
        used_at: Set(now),
        expires_at: Set(now + LONGEST_MS),
        revoked_at: Set(None),
    };
    session.insert(&**tx).await?;
    audit::append(tx, now, Entry::of(Action::SignedIn, account.id).by(account.id)).await?;
    Ok(StaffSession { token, expires_at: to_time(now + LONGEST_MS), account })
}

/// Forgets sessions that have been over for a month: who was signed in when stays in the linked log.
pub(crate) async fn forget_old(tx: &Writing, now: i64) -> Result<(), DbErr> {
    let month_ago = now - 30 * 86_400_000;
    let over = staff_session::Column::ExpiresAt.lt(month_ago);
    staff_session::Entity::delete_many().filter(over).exec(&**tx).await.map(drop)
}
