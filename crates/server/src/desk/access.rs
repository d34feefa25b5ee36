//! The access log: who read about whom, when, and why.
//!
//! Rows go after [`KEPT_MS`]. That somebody read, and what, stays in the linked log; which session it was, for which case and
//! which number was sought, does not.

use std::time::Duration;

use jianzai_wire::IdNumber;
use jianzai_wire::desk::ReadReason;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _, QuerySelect as _,
};
use tokio::time::Instant;
use uuid::Uuid;

use super::person::find;
use crate::accounts::SignedIn;
use crate::accounts::signed_in::Demand;
use crate::app::App;
use crate::audit::{self, Action, Entry, Subject};
use crate::db::Writing;
use crate::db::desk_entity::access_log;
use crate::db::entity::beneficiary;
use crate::keys::{KeyRing, Role};
use crate::limits::Counters;
use crate::problem::Refusal;
use crate::register::id_hash;
use jianzai_wire::ReasonCode;

const HOUR_MS: i64 = 3_600_000;
/// Records of who handled personal data are kept for three years (PIPL, article 56), and no longer.
const KEPT_MS: i64 = 3 * 366 * 24 * HOUR_MS;
/// People that one account reads about in an hour; a clerk at the counter does not come near it.
const READS_AN_HOUR: i64 = 300;
/// Reads that come with one that was counted, or show little: a list was made before it is read, a case opened before its
/// evidence is seen, names of who has to certify are masked.
/// Whom a handed-in list names, with number and name, is counted where they are not confirmed.
const UNCOUNTED: [What; 6] = [What::Due, What::Flagged, What::Visits, What::Evidence, What::Portrait, What::List];
/// A search that finds nobody is answered no sooner than this, whyever it did.
pub(crate) const SOONEST: Duration = Duration::from_millis(120);

/// What was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// A person, by a clerk.
    Person,
    /// A person, to be put on a list.
    Roster,
    /// A volunteer's whole list.
    Visits,
    /// A person, by the volunteer who visits.
    Visit,
    /// A person whom a volunteer has visited, by the clerk who confirms it.
    Reported,
    /// A case of the queue.
    Case,
    /// The recording of a case.
    Evidence,
    /// The register's portrait, for a case.
    Portrait,
    /// A person for whom something is done by people: at the counter, by post, by appointment.
    Channel,
    /// A person whom a line of a handed-in list names.
    List,
    /// What a person sent back by post.
    Scan,
    /// A person whose letter came back.
    Letter,
    /// A person who has to certify, masked, on a list of the area.
    Due,
    /// A person whom the data flagged, masked, on a list of the area.
    Flagged,
}

impl What {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Roster => "roster",
            Self::Visits => "visits",
            Self::Visit => "visit",
            Self::Reported => "reported",
            Self::Case => "case",
            Self::Evidence => "evidence",
            Self::Portrait => "portrait",
            Self::Channel => "channel",
            Self::List => "list",
            Self::Scan => "scan",
            Self::Letter => "letter",
            Self::Due => "due",
            Self::Flagged => "flagged",
        }
    }
}

/// How a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The person was shown.
    Shown(Uuid),
    /// Nobody has the number.
    Nobody,
    /// The person belongs to another area.
    Elsewhere,
    /// The person is on no list.
    NotListed,
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::Shown(_) => "shown",
            Self::Nobody => "nobody",
            Self::Elsewhere => "elsewhere",
            Self::NotListed => "not_listed",
        }
    }
}

/// A read, or a search that found nobody.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Read {
    pub(crate) what: What,
    pub(crate) reason: ReadReason,
    pub(crate) reference: Option<Uuid>,
    /// Keyed hash of the ID number, where one was asked for.
    pub(crate) sought: Option<[u8; 32]>,
    pub(crate) outcome: Outcome,
}

impl Read {
    /// Puts it down in the access log, and in the linked log.
    pub(crate) async fn log<D>(self, tx: &Writing, by: &SignedIn<D>, now: i64) -> Result<(), DbErr> {
        Self::log_all(&[self], tx, by, now).await
    }

    /// Puts several down, in their order.
    pub(crate) async fn log_all<D>(reads: &[Self], tx: &Writing, by: &SignedIn<D>, now: i64) -> Result<(), DbErr> {
        if reads.is_empty() {
            return Ok(());
        }
        let rows = reads.iter().map(|read| read.row(by, now));
        access_log::Entity::insert_many(rows).exec_without_returning(&**tx).await?;
        audit::append_all(tx, now, reads.iter().map(|read| read.entry(by.account.id)).collect()).await
    }

    fn row<D>(&self, by: &SignedIn<D>, now: i64) -> access_log::ActiveModel {
        let beneficiary = match self.outcome {
            Outcome::Shown(id) => Some(id),
            Outcome::Nobody | Outcome::Elsewhere | Outcome::NotListed => None,
        };
        access_log::ActiveModel {
            id: Set(Uuid::now_v7()),
            at: Set(now),
            staff_id: Set(by.account.id),
            session_id: Set(by.session),
            what: Set(self.what.name().to_owned()),
            reason: Set(self.reason.name().to_owned()),
            reference_id: Set(self.reference),
            sought: Set(self.sought.map(|hash| hash.to_vec())),
            beneficiary_id: Set(beneficiary),
            outcome: Set(self.outcome.name().to_owned()),
        }
    }

    fn entry(&self, actor: Uuid) -> Entry {
        let subject = match self.outcome {
            Outcome::Shown(id) => Some(Subject::Id(id)),
            // Where no number was asked for, what was: the identifier of a person, a case or a visit.
            _ => self.sought.map(Subject::Hash).or(self.reference.map(Subject::Id)),
        };
        let detail = [self.what.name(), self.reason.name(), self.outcome.name()].join(",");
        Entry { action: Action::Read, actor: Some(actor), subject, detail }
    }
}

/// Whom a call of the desk is about.
#[derive(Clone, Copy)]
pub(super) enum Who<'a> {
    /// Whoever has the number.
    Number(&'a IdNumber),
    /// Whom a list or a message names.
    Listed(Uuid),
}

impl Who<'_> {
    /// The row, whichever area's.
    pub(super) async fn find(
        self,
        db: &impl ConnectionTrait,
        keys: &KeyRing,
    ) -> Result<Option<beneficiary::Model>, Refusal> {
        match self {
            Self::Number(id_number) => find(db, keys, id_number).await,
            Self::Listed(id) => Ok(beneficiary::Entity::find_by_id(id).one(db).await?),
        }
    }

    /// The identifier that was asked for, where nobody was shown: otherwise nothing would say whom it was about.
    pub(super) fn missed(self, outcome: Outcome) -> Option<Uuid> {
        match (self, outcome) {
            (Self::Number(_), _) | (_, Outcome::Shown(_)) => None,
            (Self::Listed(id), _) => Some(id),
        }
    }

    /// The keyed hash under which it is logged, where a number was asked for.
    pub(super) fn sought(self, app: &App) -> Result<Option<[u8; 32]>, Refusal> {
        match self {
            Self::Number(id_number) => sought(app, id_number).map(Some),
            Self::Listed(_) => Ok(None),
        }
    }
}

/// What a call of the desk asks for.
pub(super) struct Wanted<'a> {
    pub(super) who: Who<'a>,
    pub(super) what: What,
    pub(super) reason: ReadReason,
    pub(super) reference: Option<Uuid>,
}

/// The person who is meant, if the account serves their insured place. Logged either way; where nobody was found, that is
/// told no sooner than it was the last time.
pub(super) async fn served<D: Demand>(
    app: &App,
    by: &SignedIn<D>,
    wanted: Wanted<'_>,
) -> Result<beneficiary::Model, Refusal> {
    let (arrived, now) = (Instant::now(), app.clock.now());
    let tx = app.store.begin("look up").await?;
    let counters = within_limits(app, &tx, by.account.id, now).await?;
    let found = wanted.who.find(&*tx, &app.keys).await?;
    let outcome = match &found {
        None => Outcome::Nobody,
        Some(person) if by.serves(person.insured_place(&app.keys)?) => Outcome::Shown(person.id),
        Some(_) => Outcome::Elsewhere,
    };
    let Wanted { what, reason, .. } = wanted;
    let reference = wanted.reference.or(wanted.who.missed(outcome));
    let shown = found.filter(|_| matches!(outcome, Outcome::Shown(_)));
    if shown.is_none() {
        counters.count(&*tx, now).await?;
    }
    let sought = wanted.who.sought(app)?;
    Read { what, reason, reference, sought, outcome }.log(&tx, by, now).await?;
    tx.commit().await?;
    match shown {
        Some(person) => Ok(person),
        None => {
            tokio::time::sleep_until(arrived + SOONEST).await;
            Err(ReasonCode::DeskNobodyFound.into())
        }
    }
}

/// Whether somebody is insured where the account works; also no if there is nobody of that name.
pub(crate) async fn is_served<D: Demand>(
    app: &App,
    db: &impl ConnectionTrait,
    by: &SignedIn<D>,
    who: Uuid,
) -> Result<bool, Refusal> {
    let person = beneficiary::Entity::find_by_id(who).one(db).await?;
    let place = person.map(|person| person.insured_place(&app.keys)).transpose()?;
    Ok(place.is_some_and(|place| by.serves(place)))
}

/// Forgets reads that were kept long enough. Identifiers begin with the time, so their own index finds the old ones.
pub(crate) async fn forget_old(tx: &Writing, now: i64) -> Result<(), DbErr> {
    let until = now - KEPT_MS;
    let Ok(ms) = u64::try_from(until) else { return Ok(()) };
    let oldest_kept = uuid::Builder::from_unix_timestamp_millis(ms, &[0; 10]).into_uuid();
    access_log::Entity::delete_many()
        .filter(access_log::Column::Id.lt(oldest_kept))
        .filter(access_log::Column::At.lt(until))
        .exec(&**tx)
        .await
        .map(drop)
}

/// The keyed hash under which a number that was asked for is logged.
pub(super) fn sought(app: &App, id_number: &IdNumber) -> Result<[u8; 32], Refusal> {
    let key = app.keys.current(Role::IdHash).ok_or(ReasonCode::ServerInternal)?;
    Ok(id_hash(key, id_number))
}

/// Refuses an account that found nobody too often; otherwise the counters for the next failure.
pub(super) async fn within_misses(app: &App, tx: &Writing, account: Uuid, now: i64) -> Result<Counters, Refusal> {
    let counters = Counters::at_desk(account, &app.keys).ok_or(ReasonCode::ServerInternal)?;
    counters.check(&**tx, now).await??;
    Ok(counters)
}

/// Refuses an account that found nobody too often, or read about too many; otherwise the counters for the next failure.
pub(crate) async fn within_limits(app: &App, tx: &Writing, account: Uuid, now: i64) -> Result<Counters, Refusal> {
    let counters = within_misses(app, tx, account, now).await?;
    let people = Expr::col(access_log::Column::BeneficiaryId).count_distinct();
    let lately = access_log::Entity::find()
        .select_only()
        .column_as(people, "people")
        .filter(access_log::Column::StaffId.eq(account))
        .filter(access_log::Column::At.gt(now - HOUR_MS))
        .filter(access_log::Column::What.is_not_in(UNCOUNTED.map(What::name)))
        .into_tuple::<i64>();
    if lately.one(&**tx).await?.unwrap_or(0) >= READS_AN_HOUR {
        return Err(Refusal::wait(600));
    }
    Ok(counters)
}
