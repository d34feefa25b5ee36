//! Volunteers: invited once, and only for the people on their lists.

use std::time::Duration;

use jianzai_wire::ReasonCode;
use jianzai_wire::desk::{Accepted, Invitation, Roster, StaffRole, StaffSession, VisitPerson, Visits};
use serde_json::{Value, json};

use crate::databases::{Kind, on_both_databases};
use crate::people::{Facts, KNOWN, OTHER, STRANGER, World, answer};
use crate::staff::PASSWORD;

on_both_databases! {
    an_invitation_makes_one_account,
    an_invitation_lasts_a_week_and_not_longer_than_its_inviters_account,
    codes_are_not_guessed_and_areas_not_exceeded,
    a_volunteer_sees_the_people_on_the_list_and_nobody_beyond,
    lists_are_made_within_ones_area_for_volunteers_only,
}

async fn invite(world: &World, clerk: &StaffSession, area: &str) -> Invitation {
    world.desk(clerk, "invitations", &json!({ "area": area })).await.unwrap()
}

async fn accept(world: &World, code: &str, login: &str) -> Result<Accepted, ReasonCode> {
    let body = json!({ "code": code, "login": login, "password": PASSWORD });
    let answered = world.post("/v1/desk/invitations/accept", &body).send().await.unwrap();
    answer(answered).await.map_err(|problem| problem.code)
}

/// A volunteer who accepted an invitation, signed in.
async fn volunteer(world: &World, clerk: &StaffSession, login: &str) -> StaffSession {
    let invitation = invite(world, clerk, "440305002").await;
    let accepted = accept(world, invitation.code.expose(), login).await.unwrap();
    world.clock.advance(Duration::from_secs(30));
    let code = world.code(accepted.authenticator.expose());
    answer(world.try_login(login, PASSWORD, &code).await).await.unwrap()
}

async fn list(world: &World, clerk: &StaffSession, volunteer: &StaffSession, people: &[Facts]) -> Roster {
    let people: Vec<_> = people.iter().map(|Facts(_, id_number, ..)| *id_number).collect();
    let body = json!({ "volunteer": volunteer.account.id, "people": people, "days": 7 });
    world.desk(clerk, "rosters", &body).await.unwrap()
}

async fn visit(world: &World, volunteer: &StaffSession, whom: Facts) -> Result<VisitPerson, ReasonCode> {
    let body = json!({ "id_number": whom.1, "reason": "visit" });
    world.desk(volunteer, "visits/person", &body).await.map_err(|problem| problem.code)
}

async fn an_invitation_makes_one_account(kind: Kind) {
    let world = World::new(kind).await;
    let clerk = world.signed_in("clerk.wang", StaffRole::Clerk, "440300").await;
    let invitation = invite(&world, &clerk, "440305002").await;
    let copied = invitation.code.expose().replace('-', " ").to_uppercase();
    assert_eq!(accept(&world, &copied, "clerk.wang").await.unwrap_err(), ReasonCode::AccountNameTaken);
    let weak = json!({ "code": copied, "login": "auntie.chen", "password": "auntie.chen" });
    let weak = world.post("/v1/desk/invitations/accept", &weak).send().await.unwrap();
    assert_eq!(answer::<Value>(weak).await.unwrap_err().code, ReasonCode::AccountPasswordWeak);
    let accepted = accept(&world, &copied, "auntie.chen").await.unwrap();
    assert_eq!((accepted.account.role, accepted.account.area.digits()), (StaffRole::Volunteer, "440305002"));
    let replayed = accept(&world, invitation.code.expose(), "somebody.else").await.unwrap_err();
    assert_eq!(replayed, ReasonCode::InvitationNotValid);

    let two = invite(&world, &clerk, "440305002").await;
    let both =
        futures_util::future::join_all(["first", "second"].map(|login| accept(&world, two.code.expose(), login)));
    let accepted = both.await.into_iter().filter(Result::is_ok).count();
    assert_eq!(accepted, 1, "also when two are quick");
}

async fn an_invitation_lasts_a_week_and_not_longer_than_its_inviters_account(kind: Kind) {
    let world = World::new(kind).await;
    let clerk = world.signed_in("clerk.wang", StaffRole::Clerk, "440300").await;
    let (early, late) = (invite(&world, &clerk, "440300").await, invite(&world, &clerk, "440300").await);
    world.clock.advance(Duration::from_secs(6 * 86_400));
    accept(&world, early.code.expose(), "auntie.chen").await.unwrap();
    world.clock.advance(Duration::from_secs(2 * 86_400));
    assert_eq!(accept(&world, late.code.expose(), "uncle.chen").await.unwrap_err(), ReasonCode::InvitationNotValid);

    let gone = world.signed_in("clerk.gone", StaffRole::Clerk, "440300").await;
    let orphaned = invite(&world, &gone, "440300").await;
    let name = jianzai_wire::LoginName::parse("clerk.gone").unwrap();
    jianzai_server::accounts::disable(&world.config, &*world.clock, &name).await.unwrap();
    assert_eq!(accept(&world, orphaned.code.expose(), "uncle.chen").await.unwrap_err(), ReasonCode::InvitationNotValid);
}

async fn codes_are_not_guessed_and_areas_not_exceeded(kind: Kind) {
    let world = World::new(kind).await;
    let clerk = world.signed_in("clerk.wang", StaffRole::Clerk, "440300").await;
    for area in ["440000", "440100", "000000"] {
        let refused = world.desk::<Value>(&clerk, "invitations", &json!({ "area": area })).await.unwrap_err();
        assert_eq!(refused.code, ReasonCode::AccountNotAllowed, "{area}");
    }
    for _ in 0..20 {
        let refused = accept(&world, "aaaaa-bbbbb-ccccc-ddddd-e", "auntie.chen").await.unwrap_err();
        assert_eq!(refused, ReasonCode::InvitationNotValid);
    }
    let good = invite(&world, &clerk, "440300").await;
    assert_eq!(accept(&world, good.code.expose(), "auntie.chen").await.unwrap_err(), ReasonCode::LimitTooManyTries);
}

async fn a_volunteer_sees_the_people_on_the_list_and_nobody_beyond(kind: Kind) {
    let world = World::new(kind).await;
    let clerk = world.signed_in("clerk.wang", StaffRole::Clerk, "440300").await;
    let chen = volunteer(&world, &clerk, "auntie.chen").await;
    let other = volunteer(&world, &clerk, "uncle.lin").await;
    // One lives in another province, one is not registered, one is asked for twice.
    let roster = list(&world, &clerk, &chen, &[KNOWN, OTHER, STRANGER, KNOWN]).await;
    assert_eq!((roster.listed, roster.left_out), (1, vec![1, 2, 3]));

    let visits: Visits = world.desk(&chen, "visits", &json!({ "reason": "visit" })).await.unwrap();
    let names: Vec<_> = visits.people.iter().map(|person| person.name.expose()).collect();
    assert_eq!(names, [KNOWN.0]);
    assert_eq!(visit(&world, &chen, KNOWN).await.unwrap().id, visits.people[0].id);
    for whom in [OTHER, STRANGER] {
        assert_eq!(visit(&world, &chen, whom).await.unwrap_err(), ReasonCode::DeskNotListed, "registered or not");
    }
    assert_eq!(visit(&world, &other, KNOWN).await.unwrap_err(), ReasonCode::DeskNotListed, "another's list");
    let empty: Visits = world.desk(&other, "visits", &json!({ "reason": "visit" })).await.unwrap();
    assert_eq!(empty.people.len(), 0);

    world.clock.advance(Duration::from_secs(8 * 86_400));
    let name = jianzai_wire::LoginName::parse("auntie.chen").unwrap();
    let given = Some(jianzai_wire::Secret::new(PASSWORD.into()));
    let access = jianzai_server::accounts::reset(&world.config, &*world.clock, &name, given).await.unwrap();
    let later = world.sign_in(&crate::staff::Staff { login: "auntie.chen".into(), access }).await;
    assert_eq!(visit(&world, &later, KNOWN).await.unwrap_err(), ReasonCode::DeskNotListed, "the list is over");
}

async fn lists_are_made_within_ones_area_for_volunteers_only(kind: Kind) {
    let world = World::new(kind).await;
    let clerk = world.signed_in("clerk.wang", StaffRole::Clerk, "440300").await;
    let chen = volunteer(&world, &clerk, "auntie.chen").await;
    let elsewhere = world.signed_in("clerk.nj", StaffRole::Clerk, "320100").await;
    let body = |volunteer, people: &[&str], days| json!({ "volunteer": volunteer, "people": people, "days": days });
    let ask = async |by: &StaffSession, body: Value| world.desk::<Value>(by, "rosters", &body).await.unwrap_err().code;
    let good = body(chen.account.id, &[KNOWN.1], 7);
    assert_eq!(ask(&elsewhere, good.clone()).await, ReasonCode::AccountNotAllowed);
    assert_eq!(ask(&chen, good).await, ReasonCode::AccountNotAllowed, "not by a volunteer");
    assert_eq!(ask(&clerk, body(clerk.account.id, &[KNOWN.1], 7)).await, ReasonCode::AccountNotAllowed);
    assert_eq!(ask(&clerk, body(chen.account.id, &[], 7)).await, ReasonCode::InputBodyInvalid);
    assert_eq!(ask(&clerk, body(chen.account.id, &[KNOWN.1], 32)).await, ReasonCode::InputBodyInvalid);
    // A list is no way to guess by the hundred.
    let numbers: Vec<_> = (0..40).map(crate::activation::id_number).collect();
    let numbers: Vec<_> = numbers.iter().map(String::as_str).collect();
    assert_eq!(ask(&clerk, body(chen.account.id, &numbers, 7)).await, ReasonCode::LimitTooManyTries);
}
