//! What goes into the coach and what comes out of it.

use jianzai_wire::api::StepAnswer;
use jianzai_wire::{Action, FrameTime, ReasonCode, StepReport};
use serde::{Deserialize, Serialize};

use crate::Observation;

/// Numbers the prompts of one capture, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PromptId(pub u32);

/// What the person is told: large, spoken, one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "say", content = "action")]
pub enum Instruction {
    /// Put your face into the oval.
    PlaceFace,
    /// Look straight at the phone and keep still, mouth closed.
    FaceForward,
    /// Good, stay like this: to somebody who was in place before anything was said. A sound and the words on the screen; speaking
    /// them would only delay what comes next.
    InPlace,
    /// Do this now, and come back.
    Do(Action),
    /// Well done.
    WellDone,
    /// That came before it was asked: wait for the word, then move. Another action will follow.
    WaitForWord,
    /// That was another action than the asked one. Another will follow.
    OtherAction,
    /// Finished, thank you.
    Finished,
}

impl Instruction {
    /// A stable name, for the recorded clip and the animation: `place_face`, `open_mouth`, ...
    pub fn name(self) -> &'static str {
        match self {
            Self::PlaceFace => "place_face",
            Self::FaceForward => "face_forward",
            Self::InPlace => "in_place",
            Self::Do(action) => action.name(),
            Self::WellDone => "well_done",
            Self::WaitForWord => "wait_for_word",
            Self::OtherAction => "other_action",
            Self::Finished => "finished",
        }
    }
}

/// What the coach is told.
#[derive(Debug, Clone)]
pub enum CoachInput<'a> {
    /// A frame, observed. Frames come in the order of their times.
    Frame(&'a Observation),
    /// The spoken form of a prompt has ended (or nothing is spoken).
    PromptEnded {
        /// Which prompt.
        prompt: PromptId,
        /// When.
        at: FrameTime,
    },
    /// The server's answer to the last [`CoachOutput::AskStep`].
    Answer(StepAnswer),
    /// The server has not answered yet, and the person should be told why they wait.
    NetworkWaiting,
}

/// What the journey does next, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum CoachOutput {
    /// Tell the person, until the next `Tell`.
    Tell {
        /// Numbers this prompt.
        prompt: PromptId,
        /// What to say.
        instruction: Instruction,
    },
    /// The one hint to show now, or none. Comes only when it changes.
    Hint(Option<ReasonCode>),
    /// Steps done of steps needed. Comes when it changes; `done` falls back to 0 after a failed step.
    Progress {
        /// Done one after another.
        done: u32,
        /// Needed; one more after a failed step.
        needed: u32,
    },
    /// Begin a recording with no frames in it; whatever was recorded before is dropped.
    StartRecording,
    /// Record the frame that was just given.
    Record,
    /// Ask the server for the next step, with this report on the step that ended (none before the first), the number of
    /// recorded frames and the chain head over them.
    AskStep(Option<StepReport>),
    /// The capture is over; nothing follows.
    Ended(CaptureEnd),
}

/// How a capture ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaptureEnd {
    /// Everything asked was done: commit and deliver.
    Complete,
    /// It ended without success. Nothing has changed for the person; they may try again.
    Refused(ReasonCode),
}
