//! The capture: frames are observed, the coach is asked what to say, and exactly the frames it judged are recorded.
//!
//! **In**: a [`Booth`], the attempt, answers from the network and the person ([`ToCapture`]). **Out**: events and
//! questions ([`FromCapture`]) and, at the end, the finished recording ([`Recorded`]). **What can go wrong**
//! ([`CaptureError`]): the camera fails, the device can't see or record, the coach ends the attempt with a reason, or it is
//! called off.
//!
//! It runs on a thread of its own and never waits for the network: a question goes out, frames go on, the answer comes in
//! between two of them. Between camera and engine lies a slot of one frame, the latest; nothing queues.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use jianzai_camera::{CameraError, Frame, Pace};
use jianzai_evidence::{Capture, RecordError, Recorder, RecorderConfig};
use jianzai_face::{FaceEngine, FaceError};
use jianzai_liveness::{CaptureEnd, Coach, CoachInput, CoachOutput, Instruction, Observation, PromptId};
use jianzai_wire::api::{Attempt, StepAnswer, StepRequest};
use jianzai_wire::{Bytes32, FrameTime, Mode, ReasonCode, Step};
use tokio::sync::mpsc::UnboundedSender;

use crate::booth::{Booth, OpenCamera, Seeing};
use crate::event::{CameraState, JourneyEvent};

/// Longest silence of a camera, its first frame apart: that may wait for the person to allow it.
const SILENCE: Duration = Duration::from_secs(5);
const FIRST_FRAME: Duration = Duration::from_secs(120);
/// A frame that takes longer is worth a line in the log of whoever looks into a slow device.
const STALL: Duration = Duration::from_millis(150);
/// Shortest time between two reports of where the face is.
const PLACEMENT_EVERY_MS: u64 = 100;

/// What the capture is told.
#[derive(Debug)]
pub(crate) enum ToCapture {
    /// The attempt, once the camera is ready for it.
    Attempt(Box<Attempt>),
    /// The spoken form of a prompt has ended.
    PromptEnded(u32),
    /// The service's answer to the last question.
    Answer(StepAnswer),
    /// The answer is late.
    NetworkWaiting,
    /// End now, with this reason if it has one.
    Stop(Option<ReasonCode>),
}

/// What the capture says meanwhile.
#[derive(Debug)]
pub(crate) enum FromCapture {
    /// For whoever shows it.
    Event(CaptureEvent),
    /// The camera gives frames: an attempt can begin.
    Ready,
    /// For the service.
    AskStep(StepRequest),
}

/// What is shown of a capture; hints are put into words later.
#[derive(Debug)]
pub(crate) enum CaptureEvent {
    Shown(JourneyEvent),
    Hint(Option<ReasonCode>),
}

/// A finished recording.
pub(crate) struct Recorded {
    pub(crate) capture: Capture,
    /// The steps as they were revealed.
    pub(crate) steps: Vec<Step>,
}

/// Why there is no recording.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CaptureError {
    #[error(transparent)]
    Camera(#[from] CameraError),
    #[error("networks: {0}")]
    Models(String, ReasonCode),
    #[error(transparent)]
    Face(#[from] FaceError),
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The coach or the service ended it.
    #[error("ended: {0}")]
    Refused(ReasonCode),
    #[error("called off")]
    Stopped,
}

impl CaptureError {
    fn stopped(reason: Option<ReasonCode>) -> Self {
        reason.map_or(Self::Stopped, Self::Refused)
    }

    /// The reason, as told to a person; none where the person called it off.
    pub(crate) fn reason(&self) -> Option<ReasonCode> {
        Some(match self {
            Self::Camera(error) => error.reason(),
            Self::Models(_, reason) | Self::Refused(reason) => *reason,
            Self::Face(error) => error.reason(),
            Self::Record(error) => error.reason(),
            Self::Stopped => return None,
        })
    }
}

/// Captures, from opening the camera to the end. The attempt is asked for once frames arrive, because it is short-lived
/// and the person may still be answering the system's question about the camera.
pub(crate) fn capture(
    booth: &Booth,
    mode: Mode,
    told: &Receiver<ToCapture>,
    say: &UnboundedSender<FromCapture>,
) -> Result<Recorded, CaptureError> {
    let say_so = |word| say.send(word).map_err(|_| CaptureError::Stopped);
    let show_camera = |state| say_so(FromCapture::Event(CaptureEvent::Shown(JourneyEvent::Camera { state })));
    show_camera(CameraState::Opening)?;
    let seeing = booth.seeing().map_err(|error| CaptureError::Models(error.to_string(), error.reason()))?;
    let camera = booth.camera()?;
    wait_for_frames(camera, told)?;
    show_camera(CameraState::Ready)?;
    say_so(FromCapture::Ready)?;
    let attempt = wait_for_attempt(told)?;

    let mut engine = seeing.engine.lock().unwrap_or_else(PoisonError::into_inner);
    engine.reset();
    let mut session = Session::new(seeing, camera, &attempt, mode, say);
    let mut pace = Pace::new(attempt.policy.frames_per_second);
    while !session.complete {
        let before = Instant::now();
        let frame = camera.frames.take(SILENCE)?;
        let waited = before.elapsed();
        session.hear(told)?;
        if pace.admits(frame.at) && !session.complete {
            session.judge(&mut engine, &frame)?;
        }
        if before.elapsed() > STALL {
            tracing::debug!(?waited, worked = ?before.elapsed().saturating_sub(waited), "a frame took long");
        }
    }
    session.finish()
}

/// Waits for the camera's first frame, with an ear for being called off.
fn wait_for_frames(camera: &OpenCamera, told: &Receiver<ToCapture>) -> Result<(), CaptureError> {
    let slice = Duration::from_millis(200);
    let mut waited = Duration::ZERO;
    while let Err(error) = camera.frames.take(slice) {
        if waited >= FIRST_FRAME || camera.frames.has_ended() {
            return Err(error.into());
        }
        waited += slice;
        match told.try_recv() {
            Ok(ToCapture::Stop(reason)) => return Err(CaptureError::stopped(reason)),
            Err(TryRecvError::Disconnected) => return Err(CaptureError::Stopped),
            _ => {}
        }
    }
    Ok(())
}

fn wait_for_attempt(told: &Receiver<ToCapture>) -> Result<Box<Attempt>, CaptureError> {
    loop {
        match told.recv() {
            Ok(ToCapture::Attempt(attempt)) => return Ok(attempt),
            Ok(ToCapture::Stop(reason)) => return Err(CaptureError::stopped(reason)),
            Ok(_) => {}
            Err(_) => return Err(CaptureError::Stopped),
        }
    }
}

/// One capture under way.
struct Session<'a> {
    camera: &'a OpenCamera,
    say: &'a UnboundedSender<FromCapture>,
    coach: Coach,
    recorder: Recorder,
    steps: Vec<Step>,
    /// Time of the last judged frame.
    now: FrameTime,
    placement_shown: Option<FrameTime>,
    hint: Option<ReasonCode>,
    complete: bool,
}

impl<'a> Session<'a> {
    fn new(
        seeing: &Seeing,
        camera: &'a OpenCamera,
        attempt: &Attempt,
        mode: Mode,
        say: &'a UnboundedSender<FromCapture>,
    ) -> Self {
        let identities = seeing.models.identities();
        let names: BTreeMap<String, String> =
            identities.iter().map(|network| (network.slot.name().to_owned(), network.name.clone())).collect();
        let models: BTreeMap<String, Bytes32> = identities
            .iter()
            .filter_map(|network| Some((network.slot.name().to_owned(), network.sha256.parse().ok()?)))
            .collect();
        let config = RecorderConfig {
            attempt: attempt.id,
            nonce: attempt.nonce,
            policy: attempt.policy.clone(),
            source: camera.source,
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
            models,
        };
        Self {
            camera,
            say,
            coach: Coach::new(attempt.policy.clone(), mode, names),
            recorder: Recorder::new(config),
            steps: Vec::new(),
            now: FrameTime(0),
            placement_shown: None,
            hint: None,
            complete: false,
        }
    }

    /// Takes in what was said since the last frame.
    fn hear(&mut self, told: &Receiver<ToCapture>) -> Result<(), CaptureError> {
        loop {
            let outputs = match told.try_recv() {
                Ok(ToCapture::PromptEnded(prompt)) => {
                    self.coach.on(CoachInput::PromptEnded { prompt: PromptId(prompt), at: self.now })
                }
                Ok(ToCapture::Answer(answer)) => {
                    if let StepAnswer::Next(step) = &answer {
                        self.steps.push(*step);
                    }
                    self.coach.on(CoachInput::Answer(answer))
                }
                Ok(ToCapture::NetworkWaiting) => self.coach.on(CoachInput::NetworkWaiting),
                Ok(ToCapture::Stop(reason)) => return Err(CaptureError::stopped(reason)),
                Ok(ToCapture::Attempt(_)) => continue,
                Err(TryRecvError::Empty) => return Ok(()),
                Err(TryRecvError::Disconnected) => return Err(CaptureError::Stopped),
            };
            self.carry_out(outputs, None)?;
        }
    }

    /// Observes a frame and does what follows from it.
    fn judge(&mut self, engine: &mut FaceEngine, frame: &Frame) -> Result<(), CaptureError> {
        let observation = engine.observe(&frame.image, frame.at)?;
        self.now = frame.at;
        let outputs = self.coach.on(CoachInput::Frame(&observation));
        self.carry_out(outputs, Some((frame, &observation)))?;
        self.show_placement(&observation)
    }

    fn carry_out(
        &mut self,
        outputs: Vec<CoachOutput>,
        judged: Option<(&Frame, &Observation)>,
    ) -> Result<(), CaptureError> {
        for output in outputs {
            match output {
                CoachOutput::StartRecording => self.recorder.restart(),
                CoachOutput::Record => {
                    if let Some((frame, observation)) = judged {
                        self.recorder.push(&frame.image, frame.at, observation)?;
                    }
                }
                CoachOutput::AskStep(ended) => {
                    let (frames, chain_head) = (self.recorder.frames(), self.recorder.chain_head());
                    self.send(FromCapture::AskStep(StepRequest { ended, frames, chain_head }))?;
                }
                CoachOutput::Tell { prompt, instruction } => {
                    if matches!(instruction, Instruction::Do(_)) {
                        self.recorder.first_rest_over();
                    }
                    self.camera.hear(instruction);
                    self.show(JourneyEvent::Tell { id: prompt.0, instruction: instruction.name() })?;
                }
                CoachOutput::Hint(reason) => {
                    self.hint = reason;
                    self.send(FromCapture::Event(CaptureEvent::Hint(reason)))?;
                }
                CoachOutput::Progress { done, needed } => self.show(JourneyEvent::Progress { done, needed })?,
                CoachOutput::Ended(CaptureEnd::Complete) => self.complete = true,
                CoachOutput::Ended(CaptureEnd::Refused(reason)) => return Err(CaptureError::Refused(reason)),
            }
        }
        Ok(())
    }

    fn show_placement(&mut self, observation: &Observation) -> Result<(), CaptureError> {
        let due = self.placement_shown.is_none_or(|shown| observation.at.since(shown) >= PLACEMENT_EVERY_MS);
        let Some(face) = observation.face.as_ref().filter(|_| due) else { return Ok(()) };
        self.placement_shown = Some(observation.at);
        let placement = face.placement;
        let ok = !self.hint.is_some_and(is_about_place);
        self.show(JourneyEvent::Placement { size: placement.size, dx: placement.dx, dy: placement.dy, ok })
    }

    fn finish(self) -> Result<Recorded, CaptureError> {
        let capture = self.recorder.finish(&self.coach.into_log())?;
        Ok(Recorded { capture, steps: self.steps })
    }

    fn show(&self, event: JourneyEvent) -> Result<(), CaptureError> {
        self.send(FromCapture::Event(CaptureEvent::Shown(event)))
    }

    fn send(&self, said: FromCapture) -> Result<(), CaptureError> {
        self.say.send(said).map_err(|_| CaptureError::Stopped)
    }
}

/// Whether a hint says that the face is not where it should be.
fn is_about_place(hint: ReasonCode) -> bool {
    matches!(
        hint,
        ReasonCode::FaceNone
            | ReasonCode::FaceSeveral
            | ReasonCode::FaceTooFar
            | ReasonCode::FaceTooNear
            | ReasonCode::FaceOffCentre
    )
}
