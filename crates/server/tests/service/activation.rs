//! Four facts: one answer whichever is wrong, and limits.

use std::time::{Duration, Instant};

use jianzai_wire::ReasonCode;
use jianzai_wire::api::Problem;
use reqwest::StatusCode;
use serde_json::json;

use crate::databases::{Kind, on_both_databases};
use crate::people::{Facts, KNOWN, OTHER, STRANGER, World, activation, device, even_times};

on_both_databases! {
    whichever_fact_is_wrong_the_answer_is_the_same,
    guessing_is_limited_for_a_device_but_never_for_a_person,
    a_device_that_tries_many_people_is_limited_across_restarts,
    what_is_typed_wrongly_has_its_own_code_and_is_never_repeated,
}

async fn whichever_fact_is_wrong_the_answer_is_the_same(kind: Kind) {
    let world = World::new(kind).await;
    let Facts(name, id, insured, residence) = KNOWN;
    let wrong = [
        ("name", Facts(STRANGER.0, id, insured, residence)),
        ("id number of another", Facts(name, OTHER.1, insured, residence)),
        ("unknown id number", Facts(name, STRANGER.1, insured, residence)),
        ("insured place", Facts(name, id, STRANGER.2, residence)),
        ("residence", Facts(name, id, insured, OTHER.3)),
        ("everything", STRANGER),
    ];
    let mut first = None;
    let times = even_times(wrong.len(), async |which| {
        let (what, facts) = wrong[which];
        // Failures on one ID number delay the next answer; that is another test's matter.
        world.clock.advance(Duration::from_secs(3_601));
        let asked = Instant::now();
        let response = world.try_activate(facts, 10 + which as u8).await;
        let took = asked.elapsed();
        let mut headers: Vec<_> = response.headers().iter().map(|(n, v)| (n.clone(), v.clone())).collect();
        headers.retain(|(name, _)| name != "date");
        let shape = (response.status(), headers, response.text().await.unwrap());
        assert_eq!(shape.0, StatusCode::FORBIDDEN);
        assert!(shape.2.contains("identity.not_confirmed"));
        assert_eq!(*first.get_or_insert_with(|| shape.clone()), shape, "{what}");
        took
    });
    times.await;
}

async fn guessing_is_limited_for_a_device_but_never_for_a_person(kind: Kind) {
    let world = World::new(kind).await;
    let wrong = Facts(STRANGER.0, KNOWN.1, KNOWN.2, KNOWN.3);
    for _ in 0..6 {
        assert_eq!(world.try_activate(wrong, 1).await.status(), StatusCode::FORBIDDEN);
    }
    for facts in [wrong, KNOWN] {
        let response = world.try_activate(facts, 1).await;
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        let told: u32 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        let problem: Problem = response.json().await.unwrap();
        assert_eq!(problem.code, ReasonCode::LimitTooManyTries);
        assert_eq!(problem.retry_after, Some(told));
        assert!((3_000..=3_601).contains(&told), "{told}");
    }
    let asked = Instant::now();
    assert_eq!(world.try_activate(KNOWN, 2).await.status(), StatusCode::CREATED, "another device is only delayed");
    assert!(
        asked.elapsed() >= Duration::from_millis(500),
        "after six failures on the ID number: {:?}",
        asked.elapsed()
    );
    world.clock.advance(Duration::from_secs(3_601));
    assert_eq!(world.try_activate(KNOWN, 1).await.status(), StatusCode::CREATED);
}

async fn a_device_that_tries_many_people_is_limited_across_restarts(kind: Kind) {
    let mut world = World::new(kind).await;
    for number in 0..20_u32 {
        // A different ID number each time, so that no other limit is met first.
        let id = id_number(number);
        let mut body = activation(STRANGER, 3);
        body["person"]["id_number"] = json!(id);
        let response = world.post("/v1/activations", &body).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{number}");
    }
    world.stop().await;
    world.start().await;
    assert_eq!(world.try_activate(KNOWN, 3).await.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(world.try_activate(KNOWN, 4).await.status(), StatusCode::CREATED);
}

async fn what_is_typed_wrongly_has_its_own_code_and_is_never_repeated(kind: Kind) {
    let world = World::new(kind).await;
    let cases = [
        ("id_number", "440304195203152011", "input.id_number_checksum"),
        ("id_number", "4403041952031520", "input.id_number_length"),
        ("name", "王1", "input.name_invalid"),
        ("residence", "999999", "input.place_unknown"),
    ];
    for (field, value, code) in cases {
        let mut body = activation(KNOWN, 1);
        body["person"][field] = json!(value);
        let response = world.post("/v1/activations", &body).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let text = response.text().await.unwrap();
        assert!(text.contains(code) && !text.contains(value), "{text}");
    }
    let mut no_consent = activation(KNOWN, 1);
    no_consent["consent"]["text_version"] = json!("");
    let response = world.post("/v1/activations", &no_consent).send().await.unwrap();
    assert!(response.text().await.unwrap().contains("input.consent_missing"));
    let mut no_key = activation(KNOWN, 1);
    no_key["device_key"] = json!(device(1).replace(|c: char| c.is_ascii_digit(), "g"));
    let response = world.post("/v1/activations", &no_key).send().await.unwrap();
    assert!(response.text().await.unwrap().contains("input.body_invalid"));
}

/// A made-up ID number with a right check digit.
pub(crate) fn id_number(serial: u32) -> String {
    let digits = format!("44030419520315{serial:03}");
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits.chars().zip(weights).map(|(digit, weight)| digit.to_digit(10).unwrap() * weight).sum();
    let check = "10X98765432".chars().nth(sum as usize % 11).unwrap();
    format!("{digits}{check}")
}
