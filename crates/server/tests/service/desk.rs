//! Looking people up: with a reason, in one's own area, and not by guessing.

use std::time::{Duration, Instant};

use jianzai_wire::ReasonCode;
use jianzai_wire::api::Problem;
use jianzai_wire::desk::{Accesses, DeskPerson, StaffRole, StaffSession};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::databases::{Kind, on_both_databases};
use crate::people::{Facts, KNOWN, OTHER, STRANGER, World, even_times};

on_both_databases! {
    a_clerk_sees_what_a_clerk_may_see,
    to_another_areas_clerk_nobody_is_there,
    who_reads_without_a_reason_or_the_role_reads_nothing,
    whoever_guesses_id_numbers_at_the_desk_has_to_wait,
    heads_and_auditors_see_who_of_their_area_read_about_whom,
}

fn about(Facts(_, id_number, ..): Facts) -> Value {
    json!({ "id_number": id_number, "reason": "asked" })
}

async fn look_up(world: &World, by: &StaffSession, whom: Facts) -> Result<DeskPerson, Problem> {
    world.desk(by, "people", &about(whom)).await
}

async fn a_clerk_sees_what_a_clerk_may_see(kind: Kind) {
    let world = World::new(kind).await;
    let attempt = world.committed().await;
    let clerk = world.signed_in("clerk.wang", StaffRole::Clerk, "440300").await;
    let response = world.desk_call(&clerk, "people", &about(KNOWN)).await;
    assert_eq!(response.status(), StatusCode::OK);
    let text = response.text().await.unwrap();
    for hidden in [KNOWN.1, "13800000000", "0755-12345678"] {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
    let person: DeskPerson = serde_json::from_str(&text).unwrap();
    assert_eq!((person.name.expose(), String::from(person.residence).as_str()), (KNOWN.0, KNOWN.3));
    assert_eq!(person.phones, ["*******0000", "****-****5678"]);
    assert_eq!((person.portrait.as_str(), person.certificates.len()), ("missing", 0));
    let attempts: Vec<_> = person.attempts.iter().map(|attempt| (attempt.id, attempt.state.as_str())).collect();
    assert_eq!(attempts, [(attempt.id, "committed")]);
}

async fn to_another_areas_clerk_nobody_is_there(kind: Kind) {
    let world = World::new(kind).await;
    // Another city, a district that is only a part of the insured place, a street, another province.
    let mut asking = Vec::new();
    for (number, area) in ["440100", "440305", "440305002", "320000"].into_iter().enumerate() {
        let clerk = world.signed_in(&format!("clerk.{number}"), StaffRole::Clerk, area).await;
        asking.extend([KNOWN, STRANGER].map(|whom| (clerk.clone(), whom)));
    }
    let mut first = None;
    let times = even_times(asking.len(), async |which| {
        let (clerk, whom) = &asking[which];
        let asked = Instant::now();
        let response = world.desk_call(clerk, "people", &about(*whom)).await;
        let took = asked.elapsed();
        let mut headers: Vec<_> = response.headers().iter().map(|(n, v)| (n.clone(), v.clone())).collect();
        headers.retain(|(name, _)| name != "date");
        let shape = (response.status(), headers, response.text().await.unwrap());
        assert_eq!(*first.get_or_insert_with(|| shape.clone()), shape, "{which}");
        assert!(shape.2.contains("desk.nobody_found"), "{}", shape.2);
        took
    });
    times.await;
    let province = world.signed_in("clerk.gd", StaffRole::Clerk, "440000").await;
    assert!(look_up(&world, &province, KNOWN).await.is_ok() && look_up(&world, &province, OTHER).await.is_ok());
}

async fn who_reads_without_a_reason_or_the_role_reads_nothing(kind: Kind) {
    let world = World::new(kind).await;
    let clerk = world.signed_in("clerk.wang", StaffRole::Clerk, "440300").await;
    for body in [
        json!({ "id_number": KNOWN.1 }),
        json!({ "id_number": KNOWN.1, "reason": "" }),
        json!({ "id_number": KNOWN.1, "reason": "curious" }),
        json!({ "id_number": KNOWN.1, "reason": "asked", "name": KNOWN.0 }),
    ] {
        let problem = world.desk::<Value>(&clerk, "people", &body).await.unwrap_err();
        assert_eq!(problem.code, ReasonCode::InputBodyInvalid, "{body}");
    }
    let mistyped = json!({ "id_number": "440304195203152011", "reason": "asked" });
    let problem = world.desk::<Value>(&clerk, "people", &mistyped).await.unwrap_err();
    assert_eq!(problem.code, ReasonCode::InputIdNumberChecksum);
    for (login, role) in [("auditor", StaffRole::Auditor), ("volunteer", StaffRole::Volunteer)] {
        let other = world.signed_in(login, role, "440300").await;
        let problem = look_up(&world, &other, KNOWN).await.unwrap_err();
        assert_eq!((problem.code, problem.status), (ReasonCode::AccountNotAllowed, 403), "{login}");
    }
}

async fn whoever_guesses_id_numbers_at_the_desk_has_to_wait(kind: Kind) {
    let world = World::new(kind).await;
    let clerk = world.signed_in("clerk.wang", StaffRole::Clerk, "440300").await;
    let guess = async |number: u32| {
        let body = json!({ "id_number": crate::activation::id_number(number), "reason": "asked" });
        world.desk::<DeskPerson>(&clerk, "people", &body).await.unwrap_err()
    };
    for number in 0..30 {
        assert_eq!(guess(number).await.code, ReasonCode::DeskNobodyFound);
    }
    let problem = guess(30).await;
    assert_eq!(problem.code, ReasonCode::LimitTooManyTries);
    assert!(problem.retry_after.is_some_and(|seconds| (3_000..=3_601).contains(&seconds)));
    let found = look_up(&world, &clerk, KNOWN).await.unwrap_err();
    assert_eq!(found.code, ReasonCode::LimitTooManyTries, "a right one says nothing either");
    let colleague = world.signed_in("clerk.wu", StaffRole::Clerk, "440300").await;
    assert!(look_up(&world, &colleague, KNOWN).await.is_ok(), "others are not kept from working");
    world.clock.advance(Duration::from_secs(3_601));
    let again = world.signed_in("clerk.zhao", StaffRole::Clerk, "440300").await;
    assert!(look_up(&world, &again, KNOWN).await.is_ok());
}

async fn heads_and_auditors_see_who_of_their_area_read_about_whom(kind: Kind) {
    let world = World::new(kind).await;
    let clerk = world.signed_in("clerk.wang", StaffRole::Clerk, "440300").await;
    let person = look_up(&world, &clerk, KNOWN).await.unwrap();
    look_up(&world, &clerk, STRANGER).await.unwrap_err();
    let auditor = world.signed_in("auditor", StaffRole::Auditor, "440000").await;
    let ask = async |by: &StaffSession, body: Value| world.desk::<Accesses>(by, "accesses", &body).await;
    let seen = ask(&auditor, json!({})).await.unwrap().accesses;
    let told: Vec<_> = seen.iter().map(|read| (read.account, read.person, read.outcome.as_str())).collect();
    assert_eq!(told, [(clerk.account.id, None, "nobody"), (clerk.account.id, Some(person.id), "shown")]);
    assert!(seen.iter().all(|read| read.reason == "asked" && read.what == "person"));
    let about = ask(&auditor, json!({ "person": person.id, "account": clerk.account.id })).await.unwrap();
    assert_eq!(about.accesses, seen[1..]);
    assert_eq!(ask(&auditor, json!({ "before": "2020-01-01T00:00:00Z" })).await.unwrap().accesses, []);

    let head = world.signed_in("head.li", StaffRole::Head, "440300").await;
    assert_eq!(ask(&head, json!({})).await.unwrap().accesses.len(), 2);
    let elsewhere = world.signed_in("auditor.js", StaffRole::Auditor, "320000").await;
    assert_eq!(ask(&elsewhere, json!({})).await.unwrap().accesses, [], "another area's");
    assert_eq!(ask(&clerk, json!({})).await.unwrap_err().code, ReasonCode::AccountNotAllowed);
}
