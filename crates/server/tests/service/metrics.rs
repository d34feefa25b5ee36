//! What is counted, where it is told, and that it names nobody.

use jianzai_wire::desk::StaffRole;
use reqwest::{Method, StatusCode};

use crate::databases::{Kind, on_both_databases};
use crate::people::{KNOWN, World};

on_both_databases! {
    calls_are_counted_by_route_and_told_on_an_address_of_its_own,
    where_calls_come_in_nothing_is_told_but_that_it_lives,
}

async fn calls_are_counted_by_route_and_told_on_an_address_of_its_own(kind: Kind) {
    let world = World::with(kind, |config| config.metrics = Some(([127, 0, 0, 1], 0).into())).await;
    let attempt = world.committed().await;
    world.state(&attempt).await;
    world.signed_in("clerk.wang", StaffRole::Clerk, "440300").await;
    let made_up = Method::from_bytes(b"WANG").unwrap();
    world.client.request(made_up, world.url(&format!("/nowhere/{}", KNOWN.1))).send().await.unwrap();

    let address = world.running().metrics_address().unwrap();
    let told = world.client.get(format!("http://{address}/metrics")).send().await.unwrap();
    assert!(told.headers()["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
    let text = told.text().await.unwrap();
    for line in [
        r#"jianzai_calls_total{method="POST",route="/v1/activations",status="201"} 1"#,
        r#"jianzai_calls_total{method="GET",route="/v1/attempts/{id}",status="200"} 1"#,
        r#"jianzai_calls_total{method="other",route="-",status="404"} 1"#,
        r#"jianzai_call_seconds_count{route="/v1/desk/login"} 1"#,
        "jianzai_jobs_waiting 0",
        // The register was imported, the account made, and its owner signed in.
        "jianzai_log_entries 3",
        "# EOF",
    ] {
        assert!(text.lines().any(|told| told == line), "{line} in {text}");
    }
    for part in [KNOWN.0, KNOWN.1, "clerk.wang", "127.0.0.1", "WANG", &attempt.id.to_string()] {
        assert!(!text.contains(part), "{part} in {text}");
    }
}

async fn where_calls_come_in_nothing_is_told_but_that_it_lives(kind: Kind) {
    let world = World::new(kind).await;
    assert_eq!(world.running().metrics_address(), None);
    let ask = async |path: &str| world.client.get(world.url(path)).send().await.unwrap().status();
    assert_eq!(ask("/metrics").await, StatusCode::NOT_FOUND);
    assert_eq!((ask("/health").await, ask("/ready").await), (StatusCode::NO_CONTENT, StatusCode::NO_CONTENT));
}
