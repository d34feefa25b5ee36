//! Attempts, steps and commits: repeatable after a lost answer, and good once.

use std::time::Duration;

use jianzai_liveness::limits::WAIT_MS;
use jianzai_server::clock::SystemClock;
use jianzai_server::import::import;
use jianzai_wire::api::{Activation, Attempt, AttemptState, StepAnswer, StepRequest};
use jianzai_wire::desk::{DeskPerson, StaffRole};
use jianzai_wire::{Action, CapturePolicy, Language, Limitation, ReasonCode, StepOutcome, plan};
use serde_json::{Value, json};

use crate::databases::{Kind, on_both_databases};
use crate::people::{KNOWN, STRANGER, World, answer, commitment, head, report, write_register};

on_both_databases! {
    the_same_step_request_has_the_same_answer,
    two_wrong_actions_end_the_attempt_and_only_that_one,
    whoever_has_to_try_again_is_asked_for_no_more,
    steps_out_of_turn_are_refused,
    an_attempt_lives_for_minutes,
    a_recording_longer_than_the_attempt_is_none_of_it,
    abilities_fit_the_plan_or_send_to_review,
    limitations_fit_the_plan_and_are_shown_to_the_clerk,
    only_a_demo_service_takes_the_actor,
    tokens_open_their_own_attempt_for_their_own_time,
    one_activation_starts_twenty_attempts,
    whose_place_does_not_certify_by_app_is_told_before_anything_is_captured,
    a_device_starts_sixty_attempts_an_hour_whatever_comes_of_them,
}

async fn the_same_step_request_has_the_same_answer(kind: Kind) {
    let world = World::new(kind).await;
    let attempt = world.attempt().await;
    let mut request = StepRequest { ended: None, frames: 3, chain_head: head(3) };
    let mut steps = Vec::new();
    loop {
        let told = world.step(&attempt, &request).await.unwrap();
        assert_eq!(world.step(&attempt, &request).await.unwrap(), told, "asked again");
        let altered = StepRequest { chain_head: head(99), ..request };
        assert_eq!(world.step(&attempt, &altered).await.unwrap_err().code, ReasonCode::AttemptUsed);
        let StepAnswer::Next(step) = told else { break };
        assert!(WAIT_MS.contains(&step.wait_ms));
        steps.push(step);
        let frames = request.frames + 9;
        request = StepRequest { ended: Some(report(step, StepOutcome::Done)), frames, chain_head: head(frames) };
    }
    assert_eq!(steps.len(), attempt.policy.steps_needed as usize);
    let first = world.commit(&attempt, &commitment(request.frames)).await.unwrap();
    assert_eq!(world.commit(&attempt, &commitment(request.frames)).await.unwrap(), first, "the same receipt again");
    assert_eq!(first["plan_hash"], json!(plan::plan_hash(attempt.id, &attempt.nonce, &steps)));
    let other = world.commit(&attempt, &commitment(request.frames + 1)).await.unwrap_err();
    assert_eq!(other.code, ReasonCode::AttemptUsed);
    assert_eq!(world.state(&attempt).await, json!({ "state": "committed" }));
}

async fn two_wrong_actions_end_the_attempt_and_only_that_one(kind: Kind) {
    let world = World::new(kind).await;
    let (attempt, other) = (world.attempt().await, world.attempt().await);
    let mut request = StepRequest { ended: None, frames: 3, chain_head: head(3) };
    let wrong = StepOutcome::Wrong(Action::LookUp);
    for failures in 0..2 {
        let StepAnswer::Next(step) = world.step(&attempt, &request).await.unwrap() else { panic!("{failures}") };
        let frames = request.frames + 9;
        request = StepRequest { ended: Some(report(step, wrong)), frames, chain_head: head(frames) };
    }
    for _ in 0..2 {
        assert_eq!(world.step(&attempt, &request).await.unwrap_err().code, ReasonCode::ActionWrong);
    }
    assert_eq!(world.state(&attempt).await, json!({ "state": "refused", "reasons": ["action.wrong"] }));
    let late = world.commit(&attempt, &commitment(40)).await.unwrap_err();
    assert_eq!(late.code, ReasonCode::ActionWrong);
    world.complete_plan(&other).await;
}

async fn whoever_has_to_try_again_is_asked_for_no_more(kind: Kind) {
    let world = World::new(kind).await;
    let first = world.attempt().await;
    let request = StepRequest { ended: None, frames: 3, chain_head: head(3) };
    world.step(&first, &request).await.unwrap();
    assert_eq!(world.attempt().await.policy, first.policy);
    assert_eq!(first.policy, CapturePolicy::for_actions(&Action::ALL));
}

async fn steps_out_of_turn_are_refused(kind: Kind) {
    let world = World::new(kind).await;
    let attempt = world.attempt().await;
    let first = StepRequest { ended: None, frames: 30, chain_head: head(30) };
    let StepAnswer::Next(step) = world.step(&attempt, &first).await.unwrap() else { panic!("no step") };
    let done = report(step, StepOutcome::Done);
    for (ended, frames) in [(jianzai_wire::StepReport { index: 5, ..done }, 40), (done, 29)] {
        let request = StepRequest { ended: Some(ended), frames, chain_head: head(frames) };
        assert_eq!(world.step(&attempt, &request).await.unwrap_err().code, ReasonCode::InputBodyInvalid);
    }
    let early = world.commit(&attempt, &commitment(30)).await.unwrap_err();
    assert_eq!(early.code, ReasonCode::ActionNotSeen, "the plan is not complete");
}

async fn an_attempt_lives_for_minutes(kind: Kind) {
    let world = World::new(kind).await;
    let (idle, complete) = (world.attempt().await, world.attempt().await);
    let frames = world.complete_plan(&complete).await;
    world.clock.advance(Duration::from_secs(301));
    let request = StepRequest { ended: None, frames: 3, chain_head: head(3) };
    assert_eq!(world.step(&idle, &request).await.unwrap_err().code, ReasonCode::AttemptExpired);
    let late = world.commit(&complete, &commitment(frames)).await.unwrap_err();
    assert_eq!((late.code, late.status), (ReasonCode::AttemptCommitLate, 410));
    assert_eq!(world.state(&idle).await, json!({ "state": "refused", "reasons": ["attempt.expired"] }));
}

async fn a_recording_longer_than_the_attempt_is_none_of_it(kind: Kind) {
    let world = World::new(kind).await;
    let attempt = world.attempt().await;
    let frames = world.complete_plan(&attempt).await;
    let mut long = commitment(frames);
    long["duration_ms"] = json!(20_000);
    assert_eq!(world.commit(&attempt, &long).await.unwrap_err().code, ReasonCode::EvidenceBadTimes);
    let mut fewer = commitment(frames);
    fewer["frames"] = json!(frames - 1);
    assert_eq!(world.commit(&attempt, &fewer).await.unwrap_err().code, ReasonCode::EvidenceBadTimes);
    world.commit(&attempt, &commitment(frames)).await.unwrap();
}

async fn abilities_fit_the_plan_or_send_to_review(kind: Kind) {
    let world = World::new(kind).await;
    let activation = world.activate().await;
    let ask = async |cannot: &[Action]| {
        let request = world.post("/v1/attempts", &json!({ "cannot": cannot })).bearer_auth(activation.token.expose());
        answer::<Value>(request.send().await.unwrap()).await
    };
    let cannot = [Action::LookUp, Action::LookDown, Action::OpenMouth];
    let attempt = ask(&cannot).await.unwrap();
    let rules = CapturePolicy::for_actions(&[Action::TurnLeft, Action::TurnRight]);
    assert_eq!(attempt["policy"], json!(rules));
    let mouth = ask(&Action::ALL[1..]).await.unwrap();
    let rules = CapturePolicy::for_actions(&[Action::OpenMouth]);
    assert_eq!(mouth["policy"], json!(rules), "recorded, for a person to look at");
    let nothing = ask(&Action::ALL).await.unwrap();
    assert_eq!(nothing["policy"], json!(CapturePolicy::for_actions(&[])), "recorded all the same");
}

async fn limitations_fit_the_plan_and_are_shown_to_the_clerk(kind: Kind) {
    let world = World::new(kind).await;
    let activation = world.activate().await;
    let ask = async |limitations: Value| {
        let body = json!({ "limitations": limitations });
        let request = world.post("/v1/attempts", &body).bearer_auth(activation.token.expose());
        answer::<Value>(request.send().await.unwrap()).await
    };
    for (limitations, actions) in [
        (json!(["cannot_open_mouth", "lying_down"]), &Action::ALL[1..]),
        (json!(["cannot_turn_head", "cannot_turn_head"]), &Action::ALL[..1]),
        (json!(["one_eye", "cannot_hear", "cannot_see"]), &Action::ALL[..]),
        (json!(["cannot_open_mouth", "cannot_turn_head"]), &[]),
    ] {
        let attempt = ask(limitations.clone()).await.unwrap();
        assert_eq!(attempt["policy"], json!(CapturePolicy::for_actions(actions)), "{limitations}");
    }
    assert_eq!(ask(json!(["cannot_fly"])).await.unwrap_err().code, ReasonCode::InputBodyInvalid);
    let clerk = world.signed_in("clerk.wang", StaffRole::Clerk, "440300").await;
    let whom = json!({ "id_number": KNOWN.1, "reason": "asked" });
    let person: DeskPerson = world.desk(&clerk, "people", &whom).await.unwrap();
    let mut shown: Vec<_> = person.attempts.into_iter().map(|attempt| attempt.limitations).collect();
    shown.sort();
    let said = [
        vec![Limitation::CannotOpenMouth, Limitation::CannotTurnHead],
        vec![Limitation::CannotOpenMouth, Limitation::LyingDown],
        vec![Limitation::CannotTurnHead],
        vec![Limitation::OneEye, Limitation::CannotHear, Limitation::CannotSee],
    ];
    assert_eq!(shown, said);
}

async fn only_a_demo_service_takes_the_actor(kind: Kind) {
    let world = World::with(kind, |config| config.demo = false).await;
    let activation = world.activate().await;
    let request = world.post("/v1/attempts", &json!({ "demo": true })).bearer_auth(activation.token.expose());
    let problem = answer::<Value>(request.send().await.unwrap()).await.unwrap_err();
    assert_eq!((problem.code, problem.status), (ReasonCode::AttemptDemoRefused, 403));
}

async fn tokens_open_their_own_attempt_for_their_own_time(kind: Kind) {
    let world = World::new(kind).await;
    let activation = world.activate().await;
    let (one, other) = (world.attempt().await, world.attempt().await);
    let ask = async |token: Option<&str>| {
        let request = world.client.get(world.url(&format!("/v1/attempts/{}", one.id)));
        let request = token.map(|token| request.try_clone().unwrap().bearer_auth(token)).unwrap_or(request);
        answer::<AttemptState>(request.send().await.unwrap()).await
    };
    assert_eq!(ask(Some(one.token.expose())).await.unwrap(), AttemptState::Open);
    for token in [None, Some(other.token.expose()), Some(activation.token.expose()), Some("")] {
        let problem = ask(token).await.unwrap_err();
        assert_eq!((problem.code, problem.status), (ReasonCode::AttemptUnauthorised, 401));
    }
    world.clock.advance(Duration::from_secs(30 * 60 + 1));
    let request = world.post("/v1/attempts", &json!({})).bearer_auth(activation.token.expose());
    let problem = answer::<Value>(request.send().await.unwrap()).await.unwrap_err();
    assert_eq!(problem.code, ReasonCode::AttemptUnauthorised);
}

async fn one_activation_starts_twenty_attempts(kind: Kind) {
    let world = World::new(kind).await;
    let activation = world.activate().await;
    let start = async || {
        let request = world.post("/v1/attempts", &json!({})).bearer_auth(activation.token.expose());
        answer::<Value>(request.send().await.unwrap()).await
    };
    for _ in 0..20 {
        start().await.unwrap();
    }
    let problem = start().await.unwrap_err();
    assert_eq!(problem.code, ReasonCode::LimitTooManyTries);
    assert!(problem.retry_after.is_some_and(|seconds| seconds <= 1_801));
}

async fn whose_place_does_not_certify_by_app_is_told_before_anything_is_captured(kind: Kind) {
    let world = World::new(kind).await;
    // Nanjing: video calls, letters, visits.
    let csv = write_register(world.folder.path(), &[STRANGER]);
    import(&world.config, &SystemClock, &csv, Language::En).await.unwrap();
    let activation: Activation = answer(world.try_activate(STRANGER, 1).await).await.unwrap();
    let request = world.post("/v1/attempts", &json!({})).bearer_auth(activation.token.expose());
    let refused = answer::<Attempt>(request.send().await.unwrap()).await.unwrap_err();
    assert_eq!((refused.code, refused.status), (ReasonCode::ChannelClosed, 422));
}

async fn a_device_starts_sixty_attempts_an_hour_whatever_comes_of_them(kind: Kind) {
    let world = World::new(kind).await;
    for _ in 0..60 / 20 {
        let activation = world.activate().await;
        for _ in 0..20 {
            let request = world.post("/v1/attempts", &json!({})).bearer_auth(activation.token.expose());
            answer::<Value>(request.send().await.unwrap()).await.unwrap();
        }
    }
    let activation = world.activate().await;
    let one_more = world.post("/v1/attempts", &json!({})).bearer_auth(activation.token.expose());
    let problem = answer::<Value>(one_more.try_clone().unwrap().send().await.unwrap()).await.unwrap_err();
    assert_eq!(problem.code, ReasonCode::LimitTooManyTries);
    world.clock.advance(Duration::from_secs(3_601));
    let activation = world.activate().await;
    let later = world.post("/v1/attempts", &json!({})).bearer_auth(activation.token.expose());
    answer::<Value>(later.send().await.unwrap()).await.unwrap();
}
