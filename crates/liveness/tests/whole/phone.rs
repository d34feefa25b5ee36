//! A phone and a server without pixels: frames from anywhere go through the coach, steps are drawn from a seed, and what
//! was recorded is judged.

use std::collections::BTreeMap;

use jianzai_liveness::draw::draw;
use jianzai_liveness::limits::WAIT_MS;
use jianzai_liveness::{
    CaptureEnd, CaptureLog, Coach, CoachInput, CoachOutput, Evidence, Instruction, Judgement, NextStep, Observation,
    PromptId, StepReveal, judge, needed,
};
use jianzai_wire::api::StepAnswer;
use jianzai_wire::{Action, CapturePolicy, FrameTime, Mode, ReasonCode, Step};

use crate::person::{Body, Dice, Doing, Person};

/// Milliseconds between two frames.
pub(crate) const FRAME_MS: u64 = 66;

/// Where frames come from.
pub(crate) trait Scene {
    /// The frame at `at`; `told` is what is on the screen, since when.
    fn frame(&mut self, at: FrameTime, told: Option<(Instruction, PromptId, FrameTime)>) -> Option<Observation>;
}

/// A capture, from the first frame to its end.
#[derive(Debug, Clone)]
pub(crate) struct Capture {
    pub(crate) end: Option<CaptureEnd>,
    pub(crate) observations: Vec<Observation>,
    pub(crate) log: CaptureLog,
    pub(crate) steps: Vec<StepReveal>,
    pub(crate) policy: CapturePolicy,
    /// Everything said, with its time.
    pub(crate) said: Vec<(FrameTime, Instruction)>,
    /// Every change of the hint, with its time.
    pub(crate) hints: Vec<(FrameTime, Option<ReasonCode>)>,
    /// Every progress shown.
    pub(crate) progress: Vec<u32>,
}

impl Capture {
    /// Whether the phone calls it complete.
    pub(crate) fn is_complete(&self) -> bool {
        self.end == Some(CaptureEnd::Complete)
    }

    /// When each frame was recorded.
    pub(crate) fn times(&self) -> Vec<FrameTime> {
        self.observations.iter().map(|seen| seen.at).collect()
    }

    /// The server's judgement.
    pub(crate) fn judged(&self) -> Judgement {
        judge(&Evidence {
            times: &self.times(),
            observations: &self.observations,
            log: &self.log,
            steps: &self.steps,
            policy: &self.policy,
            crop_scores: &[],
        })
    }
}

/// The rules for all five actions.
pub(crate) fn policy() -> CapturePolicy {
    CapturePolicy::for_actions(&Action::ALL)
}

/// Runs a capture of at most two minutes against the plan of `seed`.
pub(crate) fn capture(scene: &mut dyn Scene, policy: CapturePolicy, seed: u64) -> Capture {
    Run::new(policy, seed).until_the_end(scene)
}

/// The same with a network that takes up to three seconds.
pub(crate) fn capture_over_slow_network(scene: &mut dyn Scene, policy: CapturePolicy, seed: u64) -> Capture {
    let mut run = Run::new(policy, seed);
    run.slow_network = true;
    run.until_the_end(scene)
}

/// The same with a network that answers this many steps and then no more.
pub(crate) fn capture_until_the_network_fails(scene: &mut dyn Scene, policy: CapturePolicy, answers: usize) -> Capture {
    let mut run = Run::new(policy, answers as u64);
    run.answers_left = answers;
    run.until_the_end(scene)
}

/// A scene that is a function of the time and of what is on the screen.
pub(crate) struct Shown<F>(pub(crate) F);

impl<F: FnMut(FrameTime, Option<(Instruction, PromptId, FrameTime)>) -> Option<Observation>> Scene for Shown<F> {
    fn frame(&mut self, at: FrameTime, told: Option<(Instruction, PromptId, FrameTime)>) -> Option<Observation> {
        (self.0)(at, told)
    }
}

struct Run {
    coach: Coach,
    dice: Dice,
    now: FrameTime,
    told: Option<(Instruction, PromptId, FrameTime)>,
    /// When a spoken prompt ends.
    speech: Option<(PromptId, FrameTime)>,
    /// When the server's answer arrives.
    answer: Option<(StepAnswer, FrameTime)>,
    slow_network: bool,
    answers_left: usize,
    capture: Capture,
}

impl Run {
    fn new(policy: CapturePolicy, seed: u64) -> Self {
        let coach = Coach::new(policy.clone(), Mode::OwnPhone, BTreeMap::new());
        let log = coach.log().clone();
        let capture = Capture {
            end: None,
            observations: Vec::new(),
            log,
            steps: Vec::new(),
            policy,
            said: Vec::new(),
            hints: Vec::new(),
            progress: Vec::new(),
        };
        Self {
            coach,
            dice: Dice(seed),
            now: FrameTime(0),
            told: None,
            speech: None,
            answer: None,
            slow_network: false,
            answers_left: usize::MAX,
            capture,
        }
    }

    fn until_the_end(mut self, scene: &mut dyn Scene) -> Capture {
        for frame in 0..(120_000 / FRAME_MS) {
            self.now = FrameTime(1_000 + frame * FRAME_MS);
            if let Some((prompt, at)) = self.speech.take_if(|(_, at)| *at <= self.now) {
                let out = self.coach.on(CoachInput::PromptEnded { prompt, at });
                self.carry_out(out, None);
            }
            if let Some((answer, _)) = self.answer.take_if(|(_, at)| *at <= self.now) {
                let out = self.coach.on(CoachInput::Answer(answer));
                self.carry_out(out, None);
            }
            if let Some(observation) = scene.frame(self.now, self.told) {
                let out = self.coach.on(CoachInput::Frame(&observation));
                self.carry_out(out, Some(observation));
            }
            if self.capture.end.is_some() {
                break;
            }
        }
        self.capture.log = self.coach.into_log();
        self.capture
    }

    fn carry_out(&mut self, outputs: Vec<CoachOutput>, frame: Option<Observation>) {
        for output in outputs {
            assert!(self.capture.end.is_none(), "nothing follows the end");
            match output {
                CoachOutput::Tell { prompt, instruction } => {
                    self.told = Some((instruction, prompt, self.now));
                    self.speech = Some((prompt, self.now.plus(900)));
                    self.capture.said.push((self.now, instruction));
                }
                CoachOutput::StartRecording => self.capture.observations.clear(),
                CoachOutput::Record => self.capture.observations.extend(frame.clone()),
                CoachOutput::AskStep(report) => self.ask(report),
                CoachOutput::Ended(end) => self.capture.end = Some(end),
                CoachOutput::Hint(hint) => self.capture.hints.push((self.now, hint)),
                CoachOutput::Progress { done, .. } => self.capture.progress.push(done),
            }
        }
    }

    /// The server's part.
    fn ask(&mut self, report: Option<jianzai_wire::StepReport>) {
        if let Some(last) = self.capture.steps.last_mut() {
            last.ended = report;
        }
        let reports: Vec<_> = self.capture.steps.iter().filter_map(|step| step.ended).collect();
        let answer = match needed(&reports, &self.capture.policy) {
            NextStep::Complete => StepAnswer::Complete,
            NextStep::Failed => panic!("the phone does not ask after its last failure"),
            NextStep::Reveal => {
                let action = draw(&self.capture.policy, &self.capture.steps, self.dice.next());
                let step = Step {
                    index: self.capture.steps.len() as u32,
                    action: action.expect("an action to ask for"),
                    wait_ms: WAIT_MS.start()
                        + (self.dice.next() % u64::from(WAIT_MS.end() - WAIT_MS.start() + 1)) as u32,
                };
                let frames_at_reveal = self.capture.observations.len() as u32;
                self.capture.steps.push(StepReveal { step, frames_at_reveal, ended: None });
                StepAnswer::Next(step)
            }
        };
        let Some(left) = self.answers_left.checked_sub(1) else { return };
        self.answers_left = left;
        let latency = if self.slow_network { self.dice.next() % 3_000 } else { 120 };
        self.answer = Some((answer, self.now.plus(latency)));
    }
}

/// A person who does what is asked, in their own time.
#[derive(Debug, Clone)]
pub(crate) struct Obedient {
    pub(crate) person: Person,
    dice: Dice,
    doing: Option<Doing>,
    heard: Option<PromptId>,
    /// How large the movements are; 1 is usual.
    pub(crate) size: f32,
    /// Everything done.
    pub(crate) done: Vec<Doing>,
    /// What they do when asked: the asked action, unless a test says otherwise.
    pub(crate) does: fn(Action) -> Action,
}

impl Obedient {
    pub(crate) fn new(person: Person, seed: u64) -> Self {
        Self { person, dice: Dice(seed ^ 0xABCD), doing: None, heard: None, size: 1.0, done: Vec::new(), does: |a| a }
    }
}

impl Scene for Obedient {
    fn frame(&mut self, at: FrameTime, told: Option<(Instruction, PromptId, FrameTime)>) -> Option<Observation> {
        if let Some((Instruction::Do(action), prompt, _)) = told.filter(|(_, prompt, _)| self.heard != Some(*prompt)) {
            self.heard = Some(prompt);
            let doing = Doing {
                action: (self.does)(action),
                began_at: at.plus(350 + self.dice.next() % 900),
                lasts: 1_000 + self.dice.next() % 900,
                size: self.size * self.dice.between(0.95, 1.4),
            };
            self.doing = Some(doing);
            self.done.push(doing);
        }
        let body = self.doing.filter(|doing| at >= doing.began_at && at <= doing.ends_at());
        Some(self.person.frame(at, body.map_or(Body::default(), |doing| doing.body(at))))
    }
}
