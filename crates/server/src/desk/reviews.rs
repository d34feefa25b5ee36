//! `POST /v1/desk/reviews`: what waits in the clerk's area, by identifiers, the days that are over or come first at the top.
//!
//! **In**: what kind, and after which case. **Out**: a page, and where the next begins. Where a person is insured lies
//! sealed in the register, so the queue is read in its order and each person's place opened: a page looks at
//! [`MOST_LOOKED_AT`] cases at most, and may be short where most are another area's. **What can go wrong**: a place can't be
//! read: that case is logged by its identifier and left out, and costs nobody else theirs.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use jianzai_wire::api::Problem;
use jianzai_wire::cases::{ReviewKind as Told, Reviews, ReviewsRequest, WaitingReview};
use jianzai_wire::{Division, ReasonCode};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
};
use time::Date;
use uuid::Uuid;

use crate::accounts::SignedIn;
use crate::accounts::signed_in::Clerks;
use crate::app::App;
use crate::clock::to_time;
use crate::columns;
use crate::db::entity::{attempt, beneficiary};
use crate::db::year::review::{Column, Entity, Model};
use crate::db::year::{review_taken, review_word};
use crate::problem::{Body, Refusal};
use crate::register::place;
use crate::year::dates::{china, day_number, numbered_day};
use crate::year::names::Named as _;
use crate::year::policy::ReviewKind;

/// Cases of one page.
const PAGE: usize = 50;
/// Cases read at once.
const AT_ONCE: u64 = 250;
/// Cases that one call looks at.
const MOST_LOOKED_AT: usize = 5_000;

/// What waits in one's own area.
#[utoipa::path(post, path = "/v1/desk/reviews", tag = "desk", security(("desk" = [])), request_body = ReviewsRequest,
    responses(
    (status = 200, body = Reviews, description = "By identifiers: to open a case is to read about a person."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 403, body = Problem, content_type = "application/problem+json", description = "`account.not_allowed`"),
))]
pub(crate) async fn waiting(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Clerks>,
    Body(request): Body<ReviewsRequest>,
) -> Result<Json<Reviews>, Refusal> {
    let mut after = match request.after {
        Some(id) => Entity::find_by_id(id).one(app.store.reads()).await?.map(|row| (row.answer_by, row.id)),
        None => None,
    };
    let (mut page, mut looked_at, mut more) = (Vec::new(), 0, true);
    while page.len() < PAGE && looked_at < MOST_LOOKED_AT && more {
        let rows = queue(request.kind, after).limit(AT_ONCE).all(app.store.reads()).await?;
        more = rows.len() as u64 == AT_ONCE;
        let places = places(&app, rows.iter().map(|row| row.beneficiary_id).collect()).await?;
        for row in rows {
            if page.len() == PAGE {
                more = true;
                break;
            }
            looked_at += 1;
            after = Some((row.answer_by, row.id));
            if places.get(&row.beneficiary_id).is_some_and(|place| signed_in.serves(*place)) {
                page.push(row);
            }
        }
    }
    let next = after.filter(|_| more).map(|(_, id)| id);
    Ok(Json(Reviews { reviews: told(&app, signed_in.account.id, page).await?, next }))
}

/// What is open, in the order in which it must be decided.
fn queue(kind: Option<Told>, after: Option<(i64, Uuid)>) -> Select<Entity> {
    let mut rows = Entity::find().filter(Column::DecidedAt.is_null());
    if let Some(kind) = kind {
        rows = rows.filter(Column::Kind.eq(of(kind).name()));
    }
    if let Some((day, id)) = after {
        let same_day = Condition::all().add(Column::AnswerBy.eq(day)).add(Column::Id.gt(id));
        rows = rows.filter(Condition::any().add(Column::AnswerBy.gt(day)).add(same_day));
    }
    rows.order_by_asc(Column::AnswerBy).order_by_asc(Column::Id)
}

/// Where people are insured.
pub(super) async fn places(app: &App, people: HashSet<Uuid>) -> Result<HashMap<Uuid, Division>, Refusal> {
    let sealed: Vec<(Uuid, Vec<u8>)> = beneficiary::Entity::find()
        .select_only()
        .columns([beneficiary::Column::Id, beneficiary::Column::InsuredPlace])
        .filter(beneficiary::Column::Id.is_in(people))
        .into_tuple()
        .all(app.store.reads())
        .await?;
    let read = |(id, sealed): (Uuid, Vec<u8>)| {
        let opened = columns::open(&app.keys, place("insured_place", id), &sealed).ok();
        let division = opened.and_then(|text| Division::parse(std::str::from_utf8(&text).ok()?).ok());
        if division.is_none() {
            tracing::error!(beneficiary = %id, "the insured place can't be read; what waits about them is left out");
        }
        Some((id, division?))
    };
    Ok(sealed.into_iter().filter_map(read).collect())
}

async fn told(app: &App, clerk: Uuid, rows: Vec<Model>) -> Result<Vec<WaitingReview>, Refusal> {
    let (now, db) = (app.clock.now(), app.store.reads());
    let today = china(now).date();
    let cases = || rows.iter().map(|row| row.id);
    let attempts = rows.iter().filter_map(|row| row.attempt_id);
    let reasons: HashMap<Uuid, Vec<ReasonCode>> = attempt::Entity::find()
        .filter(attempt::Column::Id.is_in(attempts))
        .all(db)
        .await?
        .into_iter()
        .map(|row| (row.id, row.why()))
        .collect();
    let taken = review_taken::Entity::find()
        .filter(review_taken::Column::ReviewId.is_in(cases()))
        .filter(review_taken::Column::TakenUntil.gt(now))
        .filter(review_taken::Column::ClerkId.ne(clerk));
    let taken: HashSet<Uuid> = taken.all(db).await?.into_iter().map(|row| row.review_id).collect();
    let spoken = review_word::Entity::find()
        .filter(review_word::Column::ReviewId.is_in(cases()))
        .filter(review_word::Column::ClerkId.eq(clerk));
    let spoken: HashSet<Uuid> = spoken.all(db).await?.into_iter().map(|row| row.review_id).collect();
    let tell = |row: &Model| {
        Some(WaitingReview {
            id: row.id,
            kind: told_kind(ReviewKind::named(&row.kind)?),
            opened_at: to_time(row.opened_at),
            answer_by: numbered_day(row.answer_by),
            overdue: is_overdue(row, today),
            reasons: row.attempt_id.and_then(|id| reasons.get(&id).cloned()).unwrap_or_default(),
            taken: taken.contains(&row.id),
            spoken: spoken.contains(&row.id),
        })
    };
    Ok(rows.iter().filter_map(tell).collect())
}

/// Whether the day by which it must be decided is over.
pub(super) fn is_overdue(row: &Model, today: Date) -> bool {
    row.answer_by < day_number(today)
}

/// A kind as it is told.
pub(super) fn told_kind(kind: ReviewKind) -> Told {
    match kind {
        ReviewKind::Submission => Told::Submission,
        ReviewKind::DeathReport => Told::DeathReport,
        ReviewKind::Unreached => Told::Unreached,
        ReviewKind::Appeal => Told::Appeal,
    }
}

fn of(kind: Told) -> ReviewKind {
    match kind {
        Told::Submission => ReviewKind::Submission,
        Told::DeathReport => ReviewKind::DeathReport,
        Told::Unreached => ReviewKind::Unreached,
        Told::Appeal => ReviewKind::Appeal,
    }
}
