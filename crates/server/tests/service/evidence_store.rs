//! Evidence in a bucket of a real S3 service: the whole way, and what happens while nobody answers there.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use jianzai_server::evidence_store::{Bucket, EvidenceStore};
use jianzai_wire::api::{Attempt, Problem};
use reqwest::StatusCode;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::judging::judged;
use crate::people::{World, models};
use crate::uploads::{bundle, location, offset, patch};

const KEY: &str = "jianzai-key";
const SECRET: &str = "a-secret-that-nobody-prints";

/// An S3 service in this process, over a folder of its own.
struct Service {
    folder: TempDir,
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Service {
    /// With one bucket, `evidence`.
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("evidence")).unwrap();
        let (address, serving) = serve(folder.path(), SocketAddr::from(([127, 0, 0, 1], 0))).await;
        Self { folder, address, serving }
    }

    /// Nobody answers any more, and what was under way is cut off.
    async fn stop(&mut self) {
        self.serving.abort();
        (&mut self.serving).await.ok();
    }

    /// At the same address, with what it had.
    async fn start_again(&mut self) {
        (_, self.serving) = serve(self.folder.path(), self.address).await;
    }

    /// What the environment says of it.
    fn environment(&self, secret: &str) -> Vec<(String, String)> {
        let endpoint = format!("http://{}", self.address);
        let said = [
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", KEY),
            ("AWS_SECRET_ACCESS_KEY", secret),
        ];
        said.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec()
    }

    fn bucket(&self, address: &str) -> EvidenceStore {
        EvidenceStore::S3(Bucket::parse(address, self.environment(SECRET)).unwrap())
    }

    /// What lies in the bucket, below the prefix.
    fn objects(&self) -> Vec<PathBuf> {
        let folder = self.folder.path().join("evidence/live");
        if folder.is_dir() { crate::uploads::files(folder) } else { Vec::new() }
    }
}

async fn serve(folder: &Path, at: SocketAddr) -> (SocketAddr, JoinHandle<()>) {
    let mut service = S3ServiceBuilder::new(s3s_fs::FileSystem::new(folder).unwrap());
    service.set_auth(SimpleAuth::from_single(KEY, SECRET));
    let service = service.build();
    let listener = TcpListener::bind(at).await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        let mut lines = tokio::task::JoinSet::new();
        while let Ok((line, _)) = listener.accept().await {
            let service = service.clone();
            lines.spawn(async move {
                let line = hyper_util::rt::TokioIo::new(line);
                hyper::server::conn::http1::Builder::new().serve_connection(line, service).await.ok();
            });
        }
    });
    (address, serving)
}

async fn with_bucket(service: &Service) -> World {
    let store = service.bucket("s3://evidence/live");
    World::with(|config| config.evidence = store).await
}

/// Delivers a bundle whole; the answer to its last piece.
async fn deliver(world: &World, attempt: &Attempt) -> (StatusCode, Option<Problem>) {
    let upload = location(world, attempt, 5_000).await;
    let answer = patch(world, attempt, &upload, 0, &bundle(5_000)).await;
    (answer.status(), answer.json().await.ok())
}

#[tokio::test]
async fn evidence_goes_into_the_bucket_is_judged_from_it_and_leaves_it_on_its_date() {
    let service = Service::start().await;
    let mut world = with_bucket(&service).await;
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

#[tokio::test]
async fn a_judge_beside_the_service_reads_the_same_bucket() {
    let service = Service::start().await;
    let world = with_bucket(&service).await;
    let attempt = world.committed().await;
    assert_eq!(deliver(&world, &attempt).await.0, StatusCode::NO_CONTENT);
    let mut work = Command::new(env!("CARGO_BIN_EXE_jianzai-server"));
    work.arg("work").arg("--data").arg(world.data()).args(["--evidence", "s3://evidence/live"]);
    work.envs(service.environment(SECRET)).env("JIANZAI_MODELS", models()).env("RUST_LOG", "debug");
    let log = world.folder.path().join("log");
    let mut working = work.stdout(Stdio::null()).stderr(std::fs::File::create(&log).unwrap()).spawn().unwrap();
    let state = judged(&world, &attempt).await;
    working.kill().unwrap();
    working.wait().unwrap();
    assert_eq!(state, json!({ "state": "refused", "reasons": ["evidence.tampered"] }));
    let said = std::fs::read_to_string(&log).unwrap();
    assert!(said.contains("judged") && !said.contains(SECRET) && !said.contains(KEY), "{said}");
}

#[tokio::test]
async fn while_the_bucket_is_away_nothing_is_called_accepted_and_no_job_is_lost() {
    let mut service = Service::start().await;
    let mut world = with_bucket(&service).await;
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

#[tokio::test]
async fn a_bucket_that_is_not_there_or_not_ours_is_found_before_the_first_upload() {
    let service = Service::start().await;
    let mut world = with_bucket(&service).await;
    world.stop().await;
    let wrong = Bucket::parse("s3://evidence", service.environment("another-secret")).unwrap();
    for store in [service.bucket("s3://nowhere"), EvidenceStore::S3(wrong)] {
        world.config.evidence = store;
        let refused = jianzai_server::serve(world.config.clone(), world.clock.clone()).await.map(drop);
        let said = refused.unwrap_err().to_string();
        assert!(said.contains("not there, or is closed") && !said.contains("another-secret"), "{said}");
    }
}
