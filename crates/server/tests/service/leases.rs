//! Plans that volunteers take along: for people on their lists, a few at a time, and brought back in one piece.

use std::time::Duration;

use jianzai_wire::api::Problem;
use jianzai_wire::desk::{StaffRole, StaffSession};
use jianzai_wire::lease::Lease;
use jianzai_wire::{Action, ReasonCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::databases::{Kind, on_both_databases};
use crate::people::{Facts, KNOWN, OTHER, World, answer};

on_both_databases! {
    a_plan_is_lent_for_the_people_on_ones_list_and_three_days,
    what_comes_back_is_taken_once_whole_and_in_time,
}

/// A volunteer whose list has one person, and that person's identifier.
async fn village(world: &World) -> (StaffSession, Uuid) {
    let clerk = world.signed_in("clerk.wang", StaffRole::Clerk, "440300").await;
    let volunteer = world.signed_in("auntie.chen", StaffRole::Volunteer, "440300").await;
    let Facts(_, id_number, ..) = KNOWN;
    let list = json!({ "volunteer": volunteer.account.id, "people": [id_number], "days": 7 });
    let _: Value = world.desk(&clerk, "rosters", &list).await.unwrap();
    let visits: Value = world.desk(&volunteer, "visits", &json!({ "reason": "visit" })).await.unwrap();
    let person = visits["people"][0]["id"].as_str().unwrap().parse().unwrap();
    (volunteer, person)
}

async fn lease(world: &World, by: &StaffSession, person: Uuid) -> Result<Lease, Problem> {
    let body = json!({ "person": person, "device_key": "07".repeat(32) });
    world.desk(by, "leases", &body).await
}

fn came_back(lease: &Lease, captured_at: &str) -> Value {
    let head = "09".repeat(32);
    let done = |index: usize| {
        json!({ "ended": { "index": index, "outcome": { "ended": "done" }, "cue_at": 1, "began_at": 2, "ended_at": 3 },
            "frames": 40 * (index + 1), "chain_head": head })
    };
    let needed = lease.attempt.policy.steps_needed as usize;
    let steps: Vec<_> =
        [json!({ "ended": null, "frames": 0, "chain_head": head })].into_iter().chain((0..needed).map(done)).collect();
    json!({
        "consent": { "text_version": "1", "by": "beneficiary_spoken" },
        "captured_at": captured_at,
        "steps": steps,
        "commit": { "chain_head": head, "frames": 200, "duration_ms": 13_000 },
    })
}

async fn bring_back(world: &World, lease: &Lease, body: &Value) -> Result<Value, ReasonCode> {
    let call = world.post(&format!("/v1/attempts/{}/return", lease.attempt.id), body);
    let answered = call.bearer_auth(lease.attempt.token.expose()).send().await.unwrap();
    answer(answered).await.map_err(|problem: Problem| problem.code)
}

fn hours_after(lease: &Lease, hours: i64) -> String {
    let time = lease.attempt.issued_at + time::Duration::hours(hours);
    time.format(&time::format_description::well_known::Rfc3339).unwrap()
}

async fn a_plan_is_lent_for_the_people_on_ones_list_and_three_days(kind: Kind) {
    let world = World::new(kind).await;
    let (volunteer, person) = village(&world).await;
    let lent = lease(&world, &volunteer, person).await.unwrap();
    assert_eq!(lent.attempt.commit_by - lent.attempt.issued_at, time::Duration::hours(72));
    assert_eq!(lent.steps.len(), 4 + 5, "with one failure allowed it never takes more");
    assert!(lent.steps.iter().all(|step| Action::ALL.contains(&step.action)));

    let stranger = lease(&world, &volunteer, Uuid::from_u128(5)).await.unwrap_err();
    assert_eq!(stranger.code, ReasonCode::DeskNotListed);
    let clerk = world.signed_in("clerk.li", StaffRole::Clerk, "440300").await;
    assert_eq!(lease(&world, &clerk, person).await.unwrap_err().code, ReasonCode::AccountNotAllowed);
    for _ in 0..2 {
        lease(&world, &volunteer, person).await.unwrap();
    }
    assert_eq!(lease(&world, &volunteer, person).await.unwrap_err().code, ReasonCode::LimitTooManyTries);
    world.clock.advance(Duration::from_secs(8 * 86_400));
    let later = world.signed_in("auntie.liu", StaffRole::Volunteer, "440300").await;
    assert_eq!(lease(&world, &later, person).await.unwrap_err().code, ReasonCode::DeskNotListed);
    let Facts(_, other, ..) = OTHER;
    assert!(!format!("{lent:?}").contains(other));
}

async fn what_comes_back_is_taken_once_whole_and_in_time(kind: Kind) {
    let world = World::new(kind).await;
    let (volunteer, person) = village(&world).await;
    let lent = lease(&world, &volunteer, person).await.unwrap();
    let token = lent.attempt.token.expose();
    let step = json!({ "ended": null, "frames": 0, "chain_head": "09".repeat(32) });
    let steps = world.post(&format!("/v1/attempts/{}/steps", lent.attempt.id), &step).bearer_auth(token).send().await;
    let refused = answer::<Value>(steps.unwrap()).await.unwrap_err();
    assert_eq!(refused.code, ReasonCode::InputBodyInvalid, "its plan is known: no step is drawn");

    world.clock.advance(Duration::from_secs(48 * 3_600));
    let at = hours_after(&lent, 30);
    let good = came_back(&lent, &at);
    let mut silent = good.clone();
    silent["consent"]["text_version"] = json!("");
    assert_eq!(bring_back(&world, &lent, &silent).await, Err(ReasonCode::InputConsentMissing));
    let mut short = good.clone();
    short["steps"].as_array_mut().unwrap().pop();
    assert_eq!(bring_back(&world, &lent, &short).await, Err(ReasonCode::ActionNotSeen));

    let receipt = bring_back(&world, &lent, &good).await.unwrap();
    assert_eq!(bring_back(&world, &lent, &good).await.unwrap(), receipt, "a lost answer is asked for again");
    let mut other = good.clone();
    other["commit"]["frames"] = json!(201);
    assert_eq!(bring_back(&world, &lent, &other).await, Err(ReasonCode::AttemptUsed));

    let volunteer = volunteer_again(&world).await;
    let odd = lease(&world, &volunteer, person).await.unwrap();
    world.clock.advance(Duration::from_secs(60));
    let body = came_back(&odd, &hours_after(&odd, -20_000));
    assert!(bring_back(&world, &odd, &body).await.is_ok(), "a device whose clock is wrong loses nothing");
    let late = lease(&world, &volunteer, person).await.unwrap();
    world.clock.advance(Duration::from_secs(73 * 3_600));
    let body = came_back(&late, &hours_after(&late, 1));
    assert_eq!(bring_back(&world, &late, &body).await, Err(ReasonCode::AttemptCommitLate));
}

/// Sessions last hours, lists days.
async fn volunteer_again(world: &World) -> StaffSession {
    let clerk = world.signed_in("clerk.zhao", StaffRole::Clerk, "440300").await;
    let volunteer = world.signed_in("uncle.sun", StaffRole::Volunteer, "440300").await;
    let Facts(_, id_number, ..) = KNOWN;
    let list = json!({ "volunteer": volunteer.account.id, "people": [id_number], "days": 7 });
    let _: Value = world.desk(&clerk, "rosters", &list).await.unwrap();
    volunteer
}
