//! Who is signed in, and whether they may do what a call wants: an extractor.
//!
//! `SignedIn<Clerks>` among a handler's arguments demands a session that lives and a role; the area is demanded where it is
//! known what the call is about, with [`SignedIn::serves`]. It comes before the body: whoever is not signed in has nothing
//! read of what they sent.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use jianzai_wire::desk::{Account, StaffRole};
use jianzai_wire::{Area, Division, ReasonCode};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use uuid::Uuid;

use crate::app::App;
use crate::db::desk_entity::{staff, staff_session};
use crate::problem::Refusal;
use crate::token;

/// A session that is not used for so long is over.
const IDLE_MS: i64 = 30 * 60_000;
/// A use is written down when the last one that was is older.
const NOTED_EVERY_MS: i64 = 60_000;

/// Which roles a call wants.
pub(crate) trait Demand: Send {
    /// One of these.
    const ROLES: &'static [StaffRole];
}

macro_rules! demands {
    ($($(#[$about:meta])* $name:ident: $($role:ident),+;)+) => {$(
        $(#[$about])*
        pub(crate) enum $name {}

        impl Demand for $name {
            const ROLES: &'static [StaffRole] = &[$(StaffRole::$role),+];
        }
    )+};
}

demands! {
    /// Any role.
    Anybody: Clerk, Head, Volunteer, Auditor;
    /// Who serves people.
    Clerks: Clerk, Head;
    /// Who looks after accounts.
    Heads: Head;
    /// Who sees what others did.
    Overseers: Head, Auditor;
    /// Who visits.
    Volunteers: Volunteer;
    /// Who may hold the phone for somebody.
    Helpers: Clerk, Head, Volunteer;
}

/// Somebody who is signed in and has one of the roles that `D` wants.
#[derive(Debug)]
pub(crate) struct SignedIn<D> {
    pub(crate) account: Account,
    /// Names the session, for logs.
    pub(crate) session: Uuid,
    demand: PhantomData<D>,
}

impl<D: Demand> SignedIn<D> {
    /// Whether a person with this insured place is served by the account.
    pub(crate) fn serves(&self, insured_place: Division) -> bool {
        self.account.area.covers(insured_place)
    }

    /// Refuses what lies outside of the account's area.
    pub(crate) fn demand_area(&self, area: &Area) -> Result<(), Refusal> {
        if self.account.area.contains(area) { Ok(()) } else { Err(ReasonCode::AccountNotAllowed.into()) }
    }
}

impl<D: Demand> FromRequestParts<Arc<App>> for SignedIn<D> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        Self::by(app, &parts.headers).await
    }
}

impl<D: Demand> SignedIn<D> {
    /// Whose session a call presents.
    async fn by(app: &App, headers: &HeaderMap) -> Result<Self, Refusal> {
        let digest = token::presented(headers).map_err(|_| ReasonCode::AccountSignedOut)?;
        let (session, row) = staff_session::Entity::find()
            .filter(staff_session::Column::TokenDigest.eq(digest.to_vec()))
            .find_also_linked(ToStaff)
            .one(app.store.reads())
            .await?
            .ok_or(ReasonCode::AccountSignedOut)?;
        let now = app.clock.now();
        let row = row.filter(|row| row.disabled_at.is_none() && lives(&session, now));
        let row = row.ok_or(ReasonCode::AccountSignedOut)?;
        let account = row.account().ok_or(ReasonCode::ServerInternal)?;
        if now - session.used_at > NOTED_EVERY_MS {
            note_use(app, session.id, now).await?;
        }
        if D::ROLES.contains(&account.role) {
            Ok(Self { account, session: session.id, demand: PhantomData })
        } else {
            Err(ReasonCode::AccountNotAllowed.into())
        }
    }

    /// The same, for a call that anybody may make: none if it presents no session at all.
    pub(crate) async fn if_any(app: &App, headers: &HeaderMap) -> Result<Option<Self>, Refusal> {
        if headers.contains_key(AUTHORIZATION) { Self::by(app, headers).await.map(Some) } else { Ok(None) }
    }
}

/// Whether a session is neither over nor ended.
pub(super) fn lives(session: &staff_session::Model, now: i64) -> bool {
    session.revoked_at.is_none() && now < session.expires_at && now < session.used_at + IDLE_MS
}

async fn note_use(app: &App, session: Uuid, now: i64) -> Result<(), Refusal> {
    let tx = app.store.begin("note use").await?;
    staff_session::Entity::update_many()
        .col_expr(staff_session::Column::UsedAt, Expr::value(now))
        .filter(staff_session::Column::Id.eq(session))
        .exec(&*tx)
        .await?;
    Ok(tx.commit().await?)
}

/// From a session to its account.
struct ToStaff;

impl sea_orm::Linked for ToStaff {
    type FromEntity = staff_session::Entity;
    type ToEntity = staff::Entity;

    fn link(&self) -> Vec<sea_orm::LinkDef> {
        let from = staff_session::Entity::belongs_to(staff::Entity);
        vec![from.from(staff_session::Column::StaffId).to(staff::Column::Id).into()]
    }
}
