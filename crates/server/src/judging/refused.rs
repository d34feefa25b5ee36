//! A certificate comes with its record or not at all: what the policy of the place does not take goes to a person, and so does
//! whoever is recorded as dead.

use time::Duration as Days;

use super::tests::{World, accepted, certificates, certified, judge_next};
use super::*;
use crate::chronicle::record::add;
use crate::clock::Clock as _;
use crate::db::entity::beneficiary;
use crate::db::year::{certification, fact, review};
use crate::tests::{Kind, on_both_databases};
use crate::year::dates::china;
use crate::year::facts::{Fact, What};
use crate::year::policy::SHIPPED;
use crate::year::tests::stage::{CLERK, CLERK_ID};

on_both_databases!(
    where_a_second_person_is_wanted_the_judge_certifies_nobody_alone,
    a_way_that_was_closed_meanwhile_certifies_nobody,
    a_proof_that_is_too_old_by_the_time_it_arrives_certifies_nobody,
    a_certificate_whose_record_is_refused_at_the_last_moment_is_not_given,
    whoever_is_recorded_as_dead_is_put_before_a_clerk_who_sees_it_at_once,
);

/// Shenzhen's policy of today, changed.
async fn changed(world: &World, from: &str, to: &str) {
    let now = china(world.clock.now());
    let (_, text) = SHIPPED.iter().find(|(name, _)| *name == "shenzhen.toml").unwrap();
    assert!(text.contains(from));
    let text = text
        .replace("version = 1", "version = 2")
        .replace("valid_from = 2026-01-01", &format!("valid_from = {}", now.date()))
        .replace(from, to);
    world.app.office().apply(&[("two.toml".to_owned(), text)], CLERK, now - Days::days(5)).await.unwrap();
}

/// Why the one attempt was put before a clerk, though the judge passed it.
async fn put_before_a_clerk(world: &World) -> String {
    let case = Case::load(&world.app, world.attempt).await.unwrap();
    let job = claim(&world.app, Uuid::from_u128(1)).await.unwrap().unwrap();
    conclude(&world.app, &job, Some(&case), &certified()).await.unwrap();
    let db = world.app.store.reads();
    assert_eq!(certificates(&world.app).await, 0);
    assert!(certification::Entity::find().one(db).await.unwrap().is_none());
    let facts = fact::Entity::find().all(db).await.unwrap();
    let kinds: Vec<_> = facts.into_iter().map(|fact| fact.kind).filter(|kind| kind != "deceased").collect();
    assert_eq!(kinds, ["review_opened"]);
    let waiting = review::Entity::find().one(db).await.unwrap().unwrap();
    assert_eq!(waiting.attempt_id, Some(world.attempt));
    let attempt = attempt::Entity::find_by_id(world.attempt).one(db).await.unwrap().unwrap();
    assert_eq!(attempt.state, State::Review);
    attempt.reasons
}

async fn where_a_second_person_is_wanted_the_judge_certifies_nobody_alone(kind: Kind) {
    let world = World::new(kind).await;
    changed(&world, "proof_age_days", "second_person = [\"app_assisted\"]\nproof_age_days").await;
    assert_eq!(put_before_a_clerk(&world).await, "attempt.second_person");
}

async fn a_way_that_was_closed_meanwhile_certifies_nobody(kind: Kind) {
    let world = World::new(kind).await;
    changed(&world, "    \"app_assisted\",\n", "").await;
    assert_eq!(put_before_a_clerk(&world).await, "channel.closed");
}

async fn a_proof_that_is_too_old_by_the_time_it_arrives_certifies_nobody(kind: Kind) {
    let world = World::new(kind).await;
    world.clock.advance(Duration::from_hours(91 * 24));
    assert_eq!(put_before_a_clerk(&world).await, "record.proof_too_old");
}

async fn a_certificate_whose_record_is_refused_at_the_last_moment_is_not_given(kind: Kind) {
    let world = World::new(kind).await;
    let mut case = Case::load(&world.app, world.attempt).await.unwrap();
    let now = world.clock.now();
    let record = certify::allowed(&case, now).ok().unwrap();
    let certificate = certify::certificate(&world.app, &case, now).unwrap();
    changed(&world, "proof_age_days", "second_person = [\"app_assisted\"]\nproof_age_days").await;
    case.rules = Case::load(&world.app, world.attempt).await.unwrap().rules;
    let tx = world.app.store.begin("test").await.unwrap();
    let written = write(&*tx, certificate, &record, &case, now).await;
    assert!(matches!(written, Err(JudgingError::NotRecorded(faults)) if faults == [RecordFault::SecondMissing]));
}

/// A clerk records something about the one person, today.
async fn recorded(world: &World, what: What) {
    let (tx, now) = (world.app.store.begin("test").await.unwrap(), world.clock.now());
    let who = beneficiary::Entity::find().one(&*tx).await.unwrap().unwrap().id;
    add(&*tx, who, &Fact::of_day(china(now).date(), what), now).await.unwrap();
    tx.commit().await.unwrap();
}

async fn whoever_is_recorded_as_dead_is_put_before_a_clerk_who_sees_it_at_once(kind: Kind) {
    let world = World::new(kind).await;
    recorded(&world, What::Deceased { clerk: CLERK_ID }).await;
    assert_eq!(put_before_a_clerk(&world).await, "attempt.recorded_dead", "before any tick has looked at them");
    // What the judge refuses is refused, and says nothing of it.
    let refused = accepted(&world.app).await;
    let job = claim(&world.app, Uuid::from_u128(1)).await.unwrap().unwrap();
    let case = Case::load(&world.app, refused).await.unwrap();
    let reasons = vec![ReasonCode::MatchNotSame];
    let found = Finding { state: State::Refused, reasons, judgement: None };
    conclude(&world.app, &job, Some(&case), &found).await.unwrap();
    let row = attempt::Entity::find_by_id(refused).one(world.app.store.reads()).await.unwrap().unwrap();
    assert_eq!((row.state, row.reasons.as_str()), (State::Refused, "match.not_same"));
    // The death is taken back: the next one is certified.
    recorded(&world, What::DeathWithdrawn { clerk: CLERK_ID }).await;
    accepted(&world.app).await;
    assert!(judge_next(&world.app, Uuid::from_u128(1)).await);
    assert_eq!(certificates(&world.app).await, 1);
}
