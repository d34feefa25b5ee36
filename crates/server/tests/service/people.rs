//! People who don't exist, a service that knows them, and a caller.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use jianzai_server::clock::ShiftedClock;
use jianzai_server::config::Config;
use jianzai_server::import::import;
use jianzai_server::{Running, serve};
use jianzai_wire::api::{Activation, Attempt, Problem, StepAnswer, StepRequest};
use jianzai_wire::{Bytes32, FrameTime, Language, Secret, Step, StepOutcome, StepReport};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::databases::Kind;
use crate::server::TestDatabase;

pub(crate) const KNOWN: Facts = Facts("王健在", "44030419520315201X", "440300", "440300");
pub(crate) const OTHER: Facts = Facts("欧阳长青", "440304194910083020", "440300", "530100");
pub(crate) const STRANGER: Facts = Facts("李安", "320102194805262026", "320100", "320100");

/// Asks each in turns until the shortest times of all lie within 100 ms of each other. A busy machine makes some answers slow
/// now and then; what tells something by its time is slow each time.
pub(crate) async fn even_times(count: usize, mut ask: impl AsyncFnMut(usize) -> Duration) {
    let mut fastest = vec![Duration::MAX; count];
    for _ in 0..14 {
        for (which, least) in fastest.iter_mut().enumerate() {
            *least = ask(which).await.min(*least);
        }
        let (least, most) = (*fastest.iter().min().unwrap(), *fastest.iter().max().unwrap());
        assert!(least >= Duration::from_millis(120), "no refusal is told sooner: {least:?}");
        if most - least < Duration::from_millis(100) {
            return;
        }
    }
    panic!("the times tell which: {fastest:?}");
}

/// Name, ID number, insured place, residence.
#[derive(Clone, Copy)]
pub(crate) struct Facts(
    pub(crate) &'static str,
    pub(crate) &'static str,
    pub(crate) &'static str,
    pub(crate) &'static str,
);

/// A running service.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) config: Config,
    pub(crate) clock: Arc<ShiftedClock>,
    pub(crate) client: Client,
    running: Option<Running>,
    _database: Option<TestDatabase>,
}

impl World {
    /// A service that knows [`KNOWN`] and [`OTHER`], and judges nothing.
    pub(crate) async fn new(kind: Kind) -> Self {
        Self::with(kind, |_| {}).await
    }

    pub(crate) async fn with(kind: Kind, set: impl FnOnce(&mut Config)) -> Self {
        // A second installation in the same process is refused, and that is fine.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::new(folder.path().join("data"));
        config.judge = false;
        config.demo = true;
        config.models = models();
        let database = kind.database();
        config.database = database.as_ref().map(|database| Secret::new(database.url()));
        set(&mut config);
        let clock = Arc::new(ShiftedClock::default());
        let csv = write_register(folder.path(), &[KNOWN, OTHER]);
        import(&config, &*clock, &csv, Language::En).await.unwrap();
        let client = Client::builder().no_proxy().build().unwrap();
        let mut world = Self { folder, config, clock, client, running: None, _database: database };
        world.start().await;
        world
    }

    pub(crate) async fn start(&mut self) {
        self.running = Some(serve(self.config.clone(), self.clock.clone()).await.unwrap());
    }

    pub(crate) async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.as_ref().unwrap().address())
    }

    pub(crate) fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    pub(crate) fn data(&self) -> &Path {
        &self.config.data
    }

    /// The service's program, for the same data folder and the same database.
    pub(crate) fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jianzai-server"));
        command.args(arguments).arg("--data").arg(self.data()).env("JIANZAI_MODELS", models());
        match &self.config.database {
            Some(url) => command.env("JIANZAI_DATABASE", url.expose()),
            None => command.env_remove("JIANZAI_DATABASE"),
        };
        command
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.client.post(self.url(path)).json(body)
    }

    pub(crate) async fn try_activate(&self, facts: Facts, device: u8) -> Response {
        self.post("/v1/activations", &activation(facts, device)).send().await.unwrap()
    }

    pub(crate) async fn activate(&self) -> Activation {
        let response = self.try_activate(KNOWN, 1).await;
        assert_eq!(response.status(), StatusCode::CREATED);
        response.json().await.unwrap()
    }

    pub(crate) async fn attempt(&self) -> Attempt {
        let activation = self.activate().await;
        let request = self.post("/v1/attempts", &json!({})).bearer_auth(activation.token.expose());
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::CREATED);
        response.json().await.unwrap()
    }

    pub(crate) async fn step(&self, attempt: &Attempt, request: &StepRequest) -> Result<StepAnswer, Problem> {
        let path = format!("/v1/attempts/{}/steps", attempt.id);
        let request = self.client.post(self.url(&path)).json(request).bearer_auth(attempt.token.expose());
        answer(request.send().await.unwrap()).await
    }

    pub(crate) async fn commit(&self, attempt: &Attempt, body: &Value) -> Result<Value, Problem> {
        let path = format!("/v1/attempts/{}/commit", attempt.id);
        answer(self.post(&path, body).bearer_auth(attempt.token.expose()).send().await.unwrap()).await
    }

    pub(crate) async fn state(&self, attempt: &Attempt) -> Value {
        let path = self.url(&format!("/v1/attempts/{}", attempt.id));
        let request = self.client.get(path).bearer_auth(attempt.token.expose());
        answer(request.send().await.unwrap()).await.unwrap()
    }

    /// Goes through the plan; the number of frames after it.
    pub(crate) async fn complete_plan(&self, attempt: &Attempt) -> u32 {
        let mut request = StepRequest { ended: None, frames: 10, chain_head: head(10) };
        while let StepAnswer::Next(step) = self.step(attempt, &request).await.unwrap() {
            let frames = request.frames + 20;
            request = StepRequest { ended: Some(report(step, StepOutcome::Done)), frames, chain_head: head(frames) };
        }
        request.frames
    }

    /// An attempt whose capture is committed.
    pub(crate) async fn committed(&self) -> Attempt {
        let attempt = self.attempt().await;
        let frames = self.complete_plan(&attempt).await;
        self.commit(&attempt, &commitment(frames)).await.unwrap();
        attempt
    }
}

pub(crate) fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models")
}

/// A CSV file of people without portraits.
pub(crate) fn write_register(folder: &Path, people: &[Facts]) -> PathBuf {
    let rows = people.iter().map(|Facts(name, id, insured, residence)| {
        format!("{name},{id},{insured},{residence},13800000000;0755-12345678,\n")
    });
    let text = format!("name,id_number,insured_place,residence,phones,portrait\n{}", rows.collect::<String>());
    let path = folder.join("register.csv");
    std::fs::write(&path, text).unwrap();
    path
}

/// A device key that is a point of the curve.
pub(crate) fn device(number: u8) -> String {
    let key = ed25519_dalek::SigningKey::from_bytes(&[number; 32]).verifying_key();
    Bytes32(key.to_bytes()).to_string()
}

pub(crate) fn activation(Facts(name, id_number, insured_place, residence): Facts, number: u8) -> Value {
    json!({
        "person": { "name": name, "id_number": id_number, "insured_place": insured_place, "residence": residence },
        "mode": "self",
        "consent": { "text_version": "2026-1", "by": "beneficiary" },
        "device_key": device(number),
    })
}

pub(crate) fn head(number: u32) -> Bytes32 {
    let mut head = Bytes32([7; 32]);
    head.0[..4].copy_from_slice(&number.to_be_bytes());
    head
}

pub(crate) fn report(step: Step, outcome: StepOutcome) -> StepReport {
    let at = |offset: u64| FrameTime(u64::from(step.index) * 3_000 + offset);
    StepReport { index: step.index, outcome, cue_at: at(700), began_at: at(1_200), ended_at: at(2_500) }
}

pub(crate) fn commitment(frames: u32) -> Value {
    json!({ "chain_head": head(frames + 5), "frames": frames + 5, "duration_ms": 900 })
}

/// The answer, or the problem it was refused with.
pub(crate) async fn answer<T: serde::de::DeserializeOwned>(response: Response) -> Result<T, Problem> {
    let status = response.status();
    let body = response.bytes().await.unwrap();
    if status.is_success() {
        Ok(serde_json::from_slice(&body).unwrap())
    } else {
        Err(serde_json::from_slice(&body).unwrap())
    }
}
