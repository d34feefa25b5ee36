//! A sealed bundle as a phone makes it, of pictures that show nobody.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use image::{Rgb, RgbImage};
use jianzai_evidence::{Recorder, RecorderConfig, Source};
use jianzai_liveness::{Blendshapes, CaptureLog, FaceSeen, Observation, Placement, Pose, Rect};
use jianzai_wire::api::{CommitRequest, Recipient};
use jianzai_wire::{Action, Bytes32, CapturePolicy, FrameTime, Mode, Step};
use uuid::Uuid;

/// What the judge said of it.
pub(super) const JUDGEMENT: &str = r#"{
    "decision": "review",
    "reasons": [{ "code": "match.unsure", "layer": "match", "leads_to": "review",
        "figures": [{ "name": "likeness", "value": 0.41, "limit": 0.45 }] }],
    "figures": [{ "name": "longest_gap_ms", "value": 71.0, "limit": 500.0 }]
}"#;

const FRAMES: u64 = 60;
const SIZE: (u32, u32) = (320, 240);

/// A bundle, and what the service was told while it was made.
pub(super) struct Made {
    pub(super) bytes: Vec<u8>,
    pub(super) committed: CommitRequest,
    pub(super) device_key: Bytes32,
    pub(super) step: Step,
    /// Chain head before the first frame.
    pub(super) first_head: Bytes32,
}

impl Made {
    pub(super) fn new(attempt: Uuid, nonce: Bytes32, policy: CapturePolicy, recipient: &Recipient) -> Self {
        let models = BTreeMap::from([("mesh".into(), Bytes32([1; 32]))]);
        let config =
            RecorderConfig { attempt, nonce, policy, source: Source::Camera, app_version: "0.1.0".into(), models };
        let device = SigningKey::from_bytes(&[3; 32]);
        let mut recorder = Recorder::new(config);
        let first_head = recorder.chain_head();
        for number in 0..FRAMES {
            recorder.push(&picture(number), at(number), &seen(number)).unwrap();
            if number == 20 {
                recorder.first_rest_over();
            }
        }
        let capture = recorder.finish(&log()).unwrap();
        let committed =
            CommitRequest { chain_head: capture.chain_head, frames: capture.frames, duration_ms: capture.duration_ms };
        let step = Step { index: 0, action: Action::OpenMouth, wait_ms: 700 };
        let bytes = capture.seal(&[step], recipient, &device).unwrap().into_bytes();
        Self { bytes, committed, device_key: Bytes32(device.verifying_key().to_bytes()), step, first_head }
    }
}

fn at(number: u64) -> FrameTime {
    FrameTime(1_000 + number * 67)
}

/// A soft pattern that moves slowly.
fn picture(number: u64) -> RgbImage {
    let wave = |value: f32| (127.0 + 90.0 * value.sin()) as u8;
    RgbImage::from_fn(SIZE.0, SIZE.1, |x, y| {
        let (x, y, t) = (x as f32 / 40.0, y as f32 / 40.0, number as f32 / 30.0);
        Rgb([wave(x + t), wave(y - t), wave(x + y)])
    })
}

fn seen(number: u64) -> Observation {
    let (w, h) = (SIZE.0 as f32, SIZE.1 as f32);
    let face = FaceSeen {
        bbox: Rect { x0: 0.39 * w, y0: 0.33 * h, x1: 0.65 * w, y1: 0.8 * h },
        landmarks: Vec::new(),
        presence: 0.99,
        pose: Pose { yaw: 0.0, pitch: 2.0, roll: -1.0 },
        blendshapes: Blendshapes::default(),
        brightness: 0.5,
        back_light: 1.0,
        sharpness: 60.0,
        placement: Placement { size: 0.9, dx: 0.02, dy: 0.05 },
        passive: None,
    };
    Observation { at: at(number), size: SIZE, faces: 1, frame_brightness: 0.5, face: Some(face) }
}

fn log() -> CaptureLog {
    CaptureLog {
        version: CaptureLog::VERSION,
        liveness: "0.1.0".into(),
        versions: BTreeMap::new(),
        mode: Mode::OwnPhone,
        started_at: at(0),
        ended_at: at(FRAMES),
        restarts: 0,
        baseline: None,
        steps: Vec::new(),
    }
}
