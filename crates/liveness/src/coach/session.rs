//! What every stage of a capture shares: the rules, the log, the time, the voice and the outputs.

use jianzai_wire::{CapturePolicy, FrameTime, StepReport};

use super::{CoachOutput, Instruction, PromptId};
use crate::limits;
use crate::rules::steps_of_run;
use crate::{CaptureLog, Cue};

#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) policy: CapturePolicy,
    pub(super) log: CaptureLog,
    /// Time of the last frame.
    pub(super) now: FrameTime,
    pub(super) out: Vec<CoachOutput>,
    prompts: u32,
    said: Option<Said>,
}

/// The prompt on the screen.
#[derive(Debug, Clone, Copy)]
struct Said {
    prompt: PromptId,
    instruction: Instruction,
    at: FrameTime,
    /// When its spoken form ended; none while it is being said.
    silent_since: Option<FrameTime>,
}

impl Session {
    pub(super) fn new(policy: CapturePolicy, log: CaptureLog) -> Self {
        Self { policy, log, now: FrameTime(0), out: Vec::new(), prompts: 0, said: None }
    }

    /// Says something now.
    pub(super) fn tell(&mut self, instruction: Instruction) -> PromptId {
        let prompt = PromptId(self.prompts);
        self.prompts = self.prompts.saturating_add(1);
        self.said = Some(Said { prompt, instruction, at: self.now, silent_since: None });
        self.out.push(CoachOutput::Tell { prompt, instruction });
        prompt
    }

    /// What is on the screen.
    pub(super) fn told(&self) -> Option<Instruction> {
        self.said.map(|said| said.instruction)
    }

    /// Notes the end of a spoken prompt; word of an older prompt changes nothing.
    pub(super) fn prompt_ended(&mut self, prompt: PromptId, at: FrameTime) {
        if let Some(said) = self.said.as_mut().filter(|said| said.prompt == prompt && said.silent_since.is_none()) {
            said.silent_since = Some(at.max(said.at));
        }
        let cue = self.log.steps.last_mut().and_then(|step| step.cue.as_mut()).filter(|cue| cue.prompt == prompt);
        if let Some(Cue { spoken_at: spoken_at @ None, .. }) = cue {
            *spoken_at = Some(at);
        }
    }

    /// For how long nothing has been spoken, in ms; none while something is.
    pub(super) fn silent_for(&self) -> Option<u64> {
        let Some(said) = self.said else { return Some(u64::MAX) };
        let since = said.silent_since.unwrap_or(said.at.plus(limits::PROMPT_MS));
        (self.now >= since).then(|| self.now.since(since))
    }

    /// How many steps are done of those needed, for the screen.
    pub(super) fn show_progress(&mut self) {
        use jianzai_wire::StepOutcome::Done;
        let reports = self.reports();
        let done = reports.iter().rev().take_while(|report| report.outcome == Done).count();
        let done = u32::try_from(done).unwrap_or(u32::MAX);
        let needed = steps_of_run(reports.into_iter(), &self.policy);
        self.out.push(CoachOutput::Progress { done, needed });
    }

    /// The reports so far.
    pub(super) fn reports(&self) -> Vec<StepReport> {
        self.log.steps.iter().filter_map(|step| step.report).collect()
    }
}
