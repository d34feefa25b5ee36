//! Looks at one bundle: opens it, sees every frame for itself, and asks the judge. Blocks for seconds.

use std::path::Path;

use jianzai_evidence::{EvidenceError, Expected, Limits, Opened, Picture, Source, crop_region};
use jianzai_face::{EngineOptions, FaceEngine, FaceError, ModelError, Models, PassiveScorer, PortraitReader};
use jianzai_liveness::judge::{Figure, Layer, Reason};
use jianzai_liveness::{Decision, Evidence, Judgement, Observation, Rect, judge};
use jianzai_wire::ReasonCode;

use super::case::Case;
use super::pacing::pacing;
use super::{JudgingError, likeness};
use crate::db::entity::State;
use crate::import::portrait::embedding_network;

/// A clock that runs a little fast makes a recording seem a little longer.
const CLOCK_TOLERANCE_MS: i64 = 2_000;
/// Frames picked for a crop in which the phone says it saw no face and the judge does; one may be a borderline case.
const PASSED_OVER: usize = 1;
const SURE_OF_A_FACE: f32 = 0.9;
/// An old person may need several tries; with so many the chance of a recording stays below 8 % (docs/THREATS.md).
const FAILED_IN_A_DAY: u64 = 4;
/// The face's box differs between phone and judge by less than this part of its size, at most a third of a crop's margin.
const CROP_SLACK: f32 = 0.35;

/// The networks, ready.
pub(crate) struct Examiner {
    engine: FaceEngine,
    passive: PassiveScorer,
    reader: PortraitReader,
    /// SHA-256 of the embedding network.
    network: String,
    /// Whether attempts made from the actor are accepted.
    demo: bool,
}

/// What an examination came to.
pub(super) enum Examined {
    Found(Finding),
    /// The service is stopping.
    Interrupted,
}

/// The outcome of a bundle.
pub(super) struct Finding {
    pub(super) state: State,
    pub(super) reasons: Vec<ReasonCode>,
    /// Reasons and figures for the clerk, JSON.
    pub(super) judgement: Option<String>,
}

impl Finding {
    pub(super) fn review(reason: ReasonCode) -> Self {
        Self { state: State::Review, reasons: vec![reason], judgement: None }
    }

    fn refused(reason: ReasonCode) -> Self {
        Self { state: State::Refused, reasons: vec![reason], judgement: None }
    }

    fn of(judgement: &Judgement) -> Self {
        let state = match judgement.decision {
            Decision::Pass => State::Certified,
            Decision::Review => State::Review,
            Decision::Refuse => State::Refused,
        };
        // Figures and codes always serialise.
        Self { state, reasons: judgement.codes(), judgement: serde_json::to_string(judgement).ok() }
    }
}

impl Examiner {
    /// Opens the networks.
    pub(crate) fn open(models: &Path, demo: bool) -> Result<Self, ModelError> {
        let models = Models::open(models)?;
        Ok(Self {
            engine: FaceEngine::new(&models, EngineOptions::default())?,
            passive: PassiveScorer::new(&models)?,
            reader: PortraitReader::new(&models)?,
            network: embedding_network(&models),
            demo,
        })
    }

    /// Examines a bundle; asks `interrupted` before every frame.
    pub(super) fn examine(
        &mut self,
        case: &Case,
        bundle: &[u8],
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Examined, JudgingError> {
        let found = |finding| Ok(Examined::Found(finding));
        let opened = match open(case, bundle) {
            Ok(opened) => opened,
            Err(error) => return found(Finding::refused(error.reason())),
        };
        let acted = opened.record().source == Source::Actor;
        if (case.demo || acted) && !(self.demo && case.demo) {
            return found(Finding::refused(ReasonCode::AttemptDemoRefused));
        }
        self.engine.reset();
        let mut seen = Vec::new();
        for frame in opened.frames() {
            if interrupted() {
                return Ok(Examined::Interrupted);
            }
            match frame {
                Ok((pixels, at)) => match self.engine.observe(&pixels, at) {
                    Ok(observation) => seen.push(observation),
                    Err(FaceError::Frame { .. }) => {
                        return found(Finding::refused(ReasonCode::EvidenceUndecodable));
                    }
                    Err(error) => return Err(error.into()),
                },
                Err(error) => return found(Finding::refused(error.reason())),
            }
        }
        let mut judgement = judge(&Evidence {
            observations: &seen,
            log: opened.log(),
            steps: &case.reveals,
            policy: &case.policy,
            crop_scores: &self.crop_scores(&opened, &seen)?,
        });
        let times: Vec<_> = seen.iter().map(|seen| seen.at).collect();
        add(&mut judgement, pacing(case.issued_at, &case.marks, &times), Vec::new());
        add(&mut judgement, passed_over(&opened, &seen), Vec::new());
        add(&mut judgement, beside_the_face(&opened, &seen), Vec::new());
        add(&mut judgement, at_last(case.failed_before), Vec::new());
        // Whose face it is does not matter where nobody was shown to be there.
        if judgement.decision != Decision::Refuse {
            let (reason, figures) = likeness::compare(&mut self.reader, &self.network, &case.likeness, &opened, &seen)?;
            add(&mut judgement, reason, figures);
        }
        found(Finding::of(&judgement))
    }

    /// The passive network's scores of the crops.
    fn crop_scores(&mut self, opened: &Opened, seen: &[Observation]) -> Result<Vec<f32>, FaceError> {
        let mut scores = Vec::new();
        for crop in opened.crops() {
            let Some(bbox) = seen.get(crop.frame as usize).and_then(|seen| face_in(crop, opened, seen)) else {
                continue;
            };
            match self.passive.score(&crop.pixels, bbox) {
                Ok(score) => scores.push(score),
                Err(FaceError::Points) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(scores)
    }
}

fn open(case: &Case, bundle: &[u8]) -> Result<Opened, EvidenceError> {
    let mut limits = Limits::of(&case.policy);
    let between = u32::try_from(case.open_ms + CLOCK_TOLERANCE_MS).unwrap_or(0);
    limits.max_duration_ms = limits.max_duration_ms.min(between);
    let expected = Expected {
        attempt: case.attempt,
        nonce: case.nonce,
        steps: &case.steps,
        device_key: case.device_key,
        committed: &case.committed,
        step_heads: &case.step_heads,
        limits,
    };
    jianzai_evidence::open(bundle, &case.secrets, &expected)
}

/// Where the face that was seen in the video lies in a crop, in the crop's pixels.
fn face_in(crop: &Picture, opened: &Opened, seen: &Observation) -> Option<Rect> {
    let face = seen.face.as_ref()?;
    let (frame, video) = (opened.record().frame_size, opened.record().video_size);
    let [x, y, width, height] = crop.region.map(|value| value as f32);
    let (across, down) = (frame.0 as f32 / video.0 as f32, frame.1 as f32 / video.1 as f32);
    let (wide, high) = (crop.pixels.width() as f32 / width, crop.pixels.height() as f32 / height);
    let b = face.bbox;
    Some(Rect {
        x0: (b.x0 * across - x) * wide,
        y0: (b.y0 * down - y) * high,
        x1: (b.x1 * across - x) * wide,
        y1: (b.y1 * down - y) * high,
    })
}

/// The phone says which part of a frame a crop shows. It must be the face and its surroundings, as the judge sees them: a
/// part without the face would be passed over, a part too tight hides the edge of a screen, one too wide hides the face.
fn beside_the_face(opened: &Opened, seen: &[Observation]) -> Option<Reason> {
    let (frame, video) = (opened.record().frame_size, opened.record().video_size);
    let (across, down) = (frame.0 as f32 / video.0.max(1) as f32, frame.1 as f32 / video.1.max(1) as f32);
    let wrong = |picture: &&Picture| {
        let Some(face) = seen.get(picture.frame as usize).and_then(|seen| seen.face.as_ref()) else { return false };
        let b = face.bbox;
        let b = Rect { x0: b.x0 * across, y0: b.y0 * down, x1: b.x1 * across, y1: b.y1 * down };
        let Some(wanted) = crop_region(b, frame) else { return false };
        let ends = |[x, y, width, height]: [u32; 4]| [x, y, x + width, y + height].map(|edge| edge as f32);
        let slack = [b.x1 - b.x0, b.y1 - b.y0, b.x1 - b.x0, b.y1 - b.y0].map(|length| length * CROP_SLACK);
        let off = ends(picture.region).into_iter().zip(ends(wanted)).zip(slack);
        off.into_iter().any(|((claimed, wanted), slack)| (claimed - wanted).abs() > slack)
    };
    let count = opened.crops().iter().filter(wrong).count();
    (count > 0).then(|| Reason {
        code: ReasonCode::SpoofUnsure,
        layer: Layer::Passive,
        leads_to: Decision::Review,
        figures: vec![Figure::new("crops_beside_the_face", count as f64, Some(0.0))],
    })
}

/// The nonce picks the frames for crops; a phone that says it saw no face there picks for itself.
fn passed_over(opened: &Opened, seen: &[Observation]) -> Option<Reason> {
    let sees_face = |frame: &u32| {
        let face = seen.get(*frame as usize).and_then(|seen| seen.face.as_ref());
        face.is_some_and(|face| face.presence >= SURE_OF_A_FACE)
    };
    let passed = opened.passed_over().iter().filter(|frame| sees_face(frame)).count();
    (passed > PASSED_OVER).then(|| Reason {
        code: ReasonCode::SpoofUnsure,
        layer: Layer::Passive,
        leads_to: Decision::Review,
        figures: vec![Figure::new("crops_passed_over", passed as f64, Some(PASSED_OVER as f64))],
    })
}

/// Each attempt gives a recording another chance to fit by luck. After several that failed within a day a person looks at
/// the one that passed; for the beneficiary nothing changes meanwhile.
fn at_last(failed_before: u64) -> Option<Reason> {
    (failed_before > FAILED_IN_A_DAY).then(|| Reason {
        code: ReasonCode::SpoofUnsure,
        layer: Layer::Actions,
        leads_to: Decision::Review,
        figures: vec![Figure::new("failed_within_a_day", failed_before as f64, Some(FAILED_IN_A_DAY as f64))],
    })
}

/// Adds a reason; the decision is the worst that any of them leads to.
fn add(judgement: &mut Judgement, reason: Option<Reason>, figures: Vec<Figure>) {
    judgement.figures.extend(figures);
    if let Some(reason) = reason {
        judgement.decision = judgement.decision.max(reason.leads_to);
        judgement.reasons.push(reason);
    }
}
