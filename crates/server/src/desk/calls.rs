//! Video calls by appointment: times that an office offers, who has booked one, what came of it.
//!
//! **In**: times from a head; a booking and its outcome from clerks. **Out**: times that are free; a confirmation at once
//! and a reminder the day before; at the end the record. **What can go wrong**: the time is gone, over, not theirs, or of
//! another office (`slot.gone`); the call has another outcome already (`slot.decided`).
//!
//! An area's desk is one office: its name follows from the area.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use jianzai_wire::api::Problem;
use jianzai_wire::channels::{
    BookRequest, CallEnded, CallOutcome, CallRequest, Slot, Slots, SlotsOffered, SlotsRequest,
};
use jianzai_wire::desk::{Account, ReadReason};
use jianzai_wire::{IdNumber, ReasonCode};
use sea_orm::EntityTrait as _;
use uuid::Uuid;

use super::access::{Wanted, What, Who, served};
use super::by_people::answer;
use crate::accounts::SignedIn;
use crate::accounts::signed_in::{Clerks, Heads};
use crate::app::App;
use crate::channels::{SlotRefused, VideoOutcome};
use crate::chronicle::rows::name;
use crate::db::entity::beneficiary;
use crate::db::year::slot;
use crate::problem::{Body, Refusal};
use crate::year::channel::Channel;
use crate::year::dates::china;
use crate::year::record::Party;

/// Times offered at once.
const MOST: usize = 200;

/// Offer times for video calls.
#[utoipa::path(post, path = "/v1/desk/slots", tag = "desk", security(("desk" = [])), request_body = SlotsRequest, responses(
    (status = 200, body = SlotsOffered, description = "Those that were offered before stay as they are."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 403, body = Problem, content_type = "application/problem+json", description = "`account.not_allowed`"),
    (status = 422, body = Problem, content_type = "application/problem+json", description = "`input.body_invalid`"),
))]
pub(crate) async fn offer(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Heads>,
    Body(request): Body<SlotsRequest>,
) -> Result<Json<SlotsOffered>, Refusal> {
    if !(1..=MOST).contains(&request.begins.len()) || !(5..=120).contains(&request.minutes) {
        return Err(ReasonCode::InputBodyInvalid.into());
    }
    let now = app.clock.now();
    let by = Party::Staff(signed_in.account.id);
    let office = office_of(&signed_in.account);
    let added = app.office().offer_slots(office, &request.begins, request.minutes, by, china(now)).await?;
    Ok(Json(SlotsOffered { added }))
}

/// The next free times of one's own office.
#[utoipa::path(get, path = "/v1/desk/slots", tag = "desk", security(("desk" = [])), responses(
    (status = 200, body = Slots),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
))]
pub(crate) async fn free(State(app): State<Arc<App>>, signed_in: SignedIn<Clerks>) -> Result<Json<Slots>, Refusal> {
    let free = app.office().free_slots(office_of(&signed_in.account), china(app.clock.now())).await?;
    Ok(Json(Slots { free: free.into_iter().map(|(id, begins)| Slot { id, begins }).collect() }))
}

/// Book a time for somebody, and give back the one that they had ahead of them.
#[utoipa::path(post, path = "/v1/desk/slots/{id}/book", tag = "desk", security(("desk" = [])),
    params(("id" = Uuid, Path, description = "The time.")), request_body = BookRequest, responses(
    (status = 204, description = "Theirs; they are told at once, and the day before."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "`desk.nobody_found`"),
    (status = 409, body = Problem, content_type = "application/problem+json", description = "`slot.gone`"),
    (status = 422, body = Problem, content_type = "application/problem+json", description = "`channel.closed`"),
))]
pub(crate) async fn book(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Clerks>,
    Path(id): Path<Uuid>,
    Body(request): Body<BookRequest>,
) -> Result<StatusCode, Refusal> {
    let (person, _) = both(&app, &signed_in, &request.id_number, id).await?;
    let now = china(app.clock.now());
    if !app.rules(person.id).await?.on(now.date()).allows(Channel::VideoCall) {
        return Err(ReasonCode::ChannelClosed.into());
    }
    app.office().book(id, person.id, Party::Staff(signed_in.account.id), now).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Record what came of a call.
#[utoipa::path(post, path = "/v1/desk/slots/{id}/outcome", tag = "desk", security(("desk" = [])),
    params(("id" = Uuid, Path, description = "The time.")), request_body = CallRequest, responses(
    (status = 200, body = CallEnded, description = "The same again has the same answer."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "`desk.nobody_found`"),
    (status = 409, body = Problem, content_type = "application/problem+json", description = "`slot.gone`: not theirs, or not \
        begun; `slot.decided`"),
    (status = 422, body = Problem, content_type = "application/problem+json", description = "`channel.closed`, \
        `death.recorded`"),
))]
pub(crate) async fn outcome(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Clerks>,
    Path(id): Path<Uuid>,
    Body(request): Body<CallRequest>,
) -> Result<Json<CallEnded>, Refusal> {
    let (person, slot) = both(&app, &signed_in, &request.id_number, id).await?;
    if slot.beneficiary_id != Some(person.id) {
        return Err(ReasonCode::SlotGone.into());
    }
    let outcome = match request.outcome {
        CallOutcome::Certified => VideoOutcome::Certified,
        CallOutcome::NotReached => VideoOutcome::NotReached,
        CallOutcome::NotSure => VideoOutcome::NotSure,
    };
    let (clerk, now) = (Party::Staff(signed_in.account.id), china(app.clock.now()));
    let ended = app.office().call_ended(id, outcome, Party::Beneficiary, clerk, now).await?;
    let recorded = ended.map(|certified| answer(certified).map(|(_, Json(recorded))| recorded)).transpose()?;
    Ok(Json(CallEnded { recorded }))
}

/// The person, and a time of one's own office.
async fn both(
    app: &App,
    by: &SignedIn<Clerks>,
    id_number: &IdNumber,
    id: Uuid,
) -> Result<(beneficiary::Model, slot::Model), Refusal> {
    let wanted =
        Wanted { who: Who::Number(id_number), what: What::Channel, reason: ReadReason::Visit, reference: Some(id) };
    let person = served(app, by, wanted).await?;
    let slot = slot::Entity::find_by_id(id).one(app.store.reads()).await?;
    let slot = slot.filter(|slot| slot.office_id == office_of(&by.account)).ok_or(ReasonCode::SlotGone)?;
    Ok((person, slot))
}

fn office_of(account: &Account) -> Uuid {
    name("office", &[account.area.digits().as_bytes()])
}

impl From<SlotRefused> for Refusal {
    fn from(error: SlotRefused) -> Self {
        match error {
            SlotRefused::Office(error) => error.into(),
            SlotRefused::Gone => ReasonCode::SlotGone.into(),
            SlotRefused::Decided => ReasonCode::SlotDecided.into(),
        }
    }
}
