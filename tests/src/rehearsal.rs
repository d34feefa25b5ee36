//! A whole attempt without service, program or window, on virtual time: actor, networks, coach, recorder, seal, opening,
//! networks again on the decoded video, judge. Every part is the real one; only the drawing of the plan and the network in
//! between are played here, as the service does it.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

use anyhow::{Context as _, Result};
use ed25519_dalek::SigningKey;
use jianzai_camera::actor::{self, Actor, ActorCue};
use jianzai_camera::{CaptureClock, FrameSource as _, Pace};
use jianzai_evidence::{Expected, Limits, Opened, RecipientSecret, Recorder, RecorderConfig, Source};
use jianzai_face::{EngineOptions, FaceEngine, FaceError, Models, PassiveScorer};
use jianzai_liveness::{
    CaptureEnd, Coach, CoachInput, CoachOutput, Decision, Evidence, Instruction, Judgement, NextStep, Observation,
    PromptId, Rect, StepReveal, judge, needed,
};
use jianzai_wire::api::{CommitRequest, StepAnswer};
use jianzai_wire::{Action, Bytes32, CapturePolicy, FrameTime, Mode, ReasonCode, Step, StepReport};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use uuid::Uuid;

use crate::places;

/// An attempt is given up after this, as the longest patience of a person.
const PATIENCE: FrameTime = FrameTime(120_000);

/// What plays attempts.
pub struct Rehearsal {
    actor: Actor,
    engine: FaceEngine,
    passive: PassiveScorer,
}

/// What came of an attempt.
#[derive(Debug)]
pub struct Outcome {
    /// How the coach ended it.
    pub capture: CaptureEnd,
    /// What the judge found, if there was something to judge.
    pub judgement: Option<Judgement>,
    /// Every step and how it ended.
    pub steps: Vec<StepReveal>,
    /// Hints that were shown.
    pub hints: Vec<ReasonCode>,
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
}

impl Rehearsal {
    /// Opens the actor and the networks.
    pub fn new(folder: &Path) -> Result<Self> {
        let models = Models::open(&places::models())?;
        Ok(Self {
            actor: Actor::open(folder, 0, CaptureClock::virtual_at_zero())?,
            engine: FaceEngine::new(&models, EngineOptions::default())?,
            passive: PassiveScorer::new(&models)?,
        })
    }

    /// The actions that the actor can do.
    pub fn actions(&self) -> &[Action] {
        self.actor.actions()
    }

    /// Plays one attempt; everything random comes from `seed`.
    pub fn run(&mut self, mode: Mode, actions: &[Action], seed: u64) -> Result<Outcome> {
        let clock = CaptureClock::virtual_at_zero();
        let mut actor = self.actor.again(seed, clock)?;
        let policy = CapturePolicy::for_actions(actions).context("two actions or more")?;
        let mut attempt = Attempt::new(policy, mode, seed, actor.cue());
        let mut pace = Pace::new(attempt.policy.frames_per_second);
        self.engine.reset();
        while attempt.ended.is_none() {
            let frame = actor.next()?;
            anyhow::ensure!(frame.at < PATIENCE, "the attempt does not end: {:?}", attempt.reveals);
            if pace.admits(frame.at) {
                let seen = self.engine.observe(&frame.image, frame.at)?;
                attempt.frame(&frame.image, &seen)?;
            }
        }
        self.judge(attempt)
    }

    /// Seals what was recorded, opens it again and judges it.
    fn judge(&mut self, attempt: Attempt) -> Result<Outcome> {
        let Attempt { policy, id, nonce, recorder, coach, reveals, heads, hints, ended, .. } = attempt;
        let end = ended.context("the attempt has ended")?;
        let mut outcome = Outcome {
            capture: end,
            judgement: None,
            steps: reveals,
            hints,
            duration_ms: recorder.duration_ms(),
            bytes: 0,
        };
        if end != CaptureEnd::Complete {
            return Ok(outcome);
        }
        let capture = recorder.finish(&coach.into_log())?;
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
            limits: Limits::of(&policy),
        };
        let opened = jianzai_evidence::open(bundle.as_bytes(), &[secret], &expected)?;
        self.engine.reset();
        let mut observations = Vec::new();
        for frame in opened.frames() {
            let (pixels, at) = frame?;
            observations.push(self.engine.observe(&pixels, at)?);
        }
        let crop_scores = self.crop_scores(&opened, &observations)?;
        outcome.judgement = Some(judge(&Evidence {
            observations: &observations,
            log: opened.log(),
            steps: &outcome.steps,
            policy: &policy,
            crop_scores: &crop_scores,
        }));
        Ok(outcome)
    }

    fn crop_scores(&mut self, opened: &Opened, seen: &[Observation]) -> Result<Vec<f32>> {
        let mut scores = Vec::new();
        for crop in opened.crops() {
            let face = seen.get(crop.frame as usize).and_then(|seen| seen.face.as_ref());
            let Some(Rect { x0, y0, x1, y1 }) = face.map(|face| face.bbox) else { continue };
            let [x, y, width, _] = crop.region.map(|value| value as f32);
            let scale = crop.pixels.width() as f32 / width;
            let bbox = Rect { x0: (x0 - x) * scale, y0: (y0 - y) * scale, x1: (x1 - x) * scale, y1: (y1 - y) * scale };
            match self.passive.score(&crop.pixels, bbox) {
                Ok(score) => scores.push(score),
                Err(FaceError::Points) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(scores)
    }
}

/// One attempt under way: what the journey does between coach, recorder, person and service.
struct Attempt {
    policy: CapturePolicy,
    id: Uuid,
    nonce: Bytes32,
    recorder: Recorder,
    coach: Coach,
    cue: ActorCue,
    rng: StdRng,
    /// What will reach the coach, and when.
    coming: VecDeque<(FrameTime, Coming)>,
    reveals: Vec<StepReveal>,
    heads: Vec<(u32, Bytes32)>,
    hints: Vec<ReasonCode>,
    ended: Option<CaptureEnd>,
}

enum Coming {
    PromptEnded(PromptId),
    Answer(StepAnswer),
}

impl Attempt {
    fn new(policy: CapturePolicy, mode: Mode, seed: u64, cue: ActorCue) -> Self {
        let mut rng = StdRng::seed_from_u64(seed ^ 0x5eed);
        let (id, nonce) = (Uuid::from_u128(rng.random()), Bytes32(rng.random()));
        let config = RecorderConfig {
            attempt: id,
            nonce,
            policy: policy.clone(),
            source: Source::Actor,
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
            models: BTreeMap::new(),
        };
        Self {
            coach: Coach::new(policy.clone(), mode, BTreeMap::new()),
            policy,
            id,
            nonce,
            recorder: Recorder::new(config),
            cue,
            rng,
            coming: VecDeque::new(),
            reveals: Vec::new(),
            heads: Vec::new(),
            hints: Vec::new(),
            ended: None,
        }
    }

    fn frame(&mut self, image: &image::RgbImage, seen: &Observation) -> Result<()> {
        while let Some(next) = self.coming.iter().position(|(due, _)| *due <= seen.at) {
            let outputs = match self.coming.remove(next) {
                Some((_, Coming::PromptEnded(prompt))) => {
                    self.coach.on(CoachInput::PromptEnded { prompt, at: seen.at })
                }
                Some((_, Coming::Answer(answer))) => self.coach.on(CoachInput::Answer(answer)),
                None => Vec::new(),
            };
            self.carry_out(outputs, seen.at, None)?;
        }
        let outputs = self.coach.on(CoachInput::Frame(seen));
        self.carry_out(outputs, seen.at, Some((image, seen)))
    }

    fn carry_out(
        &mut self,
        outputs: Vec<CoachOutput>,
        now: FrameTime,
        judged: Option<(&image::RgbImage, &Observation)>,
    ) -> Result<()> {
        for output in outputs {
            match output {
                CoachOutput::Tell { prompt, instruction } => self.tell(prompt, instruction, now),
                CoachOutput::Hint(hint) => self.hints.extend(hint),
                CoachOutput::StartRecording => self.recorder.restart(),
                CoachOutput::Record => {
                    let (image, seen) = judged.context("a frame to record")?;
                    self.recorder.push(image, now, seen)?;
                }
                CoachOutput::AskStep(report) => self.answer(report, now),
                CoachOutput::Ended(end) => self.ended = Some(end),
                CoachOutput::Progress { .. } => {}
            }
        }
        Ok(())
    }

    /// The person hears it begin at once, and it takes a while to say.
    fn tell(&mut self, prompt: PromptId, instruction: Instruction, now: FrameTime) {
        let spoken = match instruction {
            Instruction::WellDone => 700..=1_200,
            _ => 1_400..=3_000,
        };
        self.coming.push_back((now.plus(self.rng.random_range(spoken)), Coming::PromptEnded(prompt)));
        if let Instruction::Do(action) = instruction {
            self.recorder.first_rest_over();
            self.cue.ask(actor::Instruction::Do(action));
        } else {
            self.cue.ask(actor::Instruction::Rest);
        }
    }

    /// The service's answer, after the time that a network takes.
    fn answer(&mut self, report: Option<StepReport>, now: FrameTime) {
        if let (Some(last), Some(report)) = (self.reveals.last_mut(), report) {
            last.ended = Some(report);
        }
        let ended: Vec<StepReport> = self.reveals.iter().filter_map(|reveal| reveal.ended).collect();
        let head = (self.recorder.frames(), self.recorder.chain_head());
        let answer = match needed(&ended, &self.policy) {
            NextStep::Complete => StepAnswer::Complete,
            // The coach counts likewise, and ends by itself.
            NextStep::Failed => return,
            NextStep::Reveal => {
                let kind = self.rng.random_range(0..self.policy.actions.len());
                let Some(action) = self.policy.actions.get(kind).copied() else { return };
                let step =
                    Step { index: self.reveals.len() as u32, action, wait_ms: self.rng.random_range(500..=1_500) };
                self.reveals.push(StepReveal { step, frames_at_reveal: head.0, ended: None });
                StepAnswer::Next(step)
            }
        };
        self.heads.push(head);
        self.coming.push_back((now.plus(self.rng.random_range(60..=700)), Coming::Answer(answer)));
    }
}
