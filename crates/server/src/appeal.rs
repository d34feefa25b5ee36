//! `POST /v1/attempts/{id}/appeal`: the person, or somebody for them, does not agree with a refusal.
//!
//! **In**: an attempt that was refused, and words if the person wants to say any; they are sealed. **Out**: the day by which
//! a clerk answers; until then nothing is withheld. **What can go wrong**: the attempt was not refused (`appeal.nothing`),
//! or more than 60 days ago (`appeal.late`); an appeal of theirs was dismissed a short while ago (`appeal.decided_lately`).
//!
//! An appeal that is open brings back what was withheld, and whoever knows four facts can have an attempt refused. So a
//! person has one open appeal, whichever attempt is appealed against: the same appeal again, or one from elsewhere, is that
//! one. After one was dismissed, the next is made at the office for [`QUIET_DAYS`] days ([`crate::desk::wishes`]).

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use jianzai_wire::api::{Appeal, AppealRequest, Problem};
use jianzai_wire::{ReasonCode, Secret};
use sea_orm::sea_query::LockType;
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QuerySelect as _};
use uuid::Uuid;

use crate::app::App;
use crate::attempts::authorised;
use crate::audit::{self, Action, Entry};
use crate::chronicle::decisions::Decision;
use crate::chronicle::reviews::{Opening, open_with_words};
use crate::db::Writing;
use crate::db::entity::{State as Standing, attempt, beneficiary};
use crate::db::year::review::{Column, Entity, Model};
use crate::keys::KeyRing;
use crate::problem::{Body, Refusal};
use crate::year::dates::numbered_day;
use crate::year::names::Named as _;
use crate::year::policy::ReviewKind;

/// Days after a dismissed appeal in which the app takes no other.
const QUIET_DAYS: i64 = 60;
const DAY_MS: i64 = 86_400_000;
/// For so long the app takes an appeal against a refusal: sixty days, as the law gives them against any decision of an office.
pub(crate) const APPEALABLE_MS: i64 = 60 * DAY_MS;
/// The longest statement in characters.
const LONGEST: usize = 2_000;

/// Appeal against a refusal, in one call.
#[utoipa::path(post, path = "/v1/attempts/{id}/appeal", tag = "certification", security(("attempt" = [])),
    params(("id" = Uuid, Path, description = "The attempt.")), request_body = AppealRequest, responses(
    (status = 201, body = Appeal, description = "A clerk looks at it; nothing is withheld meanwhile."),
    (status = 200, body = Appeal, description = "An appeal of theirs is open already."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`attempt.unauthorised`"),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "`attempt.not_found`"),
    (status = 409, body = Problem, content_type = "application/problem+json", description = "`appeal.nothing`: the attempt \
        was not refused; `appeal.decided_lately`"),
    (status = 410, body = Problem, content_type = "application/problem+json", description = "`appeal.late`: it was refused \
        more than 60 days ago."),
))]
pub(crate) async fn appeal(
    State(app): State<Arc<App>>,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    Body(request): Body<AppealRequest>,
) -> Result<(StatusCode, Json<Appeal>), Refusal> {
    let now = app.clock.now();
    let statement = checked(request.statement)?;
    let tx = app.store.begin("appeal").await?;
    let attempt = authorised(&*tx, id, &headers).await?;
    let opening = Opening::appeal(attempt.beneficiary_id, Some(id), statement);
    let taken = match open_of(&tx, attempt.beneficiary_id).await? {
        Some(open) => Taken::Open(told(&open)),
        None => {
            refuse_idle(&*tx, &attempt, now).await?;
            take(&tx, &app.keys, attempt.beneficiary_id, opening, None, now).await?
        }
    };
    match taken {
        Taken::Open(answer) => Ok((StatusCode::OK, answer)),
        Taken::New(answer) => {
            tx.commit().await?;
            Ok((StatusCode::CREATED, answer))
        }
    }
}

/// What somebody says, unless it is too long; nothing, if it is empty.
pub(crate) fn checked(statement: Option<Secret>) -> Result<Option<Secret>, Refusal> {
    let statement = statement.filter(|words| !words.expose().trim().is_empty());
    match statement.as_ref().is_some_and(|words| words.expose().chars().count() > LONGEST) {
        true => Err(ReasonCode::InputBodyInvalid.into()),
        false => Ok(statement),
    }
}

/// What came of an appeal.
pub(crate) enum Taken {
    /// It is new; it stands once the transaction is committed.
    New(Json<Appeal>),
    /// One of theirs is open already.
    Open(Json<Appeal>),
}

/// The open appeal of a person. Two who appeal for one person wait for each other here; whoever holds what the person draws, and
/// writes something that names the person, does not wait for them.
async fn open_of(tx: &Writing, person: Uuid) -> Result<Option<Model>, Refusal> {
    beneficiary::Entity::find_by_id(person).lock(LockType::NoKeyUpdate).one(&**tx).await?;
    Ok(of_person(&**tx, person).await?.into_iter().find(|row| row.decided_at.is_none()))
}

/// Takes a person's appeal, as a clerk heard it or from the app; the last that a transaction does: it logs.
pub(crate) async fn take(
    tx: &Writing,
    keys: &KeyRing,
    person: Uuid,
    opening: Opening,
    clerk: Option<Uuid>,
    now: i64,
) -> Result<Taken, Refusal> {
    if let Some(open) = open_of(tx, person).await? {
        return Ok(Taken::Open(told(&open)));
    }
    let (review, is_new) = open_with_words(&**tx, keys, &opening, now).await?;
    if !is_new {
        return Err(ReasonCode::AppealDecidedLately.into());
    }
    let row = Entity::find_by_id(review).one(&**tx).await?.ok_or(ReasonCode::ServerInternal)?;
    audit::append(tx, now, Entry { actor: clerk, ..Entry::of(Action::AppealOpened, review) }).await?;
    Ok(Taken::New(told(&row)))
}

/// Refuses an appeal against what was not refused, or too long ago, and one that follows a dismissed one too soon.
async fn refuse_idle(db: &impl ConnectionTrait, attempt: &attempt::Model, now: i64) -> Result<(), Refusal> {
    let expired = attempt.state == Standing::Open && now >= attempt.commit_by;
    if attempt.state != Standing::Refused && !expired {
        return Err(ReasonCode::AppealNothing.into());
    }
    if now - attempt.judged_at.unwrap_or(attempt.commit_by) >= APPEALABLE_MS {
        return Err(ReasonCode::AppealLate.into());
    }
    let dismissed = Decision::Appeal { upheld: false }.name();
    let lately = |row: &Model| row.decided_at.is_some_and(|at| at > now - QUIET_DAYS * DAY_MS);
    let decided = of_person(db, attempt.beneficiary_id).await?;
    if decided.iter().any(|row| row.attempt_id == Some(attempt.id)) {
        return Err(ReasonCode::AppealDecidedLately.into());
    }
    match decided.iter().any(|row| row.decision.as_deref() == Some(dismissed) && lately(row)) {
        true => Err(ReasonCode::AppealDecidedLately.into()),
        false => Ok(()),
    }
}

/// The appeals of a person.
async fn of_person(db: &impl ConnectionTrait, beneficiary: Uuid) -> Result<Vec<Model>, Refusal> {
    let appeals = Entity::find().filter(Column::BeneficiaryId.eq(beneficiary));
    Ok(appeals.filter(Column::Kind.eq(ReviewKind::Appeal.name())).all(db).await?)
}

fn told(row: &Model) -> Json<Appeal> {
    Json(Appeal { answer_by: numbered_day(row.answer_by) })
}
