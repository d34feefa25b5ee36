//! Signing in and out: one answer whatever was wrong, each code once, and a session that was ended opens nothing.

use std::time::{Duration, Instant};

use jianzai_server::accounts;
use jianzai_wire::desk::{StaffRole, StaffSession};
use jianzai_wire::{LoginName, ReasonCode};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::databases::{Kind, on_both_databases};
use crate::people::{World, answer};
use crate::staff::PASSWORD;

on_both_databases! {
    whatever_is_wrong_the_answer_is_the_same,
    a_code_works_once_and_an_earlier_one_no_more,
    of_two_who_use_a_code_at_once_one_gets_in,
    failures_delay_an_account_and_never_lock_it,
    an_address_that_fails_on_and_on_has_to_wait,
    a_session_that_was_ended_opens_nothing,
    a_head_ends_sessions_of_the_own_area_and_of_no_other,
    a_session_ends_when_idle_and_after_a_working_day,
    without_a_session_there_is_nothing_to_see,
}

async fn whatever_is_wrong_the_answer_is_the_same(kind: Kind) {
    let world = World::new(kind).await;
    let clerk = world.staff("clerk.wang", StaffRole::Clerk, "440300").await;
    let closed = world.staff("clerk.gone", StaffRole::Clerk, "440300").await;
    accounts::disable(&world.config, &*world.clock, &LoginName::parse("clerk.gone").unwrap()).await.unwrap();
    let (right, its) = (clerk.access.authenticator.expose(), closed.access.authenticator.expose());
    let kinds = ["name", "password", "code", "closed", "everything"];
    let (mut first, mut fastest) = (None, [Duration::MAX; 5]);
    // In turn, so that whatever else this machine does falls on all of them.
    for _ in 0..6 {
        // Failures delay the next answer; that is another test's matter.
        world.clock.advance(Duration::from_secs(3_601));
        for (what, fastest) in kinds.into_iter().zip(&mut fastest) {
            let (login, password, code) = match what {
                "name" => ("clerk.wu", PASSWORD, world.code(right)),
                "password" => ("clerk.wang", "another four words", world.code(right)),
                "code" => ("clerk.wang", PASSWORD, "000000".to_owned()),
                "closed" => ("clerk.gone", PASSWORD, world.code(its)),
                _ => ("clerk.nobody", "x", String::new()),
            };
            let asked = Instant::now();
            let response = world.try_login(login, password, &code).await;
            *fastest = asked.elapsed().min(*fastest);
            let mut headers: Vec<_> = response.headers().iter().map(|(n, v)| (n.clone(), v.clone())).collect();
            headers.retain(|(name, _)| name != "date");
            let shape = (response.status(), headers, response.text().await.unwrap());
            assert_eq!(shape.0, StatusCode::UNAUTHORIZED, "{what}");
            assert!(shape.2.contains("account.not_confirmed"));
            assert_eq!(*first.get_or_insert_with(|| shape.clone()), shape, "{what}");
        }
    }
    let (least, most) = (fastest.iter().min().unwrap(), fastest.iter().max().unwrap());
    assert!(*least >= Duration::from_millis(400), "no refusal is told sooner: {least:?}");
    assert!(*most - *least < Duration::from_millis(150), "the times tell which: {fastest:?}");
    world.sign_in(&clerk).await;
}

async fn a_code_works_once_and_an_earlier_one_no_more(kind: Kind) {
    let world = World::new(kind).await;
    let clerk = world.staff("clerk.wang", StaffRole::Clerk, "440300").await;
    let authenticator = clerk.access.authenticator.expose();
    let early = world.code(authenticator);
    world.clock.advance(Duration::from_secs(30));
    let code = world.code(authenticator);
    assert_eq!(world.try_login("Clerk.Wang", PASSWORD, &code).await.status(), StatusCode::CREATED);
    for replayed in [&code, &early] {
        let response = world.try_login("clerk.wang", PASSWORD, replayed).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "seen over a shoulder");
    }
    world.clock.advance(Duration::from_secs(30));
    let next = world.code(authenticator);
    assert_eq!(world.try_login("clerk.wang", PASSWORD, &next).await.status(), StatusCode::CREATED);
}

async fn of_two_who_use_a_code_at_once_one_gets_in(kind: Kind) {
    let world = World::new(kind).await;
    let clerk = world.staff("clerk.wang", StaffRole::Clerk, "440300").await;
    let code = world.code(clerk.access.authenticator.expose());
    let call = || world.try_login("clerk.wang", PASSWORD, &code);
    let both = futures_util::future::join_all([call(), call(), call()]).await;
    let entered = both.iter().filter(|response| response.status() == StatusCode::CREATED).count();
    assert_eq!(entered, 1);
}

async fn failures_delay_an_account_and_never_lock_it(kind: Kind) {
    let world = World::new(kind).await;
    let clerk = world.staff("clerk.wang", StaffRole::Clerk, "440300").await;
    for _ in 0..7 {
        assert_eq!(world.try_login("clerk.wang", "wrong", "000000").await.status(), StatusCode::UNAUTHORIZED);
    }
    let asked = Instant::now();
    world.sign_in(&clerk).await;
    assert!(asked.elapsed() >= Duration::from_secs(1), "after seven failures: {:?}", asked.elapsed());
}

async fn an_address_that_fails_on_and_on_has_to_wait(kind: Kind) {
    let world = World::with(kind, |config| config.behind_proxy = true).await;
    let from = |address: &'static str, number: u32| {
        let body = json!({ "login": format!("clerk.{number}"), "password": "wrong", "code": "000000" });
        world.post("/v1/desk/login", &body).header("X-Forwarded-For", address).send()
    };
    for part in 0..5 {
        let calls = futures_util::future::join_all((0..20).map(|number| from("192.0.2.1", part * 20 + number))).await;
        assert!(calls.iter().all(|call| call.as_ref().unwrap().status() == StatusCode::UNAUTHORIZED), "{part}");
    }
    let problem = answer::<Value>(from("192.0.2.1", 999).await.unwrap()).await.unwrap_err();
    assert_eq!(problem.code, ReasonCode::LimitTooManyTries);
    assert!(problem.retry_after.is_some_and(|seconds| (3_000..=3_601).contains(&seconds)));
    assert_eq!(from("192.0.2.2", 999).await.unwrap().status(), StatusCode::UNAUTHORIZED, "others don't");
}

async fn a_session_that_was_ended_opens_nothing(kind: Kind) {
    let world = World::new(kind).await;
    let clerk = world.staff("clerk.wang", StaffRole::Clerk, "440305").await;
    let (here, there) = (world.sign_in(&clerk).await, world.sign_in(&clerk).await);
    assert_eq!(world.desk_call(&here, "logout", &json!({})).await.status(), StatusCode::NO_CONTENT);
    assert!(!world.lives(&here).await && world.lives(&there).await, "one of them");

    // Whoever stole the token has nothing of it once the account signs out everywhere.
    let stolen = StaffSession { token: there.token.clone(), ..there.clone() };
    let again = world.sign_in(&clerk).await;
    assert_eq!(
        world.desk_call(&again, "logout", &json!({ "everywhere": true })).await.status(),
        StatusCode::NO_CONTENT
    );
    assert!(!world.lives(&again).await && !world.lives(&stolen).await);
    let refused = world.desk::<Value>(&stolen, "people", &json!({})).await.unwrap_err();
    assert_eq!((refused.code, refused.status), (ReasonCode::AccountSignedOut, 401), "before the body is looked at");

    let last = world.sign_in(&clerk).await;
    let name = LoginName::parse("clerk.wang").unwrap();
    accounts::reset(&world.config, &*world.clock, &name, None).await.unwrap();
    assert!(!world.lives(&last).await, "a new password ends what the old one opened");
    let old = world.code(clerk.access.authenticator.expose());
    assert_eq!(world.try_login("clerk.wang", PASSWORD, &old).await.status(), StatusCode::UNAUTHORIZED);
}

async fn a_head_ends_sessions_of_the_own_area_and_of_no_other(kind: Kind) {
    let world = World::new(kind).await;
    let head = world.signed_in("head.li", StaffRole::Head, "440300").await;
    let inside = world.signed_in("clerk.in", StaffRole::Clerk, "440305").await;
    let outside = world.signed_in("clerk.out", StaffRole::Clerk, "320100").await;
    let end = async |by: &StaffSession, of: &StaffSession| {
        world.desk_call(by, &format!("accounts/{}/sign-out", of.account.id), &json!({})).await.status()
    };
    assert_eq!(end(&inside, &head).await, StatusCode::FORBIDDEN, "a clerk is no head");
    assert_eq!(end(&head, &outside).await, StatusCode::FORBIDDEN);
    assert!(world.lives(&outside).await);
    assert_eq!(end(&head, &inside).await, StatusCode::NO_CONTENT);
    assert!(!world.lives(&inside).await && world.lives(&head).await);
}

async fn a_session_ends_when_idle_and_after_a_working_day(kind: Kind) {
    let world = World::new(kind).await;
    let clerk = world.staff("clerk.wang", StaffRole::Clerk, "440300").await;
    let idle = world.sign_in(&clerk).await;
    world.clock.advance(Duration::from_secs(29 * 60));
    assert!(world.lives(&idle).await);
    world.clock.advance(Duration::from_secs(29 * 60));
    assert!(world.lives(&idle).await, "each use counts");
    world.clock.advance(Duration::from_secs(31 * 60));
    assert!(!world.lives(&idle).await);

    let busy = world.sign_in(&clerk).await;
    for _ in 0..28 {
        world.clock.advance(Duration::from_secs(25 * 60));
        assert!(world.lives(&busy).await);
    }
    world.clock.advance(Duration::from_secs(25 * 60));
    assert!(!world.lives(&busy).await, "twelve hours are over");
}

async fn without_a_session_there_is_nothing_to_see(kind: Kind) {
    let world = World::new(kind).await;
    for path in ["people", "invitations", "rosters", "visits", "visits/person", "accesses", "logout"] {
        for token in ["", "Bearer ", "Bearer c2VjcmV0", "Basic Y2xlcms6"] {
            let call = world.post(&format!("/v1/desk/{path}"), &json!({})).header("Authorization", token);
            let problem = answer::<Value>(call.send().await.unwrap()).await.unwrap_err();
            assert_eq!((problem.code, problem.status), (ReasonCode::AccountSignedOut, 401), "{path}");
        }
    }
    // The token of an activation is not one of the desk's.
    let activation = world.activate().await;
    let call = world.client.get(world.url("/v1/desk/me")).bearer_auth(activation.token.expose());
    assert_eq!(call.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
}
