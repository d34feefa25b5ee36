//! Home visits as the volunteer reports them: `POST /v1/desk/visits/report`; and what a clerk makes of it,
//! `POST /v1/desk/visits/reported` and `POST /v1/desk/visits/{id}/confirm`.
//!
//! **In**: somebody on the volunteer's own list, and the day. **Out**: a record where the policy trusts volunteers
//! (`volunteer_visits`), else a word that waits until a clerk of the person's area confirms it, or records the same visit; or
//! sets it aside, which is put down. **What can go wrong**: the person is on none of the volunteer's lists, or lives elsewhere
//! by now: `desk.not_listed`, whether registered or not, and such tries are counted; the day lies before the list
//! (`record.proof_too_old`); the place takes no visits (`channel.closed`), or wants a second person
//! (`record.second_missing`); the person is recorded as dead (`death.recorded`). The clerk names a visit that there is not, or of
//! another area: one answer, `desk.nobody_found`, counted, logged, and no sooner the one than the other; or a colleague says the
//! contrary at the same moment: the first is heard, the other is told `review.decided`. The same again is known, and changes
//! nothing.

use std::collections::HashSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use jianzai_wire::ReasonCode;
use jianzai_wire::api::Problem;
use jianzai_wire::channels::{
    ConfirmRequest, Recorded, ReportedRequest, ReportedVisit, ReportedVisits, VisitDecided, VisitReason, VisitReport,
};
use jianzai_wire::desk::ReadReason;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use tokio::time::Instant;
use uuid::Uuid;

use super::access::{Outcome, Read, SOONEST, What, is_served, within_limits, within_misses};
use super::by_people::{answer, colleague};
use super::reviews::places;
use super::visits::{Listed, on_list};
use crate::accounts::SignedIn;
use crate::accounts::signed_in::{Clerks, Volunteers};
use crate::app::App;
use crate::channels::ByHand;
use crate::chronicle::rows::party;
use crate::clock::to_time;
use crate::db::entity::beneficiary;
use crate::db::year::certification;
use crate::db::year::certification_word::{Column, Entity, Model};
use crate::problem::{Body, Refusal};
use crate::year::channel::{Channel, Reason};
use crate::year::dates::{china, numbered_day};
use crate::year::names::Named as _;
use crate::year::record::{Ground, Party};

/// Visits of one page.
const PAGE: usize = 50;
/// Visits read at once.
const AT_ONCE: u64 = 250;
/// Visits that one call looks at.
const MOST_LOOKED_AT: usize = 5_000;

/// Report a visit to somebody on one's list.
#[utoipa::path(post, path = "/v1/desk/visits/report", tag = "desk", security(("desk" = [])), request_body = VisitReport,
    responses(
    (status = 201, body = Recorded, description = "Recorded now: the place trusts its volunteers."),
    (status = 200, body = Recorded, description = "It was recorded before."),
    (status = 202, body = Recorded, description = "It waits for a clerk."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 403, body = Problem, content_type = "application/problem+json", description = "`desk.not_listed`: the person \
        is on no list of the volunteer's; `account.not_allowed`: the second person's account is none of the area's."),
    (status = 422, body = Problem, content_type = "application/problem+json", description = "`channel.closed`, \
        `record.proof_in_future`, `record.proof_too_old`, `record.second_missing`, `death.recorded`"),
    (status = 429, body = Problem, content_type = "application/problem+json", description = "`limit.too_many_tries`"),
))]
pub(crate) async fn report(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Volunteers>,
    Body(request): Body<VisitReport>,
) -> Result<(StatusCode, Json<Recorded>), Refusal> {
    let volunteer = Party::Volunteer(signed_in.account.id);
    let listed = demand_listed(&app, &signed_in, request.person).await?;
    if request.on < china(listed.from).date() {
        return Err(ReasonCode::RecordProofTooOld.into());
    }
    let second = match request.second {
        Some(second) => Some(colleague(&app, &signed_in, second).await?),
        None => None,
    };
    let seen = Seen { by: volunteer, second, on: request.on, why: Reason::of_visit(request.why) };
    let visit = seen.decided_by(volunteer);
    answer(app.office().certify(request.person, &visit, china(app.clock.now())).await?)
}

/// Refuses whoever is on none of the volunteer's lists, or no longer lives in their area. Logged either way.
pub(super) async fn demand_listed(app: &App, by: &SignedIn<Volunteers>, person: Uuid) -> Result<Listed, Refusal> {
    let (arrived, now) = (Instant::now(), app.clock.now());
    let tx = app.store.begin("report visit").await?;
    let counters = within_limits(app, &tx, by.account.id, now).await?;
    let listed = on_list(&*tx, by.account.id, person, now).await?;
    let row = beneficiary::Entity::find_by_id(person).one(&*tx).await?;
    let residence = row.map(|row| row.residence(&app.keys)).transpose()?;
    let listed = listed.filter(|_| residence.is_some_and(|residence| by.account.area.meets(residence)));
    let outcome = if listed.is_some() { Outcome::Shown(person) } else { Outcome::NotListed };
    if listed.is_none() {
        counters.count(&*tx, now).await?;
    }
    let read = Read { what: What::Visit, reason: ReadReason::Visit, reference: None, sought: None, outcome };
    read.log(&tx, by, now).await?;
    tx.commit().await?;
    if listed.is_none() {
        tokio::time::sleep_until(arrived + SOONEST).await;
    }
    listed.ok_or(ReasonCode::DeskNotListed.into())
}

/// Somebody was seen at home.
struct Seen {
    by: Party,
    second: Option<Party>,
    on: time::Date,
    why: Reason,
}

impl Seen {
    fn decided_by(self, decided_by: Party) -> ByHand {
        let Self { by, second, on, why } = self;
        let (channel, ground) = (Channel::HomeVisit, Ground::Reason(why));
        ByHand { channel, by, decided_by, seconded_by: second, proof_date: on, ground }
    }
}

/// Why there was a visit, as the volunteer said it. Before version 8 they were not asked: whoever is on a list of visits was
/// reached by nothing else.
fn why(word: &Model) -> VisitReason {
    let said = |why: &VisitReason| word.reason.as_deref() == Some(Reason::of_visit(*why).name());
    VisitReason::ALL.into_iter().find(said).unwrap_or(VisitReason::NotReached)
}

/// The visits that volunteers reported and that wait for a clerk.
#[utoipa::path(post, path = "/v1/desk/visits/reported", tag = "desk", security(("desk" = [])),
    request_body = ReportedRequest, responses(
    (status = 200, body = ReportedVisits, description = "Of one's own area. The read of each person is logged."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 403, body = Problem, content_type = "application/problem+json", description = "`account.not_allowed`"),
    (status = 429, body = Problem, content_type = "application/problem+json", description = "`limit.too_many_tries`"),
))]
pub(crate) async fn waiting(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Clerks>,
    Body(request): Body<ReportedRequest>,
) -> Result<Json<ReportedVisits>, Refusal> {
    let tx = app.store.begin("reads so far").await?;
    within_limits(&app, &tx, signed_in.account.id, app.clock.now()).await?;
    drop(tx);
    let (mut page, mut after, mut looked_at, mut more) = (Vec::new(), request.after, 0, true);
    while page.len() < PAGE && looked_at < MOST_LOOKED_AT && more {
        let rows = reports(&app, after).await?;
        more = rows.len() as u64 == AT_ONCE;
        let places = places(&app, rows.iter().map(|row| row.beneficiary_id).collect::<HashSet<_>>()).await?;
        for row in rows {
            if page.len() == PAGE {
                more = true;
                break;
            }
            looked_at += 1;
            after = Some(row.certification_id);
            let served = places.get(&row.beneficiary_id).is_some_and(|place| signed_in.serves(*place));
            if served {
                page.push(row);
            }
        }
    }
    let now = app.clock.now();
    let tx = app.store.begin("read reported visits").await?;
    let mut visits = Vec::new();
    for row in page {
        let Some(person) = beneficiary::Entity::find_by_id(row.beneficiary_id).one(&*tx).await? else { continue };
        let (reference, outcome) = (Some(row.certification_id), Outcome::Shown(person.id));
        let read = Read { what: What::Reported, reason: ReadReason::Visit, reference, sought: None, outcome };
        read.log(&tx, &signed_in, now).await?;
        visits.push(ReportedVisit {
            id: row.certification_id,
            person: person.id,
            name: person.name(&app.keys)?,
            residence: person.residence(&app.keys)?,
            on: numbered_day(row.proof_day),
            why: why(&row),
            volunteer: row.account_id,
            seconded: row.seconded_by.is_some(),
            reported_at: to_time(row.said_at),
        });
    }
    tx.commit().await?;
    Ok(Json(ReportedVisits { visits, next: after.filter(|_| more) }))
}

/// Reports, in the order of their names.
async fn reports(app: &App, after: Option<Uuid>) -> Result<Vec<Model>, Refusal> {
    let mut rows = Entity::find().filter(Column::Reported.eq(true));
    if let Some(after) = after {
        rows = rows.filter(Column::CertificationId.gt(after));
    }
    Ok(rows.order_by_asc(Column::CertificationId).limit(AT_ONCE).all(app.store.reads()).await?)
}

/// Confirm a visit that a volunteer reported, or set it aside.
#[utoipa::path(post, path = "/v1/desk/visits/{id}/confirm", tag = "desk", security(("desk" = [])),
    params(("id" = Uuid, Path, description = "The visit.")), request_body = ConfirmRequest, responses(
    (status = 201, body = VisitDecided, description = "Recorded now."),
    (status = 200, body = VisitDecided, description = "It was recorded before, or is set aside."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 403, body = Problem, content_type = "application/problem+json", description = "`account.not_allowed`"),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "`desk.nobody_found`: no such \
        visit waits, or it is another area's; which is not said."),
    (status = 409, body = Problem, content_type = "application/problem+json", description = "`review.decided`: it was \
        recorded, and can't be set aside any more; or a colleague set it aside at the same time."),
    (status = 422, body = Problem, content_type = "application/problem+json", description = "`channel.closed`, \
        `record.proof_too_old`, `record.second_missing`, `death.recorded`"),
))]
pub(crate) async fn confirm(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Clerks>,
    Path(id): Path<Uuid>,
    Body(request): Body<ConfirmRequest>,
) -> Result<(StatusCode, Json<VisitDecided>), Refusal> {
    let decided = |recorded| Json(VisitDecided { recorded });
    let clerk = signed_in.account.id;
    let word = match found(&app, &signed_in, id).await? {
        Found::Recorded if request.confirmed => {
            return Ok((StatusCode::OK, decided(Some(Recorded { id, known: true, waits: false }))));
        }
        Found::Recorded => return Err(ReasonCode::ReviewDecided.into()),
        Found::Waiting(word) => word,
    };
    let (office, now) = (app.office(), app.clock.now());
    if !request.confirmed {
        return match office.set_aside(&word, clerk, now).await? {
            true => Ok((StatusCode::OK, decided(None))),
            false => Err(ReasonCode::ReviewDecided.into()),
        };
    }
    let second = word.seconded_by.as_deref().map(party).transpose().map_err(|error| Refusal::internal(&error))?;
    let by = Party::Volunteer(word.account_id);
    let seen = Seen { by, second, on: numbered_day(word.proof_day), why: Reason::of_visit(why(&word)) };
    let visit = seen.decided_by(Party::Staff(clerk));
    let certified = office.confirm(&word, &visit, china(now)).await?.ok_or(ReasonCode::ReviewDecided)?;
    let (status, Json(recorded)) = answer(certified)?;
    Ok((status, decided(Some(recorded))))
}

/// A visit that a clerk names.
enum Found {
    /// It is recorded.
    Recorded,
    /// It waits.
    Waiting(Model),
}

/// A visit to somebody of the clerk's area. Of another area's, or none, nothing is told: that it was asked for is counted and
/// logged, and answered no sooner than any search that found nobody.
async fn found(app: &App, by: &SignedIn<Clerks>, id: Uuid) -> Result<Found, Refusal> {
    let (arrived, now) = (Instant::now(), app.clock.now());
    let tx = app.store.begin("visit to confirm").await?;
    let counters = within_misses(app, &tx, by.account.id, now).await?;
    let record = certification::Entity::find_by_id(id).one(&*tx).await?;
    let record = record.filter(|record| record.channel == Channel::HomeVisit.name());
    let word = Entity::find().filter(Column::CertificationId.eq(id)).filter(Column::Reported.eq(true));
    let word = word.one(&*tx).await?;
    let found = match (record, word) {
        (Some(record), _) => Some((record.beneficiary_id, Found::Recorded)),
        (None, word) => word.map(|word| (word.beneficiary_id, Found::Waiting(word))),
    };
    if let Some((who, found)) = found
        && is_served(app, &*tx, by, who).await?
    {
        return Ok(found);
    }
    counters.count(&*tx, now).await?;
    let (what, reason, outcome) = (What::Reported, ReadReason::Visit, Outcome::Elsewhere);
    Read { what, reason, reference: Some(id), sought: None, outcome }.log(&tx, by, now).await?;
    tx.commit().await?;
    tokio::time::sleep_until(arrived + SOONEST).await;
    Err(ReasonCode::DeskNobodyFound.into())
}
