//! Who has to certify: `POST /v1/desk/due`; and the person whom that list names: `POST /v1/desk/due/person`.
//!
//! **In**: a standing, an area within one's own, whether only those to be visited are wanted, or those whom no message has reached,
//! and after whom. **Out**: a page,
//! by place and there by the day by which they have to certify, as the last look of the year found them; each with what they
//! were told last and when nobody opened. Names are masked: to see more, the person is opened, which counts and is logged as any
//! other read. **What can go wrong**: the area lies outside one's own (`account.not_allowed`); somebody's row can't be
//! read: logged by identifier and left out, and costs nobody else theirs; the person opened is another area's or nobody:
//! `desk.nobody_found`, no sooner than wherever nobody is found.
//!
//! An index on standing, place and day serves it: a page costs what its people cost, however many are registered; that of those
//! to be visited or not reached, what those cost who stand between them. An account that goes through too many pages has to wait.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use jianzai_wire::api::Problem;
use jianzai_wire::desk::{DeskPerson, PersonStanding, VisitDay};
use jianzai_wire::due::{DueList, DuePerson, DuePersonRequest, DuePlace, DueRequest};
use jianzai_wire::{Division, ReasonCode};
use sea_orm::sea_query::{Expr, ExprTrait as _, Query, SelectStatement};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Select,
};
use uuid::Uuid;

use super::access::{Outcome, Read, Wanted, What, Who, served};
use super::in_vain;
use super::person::show;
use crate::accounts::SignedIn;
use crate::accounts::signed_in::Clerks;
use crate::app::App;
use crate::db::desk_entity::access_log;
use crate::db::entity::beneficiary;
use crate::db::year::{benefit, fact, message};
use crate::messages::unreached::RETURNED;
use crate::problem::{Body, Refusal};
use crate::year::dates::{day_number, numbered_day};
use crate::year::names::Named as _;
use crate::year::policy::Recipient;

/// People of one page.
const PAGE: usize = 50;
const HOUR_MS: i64 = 3_600_000;
/// People whom lists show to one account in an hour: a hundred pages.
const SHOWN_AN_HOUR: u64 = 5_000;

/// A sender has taken it, and it is not known to have failed.
const GIVEN: [&str; 2] = ["handed_over", "delivered"];
/// It came to nobody.
const IN_VAIN: [&str; 3] = ["failed", "no_way", RETURNED];

/// Who has to certify.
#[utoipa::path(post, path = "/v1/desk/due", tag = "desk", security(("desk" = [])), request_body = DueRequest, responses(
    (status = 200, body = DueList, description = "That each was shown is logged with the reason."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 403, body = Problem, content_type = "application/problem+json", description = "`account.not_allowed`: one's \
        own role or area is not enough."),
    (status = 429, body = Problem, content_type = "application/problem+json", description = "`limit.too_many_tries`"),
))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Clerks>,
    Body(request): Body<DueRequest>,
) -> Result<Json<DueList>, Refusal> {
    let area = request.area.as_ref().unwrap_or(&signed_in.account.area);
    signed_in.demand_area(area)?;
    let Some(places) = area.divisions() else { return Ok(Json(DueList { people: Vec::new(), next: None })) };
    let (db, now) = (app.store.reads(), app.clock.now());
    within_pages(&app, signed_in.account.id, now).await?;
    let mut rows = page(&request, places).all(db).await?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let next = rows.last().filter(|_| more).and_then(place_of);
    let people = tell(&app, &signed_in, rows).await?;
    let shown = |person: &DuePerson| Read {
        what: What::Due,
        reason: request.reason,
        reference: None,
        sought: None,
        outcome: Outcome::Shown(person.id),
    };
    let reads: Vec<Read> = people.iter().map(shown).collect();
    // Nobody writes while all this is read; what was shown is put down before it is.
    let tx = app.store.begin("who has to certify").await?;
    Read::log_all(&reads, &tx, &signed_in, now).await?;
    tx.commit().await?;
    Ok(Json(DueList { people, next }))
}

/// Refuses an account that has gone through too many pages within the hour.
pub(super) async fn within_pages(app: &App, account: Uuid, now: i64) -> Result<(), Refusal> {
    let lately = access_log::Entity::find()
        .filter(access_log::Column::StaffId.eq(account))
        .filter(access_log::Column::At.gt(now - HOUR_MS))
        .filter(access_log::Column::What.is_in([What::Due, What::Flagged].map(What::name)));
    let shown = lately.count(app.store.reads()).await?;
    if shown < SHOWN_AN_HOUR { Ok(()) } else { Err(Refusal::wait(600)) }
}

/// A page and one more.
fn page(request: &DueRequest, [lowest, highest]: [String; 2]) -> Select<benefit::Entity> {
    use benefit::Column::{BeneficiaryId, DueBy, InsuredPlace};
    // The index holds those only who have something to do. SQLite takes it only where the question says so in the index's own
    // words, and PostgreSQL where it is no parameter.
    let standing = format!("standing = '{}' AND standing <> 'current'", request.standing.name());
    let mut rows = benefit::Entity::find()
        .filter(Expr::cust(standing))
        .filter(InsuredPlace.between(lowest, highest))
        .filter(DueBy.is_not_null())
        .order_by_asc(InsuredPlace)
        .order_by_asc(DueBy)
        .order_by_asc(BeneficiaryId)
        .limit(PAGE as u64 + 1);
    if request.to_visit {
        rows = rows.filter(Expr::exists(task()));
    }
    if request.unreached {
        rows = rows.filter(Expr::exists(told(&IN_VAIN))).filter(Expr::exists(told(&GIVEN)).not());
    }
    if let Some(DuePlace { insured_place, due_by, person }) = request.after {
        let key = Expr::tuple([InsuredPlace, DueBy, BeneficiaryId].map(|column| Expr::col((benefit::Entity, column))));
        let place = [Expr::value(String::from(insured_place)), Expr::value(day_number(due_by)), Expr::value(person)];
        rows = rows.filter(key.gt(Expr::tuple(place)));
    }
    rows
}

/// Where a person stands in the list.
fn place_of(row: &benefit::Model) -> Option<DuePlace> {
    let insured_place = Division::parse(row.insured_place.as_deref()?).ok()?;
    Some(DuePlace { insured_place, due_by: numbered_day(row.due_by?), person: row.beneficiary_id })
}

/// The community's task to see somebody, of this cycle.
fn task() -> SelectStatement {
    of_this_cycle(|column| {
        column(message::Column::Recipient)
            .eq(Recipient::Community.name())
            .and(column(message::Column::State).ne("withdrawn"))
    })
}

/// What the person or the family was to be told in this cycle, as far as it stands so.
fn told(states: &[&str]) -> SelectStatement {
    of_this_cycle(|column| {
        column(message::Column::Recipient)
            .ne(Recipient::Community.name())
            .and(column(message::Column::State).is_in(states.iter().copied()))
    })
}

fn of_this_cycle(which: impl FnOnce(fn(message::Column) -> Expr) -> Expr) -> SelectStatement {
    let of_message = |column| Expr::col((message::Entity, column));
    Query::select()
        .expr(Expr::val(1))
        .from(message::Entity)
        .and_where(of_message(message::Column::BeneficiaryId).equals((benefit::Entity, benefit::Column::BeneficiaryId)))
        .and_where(of_message(message::Column::Cycle).equals((benefit::Entity, benefit::Column::Cycle)))
        .and_where(which(of_message))
        .to_owned()
}

/// What is told of some people beside their rows.
struct Beside {
    registered: HashMap<Uuid, beneficiary::Model>,
    /// Of this cycle, the oldest first.
    messages: HashMap<Uuid, Vec<message::Model>>,
    in_vain: HashMap<Uuid, Vec<VisitDay>>,
}

async fn tell(app: &App, by: &SignedIn<Clerks>, mut rows: Vec<benefit::Model>) -> Result<Vec<DuePerson>, Refusal> {
    let db = app.store.reads();
    let come = come_since(db, &rows).await?;
    rows.retain(|row| !come.contains(&row.beneficiary_id));
    let mut beside = Beside::read(db, &rows).await?;
    let told = rows.into_iter().filter_map(|row| {
        let id = row.beneficiary_id;
        let told = beside.person(app, row);
        told.inspect_err(|_| tracing::error!(beneficiary = %id, "can't be read, and is left out of a list")).ok()
    });
    // The register counts: whoever has moved since the last look is another area's.
    Ok(told.filter(|(_, insured_place)| by.serves(*insured_place)).map(|(person, _)| person).collect())
}

/// Whoever has certified since they were looked at last: they have nothing to do any more, though no tick has said so yet.
async fn come_since(db: &impl ConnectionTrait, rows: &[benefit::Model]) -> Result<HashSet<Uuid>, Refusal> {
    let looked_on: HashMap<Uuid, Option<i64>> = rows.iter().map(|row| (row.beneficiary_id, row.looked_on)).collect();
    let certified: Vec<(Uuid, i64)> = fact::Entity::find()
        .select_only()
        .columns([fact::Column::BeneficiaryId, fact::Column::RecordedDay])
        .filter(fact::Column::BeneficiaryId.is_in(looked_on.keys().copied()))
        .filter(fact::Column::Kind.eq("certified"))
        .into_tuple()
        .all(db)
        .await?;
    let is_since =
        |(who, day): &(Uuid, i64)| looked_on.get(who).is_some_and(|looked| looked.is_some_and(|on| *day >= on));
    Ok(certified.into_iter().filter(is_since).map(|(who, _)| who).collect())
}

impl Beside {
    async fn read(db: &impl ConnectionTrait, rows: &[benefit::Model]) -> Result<Self, Refusal> {
        let people: Vec<Uuid> = rows.iter().map(|row| row.beneficiary_id).collect();
        let registered = beneficiary::Entity::find().filter(beneficiary::Column::Id.is_in(people.iter().copied()));
        let registered = registered.all(db).await?.into_iter().map(|person| (person.id, person)).collect();
        let cycles: HashMap<Uuid, Option<i64>> = rows.iter().map(|row| (row.beneficiary_id, row.cycle)).collect();
        let sent = message::Entity::find()
            .filter(message::Column::BeneficiaryId.is_in(people.iter().copied()))
            .filter(message::Column::Cycle.is_not_null())
            .filter(message::Column::State.ne("withdrawn"))
            .order_by_asc(message::Column::DecidedOn)
            .order_by_asc(message::Column::Id);
        let mut messages: HashMap<Uuid, Vec<message::Model>> = HashMap::new();
        for message in sent.all(db).await? {
            if cycles.get(&message.beneficiary_id).is_some_and(|cycle| *cycle == message.cycle) {
                messages.entry(message.beneficiary_id).or_default().push(message);
            }
        }
        let in_vain = in_vain::days_of(db, &people).await?.into_iter().collect();
        Ok(Self { registered, messages, in_vain })
    }

    /// A person as told, and where the register says that they are insured.
    fn person(&mut self, app: &App, row: benefit::Model) -> Result<(DuePerson, Division), Refusal> {
        let id = row.beneficiary_id;
        let registered = self.registered.get(&id).ok_or(ReasonCode::ServerInternal)?;
        let messages = self.messages.remove(&id).unwrap_or_default();
        let insured_place = registered.insured_place(&app.keys)?;
        let is = |message: &message::Model, states: &[&str]| states.contains(&message.state.as_str());
        let given = messages.iter().filter(|message| is(message, &GIVEN));
        let mut theirs = messages.iter().filter(|message| message.recipient != Recipient::Community.name());
        let unreached =
            theirs.clone().any(|message| is(message, &IN_VAIN)) && !theirs.any(|message| is(message, &GIVEN));
        let person = DuePerson {
            id,
            masked_name: registered.name(&app.keys)?.masked(),
            insured_place,
            residence: registered.residence(&app.keys)?,
            standing: standing(row),
            told: given.max_by_key(|message| message.handed_on).map(|last| last.rung.clone()),
            to_visit: messages.iter().any(|message| message.recipient == Recipient::Community.name()),
            unreached,
            in_vain: self.in_vain.remove(&id).unwrap_or_default(),
        };
        Ok((person, insured_place))
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

#[cfg(test)]
mod tests {
    use jianzai_wire::desk::ReadReason;
    use jianzai_wire::due::DueStanding;
    use sea_orm::{DbBackend, QueryTrait as _};

    use super::*;
    use crate::tests::{Kind, World};

    #[tokio::test]
    async fn the_index_serves_every_page() {
        for kind in [Kind::Sqlite, Kind::Postgres] {
            let world = World::new(kind).await;
            let day = time::macros::date!(2026 - 03 - 10);
            for number in 1..=3 {
                world.person(number, "440300", time::macros::date!(1945 - 09 - 15), day, day).await;
            }
            let place = DuePlace {
                insured_place: Division::parse("440300").unwrap(),
                due_by: time::macros::date!(2026 - 10 - 31),
                person: Uuid::from_u128(1),
            };
            let narrowed = [(false, false), (true, false), (false, true)];
            let pages = DueStanding::ALL.into_iter().flat_map(|one| [(one, None), (one, Some(place))]);
            for ((standing, after), (to_visit, unreached)) in
                pages.flat_map(|page| narrowed.map(|narrowed| (page, narrowed)))
            {
                let reason = ReadReason::Asked;
                let request = DueRequest { standing, area: None, to_visit, unreached, after, reason };
                let backend = world.store.reads().get_database_backend();
                let mut asked = page(&request, ["440000".into(), "449999".into()]).build(backend);
                let explain = if backend == DbBackend::Sqlite { "EXPLAIN QUERY PLAN" } else { "EXPLAIN" };
                asked.sql = format!("{explain} {}", asked.sql);
                let tx = world.store.begin("test").await.unwrap();
                if backend == DbBackend::Postgres {
                    // Three rows are read as fast without any index.
                    tx.execute_unprepared("SET LOCAL enable_seqscan = off").await.unwrap();
                }
                let column = if backend == DbBackend::Sqlite { "detail" } else { "QUERY PLAN" };
                let plan = tx.query_all_raw(asked).await.unwrap();
                let plan: Vec<String> = plan.iter().map(|row| row.try_get("", column).unwrap()).collect();
                let plan = plan.join("\n");
                assert!(plan.contains("benefit_by_area"), "{kind:?}: {plan}");
                assert!(!plan.contains("Sort") && !plan.contains("TEMP B-TREE"), "{kind:?}: {plan}");
            }
        }
    }
}
