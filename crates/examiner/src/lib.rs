//! Looks at one delivered bundle with the service's own networks, and believes nothing of what the phone saw.
//!
//! **In**: a bundle that is whole and as committed ([`Unwatched`]), the steps as the service revealed them, the rules; for the
//! match the register's face. **Out**: an [`Examination`]: the judge's verdict with its figures, what was seen, what it cost;
//! [`Examiner::compare`] adds what the match says. The service and the benchmark both ask here, so that what is
//! measured is what decides. **What can go wrong**: the video or a picture is not what it must be ([`EvidenceError`]): the
//! evidence is refused with its code; a network fails ([`FaceError`]): a fault of ours, tried again; the service is
//! stopping. Blocks for some tenths of a second.
//!
//! ```text
//! unwatched bundle -> each frame decoded once -> looked at where something moves (`glance`, `watcher`)
//!   -> judge --passes with room to spare, or only the passive network doubts--> match -> examination
//!        `-- anything else --> every frame looked at -> judge again, whose word is final
//! ```
//!
//! Nobody is refused for what was not looked at. What may be lost by not looking stands in docs/LIVENESS.md.

mod cost;
mod glance;
mod likeness;
mod pictures;
mod watcher;

use std::time::Instant;

use jianzai_evidence::{EvidenceError, Opened, Unwatched};
use jianzai_face::{EngineOptions, FaceEngine, FaceError, ModelError, Models, PassiveScorer, PortraitReader};
use jianzai_liveness::judge::{Layer, STRONGEST_BESIDE, STRONGEST_UNASKED};
use jianzai_liveness::{Evidence, Judgement, StepReveal, judge, limits};
use jianzai_wire::{CapturePolicy, FrameTime};

pub use cost::Cost;
pub use likeness::{RegisterFace, decide, decode_portrait, embedding_network, is_poor};
use watcher::{Seen, Watcher};

/// How the video is looked at. The passive network looks at the crops, which show more than the video; light and
/// sharpness help the person before the camera and are only looked up later; a second face counts if it is there half of the time;
/// the expression is made of the mesh alone, and changes when mouth or eyes do.
const LOOKING: EngineOptions =
    EngineOptions { passive_every: 0, look_around_ms: 1_900, measure_ms: 2_000, expression_ms: 1_000 };

/// Why a bundle was not examined to its end.
#[derive(Debug, thiserror::Error)]
pub enum ExamineError {
    /// The evidence is not what it must be.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// A network failed.
    #[error(transparent)]
    Face(#[from] FaceError),
    /// The service is stopping.
    #[error("the service is stopping")]
    Interrupted,
}

/// What was found out about a bundle.
pub struct Examination {
    /// What the judge says, and whatever was added to it.
    pub judgement: Judgement,
    /// What it cost.
    pub cost: Cost,
    /// The bundle, and what does not depend on which frames were looked at.
    pub watched: Watched,
    seen: Seen,
}

/// A bundle that was watched.
pub struct Watched {
    /// The bundle.
    pub opened: Opened,
    /// When each frame was recorded.
    pub times: Vec<FrameTime>,
    /// The passive network's scores of the crops.
    pub crop_scores: Vec<f32>,
}

impl Watched {
    fn judged(&self, seen: &Seen, steps: &[StepReveal], policy: &CapturePolicy) -> Judgement {
        judge(&Evidence {
            times: &self.times,
            observations: &seen.observations,
            log: self.opened.log(),
            steps,
            policy,
            crop_scores: &self.crop_scores,
        })
    }
}

/// The networks, ready. One examination at a time; nothing of one is kept for the next.
pub struct Examiner {
    engine: FaceEngine,
    passive: PassiveScorer,
    reader: PortraitReader,
    /// SHA-256 of the embedding network.
    network: String,
}

impl Examiner {
    /// Makes the networks ready.
    ///
    /// # Errors
    /// A network does not fit its entry in the manifest.
    pub fn new(models: &Models) -> Result<Self, ModelError> {
        Ok(Self {
            engine: FaceEngine::new(models, LOOKING)?,
            passive: PassiveScorer::new(models)?,
            reader: PortraitReader::new(models)?,
            network: embedding_network(models),
        })
    }

    /// Watches the video and judges it. Asks `interrupted` before every frame that is looked at.
    ///
    /// # Errors
    /// See [`ExamineError`].
    pub fn examine(
        &mut self,
        unwatched: Unwatched,
        steps: &[StepReveal],
        policy: &CapturePolicy,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Examination, ExamineError> {
        let mut cost = Cost::default();
        let start = Instant::now();
        let mut watcher = Watcher::new(&mut self.engine, &unwatched, steps, interrupted);
        let times = watcher.times().to_vec();
        let watched = unwatched.watch(&mut |frame| watcher.frame(frame));
        let seen = watcher.finish(&mut cost);
        let opened = watched?;
        let mut seen = seen?;
        cost.watching = start.elapsed().saturating_sub(cost.looking());
        let start = Instant::now();
        let crop_scores = pictures::crop_scores(&mut self.passive, &opened, &seen)?;
        cost.crops = start.elapsed();
        let start = Instant::now();
        let watched = Watched { opened, times, crop_scores };
        let mut judgement = watched.judged(&seen, steps, policy);
        cost.deciding = start.elapsed();
        if is_doubted(&judgement) {
            seen = watcher::look_at_all(&mut self.engine, &watched.opened, interrupted, &mut cost)?;
            judgement = watched.judged(&seen, steps, policy);
        }
        judgement.add(pictures::passed_over(&watched.opened, &seen), Vec::new());
        judgement.add(pictures::beside_the_face(&watched.opened, &seen), Vec::new());
        Ok(Examination { judgement, cost, watched, seen })
    }

    /// What the judge would have said of every frame, whatever was looked at: what is lost by not looking.
    ///
    /// # Errors
    /// See [`ExamineError`].
    pub fn judge_all(
        &mut self,
        examination: &Examination,
        steps: &[StepReveal],
        policy: &CapturePolicy,
    ) -> Result<Judgement, ExamineError> {
        let all = watcher::look_at_all(&mut self.engine, &examination.watched.opened, &|| false, &mut Cost::default())?;
        Ok(examination.watched.judged(&all, steps, policy))
    }

    /// Adds whether it is the person of the register.
    ///
    /// # Errors
    /// The runtime failed.
    pub fn compare(&mut self, examination: &mut Examination, register: &RegisterFace) -> Result<(), FaceError> {
        let start = Instant::now();
        let Examination { judgement, watched, seen, cost } = examination;
        let pictures = pictures::to_compare(&watched.opened, seen);
        let (reason, figures) = likeness::compare(&mut self.reader, &self.network, register, &pictures)?;
        judgement.add(reason, figures);
        cost.pictures = pictures.len();
        cost.matching = start.elapsed();
        Ok(())
    }
}

/// Whether a judgement over some of the frames says anything that a look at all of them might take back, or passes over a
/// movement that may be stronger in a frame that was not looked at: a turn of 1.26 was 1.24 in every second frame.
fn is_doubted(judgement: &Judgement) -> bool {
    let spoken = judgement.reasons.iter().any(|reason| reason.layer != Layer::Passive);
    let strong = |name, limit: f32| judgement.figure(name).is_some_and(|strength| strength >= f64::from(limit));
    spoken || strong(STRONGEST_UNASKED, limits::JUDGE_ASKED) || strong(STRONGEST_BESIDE, limits::COACH_FULL)
}
