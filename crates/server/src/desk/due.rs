//! Who has to certify: `POST /v1/desk/due`; and the person whom that list names: `POST /v1/desk/due/person`.
//!
//! **In**: a standing, an area within one's own, whether only those to be visited are wanted, and after whom. **Out**: a page,
//! by place and there by the day by which they have to certify, as the last look of the year found them; each with what they
//! were told last and when nobody opened. Names are masked: to see more, the person is opened, which counts and is logged as any
//! other read. **What can go wrong**: the area lies outside one's own (`account.not_allowed`); somebody's row can't be
//! read: logged by identifier and left out, and costs nobody else theirs; the person opened is another area's or nobody:
//! `desk.nobody_found`, no sooner than wherever nobody is found.
//!
//! An index on standing, place and day serves it: a page costs what its people cost, however many are registered.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use jianzai_wire::api::Problem;
use jianzai_wire::desk::{DeskPerson, PersonStanding, VisitDay};
use jianzai_wire::due::{DueList, DuePerson, DuePersonRequest, DueRequest};
use jianzai_wire::{Division, ReasonCode};
use sea_orm::sea_query::{Expr, ExprTrait as _, Query, SelectStatement};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
};
use uuid::Uuid;

use super::access::{Outcome, Read, Wanted, What, Who, served};
use super::in_vain;
use super::person::show;
use crate::accounts::SignedIn;
use crate::accounts::signed_in::Clerks;
use crate::app::App;
use crate::db::entity::beneficiary;
use crate::db::year::{benefit, message};
use crate::problem::{Body, Refusal};
use crate::year::dates::numbered_day;
use crate::year::names::Named as _;
use crate::year::policy::Recipient;

/// People of one page.
const PAGE: usize = 50;

/// Who has to certify.
#[utoipa::path(post, path = "/v1/desk/due", tag = "desk", security(("desk" = [])), request_body = DueRequest, responses(
    (status = 200, body = DueList, description = "That each was shown is logged with the reason."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 403, body = Problem, content_type = "application/problem+json", description = "`account.not_allowed`: one's \
        own role or area is not enough."),
))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Clerks>,
    Body(request): Body<DueRequest>,
) -> Result<Json<DueList>, Refusal> {
    let area = request.area.as_ref().unwrap_or(&signed_in.account.area);
    signed_in.demand_area(area)?;
    let Some(places) = area.divisions() else { return Ok(Json(DueList { people: Vec::new(), next: None })) };
    let tx = app.store.begin("who has to certify").await?;
    let after = match request.after {
        Some(id) => benefit::Entity::find_by_id(id).one(&*tx).await?,
        None => None,
    };
    let mut rows = page(&request, places, after).all(&*tx).await?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let next = rows.last().map(|row| row.beneficiary_id).filter(|_| more);
    let people = tell(&app, &*tx, rows).await?;
    let shown = |person: &DuePerson| Read {
        what: What::Due,
        reason: request.reason,
        reference: None,
        sought: None,
        outcome: Outcome::Shown(person.id),
    };
    let reads: Vec<Read> = people.iter().map(shown).collect();
    Read::log_all(&reads, &tx, &signed_in, app.clock.now()).await?;
    tx.commit().await?;
    Ok(Json(DueList { people, next }))
}

/// A page and one more.
fn page(
    request: &DueRequest,
    [lowest, highest]: [String; 2],
    after: Option<benefit::Model>,
) -> Select<benefit::Entity> {
    use benefit::Column::{BeneficiaryId, DueBy, InsuredPlace, Standing};
    // The index holds those only who have something to do: the databases see that they need no other if it is said in the text.
    let standing = Expr::cust(format!("'{}'", request.standing.name()));
    let mut rows = benefit::Entity::find()
        .filter(Expr::col((benefit::Entity, Standing)).eq(standing))
        .filter(InsuredPlace.between(lowest, highest))
        .order_by_asc(InsuredPlace)
        .order_by_asc(DueBy)
        .order_by_asc(BeneficiaryId)
        .limit(PAGE as u64 + 1);
    if request.to_visit {
        rows = rows.filter(Expr::exists(task()));
    }
    if let Some(benefit::Model { beneficiary_id, insured_place: Some(place), due_by: Some(day), .. }) = after {
        let key = Expr::tuple([InsuredPlace, DueBy, BeneficiaryId].map(|column| Expr::col((benefit::Entity, column))));
        rows = rows.filter(key.gt(Expr::tuple([Expr::value(place), Expr::value(day), Expr::value(beneficiary_id)])));
    }
    rows
}

/// The community's task to see somebody, of this cycle.
fn task() -> SelectStatement {
    let of_message = |column| Expr::col((message::Entity, column));
    Query::select()
        .expr(Expr::val(1))
        .from(message::Entity)
        .and_where(of_message(message::Column::BeneficiaryId).equals((benefit::Entity, benefit::Column::BeneficiaryId)))
        .and_where(of_message(message::Column::Cycle).equals((benefit::Entity, benefit::Column::Cycle)))
        .and_where(of_message(message::Column::Recipient).eq(Recipient::Community.name()))
        .to_owned()
}

/// What is told of some people beside their rows.
struct Beside {
    registered: HashMap<Uuid, beneficiary::Model>,
    /// Of this cycle, the oldest first.
    messages: HashMap<Uuid, Vec<message::Model>>,
    in_vain: HashMap<Uuid, Vec<VisitDay>>,
}

async fn tell(app: &App, db: &impl ConnectionTrait, rows: Vec<benefit::Model>) -> Result<Vec<DuePerson>, Refusal> {
    let people: Vec<Uuid> = rows.iter().map(|row| row.beneficiary_id).collect();
    let registered = beneficiary::Entity::find().filter(beneficiary::Column::Id.is_in(people.iter().copied()));
    let registered = registered.all(db).await?.into_iter().map(|person| (person.id, person)).collect();
    let cycles: HashMap<Uuid, Option<i64>> = rows.iter().map(|row| (row.beneficiary_id, row.cycle)).collect();
    let sent = message::Entity::find()
        .filter(message::Column::BeneficiaryId.is_in(people.iter().copied()))
        .filter(message::Column::Cycle.is_not_null())
        .order_by_asc(message::Column::DecidedOn)
        .order_by_asc(message::Column::Id);
    let mut messages: HashMap<Uuid, Vec<message::Model>> = HashMap::new();
    for message in sent.all(db).await? {
        if cycles.get(&message.beneficiary_id).is_some_and(|cycle| *cycle == message.cycle) {
            messages.entry(message.beneficiary_id).or_default().push(message);
        }
    }
    let in_vain = in_vain::days_of(db, &people).await?.into_iter().collect();
    let mut beside = Beside { registered, messages, in_vain };
    let told = rows.into_iter().filter_map(|row| {
        let id = row.beneficiary_id;
        beside
            .person(app, row)
            .inspect_err(|_| tracing::error!(beneficiary = %id, "can't be read, and is left out of a list"))
            .ok()
    });
    Ok(told.collect())
}

impl Beside {
    fn person(&mut self, app: &App, row: benefit::Model) -> Result<DuePerson, Refusal> {
        let id = row.beneficiary_id;
        let registered = self.registered.get(&id).ok_or(ReasonCode::ServerInternal)?;
        let messages = self.messages.remove(&id).unwrap_or_default();
        let place = row.insured_place.as_deref().and_then(|code| Division::parse(code).ok());
        Ok(DuePerson {
            id,
            masked_name: registered.name(&app.keys)?.masked(),
            insured_place: place.ok_or(ReasonCode::ServerInternal)?,
            residence: registered.residence(&app.keys)?,
            standing: standing(row),
            told: messages.last().map(|last| last.rung.clone()),
            to_visit: messages.iter().any(|message| message.recipient == Recipient::Community.name()),
            in_vain: self.in_vain.remove(&id).unwrap_or_default(),
        })
    }
}

/// Where somebody stood when they were looked at last.
pub(super) fn standing(row: benefit::Model) -> PersonStanding {
    PersonStanding {
        standing: row.standing,
        due_by: row.due_by.map(numbered_day),
        suspends_on: row.suspends_on.map(numbered_day),
        held: row.held,
    }
}

/// Open a person whom a list or a message to the community names.
#[utoipa::path(post, path = "/v1/desk/due/person", tag = "desk", security(("desk" = [])), request_body = DuePersonRequest,
    responses(
    (status = 200, body = DeskPerson, description = "The read is logged with its reason."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "`desk.nobody_found`"),
    (status = 429, body = Problem, content_type = "application/problem+json", description = "`limit.too_many_tries`"),
))]
pub(crate) async fn person(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Clerks>,
    Body(request): Body<DuePersonRequest>,
) -> Result<Json<DeskPerson>, Refusal> {
    let who = Who::Listed(request.person);
    let wanted = Wanted { who, what: What::Person, reason: request.reason, reference: None };
    let person = served(&app, &signed_in, wanted).await?;
    Ok(Json(show(&app, &person).await?))
}
