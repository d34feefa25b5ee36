//! The service on PostgreSQL: the same calls, and several processes that judge.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::json;

use crate::databases::Kind;
use crate::people::World;
use crate::uploads::{bundle, location, patch};

/// A process that judges; killed when the test is over, however it ends.
struct Judge(Child);

impl Drop for Judge {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[tokio::test]
async fn what_the_service_accepts_on_postgresql_is_judged_by_processes_beside_it() {
    let world = World::new(Kind::Postgres).await;
    let mut attempts = Vec::new();
    for _ in 0..4 {
        let attempt = world.committed().await;
        let upload = location(&world, &attempt, 5_000).await;
        assert_eq!(patch(&world, &attempt, &upload, 0, &bundle(5_000)).await.status(), StatusCode::NO_CONTENT);
        assert_eq!(world.state(&attempt).await, json!({ "state": "accepted" }));
        attempts.push(attempt);
    }
    let judges: Vec<_> = (0..2)
        .map(|_| {
            let mut work = world.program(&["work"]);
            Judge(work.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
        })
        .collect();
    let begun = Instant::now();
    let mut waiting = attempts.len();
    while waiting > 0 && begun.elapsed() < Duration::from_secs(120) {
        tokio::time::sleep(Duration::from_millis(200)).await;
        waiting = 0;
        for attempt in &attempts {
            waiting += usize::from(world.state(attempt).await["state"] == "accepted");
        }
    }
    drop(judges);
    assert_eq!(waiting, 0);
    for attempt in &attempts {
        assert_eq!(world.state(attempt).await, json!({ "state": "refused", "reasons": ["evidence.tampered"] }));
    }
}
