use std::time::Duration;

use jianzai_wire::api::CommitRequest;
use jianzai_wire::{Bytes32, Language, ReasonCode, Secret};
use time::OffsetDateTime;
use uuid::Uuid;

use super::service::{CERTIFICATE, Call, Fault, PLAN, Service};
use crate::client::Client;
use crate::delivery::{DeliveryError, Outcome, deliver};
use crate::event::JourneyEvent;
use crate::outbox::{Header, Outbox, Stage};

/// A service, an outbox with one item, and what was told.
struct Scene {
    service: Service,
    outbox: Outbox,
    header: Header,
    bundle: Vec<u8>,
    told: Vec<JourneyEvent>,
    _data: tempfile::TempDir,
}

impl Scene {
    async fn with(faults: &[Fault]) -> Self {
        let (service, server) = Service::start(faults).await;
        let data = tempfile::tempdir().expect("a folder");
        let outbox = Outbox::open(data.path()).expect("opens");
        // Three pieces, the last one short.
        let bundle: Vec<u8> = (0..600_000_u32).map(|n| ((n * 31) >> 3) as u8).collect();
        let header = Header {
            version: Header::VERSION,
            attempt: Uuid::from_u128(5),
            token: Secret::new("token".into()),
            server,
            plan_hash: PLAN,
            captured_at: OffsetDateTime::UNIX_EPOCH,
            bytes: bundle.len() as u64,
            stage: Stage::Uncommitted,
            commit: CommitRequest { chain_head: Bytes32([1; 32]), frames: 9, duration_ms: 800 },
            commit_by: OffsetDateTime::UNIX_EPOCH,
            deliver_by: None,
            upload: None,
            leased: None,
        };
        outbox.keep(&header, &bundle).expect("kept");
        Self { service, outbox, header, bundle, told: Vec::new(), _data: data }
    }

    /// Delivers, as an app does that has just started.
    async fn deliver(&mut self, patience: Duration) -> Result<Outcome, DeliveryError> {
        let header = self.outbox.header(self.header.attempt).expect("waits");
        let client = Client::new(&header.server, Language::En).expect("an address");
        let told = &mut self.told;
        deliver(&client, &self.outbox, header, patience, &mut |event| told.push(event)).await
    }

    fn arrived(&self) -> Vec<u8> {
        self.service.0.lock().expect("lock").stored.clone()
    }

    fn calls(&self, call: Call) -> usize {
        self.service.0.lock().expect("lock").calls.iter().filter(|made| **made == call).count()
    }
}

const PATIENCE: Duration = Duration::from_secs(20);

fn certified() -> Outcome {
    Outcome::Certified { certificate: CERTIFICATE.into() }
}

#[tokio::test]
async fn an_item_is_committed_sent_in_pieces_and_judged() {
    let mut scene = Scene::with(&[]).await;
    assert_eq!(scene.deliver(PATIENCE).await.expect("delivered"), certified());
    assert_eq!(scene.arrived(), scene.bundle);
    assert_eq!(scene.calls(Call::Piece), 3);
    let sent: Vec<u64> = scene
        .told
        .iter()
        .filter_map(|event| match event {
            JourneyEvent::Upload { sent, total: 600_000 } => Some(*sent),
            _ => None,
        })
        .collect();
    assert_eq!(sent, [0, 262_144, 524_288, 600_000]);
    assert_eq!(scene.told.last(), Some(&JourneyEvent::Judging));
    // It is for the caller to remove it, once the person knows.
    let kept = scene.outbox.header(scene.header.attempt).expect("waits");
    assert_eq!(kept.stage, Stage::Delivered);
}

#[tokio::test]
async fn every_lost_answer_is_made_good() {
    for call in [Call::State, Call::Commit, Call::Create, Call::Piece] {
        let mut scene = Scene::with(&[Fault::AnswerLost(call)]).await;
        assert_eq!(scene.deliver(PATIENCE).await.expect("delivered"), certified(), "{call:?}");
        assert_eq!(scene.arrived(), scene.bundle, "{call:?}");
        let commits = scene.service.0.lock().expect("lock").commits.clone();
        assert!(commits.iter().all(|commit| *commit == scene.header.commit), "{call:?}");
    }
}

#[tokio::test]
async fn a_busy_service_is_waited_for_and_the_person_is_told_once() {
    let faults = [Fault::Busy(Call::State), Fault::Busy(Call::State), Fault::Portal(Call::State, 200)];
    let mut scene = Scene::with(&faults).await;
    assert_eq!(scene.deliver(PATIENCE).await.expect("delivered"), certified());
    let hints: Vec<Option<ReasonCode>> = scene
        .told
        .iter()
        .filter_map(|event| match event {
            JourneyEvent::Hint { reason } => Some(reason.as_ref().map(|said| said.code)),
            _ => None,
        })
        .collect();
    assert_eq!(hints, [Some(ReasonCode::ServerBusy), None]);
}

#[tokio::test]
async fn what_something_between_answers_settles_nothing() {
    for call in [Call::State, Call::Commit, Call::Create, Call::Piece] {
        for status in [401, 403, 404, 410, 413, 511] {
            let mut scene = Scene::with(&[Fault::Portal(call, status)]).await;
            assert_eq!(scene.deliver(PATIENCE).await.expect("delivered"), certified(), "{call:?} {status}");
            assert_eq!(scene.arrived(), scene.bundle, "{call:?} {status}");
        }
    }
}

#[tokio::test]
async fn an_upload_that_was_forgotten_is_begun_again() {
    let mut scene = Scene::with(&[Fault::Forget(Call::Piece)]).await;
    assert_eq!(scene.deliver(PATIENCE).await.expect("delivered"), certified());
    assert_eq!(scene.arrived(), scene.bundle);
    assert_eq!(scene.calls(Call::Create), 2);
}

#[tokio::test]
async fn another_run_of_the_app_goes_on_where_this_one_was_killed() {
    let many: Vec<Fault> = (0..40).map(|_| Fault::Busy(Call::Piece)).collect();
    let mut scene = Scene::with(&many).await;
    let error = scene.deliver(Duration::from_millis(600)).await.expect_err("no patience");
    assert_eq!(error.reason(), ReasonCode::ServerBusy);
    let waits = scene.outbox.header(scene.header.attempt).expect("waits");
    assert!(waits.upload.is_some() && waits.stage == Stage::Committed);

    scene.service.0.lock().expect("lock").faults.clear();
    assert_eq!(scene.deliver(PATIENCE).await.expect("delivered"), certified());
    assert_eq!(scene.arrived(), scene.bundle);
    assert_eq!((scene.calls(Call::Create), scene.calls(Call::Commit)), (1, 1));
}

#[tokio::test]
async fn a_commit_that_is_too_late_is_an_outcome() {
    let mut scene = Scene::with(&[Fault::Refuse(Call::Commit, ReasonCode::AttemptCommitLate)]).await;
    let outcome = scene.deliver(PATIENCE).await.expect("an outcome");
    assert_eq!(outcome, Outcome::Refused { reasons: vec![ReasonCode::AttemptCommitLate] });
}

#[tokio::test]
async fn nobody_there_leaves_the_item_where_it_is() {
    let mut scene = Scene::with(&[]).await;
    scene.header.server = "http://127.0.0.1:9/".into();
    scene.outbox.update(&scene.header).expect("updates");
    let error = scene.deliver(Duration::from_millis(900)).await.expect_err("nobody there");
    assert_eq!(error.reason(), ReasonCode::NetworkUnreachable);
    assert_eq!(scene.outbox.waiting().expect("lists"), [scene.header.clone()]);
    assert_eq!(scene.outbox.bundle(scene.header.attempt).expect("reads"), scene.bundle);
}
