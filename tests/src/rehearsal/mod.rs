//! A whole attempt without service, program or window, on virtual time: what stands before the camera (a [`Scene`]),
//! networks, coach, recorder, seal, opening, networks again on the decoded video, judge. Every part is the real one; only
//! the drawing of the plan and the network in between are played here, as the service does it.
//!
//! **In**: a scene, rules, a seed. **Out**: an [`Outcome`]: how the coach ended it, what the judge found, and all that a
//! benchmark wants to know of the way there. **What can go wrong**: a scene that never lets the first step be asked for is left
//! after [`Rehearsal::patience`]; that is an outcome ([`Outcome::capture`] is none), not an error.

mod attempt;
mod cost;

use std::path::Path;

use anyhow::{Context as _, Result};
use ed25519_dalek::SigningKey;
use image::RgbImage;
use jianzai_camera::actor::{self, Actor};
use jianzai_camera::{CaptureClock, Frame, FrameSource as _, Pace};
use jianzai_evidence::{Expected, Limits, Opened, Picture, RecipientSecret};
use jianzai_face::{EngineOptions, FaceEngine, FaceError, Models, PassiveScorer};
use jianzai_liveness::{CaptureEnd, CaptureLog, Decision, Evidence, Judgement, Observation, Rect, StepReveal, judge};
use jianzai_wire::api::CommitRequest;
use jianzai_wire::{Action, Bytes32, CapturePolicy, FrameTime, Mode, ReasonCode, Step};

use crate::places;
use attempt::Attempt;
pub use cost::{Cost, CpuClock};

/// An attempt is given up after this, as the longest patience of a person.
const PATIENCE: FrameTime = FrameTime(120_000);
/// Degrees that a head may be turned for its face to be compared, as the service has it.
const FRONTAL: f32 = 15.0;

/// What stands before the camera and may hear what is said, on virtual time.
pub trait Scene: Send {
    /// Goes on to the camera's next frame, and says when it came. Times go forwards.
    fn tick(&mut self) -> Result<FrameTime>;

    /// That frame. Nobody asks for frames that nobody looks at.
    fn picture(&mut self) -> Result<RgbImage>;

    /// Hears at `at` what the person is told.
    fn hear(&mut self, at: FrameTime, said: actor::Instruction);
}

/// The recorded person who follows instructions.
pub struct Acting {
    actor: Actor,
    frame: Option<Frame>,
}

impl Acting {
    /// Before the camera from now on.
    pub fn new(actor: Actor) -> Self {
        Self { actor, frame: None }
    }

    /// Which frame of the clip is shown.
    pub fn position(&self) -> u32 {
        self.actor.position()
    }
}

impl Scene for Acting {
    fn tick(&mut self) -> Result<FrameTime> {
        let frame = self.actor.next()?;
        let at = frame.at;
        self.frame = Some(frame);
        Ok(at)
    }

    fn picture(&mut self) -> Result<RgbImage> {
        self.frame.as_ref().map(|frame| frame.image.clone()).context("a tick comes first")
    }

    fn hear(&mut self, _: FrameTime, said: actor::Instruction) {
        self.actor.cue().ask(said);
    }
}

/// A change of the hint on the screen.
pub type Hint = (FrameTime, Option<ReasonCode>);

/// What plays attempts.
pub struct Rehearsal {
    engine: FaceEngine,
    passive: PassiveScorer,
    /// Whoever has not been asked for anything after this long is not waited for.
    pub patience: FrameTime,
}

/// What came of an attempt.
#[derive(Debug)]
pub struct Outcome {
    /// How the coach ended it; none if it was left.
    pub capture: Option<CaptureEnd>,
    /// What the judge found, if there was something to judge.
    pub judgement: Option<Judgement>,
    /// The rules it ran under.
    pub policy: CapturePolicy,
    /// Every step and how it ended.
    pub steps: Vec<StepReveal>,
    /// Every change of the hint on the screen, and when.
    pub hints: Vec<Hint>,
    /// The coach's log.
    pub log: CaptureLog,
    /// What the phone saw in the recorded frames.
    pub seen: Vec<Observation>,
    /// What judging cost, if there was something to judge.
    pub cost: Cost,
    /// Passive scores of the crops, if there was something to judge.
    pub crop_scores: Vec<f32>,
    /// The best photo and the crops in which the face looks into the camera, if there was something to judge.
    pub portraits: Vec<RgbImage>,
    /// When the person was first asked to look ahead, the face being in place.
    pub in_place_at: Option<FrameTime>,
    /// When the recording that counts began.
    pub recording_since: Option<FrameTime>,
    /// When it ended.
    pub ended_at: FrameTime,
    /// Length of the recording in milliseconds.
    pub duration_ms: u32,
    /// Size of the sealed bundle in bytes.
    pub bytes: usize,
}

impl Outcome {
    /// Whether the judge would certify (the match with the portrait aside).
    pub fn passed(&self) -> bool {
        self.judgement.as_ref().is_some_and(|judgement| judgement.decision == Decision::Pass)
    }

    /// Whether a step had to be repeated.
    pub fn stumbled(&self) -> bool {
        self.steps.iter().any(|step| step.ended.is_some_and(|ended| ended.outcome != jianzai_wire::StepOutcome::Done))
    }

    /// What the judge says of the phone's own observations: every layer speaks, also where the coach ended the attempt.
    pub fn judged_as_recorded(&self) -> Judgement {
        judge(&Evidence {
            observations: &self.seen,
            log: &self.log,
            steps: &self.steps,
            policy: &self.policy,
            crop_scores: &self.crop_scores,
        })
    }
}

/// The recorded person who follows instructions, for attempts of their own.
pub struct Player {
    rehearsal: Rehearsal,
    actor: Actor,
}

impl Player {
    /// Opens the actor and the networks.
    pub fn new(folder: &Path) -> Result<Self> {
        let rehearsal = Rehearsal::new(&Models::open(&places::models())?)?;
        Ok(Self { rehearsal, actor: Actor::open(folder, 0, CaptureClock::virtual_at_zero())? })
    }

    /// The actions that the actor can do.
    pub fn actions(&self) -> &[Action] {
        self.actor.actions()
    }

    /// Plays one attempt; everything random comes from `seed`.
    pub fn run(&mut self, mode: Mode, actions: &[Action], seed: u64) -> Result<Outcome> {
        let mut acting = Acting::new(self.actor.again(seed, CaptureClock::virtual_at_zero())?);
        self.rehearsal.run(&mut acting, mode, actions, seed)
    }
}

impl Rehearsal {
    /// Makes the networks ready.
    pub fn new(models: &Models) -> Result<Self> {
        Ok(Self {
            engine: FaceEngine::new(models, EngineOptions::default())?,
            passive: PassiveScorer::new(models)?,
            patience: PATIENCE,
        })
    }

    /// Plays one attempt before `scene`; what is random in plan and network comes from `seed`.
    pub fn run(&mut self, scene: &mut dyn Scene, mode: Mode, actions: &[Action], seed: u64) -> Result<Outcome> {
        let attempt = self.capture(scene, mode, actions, seed)?;
        self.judge(attempt)
    }

    /// The hints on the screen while somebody is before the camera for so long: each change, and when.
    pub fn hints(&mut self, scene: &mut dyn Scene, until: FrameTime, seed: u64) -> Result<Vec<Hint>> {
        let policy = CapturePolicy::for_actions(&Action::ALL).context("two actions or more")?;
        let mut attempt = Attempt::new(policy, Mode::OwnPhone, seed);
        self.play(scene, &mut attempt, |attempt, at| attempt.ended.is_some() || at > until)?;
        Ok(attempt.hints)
    }

    fn capture(&mut self, scene: &mut dyn Scene, mode: Mode, actions: &[Action], seed: u64) -> Result<Attempt> {
        let policy = CapturePolicy::for_actions(actions).context("two actions or more")?;
        let mut attempt = Attempt::new(policy, mode, seed);
        let patience = self.patience;
        self.play(scene, &mut attempt, |attempt, at| {
            attempt.ended.is_some() || at > PATIENCE || (attempt.reveals.is_empty() && at > patience)
        })?;
        Ok(attempt)
    }

    fn play(
        &mut self,
        scene: &mut dyn Scene,
        attempt: &mut Attempt,
        is_over: impl Fn(&Attempt, FrameTime) -> bool,
    ) -> Result<()> {
        let mut pace = Pace::new(attempt.policy.frames_per_second);
        self.engine.reset();
        loop {
            let at = scene.tick()?;
            if is_over(attempt, at) {
                return Ok(());
            }
            if pace.admits(at) {
                let image = scene.picture()?;
                let seen = self.engine.observe(&image, at)?;
                attempt.frame(&image, &seen)?;
                attempt.said.drain(..).for_each(|said| scene.hear(at, said));
            }
        }
    }

    /// Seals what was recorded, opens it again and judges it.
    fn judge(&mut self, attempt: Attempt) -> Result<Outcome> {
        let Attempt { id, nonce, recorder, coach, heads, .. } = attempt;
        let mut outcome = Outcome {
            capture: attempt.ended,
            judgement: None,
            policy: attempt.policy,
            steps: attempt.reveals,
            hints: attempt.hints,
            ended_at: attempt.seen.last().map_or(FrameTime(0), |seen| seen.at),
            log: coach.into_log(),
            seen: attempt.seen,
            cost: Cost::default(),
            crop_scores: Vec::new(),
            portraits: Vec::new(),
            in_place_at: attempt.in_place_at,
            recording_since: attempt.recording_since,
            duration_ms: recorder.duration_ms(),
            bytes: 0,
        };
        if outcome.capture != Some(CaptureEnd::Complete) {
            return Ok(outcome);
        }
        let capture = recorder.finish(&outcome.log)?;
        let committed =
            CommitRequest { chain_head: capture.chain_head, frames: capture.frames, duration_ms: capture.duration_ms };
        let steps: Vec<Step> = outcome.steps.iter().map(|reveal| reveal.step).collect();
        let secret = RecipientSecret::generate("rehearsal");
        let device = SigningKey::from_bytes(&[7; 32]);
        let bundle = capture.seal(&steps, &secret.recipient()?, &device)?;
        outcome.bytes = bundle.as_bytes().len();
        let expected = Expected {
            attempt: id,
            nonce,
            steps: &steps,
            device_key: Bytes32(device.verifying_key().to_bytes()),
            committed: &committed,
            step_heads: &heads,
            limits: Limits::of(&outcome.policy),
        };
        let mut clock = CpuClock::start();
        let opened = jianzai_evidence::open(bundle.as_bytes(), &[secret], &expected)?;
        outcome.cost.opening = clock.lap();
        let observations = self.observe(&opened, &mut outcome.cost)?;
        clock.lap();
        outcome.crop_scores = self.crop_scores(&opened, &observations)?;
        outcome.cost.crops = clock.lap();
        outcome.portraits = portraits(&opened, &observations);
        clock.lap();
        outcome.judgement = Some(judge(&Evidence {
            observations: &observations,
            log: opened.log(),
            steps: &outcome.steps,
            policy: &outcome.policy,
            crop_scores: &outcome.crop_scores,
        }));
        outcome.cost.deciding = clock.lap();
        Ok(outcome)
    }

    fn observe(&mut self, opened: &Opened, cost: &mut Cost) -> Result<Vec<Observation>> {
        self.engine.reset();
        let mut observations = Vec::new();
        let mut clock = CpuClock::start();
        for frame in opened.frames() {
            let (pixels, at) = frame?;
            cost.decoding += clock.lap();
            observations.push(self.engine.observe(&pixels, at)?);
            cost.saw(clock.lap(), self.engine.times());
        }
        Ok(observations)
    }

    fn crop_scores(&mut self, opened: &Opened, seen: &[Observation]) -> Result<Vec<f32>> {
        let mut scores = Vec::new();
        for crop in opened.crops() {
            let Some(bbox) = seen.get(crop.frame as usize).and_then(|seen| face_in(crop, opened, seen)) else {
                continue;
            };
            match self.passive.score(&crop.pixels, bbox) {
                Ok(score) => scores.push(score),
                Err(FaceError::Points) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(scores)
    }
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

/// What the service compares with the register's portrait.
fn portraits(opened: &Opened, seen: &[Observation]) -> Vec<RgbImage> {
    let frontal = |crop: &&Picture| {
        let face = seen.get(crop.frame as usize).and_then(|seen| seen.face.as_ref());
        face.is_some_and(|face| face.pose.yaw.abs() <= FRONTAL && face.pose.pitch.abs() <= FRONTAL)
    };
    let crops = opened.crops().iter().filter(frontal);
    opened.best_photo().into_iter().chain(crops).map(|picture| picture.pixels.clone()).collect()
}
