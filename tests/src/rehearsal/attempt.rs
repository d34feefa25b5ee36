//! One attempt under way: what the journey does between coach, recorder, person and service.

use std::collections::{BTreeMap, VecDeque};

use anyhow::{Context as _, Result};
use image::RgbImage;
use jianzai_camera::actor;
use jianzai_evidence::{Recorder, RecorderConfig, Source};
use jianzai_liveness::draw::draw;
use jianzai_liveness::limits::WAIT_MS;
use jianzai_liveness::{
    CaptureEnd, Coach, CoachInput, CoachOutput, Instruction, NextStep, Observation, PromptId, StepReveal, needed,
};
use jianzai_wire::api::StepAnswer;
use jianzai_wire::{Bytes32, CapturePolicy, FrameTime, Mode, ReasonCode, Step, StepReport};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use uuid::Uuid;

/// An attempt under way.
pub(super) struct Attempt {
    pub(super) policy: CapturePolicy,
    pub(super) id: Uuid,
    pub(super) nonce: Bytes32,
    pub(super) recorder: Recorder,
    pub(super) coach: Coach,
    rng: StdRng,
    /// What will reach the coach, and when.
    coming: VecDeque<(FrameTime, Coming)>,
    /// What the person was told since they were last asked.
    pub(super) said: Vec<actor::Instruction>,
    pub(super) reveals: Vec<StepReveal>,
    pub(super) heads: Vec<(u32, Bytes32)>,
    /// Every change of the hint on the screen.
    pub(super) hints: Vec<(FrameTime, Option<ReasonCode>)>,
    /// What the phone saw in the frames that are recorded.
    pub(super) seen: Vec<Observation>,
    /// When the face was first in place, and when the present recording began.
    pub(super) in_place_at: Option<FrameTime>,
    pub(super) recording_since: Option<FrameTime>,
    pub(super) ended: Option<CaptureEnd>,
}

enum Coming {
    PromptEnded(PromptId),
    Answer(StepAnswer),
}

impl Attempt {
    pub(super) fn new(policy: CapturePolicy, mode: Mode, seed: u64) -> Self {
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
            rng,
            coming: VecDeque::new(),
            said: Vec::new(),
            reveals: Vec::new(),
            heads: Vec::new(),
            hints: Vec::new(),
            seen: Vec::new(),
            in_place_at: None,
            recording_since: None,
            ended: None,
        }
    }

    pub(super) fn frame(&mut self, image: &RgbImage, seen: &Observation) -> Result<()> {
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
        judged: Option<(&RgbImage, &Observation)>,
    ) -> Result<()> {
        for output in outputs {
            match output {
                CoachOutput::Tell { prompt, instruction } => self.tell(prompt, instruction, now),
                CoachOutput::Hint(hint) => self.hints.push((now, hint)),
                CoachOutput::StartRecording => {
                    self.recorder.restart();
                    self.seen.clear();
                    self.recording_since = Some(now);
                }
                CoachOutput::Record => {
                    let (image, seen) = judged.context("a frame to record")?;
                    self.recorder.push(image, now, seen)?;
                    self.seen.push(seen.clone());
                }
                CoachOutput::AskStep(report) => self.answer(report, now),
                CoachOutput::Ended(end) => self.ended = Some(end),
                CoachOutput::Progress { .. } => {}
            }
        }
        Ok(())
    }

    /// The person hears it begin at once, and it takes a while to say: as long as the recorded clips take in either language.
    fn tell(&mut self, prompt: PromptId, instruction: Instruction, now: FrameTime) {
        let spoken = match instruction {
            // Two notes.
            Instruction::WellDone | Instruction::InPlace => 250..=350,
            _ => 1_700..=2_950,
        };
        self.coming.push_back((now.plus(self.rng.random_range(spoken)), Coming::PromptEnded(prompt)));
        if matches!(instruction, Instruction::FaceForward | Instruction::InPlace) {
            self.in_place_at.get_or_insert(now);
        }
        self.said.push(if let Instruction::Do(action) = instruction {
            self.recorder.first_rest_over();
            actor::Instruction::Do(action)
        } else {
            actor::Instruction::Rest
        });
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
                let Some(action) = draw(&self.policy, &self.reveals, self.rng.random()) else { return };
                let step = Step { index: self.reveals.len() as u32, action, wait_ms: self.rng.random_range(WAIT_MS) };
                self.reveals.push(StepReveal { step, frames_at_reveal: head.0, ended: None });
                StepAnswer::Next(step)
            }
        };
        self.heads.push(head);
        self.coming.push_back((now.plus(self.rng.random_range(60..=700)), Coming::Answer(answer)));
    }
}
