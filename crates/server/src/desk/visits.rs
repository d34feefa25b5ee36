//! A volunteer's own lists: all of them, or one person at the door.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use jianzai_wire::ReasonCode;
use jianzai_wire::api::Problem;
use jianzai_wire::desk::{PersonRequest, VisitDay, VisitPerson, Visits, VisitsRequest};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    QueryTrait as _,
};
use tokio::time::Instant;
use uuid::Uuid;

use super::access::{Outcome, Read, SOONEST, What, sought, within_limits};
use super::in_vain;
use super::person::find;
use crate::accounts::SignedIn;
use crate::accounts::signed_in::Volunteers;
use crate::app::App;
use crate::clock::to_time;
use crate::db::desk_entity::{roster, roster_person};
use crate::db::entity::beneficiary;
use crate::keys::KeyRing;
use crate::problem::{Body, Refusal};

/// The people whom one is to visit.
#[utoipa::path(post, path = "/v1/desk/visits", tag = "desk", security(("desk" = [])), request_body = VisitsRequest,
    responses(
    (status = 200, body = Visits, description = "The read of each person is logged."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 403, body = Problem, content_type = "application/problem+json", description = "`account.not_allowed`"),
))]
pub(crate) async fn all(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Volunteers>,
    Body(request): Body<VisitsRequest>,
) -> Result<Json<Visits>, Refusal> {
    let now = app.clock.now();
    let tx = app.store.begin("read visits").await?;
    let (mut people, mut seen, mut on_lists) = (Vec::new(), BTreeSet::new(), Vec::new());
    for list in lists(&*tx, signed_in.account.id, now).await? {
        let on_it = listed(&*tx, &list).await?;
        on_lists.push((list, on_it));
    }
    let everybody: Vec<Uuid> = on_lists.iter().flat_map(|(_, on_it)| on_it).copied().collect();
    let mut in_vain = in_vain::days_of(&*tx, &everybody).await?;
    for (list, on_it) in on_lists {
        for id in on_it {
            let Some(person) = beneficiary::Entity::find_by_id(id).one(&*tx).await? else { continue };
            if seen.insert(id) {
                let outcome = Outcome::Shown(id);
                let read = Read {
                    what: What::Visits,
                    reason: request.reason,
                    reference: Some(list.id),
                    sought: None,
                    outcome,
                };
                read.log(&tx, &signed_in, now).await?;
                people.push(show(&app.keys, &person, list.ends_at, in_vain.remove(&id))?);
            }
        }
    }
    tx.commit().await?;
    Ok(Json(Visits { people }))
}

/// A person at the door, if they stand on one's list.
#[utoipa::path(post, path = "/v1/desk/visits/person", tag = "desk", security(("desk" = [])),
    request_body = PersonRequest, responses(
    (status = 200, body = VisitPerson, description = "The read is logged with its reason."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 403, body = Problem, content_type = "application/problem+json", description = "`desk.not_listed`: the person \
        is on no list of the volunteer's; whether registered or not is not said."),
    (status = 429, body = Problem, content_type = "application/problem+json", description = "`limit.too_many_tries`"),
))]
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Volunteers>,
    Body(request): Body<PersonRequest>,
) -> Result<Json<VisitPerson>, Refusal> {
    let arrived = Instant::now();
    let now = app.clock.now();
    let tx = app.store.begin("read visit").await?;
    let counters = within_limits(&app, &tx, signed_in.account.id, now).await?;
    let found = find(&*tx, &app.keys, &request.id_number).await?;
    let mut shown = None;
    for list in lists(&*tx, signed_in.account.id, now).await? {
        let on_it = listed(&*tx, &list).await?;
        if let Some(person) = found.as_ref().filter(|person| on_it.contains(&person.id)) {
            let in_vain = in_vain::days_of(&*tx, &[person.id]).await?.remove(&person.id);
            shown = Some((person.id, show(&app.keys, person, list.ends_at, in_vain)?));
        }
    }
    let outcome = shown.as_ref().map_or(Outcome::NotListed, |(id, _)| Outcome::Shown(*id));
    let sought = Some(sought(&app, &request.id_number)?);
    let read = Read { what: What::Visit, reason: request.reason, reference: request.reference, sought, outcome };
    if shown.is_none() {
        counters.count(&*tx, now).await?;
    }
    read.log(&tx, &signed_in, now).await?;
    tx.commit().await?;
    match shown {
        Some((_, person)) => Ok(Json(person)),
        None => {
            tokio::time::sleep_until(arrived + SOONEST).await;
            Err(ReasonCode::DeskNotListed.into())
        }
    }
}

/// The volunteer's lists that are good now, the one that ends last at the end.
async fn lists(db: &impl ConnectionTrait, volunteer: Uuid, now: i64) -> Result<Vec<roster::Model>, Refusal> {
    let own = roster::Entity::find().filter(roster::Column::VolunteerId.eq(volunteer));
    Ok(own.filter(roster::Column::EndsAt.gt(now)).order_by_asc(roster::Column::EndsAt).all(db).await?)
}

/// A person's time on a volunteer's lists, in ms.
pub(crate) struct Listed {
    /// When the first of the lists was made, ended ones too: who comes home late reports the next day.
    pub(crate) from: i64,
    /// When the last ends.
    pub(crate) until: i64,
}

/// Since when and until when the person stands on lists of the volunteer's that are good now; none if on none.
pub(crate) async fn on_list(
    db: &impl ConnectionTrait,
    volunteer: Uuid,
    person: Uuid,
    now: i64,
) -> Result<Option<Listed>, Refusal> {
    let on_it = roster_person::Entity::find()
        .select_only()
        .column(roster_person::Column::RosterId)
        .filter(roster_person::Column::BeneficiaryId.eq(person));
    let naming = roster::Entity::find()
        .filter(roster::Column::VolunteerId.eq(volunteer))
        .filter(roster::Column::Id.in_subquery(on_it.into_query()))
        .all(db)
        .await?;
    let until = naming.iter().map(|list| list.ends_at).filter(|ends_at| *ends_at > now).max();
    let from = naming.iter().map(|list| list.made_at).min();
    Ok(from.zip(until).map(|(from, until)| Listed { from, until }))
}

async fn listed(db: &impl ConnectionTrait, list: &roster::Model) -> Result<Vec<Uuid>, Refusal> {
    let on_it = roster_person::Entity::find().filter(roster_person::Column::RosterId.eq(list.id));
    Ok(on_it.all(db).await?.into_iter().map(|row| row.beneficiary_id).collect())
}

fn show(
    keys: &KeyRing,
    person: &beneficiary::Model,
    ends_at: i64,
    in_vain: Option<Vec<VisitDay>>,
) -> Result<VisitPerson, Refusal> {
    let (name, residence) = (person.name(keys)?, person.residence(keys)?);
    let (until, in_vain) = (to_time(ends_at), in_vain.unwrap_or_default());
    Ok(VisitPerson { id: person.id, name, residence, until, in_vain })
}
