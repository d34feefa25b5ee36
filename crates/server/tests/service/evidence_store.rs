//! Evidence in a bucket of a real S3 service: the whole way, and what happens while nobody answers there.

use std::process::Stdio;
use std::time::Duration;

use jianzai_server::evidence_store::{Bucket, EvidenceStore};
use jianzai_wire::api::{Attempt, Problem};
use reqwest::StatusCode;
use serde_json::json;

use crate::bucket::{KEY, SECRET, Service, serve};
use crate::databases::{Kind, on_both_databases};
use crate::judging::judged;
use crate::people::World;
use crate::uploads::{bundle, location, offset, patch};

on_both_databases! {
    evidence_goes_into_the_bucket_is_judged_from_it_and_leaves_it_on_its_date,
    a_judge_beside_the_service_reads_the_same_bucket,
    while_the_bucket_is_away_nothing_is_called_accepted_and_no_job_is_lost,
    a_bucket_that_is_not_there_or_not_ours_is_found_before_the_first_upload,
}

impl Service {
    /// Nobody answers any more, and what was under way is cut off.
    async fn stop(&mut self) {
        self.serving.abort();
        (&mut self.serving).await.ok();
    }

    /// At the same address, with what it had.
    async fn start_again(&mut self) {
        (_, self.serving) = serve(self.folder.path(), self.address).await;
    }

    fn bucket(&self, address: &str) -> EvidenceStore {
        EvidenceStore::S3(Bucket::parse(address, self.environment(SECRET)).unwrap())
    }
}

async fn with_bucket(kind: Kind, service: &Service) -> World {
    let store = service.bucket("s3://evidence/live");
    World::with(kind, |config| config.evidence = store).await
}

/// Delivers a bundle whole; the answer to its last piece.
async fn deliver(world: &World, attempt: &Attempt) -> (StatusCode, Option<Problem>) {
    let upload = location(world, attempt, 5_000).await;
    let answer = patch(world, attempt, &upload, 0, &bundle(5_000)).await;
    (answer.status(), answer.json().await.ok())
}

async fn evidence_goes_into_the_bucket_is_judged_from_it_and_leaves_it_on_its_date(kind: Kind) {
    let service = Service::start().await;
    let mut world = with_bucket(kind, &service).await;
    let (judged_now, kept) = (world.committed().await, world.committed().await);
    for attempt in [&judged_now, &kept] {
        assert_eq!(deliver(&world, attempt).await.0, StatusCode::NO_CONTENT);
    }
    let lie = service.objects();
    assert_eq!(lie.len(), 2, "{lie:?}");
    assert!(lie.iter().all(|path| std::fs::read(path).unwrap() == bundle(5_000)));
    assert!(!world.data().join("evidence").exists(), "nothing lies in the data folder");

    world.clock.advance(Duration::from_secs(31 * 86_400));
    world.stop().await;
    world.start().await;
    for _ in 0..100 {
        if service.objects().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(service.objects().is_empty(), "the day of both has come");
}

async fn a_judge_beside_the_service_reads_the_same_bucket(kind: Kind) {
    let service = Service::start().await;
    let world = with_bucket(kind, &service).await;
    let attempt = world.committed().await;
    assert_eq!(deliver(&world, &attempt).await.0, StatusCode::NO_CONTENT);
    let mut work = world.program(&["work", "--evidence", "s3://evidence/live"]);
    work.envs(service.environment(SECRET)).env("RUST_LOG", "debug");
    let log = world.folder.path().join("log");
    let mut working = work.stdout(Stdio::null()).stderr(std::fs::File::create(&log).unwrap()).spawn().unwrap();
    let state = judged(&world, &attempt).await;
    working.kill().unwrap();
    working.wait().unwrap();
    assert_eq!(state, json!({ "state": "refused", "reasons": ["evidence.tampered"] }));
    let said = std::fs::read_to_string(&log).unwrap();
    assert!(said.contains("judged") && !said.contains(SECRET) && !said.contains(KEY), "{said}");
}

async fn while_the_bucket_is_away_nothing_is_called_accepted_and_no_job_is_lost(kind: Kind) {
    let mut service = Service::start().await;
    let mut world = with_bucket(kind, &service).await;
    let (before, during) = (world.committed().await, world.committed().await);
    assert_eq!(deliver(&world, &before).await.0, StatusCode::NO_CONTENT);
    service.stop().await;

    let (status, problem) = deliver(&world, &during).await;
    let problem = problem.unwrap();
    assert_eq!((status, problem.code.code()), (StatusCode::SERVICE_UNAVAILABLE, "server.busy"));
    assert!(problem.retry_after.is_some_and(|seconds| seconds > 0));
    assert_eq!(world.state(&during).await, json!({ "state": "committed" }));
    let upload = location(&world, &during, 5_000).await;
    assert_eq!(offset(&world, &during, &upload).await, 0, "the last piece counts as not arrived");

    // The service starts without it, and its judge keeps the job, however often it asks.
    world.stop().await;
    world.config.judge = true;
    world.start().await;
    for _ in 0..8 {
        world.clock.advance(Duration::from_secs(60));
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    assert_eq!(world.state(&before).await, json!({ "state": "accepted" }));

    service.start_again().await;
    assert_eq!(deliver(&world, &during).await.0, StatusCode::NO_CONTENT);
    world.clock.advance(Duration::from_secs(60));
    for attempt in [&before, &during] {
        let expected = json!({ "state": "refused", "reasons": ["evidence.tampered"] });
        assert_eq!(judged(&world, attempt).await, expected);
    }
    world.stop().await;
}

async fn a_bucket_that_is_not_there_or_not_ours_is_found_before_the_first_upload(kind: Kind) {
    let service = Service::start().await;
    let mut world = with_bucket(kind, &service).await;
    world.stop().await;
    let wrong = Bucket::parse("s3://evidence", service.environment("another-secret")).unwrap();
    for store in [service.bucket("s3://nowhere"), EvidenceStore::S3(wrong)] {
        world.config.evidence = store;
        let refused = jianzai_server::serve(world.config.clone(), world.clock.clone()).await.map(drop);
        let said = refused.unwrap_err().to_string();
        assert!(said.contains("not there, or is closed") && !said.contains("another-secret"), "{said}");
    }
}
