//! Certified by people: `POST /v1/desk/certifications`; and deaths, which a clerk reports and another may take back.
//!
//! **In**: who was seen, how, on which day, by whom. **Out**: the record and its fact, and a next look at the person today.
//! **What can go wrong**: nobody of the area has the number; the place does not take it (`channel.closed`,
//! `record.proof_too_old`, ...), or wants a second person (`record.second_missing`); the person is recorded as dead
//! (`death.recorded`). The same again is known, and changes nothing.
//!
//! Whoever reports a death does not decide on the report.
//!
//! Who comes to the counter is certified by the clerk who sees them. A visit is recorded by a clerk who was not there; the
//! accounts of those who were are named. What a volunteer reports themselves is in [`super::visit_reports`].

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jianzai_wire::ReasonCode;
use jianzai_wire::api::Problem;
use jianzai_wire::channels::{DeathReported, DeathRequest, Recorded, SeenBy, SeenRequest, WithdrawRequest};
use jianzai_wire::desk::{ReadReason, StaffRole};
use sea_orm::EntityTrait as _;
use uuid::Uuid;

use super::access::{Wanted, What, Who, served};
use super::decide::{is_said, told};
use crate::accounts::SignedIn;
use crate::accounts::signed_in::{Clerks, Demand, Heads};
use crate::app::App;
use crate::channels::{ByHand, Certified};
use crate::chronicle::reviews::deaths::is_recorded_dead;
use crate::db::desk_entity::staff;
use crate::office::OfficeError;
use crate::problem::{Body, Refusal};
use crate::year::channel::{Channel, Reason};
use crate::year::dates::china;
use crate::year::record::{Ground, Party};

/// Certify somebody whom people saw.
#[utoipa::path(post, path = "/v1/desk/certifications", tag = "desk", security(("desk" = [])), request_body = SeenRequest,
    responses(
    (status = 201, body = Recorded, description = "Recorded now."),
    (status = 200, body = Recorded, description = "It was recorded before."),
    (status = 202, body = Recorded, description = "The place wants another clerk's word: it waits until one says the same."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 403, body = Problem, content_type = "application/problem+json", description = "`account.not_allowed`: the \
        visitor's account is none of the area's."),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "`desk.nobody_found`"),
    (status = 422, body = Problem, content_type = "application/problem+json", description = "`channel.closed`, \
        `record.proof_in_future`, `record.proof_too_old`, `record.second_missing`, `input.body_invalid`; \
        `death.recorded`: that they live is recorded first."),
))]
pub(crate) async fn seen(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Clerks>,
    Body(request): Body<SeenRequest>,
) -> Result<(StatusCode, Json<Recorded>), Refusal> {
    let clerk = Party::Staff(signed_in.account.id);
    let at_counter = Reason::SeenInPerson;
    let (channel, by, reason) = match (request.by, request.visitor, request.why) {
        (SeenBy::OfficeIdCard, None, None) => (Channel::OfficeIdCard, clerk, at_counter),
        (SeenBy::AgencyByHand, None, None) => (Channel::AgencyByHand, clerk, at_counter),
        (SeenBy::HomeVisit, Some(visitor), Some(why)) => {
            (Channel::HomeVisit, colleague(&app, &signed_in, visitor).await?, Reason::of_visit(why))
        }
        _ => return Err(ReasonCode::InputBodyInvalid.into()),
    };
    let second = match request.second {
        Some(second) => Some(colleague(&app, &signed_in, second).await?),
        None => None,
    };
    let read = if request.by == SeenBy::HomeVisit { ReadReason::Visit } else { ReadReason::Asked };
    let wanted = Wanted { who: Who::Number(&request.id_number), what: What::Channel, reason: read, reference: None };
    let person = served(&app, &signed_in, wanted).await?;
    let how = ByHand {
        channel,
        by,
        decided_by: clerk,
        seconded_by: second,
        proof_date: request.on,
        ground: Ground::Reason(reason),
    };
    let certified = app.office().certify(person.id, &how, china(app.clock.now())).await?;
    answer(certified)
}

/// An account that was there: of the area, or for a volunteer of one that holds theirs.
pub(super) async fn colleague<D: Demand>(app: &App, by: &SignedIn<D>, id: Uuid) -> Result<Party, Refusal> {
    let row = staff::Entity::find_by_id(id).one(app.store.reads()).await?.filter(|row| row.disabled_at.is_none());
    let account = row.and_then(|row| row.account()).ok_or(ReasonCode::AccountNotAllowed)?;
    let serves_volunteer = by.account.role == StaffRole::Volunteer && account.area.contains(&by.account.area);
    if !serves_volunteer {
        by.demand_area(&account.area)?;
    }
    match account.role {
        StaffRole::Volunteer => Ok(Party::Volunteer(id)),
        StaffRole::Clerk | StaffRole::Head => Ok(Party::Staff(id)),
        StaffRole::Auditor => Err(ReasonCode::AccountNotAllowed.into()),
    }
}

/// What came of a certification, as an answer.
pub(super) fn answer(certified: Certified) -> Result<(StatusCode, Json<Recorded>), Refusal> {
    match certified {
        Certified::New(id) => Ok((StatusCode::CREATED, Json(Recorded { id, known: false, waits: false }))),
        Certified::Known(id) => Ok((StatusCode::OK, Json(Recorded { id, known: true, waits: false }))),
        Certified::Waits(id) => Ok((StatusCode::ACCEPTED, Json(Recorded { id, known: false, waits: true }))),
        Certified::Refused(faults) => {
            Err(faults.first().map_or(ReasonCode::ServerInternal, |fault| told(*fault)).into())
        }
        Certified::RecordedDead => Err(ReasonCode::DeathRecorded.into()),
        Certified::NoPolicy => Err(ReasonCode::ChannelClosed.into()),
    }
}

impl From<OfficeError> for Refusal {
    fn from(error: OfficeError) -> Self {
        match error {
            OfficeError::Refused(_) => ReasonCode::InputBodyInvalid.into(),
            error => Self::internal(&error),
        }
    }
}

/// Put a report of death before the queue. Nothing changes before it is decided, by somebody else.
#[utoipa::path(post, path = "/v1/desk/deaths", tag = "desk", security(("desk" = [])), request_body = DeathRequest,
    responses(
    (status = 201, body = DeathReported, description = "It waits in the queue."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "`desk.nobody_found`"),
))]
pub(crate) async fn report(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Clerks>,
    Body(request): Body<DeathRequest>,
) -> Result<(StatusCode, Json<DeathReported>), Refusal> {
    if !is_said(&request.statement) {
        return Err(ReasonCode::InputBodyInvalid.into());
    }
    let wanted = Wanted {
        who: Who::Number(&request.id_number),
        what: What::Channel,
        reason: ReadReason::Report,
        reference: None,
    };
    let person = served(&app, &signed_in, wanted).await?;
    let (clerk, now) = (Some(signed_in.account.id), china(app.clock.now()));
    let review = app.office().report_death(person.id, clerk, Some(request.statement), now).await?;
    Ok((StatusCode::CREATED, Json(DeathReported { review })))
}

/// Take back that somebody died: they live, and what was withheld is owed.
#[utoipa::path(post, path = "/v1/desk/deaths/withdraw", tag = "desk", security(("desk" = [])),
    request_body = WithdrawRequest, responses(
    (status = 204, description = "Nobody is recorded as dead any more; the same again changes nothing."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 403, body = Problem, content_type = "application/problem+json", description = "`account.not_allowed`: heads \
        do this."),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "`desk.nobody_found`"),
))]
pub(crate) async fn withdraw(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Heads>,
    Body(request): Body<WithdrawRequest>,
) -> Result<StatusCode, Refusal> {
    let wanted = Wanted {
        who: Who::Number(&request.id_number),
        what: What::Channel,
        reason: ReadReason::Correction,
        reference: None,
    };
    let person = served(&app, &signed_in, wanted).await?;
    if is_recorded_dead(app.store.reads(), person.id).await? {
        app.office().withdraw_death(person.id, signed_in.account.id, china(app.clock.now())).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
