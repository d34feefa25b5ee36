//! The rows of what follows from findings.
//!
//! **In**: effects of one range, in a transaction. **Out**: rows, and how many were new; those that are there already are left as
//! they are. **What can go wrong**: the database fails: the caller drops the transaction.

use sea_orm::{DbBackend, DbErr};
use uuid::Uuid;

use super::deaths::Suspected;
use super::effects::{Certified, Found};
use super::question::Range;
use super::rules::Rules;
use crate::chronicle::reviews::REVIEW_DAYS;
use crate::chronicle::rows::{of_fact, of_party};
use crate::db::bulk::{Bulk, Column, literal};
use crate::db::silent_entity::silent_run;
use crate::year::channel::{Channel, EvidenceKind};
use crate::year::dates::{day_number, days_after, numbered_day};
use crate::year::facts::Fact;
use crate::year::names::Named as _;
use crate::year::policy::ReviewKind as Kind;
use crate::year::record::Party;

pub(super) async fn write_certified(
    bulk: &mut Bulk,
    run: &silent_run::Model,
    rules: &Rules,
    rows: &[Certified],
) -> Result<u64, DbErr> {
    let by = || Column::EachText(of_party(Party::Rules { version: rules.version }));
    let columns = [
        ("id", Column::Ids(rows.iter().map(|row| row.id).collect())),
        ("beneficiary_id", Column::Ids(rows.iter().map(|row| row.beneficiary).collect())),
        ("channel", Column::EachText(rules.channel.name().to_owned())),
        ("brought_by", by()),
        ("proof_day", Column::Numbers(rows.iter().map(|row| day_number(row.proof)).collect())),
        ("recorded_day", Column::EachNumber(run.on_day)),
        ("recorded_at", Column::EachNumber(run.began_at)),
        ("evidence", Column::EachText(EvidenceKind::Data.name().to_owned())),
        ("evidence_id", Column::EachId(run.id)),
        ("decided_by", by()),
        ("policy_place", Column::Texts(rows.iter().map(|row| row.policy_place.clone()).collect())),
        ("policy_version", Column::Numbers(rows.iter().map(|row| row.policy_version).collect())),
        ("delete_on", Column::Numbers(rows.iter().map(|row| row.delete_on).collect())),
    ];
    bulk.insert("certification", &columns).await
}

pub(super) async fn write_dead(
    bulk: &mut Bulk,
    run: &silent_run::Model,
    rows: &[(usize, Suspected)],
) -> Result<u64, DbErr> {
    let answer_by = days_after(numbered_day(run.on_day), REVIEW_DAYS);
    let (reviews, people) = rows.iter().map(|(_, suspected)| (suspected.review, suspected.beneficiary)).unzip();
    let columns = [
        ("id", Column::Ids(reviews)),
        ("beneficiary_id", Column::Ids(people)),
        ("kind", Column::EachText(Kind::DeathReport.name().to_owned())),
        ("opened_at", Column::EachNumber(run.began_at)),
        ("answer_by", Column::EachNumber(day_number(answer_by))),
    ];
    bulk.insert("review", &columns).await
}

/// Facts as [`of_fact`] names them, all by one way; only certifications have one.
pub(super) async fn write_facts(
    bulk: &mut Bulk,
    run: &silent_run::Model,
    channel: Option<Channel>,
    facts: &[(Uuid, Fact)],
) -> Result<u64, DbErr> {
    let rows: Vec<_> = facts.iter().map(|(who, fact)| of_fact(*who, fact, run.began_at)).collect();
    let mut columns = vec![
        ("id", Column::Ids(rows.iter().filter_map(|row| row.id.try_as_ref().copied()).collect())),
        (
            "beneficiary_id",
            Column::Ids(rows.iter().filter_map(|row| row.beneficiary_id.try_as_ref().copied()).collect()),
        ),
        ("kind", Column::Texts(rows.iter().filter_map(|row| row.kind.try_as_ref().cloned()).collect())),
        ("on_day", Column::Numbers(rows.iter().filter_map(|row| row.on_day.try_as_ref().copied()).collect())),
        ("recorded_day", Column::EachNumber(run.on_day)),
        ("recorded_at", Column::EachNumber(run.began_at)),
        ("about_id", Column::SomeIds(rows.iter().filter_map(|row| row.about_id.try_as_ref().copied()).collect())),
    ];
    columns.extend(channel.map(|channel| ("channel", Column::EachText(channel.name().to_owned()))));
    bulk.insert("fact", &columns).await
}

/// Lets a tick look today at whoever got a fact of this run in a range. Whose next look is due already is not written once more: a
/// range is written in its turn ([`crate::db::Datastore::begin_bulk_many`]), so no tick is at work that could have the last word.
pub(super) async fn look_today(bulk: &mut Bulk, run: &silent_run::Model, range: Range) -> Result<(), DbErr> {
    let backend = bulk.backend();
    let (day, at) = (run.on_day, run.began_at);
    let (people, facts) = (range.holds(backend, "beneficiary_id"), range.holds(backend, "f.beneficiary_id"));
    let facts = format!(
        "SELECT f.beneficiary_id FROM fact f WHERE {facts} AND f.recorded_day = {day} AND f.recorded_at = {at}"
    );
    // A list is asked for once. Where PostgreSQL takes the facts for few, as in a new database, it would join them with every
    // person of the range, which takes seconds.
    let listed = match backend {
        DbBackend::Postgres => format!("= ANY (ARRAY({facts}))"),
        _ => format!("IN ({facts})"),
    };
    let sql = format!(
        "UPDATE benefit SET next_look = {day} WHERE {people} AND (next_look IS NULL OR next_look > {day}) \
         AND beneficiary_id {listed}"
    );
    bulk.execute(sql).await.map(drop)
}

pub(super) async fn write_found(
    bulk: &mut Bulk,
    run: &silent_run::Model,
    people: Vec<Uuid>,
    found: &[Found],
    range: Range,
) -> Result<(), DbErr> {
    // The row of the run is held: whoever else writes findings of it has done so by now.
    let (backend, id) = (bulk.backend(), literal(bulk.backend(), run.id));
    let people_of = range.holds(backend, "beneficiary_id");
    let there = bulk.number(format!("SELECT COUNT(*) FROM silent_finding WHERE run_id = {id} AND {people_of}")).await?;
    let columns = [
        ("run_id", Column::EachId(run.id)),
        ("beneficiary_id", Column::Ids(people)),
        ("outcome", Column::Texts(found.iter().map(|row| row.outcome.name().to_owned()).collect())),
        ("proof_day", Column::SomeNumbers(found.iter().map(|row| row.proof).collect())),
        ("grounds", Column::Texts(found.iter().map(|row| row.grounds.clone()).collect())),
        ("effect", Column::Texts(found.iter().map(|row| row.effect.name().to_owned()).collect())),
        ("about_id", Column::SomeIds(found.iter().map(|row| row.about).collect())),
    ];
    match there {
        0 => bulk.insert_new("silent_finding", &columns).await,
        _ => bulk.insert("silent_finding", &columns).await.map(drop),
    }
}
