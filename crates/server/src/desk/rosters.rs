//! `POST /v1/desk/rosters`: a clerk puts people on a volunteer's list of visits.
//!
//! They are named by ID number, or as a list of who has to certify names them. A person stands on the list if the clerk serves their insured place and the volunteer's area has anything in common with
//! where they live. Who does not is left out, and it is not said why. Each number asked for is a read, and counts as one.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jianzai_wire::ReasonCode;
use jianzai_wire::api::Problem;
use jianzai_wire::desk::{Account, ReadReason, Roster, RosterRequest, StaffRole};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, EntityTrait as _};
use uuid::Uuid;

use super::access::{Outcome, Read, What, Who, within_limits};
use crate::accounts::SignedIn;
use crate::accounts::signed_in::Clerks;
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::clock::to_time;
use crate::db::Writing;
use crate::db::desk_entity::{roster, roster_person, staff};
use crate::problem::{Body, Refusal};

const DAY_MS: i64 = 86_400_000;
/// A list is good for a month at most.
const MOST_DAYS: u8 = 31;
/// People on one list at most.
const MOST_PEOPLE: usize = 200;

/// Put people on a volunteer's list.
#[utoipa::path(post, path = "/v1/desk/rosters", tag = "desk", security(("desk" = [])), request_body = RosterRequest,
    responses(
    (status = 201, body = Roster, description = "Who can't be put on this volunteer's list is left out; why is not said."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 403, body = Problem, content_type = "application/problem+json", description = "`account.not_allowed`: one's \
        own role or area is not enough, or there is no such volunteer."),
    (status = 429, body = Problem, content_type = "application/problem+json", description = "`limit.too_many_tries`"),
))]
pub(crate) async fn make(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Clerks>,
    Body(request): Body<RosterRequest>,
) -> Result<(StatusCode, Json<Roster>), Refusal> {
    let asked = || request.people.iter().map(Who::Number).chain(request.listed.iter().copied().map(Who::Listed));
    if !(1..=MOST_PEOPLE).contains(&asked().count()) || !(1..=MOST_DAYS).contains(&request.days) {
        return Err(ReasonCode::InputBodyInvalid.into());
    }
    let volunteer = volunteer(&app, &signed_in, request.volunteer).await?;
    let now = app.clock.now();
    let (mut listed, mut left_out) = (Vec::new(), Vec::new());
    let tx = app.store.begin("make roster").await?;
    for (at, who) in (0_u32..).zip(asked()) {
        match listable(&app, &tx, &signed_in, &volunteer, who, now).await {
            Ok(Some(person)) if !listed.contains(&person) => listed.push(person),
            Ok(_) => left_out.push(at),
            Err(refusal) => {
                // What was sought so far stays logged and counted.
                tx.commit().await?;
                return Err(refusal);
            }
        }
    }
    let (id, ends_at) = (Uuid::now_v7(), now + i64::from(request.days) * DAY_MS);
    let made = roster::ActiveModel {
        id: Set(id),
        volunteer_id: Set(volunteer.id),
        maker_id: Set(signed_in.account.id),
        made_at: Set(now),
        ends_at: Set(ends_at),
    };
    made.insert(&*tx).await?;
    for person in &listed {
        roster_person::ActiveModel { roster_id: Set(id), beneficiary_id: Set(*person) }.insert(&*tx).await?;
    }
    audit::append(&tx, now, Entry::of(Action::RosterMade, id).by(signed_in.account.id)).await?;
    tx.commit().await?;
    let listed = u32::try_from(listed.len()).unwrap_or(u32::MAX);
    Ok((StatusCode::CREATED, Json(Roster { id, ends_at: to_time(ends_at), listed, left_out })))
}

/// The volunteer, if the account is open and within the clerk's area.
async fn volunteer(app: &App, signed_in: &SignedIn<Clerks>, id: Uuid) -> Result<Account, Refusal> {
    let row = staff::Entity::find_by_id(id).one(app.store.reads()).await?.filter(|row| row.disabled_at.is_none());
    let account = row.and_then(|row| row.account()).filter(|account| account.role == StaffRole::Volunteer);
    let account = account.ok_or(ReasonCode::AccountNotAllowed)?;
    signed_in.demand_area(&account.area)?;
    Ok(account)
}

/// The person who is meant, if they may stand on the list. Logged either way.
async fn listable(
    app: &App,
    tx: &Writing,
    signed_in: &SignedIn<Clerks>,
    volunteer: &Account,
    who: Who<'_>,
    now: i64,
) -> Result<Option<Uuid>, Refusal> {
    let counters = within_limits(app, tx, signed_in.account.id, now).await?;
    let outcome = match who.find(&**tx, &app.keys).await? {
        None => Outcome::Nobody,
        Some(person)
            if signed_in.serves(person.insured_place(&app.keys)?)
                && volunteer.area.meets(person.residence(&app.keys)?) =>
        {
            Outcome::Shown(person.id)
        }
        Some(_) => Outcome::Elsewhere,
    };
    let sought = who.sought(app)?;
    let reference = who.missed(outcome);
    let read = Read { what: What::Roster, reason: ReadReason::Visit, reference, sought, outcome };
    read.log(tx, signed_in, now).await?;
    match outcome {
        Outcome::Shown(person) => Ok(Some(person)),
        _ => {
            counters.count(&**tx, now).await?;
            Ok(None)
        }
    }
}
