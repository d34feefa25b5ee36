//! What the coach saw and said, kept in the evidence. To the server it is advice: [`crate::judge`] finds out for itself.

use std::collections::BTreeMap;

use jianzai_wire::{FrameTime, Mode, Step, StepReport};
use serde::{Deserialize, Serialize};

use crate::coach::PromptId;
use crate::signals::Baseline;

/// The log of one capture. Serialised into the evidence; version [`CaptureLog::VERSION`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaptureLog {
    /// Version of this form.
    pub version: u16,
    /// Version of this crate, which decided what counts.
    pub liveness: String,
    /// Versions of the networks and of what else made the observations, by name.
    pub versions: BTreeMap<String, String>,
    /// Who held the phone.
    pub mode: Mode,
    /// Time of the first recorded frame.
    pub started_at: FrameTime,
    /// Time of the last recorded frame.
    pub ended_at: FrameTime,
    /// How often the recording was begun again before the first step was asked for.
    pub restarts: u32,
    /// The person at rest, as learned from the first recorded frames.
    pub baseline: Option<Baseline>,
    /// Every step revealed, in order.
    pub steps: Vec<StepLog>,
}

impl CaptureLog {
    /// Version of the serialised form.
    pub const VERSION: u16 = 1;

    /// An empty log.
    pub(crate) fn new(mode: Mode, versions: BTreeMap<String, String>) -> Self {
        Self {
            version: Self::VERSION,
            liveness: env!("CARGO_PKG_VERSION").to_owned(),
            versions,
            mode,
            started_at: FrameTime(0),
            ended_at: FrameTime(0),
            restarts: 0,
            baseline: None,
            steps: Vec::new(),
        }
    }
}

/// What became of one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepLog {
    /// The step.
    pub step: Step,
    /// Time of the last frame recorded before the step was known.
    pub revealed_at: FrameTime,
    /// The prompt that was its cue, once given.
    pub cue: Option<Cue>,
    /// How often the cue was said again.
    pub repeats: u32,
    /// How the step ended, once it has.
    pub report: Option<StepReport>,
}

/// A cue as it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cue {
    /// The prompt.
    pub prompt: PromptId,
    /// When it was shown, and its spoken form begun.
    pub shown_at: FrameTime,
    /// When its spoken form ended, if that was said.
    pub spoken_at: Option<FrameTime>,
}
