//! Visits at which nobody opened: `POST /v1/desk/visits/in_vain`.
//!
//! **In**: somebody on the volunteer's own list, and the day. **Out**: the days on which nobody opened, whoever of the
//! volunteers was there; volunteers see them on their lists and clerks with the person, so that the next comes at another
//! hour, rings them up first, or looks whether they have moved. It certifies nobody, and suspends and holds nobody: to keep the
//! door shut neither helps nor harms. **What can go wrong**: as with a report ([`super::visit_reports`]): the person is on none
//! of the volunteer's lists (`desk.not_listed`); the day lies before the list (`record.proof_too_old`) or is not yet
//! (`record.proof_in_future`). The same again is known. Kept for a year.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jianzai_wire::ReasonCode;
use jianzai_wire::api::Problem;
use jianzai_wire::channels::{NobodyOpened, VisitInVain};
use jianzai_wire::desk::VisitDay;
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    TryInsertResult,
};
use uuid::Uuid;

use super::visit_reports::demand_listed;
use crate::accounts::SignedIn;
use crate::accounts::signed_in::Volunteers;
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::db::desk_entity::visit_in_vain::{ActiveModel, Column, Entity};
use crate::problem::{Body, Refusal};
use crate::year::dates::{china, day_number, numbered_day};

/// How long it is kept.
const KEPT_MS: i64 = 366 * 86_400_000;

/// Say that nobody opened at somebody's on one's list.
#[utoipa::path(post, path = "/v1/desk/visits/in_vain", tag = "desk", security(("desk" = [])),
    request_body = VisitInVain, responses(
    (status = 201, body = NobodyOpened, description = "Put down."),
    (status = 200, body = NobodyOpened, description = "It was put down before."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 403, body = Problem, content_type = "application/problem+json", description = "`desk.not_listed`: the person \
        is on no list of the volunteer's."),
    (status = 422, body = Problem, content_type = "application/problem+json", description = "`record.proof_in_future`, \
        `record.proof_too_old`"),
    (status = 429, body = Problem, content_type = "application/problem+json", description = "`limit.too_many_tries`"),
))]
pub(crate) async fn put_down(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Volunteers>,
    Body(visit): Body<VisitInVain>,
) -> Result<(StatusCode, Json<NobodyOpened>), Refusal> {
    let listed = demand_listed(&app, &signed_in, visit.person).await?;
    let (now, volunteer) = (app.clock.now(), signed_in.account.id);
    if visit.on > china(now).date() {
        return Err(ReasonCode::RecordProofInFuture.into());
    }
    if visit.on < china(listed.from).date() {
        return Err(ReasonCode::RecordProofTooOld.into());
    }
    let tx = app.store.begin("visit in vain").await?;
    let row = ActiveModel {
        beneficiary_id: Set(visit.person),
        on_day: Set(day_number(visit.on)),
        volunteer_id: Set(volunteer),
        said_at: Set(now),
    };
    let written = Entity::insert(row).on_conflict_do_nothing();
    let is_new = matches!(written.exec_without_returning(&*tx).await?, TryInsertResult::Inserted(1..));
    let days = days_of(&*tx, &[visit.person]).await?.remove(&visit.person).unwrap_or_default();
    if is_new {
        audit::append(&tx, now, Entry::of(Action::VisitInVain, visit.person).by(volunteer)).await?;
    }
    tx.commit().await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(NobodyOpened { in_vain: days, known: !is_new })))
}

/// The days on which nobody opened, oldest first, by person; whoever is not named opened always, or was not visited.
pub(super) async fn days_of(
    db: &impl ConnectionTrait,
    people: &[Uuid],
) -> Result<BTreeMap<Uuid, Vec<VisitDay>>, DbErr> {
    let rows = Entity::find().filter(Column::BeneficiaryId.is_in(people.iter().copied())).order_by_asc(Column::OnDay);
    let mut days: BTreeMap<Uuid, BTreeSet<i64>> = BTreeMap::new();
    for row in rows.all(db).await? {
        days.entry(row.beneficiary_id).or_default().insert(row.on_day);
    }
    let told = |days: BTreeSet<i64>| days.into_iter().map(|day| VisitDay { on: numbered_day(day) }).collect();
    Ok(days.into_iter().map(|(person, days)| (person, told(days))).collect())
}

/// Forgets what was kept long enough.
pub(crate) async fn forget_old(tx: &impl ConnectionTrait, now: i64) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::SaidAt.lt(now - KEPT_MS)).exec(tx).await.map(drop)
}
