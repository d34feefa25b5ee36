//! The worker: what was accepted is judged, also after a stop; and a fault of the evidence has its name.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::databases::{Kind, on_both_databases};
use crate::people::World;
use crate::uploads::{bundle, location, patch};

on_both_databases! {
    what_was_accepted_before_a_stop_is_judged_after_it,
}

pub(crate) async fn judged(world: &World, attempt: &jianzai_wire::api::Attempt) -> Value {
    for _ in 0..300 {
        let state = world.state(attempt).await;
        if state["state"] != "accepted" {
            return state;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("not judged within 30 seconds");
}

async fn what_was_accepted_before_a_stop_is_judged_after_it(kind: Kind) {
    let mut world = World::new(kind).await;
    let attempt = world.committed().await;
    let upload = location(&world, &attempt, 5_000).await;
    assert_eq!(patch(&world, &attempt, &upload, 0, &bundle(5_000)).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(world.state(&attempt).await, json!({ "state": "accepted" }));
    world.stop().await;
    world.config.judge = true;
    world.start().await;
    assert_eq!(judged(&world, &attempt).await, json!({ "state": "refused", "reasons": ["evidence.tampered"] }));
    let drawn = world.client.get(world.url(&format!("/v1/attempts/{}/certificate.pdf", attempt.id)));
    let drawn = drawn.bearer_auth(attempt.token.expose()).send().await.unwrap();
    assert_eq!(drawn.status(), StatusCode::NOT_FOUND, "no certificate");
    let next = world.committed().await;
    let upload = location(&world, &next, 5_000).await;
    assert_eq!(patch(&world, &next, &upload, 0, &bundle(5_000)).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(judged(&world, &next).await["state"], "refused", "the worker is woken by what arrives");
    world.stop().await;
}
