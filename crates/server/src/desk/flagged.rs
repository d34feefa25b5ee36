//! Whom the data flagged: `POST /v1/desk/flagged`.
//!
//! **In**: after whom. **Out**: a page of those of the clerk's area about whom the data contradict themselves, and why in words;
//! names are masked, and each is put down as on any list ([`super::due`]). To look means to ring up, to open the person, to
//! send somebody: whoever is certified, or reported dead, stands here no more. **What can go wrong**: somebody's row can't be
//! read: logged by identifier and left out.
//!
//! Runs know no areas: a page looks at [`MOST_LOOKED_AT`] people at most, and may be short where most are another area's.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use jianzai_wire::ReasonCode;
use jianzai_wire::api::Problem;
use jianzai_wire::due::{FlaggedList, FlaggedPerson, FlaggedPlace, FlaggedRequest};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use uuid::Uuid;

use super::access::{Outcome, Read, What};
use super::due::within_pages;
use crate::accounts::SignedIn;
use crate::accounts::signed_in::Clerks;
use crate::app::App;
use crate::db::entity::beneficiary;
use crate::problem::{self, Body, Refusal};
use crate::silent::Flagged;

/// People of one page.
const PAGE: usize = 50;
/// People read at once.
const AT_ONCE: u64 = 250;
/// People whom one call looks at.
const MOST_LOOKED_AT: u64 = 5_000;

/// Whom the data flagged in one's own area.
#[utoipa::path(post, path = "/v1/desk/flagged", tag = "desk", security(("desk" = [])), request_body = FlaggedRequest,
    responses(
    (status = 200, body = FlaggedList, description = "That each was shown is logged with the reason."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 403, body = Problem, content_type = "application/problem+json", description = "`account.not_allowed`"),
    (status = 429, body = Problem, content_type = "application/problem+json", description = "`limit.too_many_tries`"),
))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Clerks>,
    headers: HeaderMap,
    Body(request): Body<FlaggedRequest>,
) -> Result<Json<FlaggedList>, Refusal> {
    let now = app.clock.now();
    within_pages(&app, signed_in.account.id, now).await?;
    let language = problem::language(&headers);
    let office = app.office();
    let (mut people, mut looked_at) = (Vec::new(), 0);
    let mut next = request.after.map(|place| (place.run, place.person));
    let mut more = true;
    while more && people.len() < PAGE && looked_at < MOST_LOOKED_AT {
        let batch = office.silent_flagged(next, AT_ONCE, language).await?;
        looked_at += AT_ONCE;
        more = batch.next.is_some();
        next = batch.next.or(next);
        for person in tell(&app, &signed_in, batch.people).await? {
            if people.len() == PAGE {
                // The rest of the batch comes with the next page.
                next = people.last().map(|last: &FlaggedPerson| (last.run, last.id));
                break;
            }
            people.push(person);
        }
    }
    let shown = |person: &FlaggedPerson| Read {
        what: What::Flagged,
        reason: request.reason,
        reference: Some(person.run),
        sought: None,
        outcome: Outcome::Shown(person.id),
    };
    let reads: Vec<Read> = people.iter().map(shown).collect();
    let tx = app.store.begin("whom the data flagged").await?;
    Read::log_all(&reads, &tx, &signed_in, now).await?;
    tx.commit().await?;
    let next = next.filter(|_| more).map(|(run, person)| FlaggedPlace { run, person });
    Ok(Json(FlaggedList { people, next }))
}

/// Those of the area.
async fn tell(app: &App, by: &SignedIn<Clerks>, flagged: Vec<Flagged>) -> Result<Vec<FlaggedPerson>, Refusal> {
    let ids: Vec<Uuid> = flagged.iter().map(|one| one.beneficiary).collect();
    let rows = beneficiary::Entity::find().filter(beneficiary::Column::Id.is_in(ids)).all(app.store.reads()).await?;
    let rows: HashMap<Uuid, beneficiary::Model> = rows.into_iter().map(|row| (row.id, row)).collect();
    let person = |flagged: Flagged| -> Result<Option<FlaggedPerson>, Refusal> {
        let row = rows.get(&flagged.beneficiary).ok_or(ReasonCode::ServerInternal)?;
        let insured_place = row.insured_place(&app.keys)?;
        if !by.serves(insured_place) {
            return Ok(None);
        }
        Ok(Some(FlaggedPerson {
            id: flagged.beneficiary,
            run: flagged.run,
            on: flagged.on,
            masked_name: row.name(&app.keys)?.masked(),
            insured_place,
            residence: row.residence(&app.keys)?,
            said: flagged.explanation,
        }))
    };
    let told = flagged.into_iter().filter_map(|one| {
        let id = one.beneficiary;
        let told = person(one);
        told.inspect_err(|_| tracing::error!(beneficiary = %id, "can't be read, and is left out of a list")).ok()?
    });
    Ok(told.collect())
}
