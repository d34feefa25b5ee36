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
//! Where nothing is asked because the person can do nothing ([`CapturePolicy::asks_nothing`]), they are recorded as they are for some
//! seconds, and the one question to the server is answered with [`StepAnswer::Complete`](jianzai_wire::api::StepAnswer).
//!
//! **What can go wrong**: a face that stays away, a face that changes, a camera that stalls, actions that are not the asked
//! ones, no action at all. Before the first step is asked for, the recording simply begins again; after that the attempt
//! ends with a reason, because nothing recorded may be taken back. Nothing panics, whatever the observations hold.
mod hints;
mod recording;
mod say;
mod session;

use std::collections::BTreeMap;

use jianzai_wire::api::StepAnswer;
use jianzai_wire::{CapturePolicy, FrameTime, Mode, ReasonCode};

pub use say::{CaptureEnd, CoachInput, CoachOutput, Instruction, PromptId};

use crate::signals::Reading;
use crate::{CaptureLog, Observation, limits};
use hints::{HintBoard, Pace, assess, is_dim};
use recording::{Flow, Recording};
use session::Session;

/// Guides one capture from the first frame to its end.
#[derive(Debug, Clone)]
pub struct Coach {
    session: Session,
    stage: Stage,
    started: Option<FrameTime>,
    hints: HintBoard,
    pace: Pace,
    network_waits: bool,
}

/// Where the capture stands.
#[derive(Debug, Clone)]
enum Stage {
    /// The face is not in place, or not for long enough.
    Placing { in_place_since: Option<FrameTime> },
    /// Frames are recorded.
    Recording(Box<Recording>),
    /// Everything is done and recorded; the server has to agree.
    Finishing,
    /// The capture has ended.
    Over,
}

impl Coach {
    /// A coach for one attempt. `versions` (networks, libraries) go into the log.
    pub fn new(policy: CapturePolicy, mode: Mode, versions: BTreeMap<String, String>) -> Self {
        Self {
            session: Session::new(policy, CaptureLog::new(mode, versions)),
            stage: Stage::Placing { in_place_since: None },
            started: None,
            hints: HintBoard::default(),
            pace: Pace::default(),
            network_waits: false,
        }
    }

    /// Takes in one thing and says what to do, in order. After [`CoachOutput::Ended`] nothing comes any more.
    pub fn on(&mut self, input: CoachInput<'_>) -> Vec<CoachOutput> {
        match input {
            CoachInput::Frame(observation) => self.frame(observation),
            CoachInput::PromptEnded { prompt, at } => self.session.prompt_ended(prompt, at),
            CoachInput::Answer(answer) => self.answer(answer),
            CoachInput::NetworkWaiting => self.network_waits = true,
        }
        std::mem::take(&mut self.session.out)
    }

    /// The log so far.
    pub fn log(&self) -> &CaptureLog {
        &self.session.log
    }

    /// The log, once the capture has ended.
    pub fn into_log(self) -> CaptureLog {
        self.session.log
    }

    fn frame(&mut self, seen: &Observation) {
        // A frame from the past, or the same again, is no frame.
        if matches!(self.stage, Stage::Over) || (self.started.is_some() && seen.at <= self.session.now) {
            return;
        }
        self.started.get_or_insert(seen.at);
        self.session.now = seen.at;
        let reading = Reading::of(seen);
        let slow = self.pace.is_slow(seen.at);
        let may_move = matches!(&self.stage, Stage::Recording(recording) if recording.may_move());
        let hindrance = assess(seen, reading.as_ref(), may_move, self.hints.shown());
        let faint = match &self.stage {
            Stage::Recording(recording) => recording.hint(),
            _ => None,
        };
        let moving = matches!(&self.stage, Stage::Recording(recording) if recording.is_moving());
        let dim = is_dim(seen, moving, self.hints.shown());
        self.show_hint(hindrance.or(faint), slow, dim);
        match &mut self.stage {
            Stage::Placing { .. } => self.place(reading, hindrance.is_some()),
            Stage::Recording(recording) => {
                let flow = recording.frame(&mut self.session, reading.as_ref(), hindrance.is_some());
                self.proceed(flow);
            }
            Stage::Finishing | Stage::Over => {}
        }
    }

    fn show_hint(&mut self, person: Option<ReasonCode>, slow: bool, dim: bool) {
        let network = self.network_waits.then_some(ReasonCode::NetworkUnreachable);
        let wanted =
            person.or(network).or(slow.then_some(ReasonCode::DeviceSlow)).or(dim.then_some(ReasonCode::FaceDim));
        if let Some(hint) = self.hints.update(self.session.now, wanted) {
            self.session.out.push(CoachOutput::Hint(hint));
        }
    }

    /// Before the recording: waits, as long as it takes, until the face is in place, at rest and well lit.
    fn place(&mut self, reading: Option<Reading>, hindered: bool) {
        let now = self.session.now;
        let Stage::Placing { in_place_since } = &mut self.stage else { return };
        let closed = reading.is_some_and(|r| r.jaw < limits::MOUTH_CLOSED);
        *in_place_since = (!hindered && closed).then(|| in_place_since.unwrap_or(now));
        let steady = in_place_since.is_some_and(|since| now.since(since) >= limits::IN_PLACE_MS);
        let told = self.session.told();
        let listening = self.started.is_some_and(|start| now.since(start) < limits::FIRST_WORD_MS);
        let silence = self.session.silent_for();
        if steady {
            match told {
                None => _ = self.session.tell(Instruction::InPlace),
                Some(Instruction::FaceForward) => {}
                Some(_) => _ = self.session.tell(Instruction::FaceForward),
            }
            // While this is being said: whoever moves at the words begins the recording again, which costs nothing.
            self.stage = Stage::Recording(Box::new(Recording::start(&mut self.session, reading.as_ref())));
        } else if !listening && (told.is_none() || silence.is_some_and(|ms| ms >= limits::REPEAT_MS)) {
            self.session.tell(if hindered { Instruction::PlaceFace } else { Instruction::FaceForward });
        }
    }

    fn answer(&mut self, answer: StepAnswer) {
        self.network_waits = false;
        match (&mut self.stage, answer) {
            (Stage::Recording(recording), answer) => {
                let flow = recording.answer(&mut self.session, answer);
                self.proceed(flow);
            }
            (Stage::Finishing, StepAnswer::Complete) => self.proceed(Flow::End(CaptureEnd::Complete)),
            // The server counts otherwise than this phone, and the recording has ended: only a newer app can help.
            (Stage::Finishing, StepAnswer::Next(_)) => {
                self.proceed(Flow::End(CaptureEnd::Refused(ReasonCode::ClientTooOld)));
            }
            (Stage::Placing { .. } | Stage::Over, _) => {}
        }
    }

    fn proceed(&mut self, flow: Flow) {
        match flow {
            Flow::Go => {}
            Flow::Again => self.stage = Stage::Placing { in_place_since: None },
            Flow::Done => self.stage = Stage::Finishing,
            Flow::End(end) => {
                if end == CaptureEnd::Complete {
                    self.session.tell(Instruction::Finished);
                }
                if self.hints.shown().is_some() {
                    self.session.out.push(CoachOutput::Hint(None));
                }
                self.session.out.push(CoachOutput::Ended(end));
                self.stage = Stage::Over;
            }
        }
    }
}
