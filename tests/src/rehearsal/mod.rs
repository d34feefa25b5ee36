//! A whole attempt without service, program or window, on virtual time: what stands before the camera (a [`Scene`]),
//! networks, coach, recorder, seal, opening, examiner. Every part is the real one; only the drawing of the plan and the network
//! in between are played here, as the service does it.
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
use jianzai_evidence::{Expected, Limits, RecipientSecret};
use jianzai_examiner::{Cost, Examiner, RegisterFace};
use jianzai_face::{EngineOptions, FaceEngine, Models};
use jianzai_liveness::{CaptureEnd, CaptureLog, Decision, Evidence, Judgement, Observation, StepReveal, judge};
use jianzai_wire::api::CommitRequest;
use jianzai_wire::{Action, Bytes32, CapturePolicy, FrameTime, Mode, ReasonCode, Step};

use crate::places;
use attempt::Attempt;
pub use cost::{CpuClock, Spent};

/// An attempt is given up after this, as the longest patience of a person.
const PATIENCE: FrameTime = FrameTime(120_000);

/// What stands before the camera and may hear what is said, on virtual time.
pub trait Scene: Send {
    /// Goes on to the camera's next frame, and says when it came. Times go forwards.
    fn tick(&mut self) -> Result<FrameTime>;

    /// That frame. Nobody asks for frames that nobody looks at.
    fn picture(&mut self) -> Result<RgbImage>;

    /// Hears at `at` what the person is told.
    fn hear(&mut self, at: FrameTime, said: actor::Instruction);

    /// What is recorded of a frame that was seen: another picture where the phone is doctored.
    fn recorded(&mut self, seen: RgbImage) -> RgbImage {
        seen
    }
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
    examiner: Examiner,
    /// Whose face it should be; none: that is not asked.
    pub register: Option<RegisterFace>,
    /// Whether the judge is asked about every frame as well, to see what is lost by not looking at some.
    pub thorough: bool,
    /// Whoever has not been asked for anything after this long is not waited for.
    pub patience: FrameTime,
}

/// What came of an attempt.
#[derive(Debug)]
pub struct Outcome {
    /// How the coach ended it; none if it was left.
    pub capture: Option<CaptureEnd>,
    /// What was found, if there was something to judge.
    pub judgement: Option<Judgement>,
    /// What the judge would have found in every frame, where some were not looked at and [`Rehearsal::thorough`] asks.
    pub of_all: Option<Judgement>,
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
    /// The processor's time that judging took, if there was something to judge.
    pub spent: Spent,
    /// Where it went, by the wall.
    pub cost: Cost,
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
        let times: Vec<FrameTime> = self.seen.iter().map(|seen| seen.at).collect();
        judge(&Evidence {
            times: &times,
            observations: &self.seen,
            log: &self.log,
            steps: &self.steps,
            policy: &self.policy,
            crop_scores: &[],
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
            examiner: Examiner::new(models)?,
            register: None,
            thorough: false,
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
        let policy = CapturePolicy::for_actions(&Action::ALL);
        let mut attempt = Attempt::new(policy, Mode::OwnPhone, seed);
        self.play(scene, &mut attempt, |attempt, at| attempt.ended.is_some() || at > until)?;
        Ok(attempt.hints)
    }

    fn capture(&mut self, scene: &mut dyn Scene, mode: Mode, actions: &[Action], seed: u64) -> Result<Attempt> {
        let policy = CapturePolicy::for_actions(actions);
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
                attempt.frame(&scene.recorded(image), &seen)?;
                attempt.said.drain(..).for_each(|said| scene.hear(at, said));
            }
        }
    }

    /// Seals what was recorded, opens it again and has it examined as the service does.
    fn judge(&mut self, attempt: Attempt) -> Result<Outcome> {
        let Attempt { id, nonce, recorder, coach, heads, .. } = attempt;
        let mut outcome = Outcome {
            capture: attempt.ended,
            judgement: None,
            of_all: None,
            policy: attempt.policy,
            steps: attempt.reveals,
            hints: attempt.hints,
            ended_at: attempt.seen.last().map_or(FrameTime(0), |seen| seen.at),
            log: coach.into_log(),
            seen: attempt.seen,
            spent: Spent::default(),
            cost: Cost::default(),
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
        let unwatched = jianzai_evidence::unseal(bundle.as_bytes(), &[secret], &expected)?;
        outcome.spent.opening = clock.lap();
        let mut examination = self.examiner.examine(unwatched, &outcome.steps, &outcome.policy, &|| false)?;
        outcome.spent.examining = clock.lap();
        if self.thorough && !examination.cost.all {
            outcome.of_all = Some(self.examiner.judge_all(&examination, &outcome.steps, &outcome.policy)?);
        }
        clock.lap();
        if let Some(register) = &self.register {
            self.examiner.compare(&mut examination, register)?;
        }
        outcome.spent.matching = clock.lap();
        outcome.cost = examination.cost;
        outcome.judgement = Some(examination.judgement);
        Ok(outcome)
    }
}
