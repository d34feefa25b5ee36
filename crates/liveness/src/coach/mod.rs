//! The coach: says what to tell the person, decides which frames are recorded, and keeps the log.
//!
//! **In**, by [`Coach::on`]: every observed frame in order, the end of a spoken prompt, the server's answers, "the network
//! makes us wait". **Out**, in order: what to say, hints, progress, which frames to record, when to ask the server for a
//! step, and the end. The coach has no clock: its time is that of the frames.
//!
//! **How the journey drives it**
//! 1. For each frame: observe it, call `on(CoachInput::Frame(&observation))`, then carry out the outputs in order.
//!    [`CoachOutput::StartRecording`]: begin a new recording with no frames in it (what was recorded before is dropped).
//!    [`CoachOutput::Record`]: encode this very frame and add it to the chain. No other frame is recorded.
//! 2. [`CoachOutput::AskStep`]: send the report, the number of recorded frames and the chain head to the server; hand its
//!    answer back as [`CoachInput::Answer`]. Until then frames go on as before. If the answer is late, say so with
//!    [`CoachInput::NetworkWaiting`]; repeat the same request until it is answered. The last report is sent too: the
//!    server answers [`StepAnswer::Complete`](jianzai_wire::api::StepAnswer), and only then does the coach end.
//! 3. [`CoachOutput::Tell`]: show it, speak it (cutting short what is still being said), and when the speech has ended
//!    send [`CoachInput::PromptEnded`]; at once if nothing is spoken. Without that word the coach waits
//!    [`crate::limits::PROMPT_MS`] at most.
//! 4. [`CoachOutput::Ended`]: take the log with [`Coach::into_log`]; commit if it is [`CaptureEnd::Complete`].
//!
//! **What can go wrong**: a face that stays away, a face that changes, a camera that stalls, actions that are not the asked
//! ones, no action at all. Before the first step is asked for, the recording simply begins again; after that the attempt
//! ends with a reason, because nothing recorded may be taken back. Nothing panics, whatever the observations hold.

mod say;

use std::collections::BTreeMap;

use jianzai_wire::{CapturePolicy, FrameTime, Mode};

pub use say::{CaptureEnd, CoachInput, CoachOutput, Instruction, PromptId};

use crate::CaptureLog;

/// Guides one capture from the first frame to its end.
#[derive(Debug, Clone)]
pub struct Coach {
    policy: CapturePolicy,
    log: CaptureLog,
}

impl Coach {
    /// A coach for one attempt. `versions` (networks, libraries) go into the log.
    pub fn new(policy: CapturePolicy, mode: Mode, versions: BTreeMap<String, String>) -> Self {
        let log = CaptureLog {
            version: CaptureLog::VERSION,
            liveness: env!("CARGO_PKG_VERSION").to_owned(),
            versions,
            mode,
            started_at: FrameTime(0),
            ended_at: FrameTime(0),
            restarts: 0,
            baseline: None,
            steps: Vec::new(),
        };
        Self { policy, log }
    }

    /// Takes in one thing and says what to do, in order.
    pub fn on(&mut self, input: CoachInput<'_>) -> Vec<CoachOutput> {
        let _ = (input, &self.policy);
        Vec::new()
    }

    /// The log so far.
    pub fn log(&self) -> &CaptureLog {
        &self.log
    }

    /// The log, once the capture has ended.
    pub fn into_log(self) -> CaptureLog {
        self.log
    }
}
